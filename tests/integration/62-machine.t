#!/bin/bash
# A machine that lacks something: devbox says what, and goes on where it can.
. "$(dirname "$0")/lib.sh"

[ -p "${DEVBOX_TESTS_DOOR:-/none}/requests" ] || skip_all 'the machine is changed by tests/rig/as-user, as root'

line=$'[^\n]*'
hint=$'\n  hint: '
# with OPTIONS... -- ARGS...: runs devbox ARGS on a changed machine
with() {
	local -a options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	run changed "${options[@]}" -- "$DEVBOX" "$@"
}
# fails REGEX DESC, of what `with` did: one error that says so, and one hint
fails() {
	if [[ $err =~ ^$1$ ]]; then pass "$2"; else fail "$2" "got:      $err" "not like: $1"; fi
}
nothing_runs() {
	is "$(bx ps --json)" '[]' "$1: nothing is left running"
}

make_project machine ''
: >"$tmp/none"

run changed --hide /usr/bin/newuidmap -- sh -c 'command -v newuidmap; id -u'
is "$status|$out" "0|$(id -u)" 'the machine can be changed for one command'

# --- ids ---

# single DESC WORDS OPTION...: what lacks makes it a box with one id
single() {
	local desc=$1 words=$2
	shift 2
	with "$@" -- run --network none -- sh -c 'cat /proc/self/uid_map; echo x >here'
	is "$status|$(tr -s ' ' <<<"$out")" "0| 0 $(id -u) 1" "$desc: a box still runs, with a single id"
	like "$err" "^devbox: $line$words$line you are root in the box and its only user" "$desc: which is said aloud"
	is "$(stat -c %u here)" "$(id -u)" "$desc: what it writes is ours"
	rm -f here
	with "$@" -- up
	is "$status" 0 "$desc: up works"
	like "$err" " note: $line$words" "$desc: and says it"
	run bx exec -- sh -c 'echo y >there; cat there; id -u'
	is "$status|$out" $'0|y\n0' "$desc: exec works"
	rm -f there
	bx -q down --volumes
}
single 'nobody in /etc/subuid' 'no subordinate ids in /etc/subuid' --put "$tmp/none" /etc/subuid
echo 'somebody:100000:65536' >"$tmp/other"
single 'somebody else in /etc/subgid' 'no subordinate ids in /etc/sub[ug]id' --put "$tmp/other" /etc/subgid
for name in newuidmap newgidmap; do
	single "no $name" 'newuidmap and newgidmap are not installed' --hide "$(command -v $name)"
done

# --- user namespaces ---

with --limit max_user_namespaces 0 -- run --network none -- true
is "$status" 125 'no user namespaces: run fails'
fails "devbox: create namespaces: user\\.max_user_namespaces is 0: $line${hint}$line'user\\.max_user_namespaces=$line" 'with the sysctl and the command that mends it'
with --limit max_user_namespaces 0 -- up
is "$status" 1 'up fails'
fails "devbox: create namespaces: user\\.max_user_namespaces is 0: $line${hint}$line" 'and says the same'
nothing_runs 'no user namespaces'
with --limit max_net_namespaces 0 -- run -- true
is "$status" 125 'no network namespaces: run fails'
fails "devbox: create namespaces: user\\.max_net_namespaces is 0: $line${hint}$line'user\\.max_net_namespaces=$line" 'with that sysctl'
with --limit max_user_namespaces 0 -- doctor
is "$status" 1 'doctor fails'
like "$out" "FAIL +user namespaces" 'and says so'

# --- the network ---

slirp=$(command -v slirp4netns)
for verb in up 'run -- true'; do
	# shellcheck disable=SC2086
	with --hide "$slirp" -- $verb
	fails "devbox: ${line}slirp4netns is not installed${hint}sudo apt-get install slirp4netns$line" "no slirp4netns: $verb says so"
	# shellcheck disable=SC2086
	with --hide /dev/net/tun -- $verb
	fails "devbox: $line'/dev/net/tun': No such file or directory${hint}sudo modprobe tun$line" "no /dev/net/tun: $verb says so"
	nothing_runs "$verb"
done
with --hide "$slirp" --hide /dev/net/tun -- run --network none -- echo fine
is "$status|$out|$err" '0|fine|' 'without a network neither is missed'
with --hide "$slirp" -- run --network host -- echo fine
is "$status|$out" '0|fine' 'nor with the host'"'"'s'

# --- fuse ---

busybox_root "$tmp/root"
fuse=$(command -v fuse-overlayfs)
with --hide "$fuse" --hide /dev/fuse -- run --network none --image "rootfs:$tmp/root" -- echo fine
is "$status|$out|$err" '0|fine|' 'where native overlay works fuse-overlayfs is not missed'
changed --root -- chown -R 3000000:3000000 "$tmp/root"
run bx run --network none --image "rootfs:$tmp/root" -- echo fine
is "$status|$out" '0|fine' 'a root of ids that are not mapped'
like "$err" "^devbox: root through fuse-overlayfs: its files belong to ids outside your subordinate ids" 'runs through it, which is said'
with --hide "$fuse" -- run --network none --image "rootfs:$tmp/root" -- echo fine
is "$status" 125 'no fuse-overlayfs'
fails "devbox: image 'rootfs:$tmp/root' needs fuse-overlayfs, which is not installed: $line${hint}sudo apt-get install fuse-overlayfs$line" 'is said, and why it is needed'
with --hide /dev/fuse -- run --network none --image "rootfs:$tmp/root" -- echo fine
is "$status" 125 'no /dev/fuse'
fails "devbox: image 'rootfs:$tmp/root' needs fuse-overlayfs $line, but '/dev/fuse' cannot be opened: No such file or directory${hint}sudo modprobe fuse$line" 'is said'
echo "image: rootfs:$tmp/root" >devbox.yaml
with --hide /dev/fuse -- up
is "$status" 1 'up'
fails "devbox\\.yaml:1:8: error: image $line'/dev/fuse' cannot be opened: $line${hint}sudo modprobe fuse$line" 'names the line, too'
nothing_runs 'no /dev/fuse'
changed --root -- chown -R "$(id -u):$(id -g)" "$tmp/root"
: >devbox.yaml

# --- no cgroup ---

with --no-cgroup -- up
is "$status" 0 'no cgroup v2: up works'
is "$(bx inspect --json | jq .cgroup)" null 'without a group'
run bx exec -- echo fine
is "$status|$out" '0|fine' 'exec works'
"$DEVBOX" exec -- sh -c 'n=0; while :; do n=$((n + 1)); echo $n >count; sleep 0.02; done' &
counter=$!
differs() { [ -n "$(cat count)" ] && [ "$(cat count)" != "$1" ]; }
counts_on() { wait_for 10 differs "$(cat count 2>/dev/null)"; }
stands_still() {
	local before i
	before=$(cat count)
	for i in 1 2 3 4 5 6 7 8; do
		sleep 0.05
		[ "$(cat count)" = "$before" ] || return 1
	done
}
ok 'a command counts' counts_on
ok 'pause' bx pause
ok 'stops it' stands_still
is "$(bx ps --json | jq -r '.[0].state')" paused 'ps says so'
run bx exec -- true
is "$status" 125 'a paused box takes no command'
ok 'unpause' bx unpause
ok 'lets it go on' counts_on
bx pause
run timeout 9 "$DEVBOX" stop
is "$status" 0 'a paused box can be stopped'
end_of 10 $counter
is "$status" 143 'and what runs in it is asked to end'
run bx ps -a
like "$out" 'machine +exited' 'it ended'
bx -q down --volumes
echo 'command: [sh, -c, "trap \"exit 5\" TERM; : >ready; while :; do sleep 0.05; done"]' >devbox.yaml
with --no-cgroup -- up
ok 'a command that honours TERM' wait_for 10 test -e ready
bx pause
run timeout 9 "$DEVBOX" stop
is "$status|$(bx inspect --json | jq .exit_code)" '0|5' 'is asked to end although it is paused'
bx -q down --volumes
for limit in 'mem_limit: 64m' 'pids_limit: 100' 'cpus: 1'; do
	echo "$limit" >devbox.yaml
	with --no-cgroup -- up
	is "$status" 1 "$limit: cannot be kept"
	fails "devbox\\.yaml:1:[0-9]+: error: ${limit%%:*} cannot be enforced: $line${hint}.*--allow-degraded starts without it" 'is an error, with a way out'
	with --no-cgroup -- up --allow-degraded
	is "$status" 0 'which works'
	like "$err" "${limit%%:*}" 'and is said'
	bx -q down --volumes
done
: >devbox.yaml

# --- full disks ---

full() {
	local desc=$2
	with --full "$1" -- up
	is "$status" 1 "$desc: up fails"
	fails "devbox: $line'$1/$line: No space left on device${hint}$line" "$desc: says where there is no space"
	nothing_runs "$desc"
	ok "$desc: down works" bx down --volumes
	with --full "$1" -- run --network none -- echo fine
	is "$status|$out" '0|fine' "$desc: run needs none"
}
full "$XDG_DATA_HOME" 'a full data folder'
full "$XDG_RUNTIME_DIR" 'a full runtime folder'
echo 'command: [sh, -c, "i=0; while [ $$i -lt 3000 ]; do echo some words that fill the disk; i=$$((i + 1)); done; : >done; exec sleep 1000"]' >devbox.yaml
with --full "$XDG_STATE_HOME" -- up
is "$status" 0 'a full state folder: up works'
ok 'the command is not held up by a log that cannot be written' wait_for 10 test -e done
run bx exec -- echo fine
is "$out" fine 'nor is anybody else'
ok 'down works' bx down --volumes
: >devbox.yaml
with --full "$XDG_CACHE_HOME" -- up
is "$status" 0 'a full cache: up works'
run bx exec -- echo fine
is "$out" fine 'and exec'
ok 'down works' bx down --volumes

done_testing
