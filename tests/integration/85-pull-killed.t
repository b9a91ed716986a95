#!/bin/bash
# serial
# Whoever is killed at whatever moment of a pull, or finds no room: what has a name in the store is whole, the next pull
# comes through, and no garbage stays. Who pulls at once does everything once.
. "$(dirname "$0")/lib.sh"

command -v strace >/dev/null && command -v jq >/dev/null && command -v python3 >/dev/null ||
	skip_all 'strace, jq or python3 is not installed'

# --- an image of three layers, with everything that a layer may have ---
mkdir "$tmp/parts" "$tmp/bin"
cd "$tmp/parts" || exit 1
for i in 1 2 3; do
	mkdir -p $i/sub/deep $i/gone $i/other
	seq $i 60000 | shuf --random-source=<(yes $i) >$i/sub/big
	echo $i >$i/file && ln $i/file $i/hard && ln -s file $i/soft && chmod 4750 $i/file
	touch $i/gone/.wh..wh..opq $i/other/.wh.away
	touch -h -d 2001-02-03T04:05:06.789Z $i/soft $i/sub/deep $i/file
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.kept", b"yes")' $i/file
	tar -C $i --xattrs --numeric-owner --owner=7 --group=8 -cf layer$i.tar .
done
"$top/tests/rig/broken-images" "$tmp/layout" layer1.tar layer2.tar layer3.tar
start_faults "$tmp/layout"
image=$faults/app:all
cd "$tmp/work" || exit 1

fresh() {
	export XDG_DATA_HOME=$tmp/data.$((++stores))
	mkdir "$XDG_DATA_HOME"
	store=$XDG_DATA_HOME/devbox
}
check() { "$top/tests/rig/check-store" "$@" "$store"; }
# All that the layers hold, in one word.
trees() {
	chmod a+rx "$XDG_DATA_HOME" "$store" "$store/layers" "$store/layers"/*
	as_box_root tar -C "$store/layers" --sort=name --xattrs --xattrs-include='*' --exclude=meta --format=posix \
		--pax-option=delete=atime,delete=ctime --mtime=@0 -cf - . | sha256sum
	times | sha256sum
}
# What is hidden has none.
times() { as_box_root find "$store"/layers/*/diff -mindepth 1 ! -type c -printf '%p %T@\n' | sed "s|^$store||" | sort; }
fresh
id=$(bx pull -q "$image")
like "$id" '^sha256:' 'an image of three layers is pulled'
whole=$(trees)
ok 'and its store is whole' check --clean
ok 'that can be looked at' test "$(grep -c e3b0c44298fc <<<"$whole")" = 0
is "$(times | wc -l) $(times | grep -c '/soft 981173106.7890000000$')" '24 3' 'with everything in its layers'

# recovers WHAT - after something went wrong
recovers() {
	ok "$1: what has a name is whole" check
	run bx pull -q "$image"
	is "$status $out" "0 $id" "$1: the next pull comes through"
	is "$(trees)" "$whole" "$1: to the same layers"
	bx prune >/dev/null 2>&1
	ok "$1: nothing is left" check --clean
}

# --- killed, and failing, at system calls ---
# The program beside this devbox is strace with the real one.
cp "$DEVBOX" "$tmp/bin/devbox"
cat >"$tmp/bin/devbox-image" <<END
#!/bin/sh
# A leak checker traces, too: two cannot.
export ASAN_OPTIONS="\$ASAN_OPTIONS:detect_leaks=0"
exec strace -f -qq -o "$tmp/trace" \$INJECT "$(dirname "$DEVBOX")/devbox-image" "\$@"
END
chmod +x "$tmp/bin/devbox-image"
calls=mkdir,mkdirat,renameat,renameat2,syncfs,fsync,linkat,unlinkat,mknodat,symlinkat,openat,write,sendto,fchown,fchmod,fremovexattr,fsetxattr,utimensat,pwrite64,clone,clone3,setns,exit_group,seccomp
# said_once - one sentence, and something to do; or it was over already
said_once() { [ "$(grep -c '^devbox: ' <<<"$1") $(grep -c '^  hint: ' <<<"$1")" = '1 1' ] || grep -q ' pulled ' <<<"$1"; }
fresh
INJECT="-e trace=$calls" run "$tmp/bin/devbox" pull -q "$image"
if [ "$status $out" != "0 $id" ]; then
	skip_all 'strace cannot trace here'
fi
# For each call the first time that one process makes it, the last, and of many one in between.
points=$(awk 'match($2, /^[a-z0-9_]+\(/) { call = substr($2, 1, RLENGTH - 1); n = ++count[$1 " " call]; if (n > most[call]) most[call] = n }
	END { for (call in most) { print call, 1; if (most[call] > 8) print call, int(most[call] / 2) + 1; if (most[call] > 1) print call, most[call] } }' "$tmp/trace" | sort)
ok 'a pull can be killed at many points' test "$(wc -l <<<"$points")" -ge 30
while read -r call n; do
	fresh
	INJECT="-e trace=$call -e inject=$call:signal=KILL:when=$n" run "$tmp/bin/devbox" pull "$image"
	killed=$err
	recovers "killed at $call $n"
	if said_once "$killed"; then pass "killed at $call $n: is said once"; else fail "killed at $call $n: is said once" "$killed"; fi
done <<<"$points"

for fault in syncfs:EIO:1 fsync:EIO:1 fsync:EIO:6 renameat:ENOSPC:1 renameat:EIO:4 renameat:EIO:6 mkdirat:ENOSPC:6 openat:EMFILE:30 pwrite64:ENOSPC:1 write:ENOSPC:5 \
	mknodat:EPERM:1 linkat:EIO:1 fchown:EPERM:1 fsetxattr:ENOTSUP:1; do
	IFS=: read -r call code n <<<"$fault"
	fresh
	INJECT="-e trace=$call -e inject=$call:error=$code:when=$n" run "$tmp/bin/devbox" pull "$image"
	if [ "$status" != 0 ]; then
		if said_once "$err"; then pass "$fault: is said once"; else fail "$fault: is said once"; fi
		like "$(ls "$store/refs" 2>/dev/null)" '^$' "$fault: no image"
	fi
	recovers "$fault"
done

# --- devbox itself ---
for call in recvfrom:1 recvfrom:6 wait4:1; do
	fresh
	# The shell says what it lost.
	{ run env ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" strace -qq -o /dev/null -e trace="${call%:*}" -e inject="${call%:*}:signal=KILL:when=${call#*:}" "$DEVBOX" pull -q "$image"; } 2>/dev/null
	is "$status" 137 "devbox is killed at $call"
	no_helper() { ! pgrep -u "$(id -u)" -f "devbox-image pull.*$image"; }
	ok 'devbox-image does not outlive it' wait_for 10 no_helper
	recovers "devbox killed at $call"
done

# --- no room ---
for room in 0 60 300 800 66000; do
	# In a file system of its own, whose free room a file takes.
	out=$(changed --small 200m "$tmp/work" -- bash -c '
		export XDG_DATA_HOME=$1/data
		image=$3 room=$4 check=$5
		mkdir "$XDG_DATA_HOME"
		fallocate -l $(($(df --output=avail -B1 "$1" | tail -n 1) - room * 1024)) "$1/filler"
		"$2" pull -q "$image" 2>"$6" </dev/null
		echo "status $?"
		"$check" "$XDG_DATA_HOME/devbox" && ls "$XDG_DATA_HOME/devbox/refs" 2>/dev/null | grep -c .
		rm "$1/filler"
		cat "$6"
		"$2" pull -q "$image" </dev/null
		"$2" prune >/dev/null
		"$check" --clean "$XDG_DATA_HOME/devbox" && echo whole' bash "$tmp/work" "$DEVBOX" "$image" $room "$top/tests/rig/check-store" "$tmp/.err" 2>&1)
	case $? in 77) skip "a disk with $room KiB" 'only below as-user' && continue ;; esac
	if [ $room -lt 5000 ]; then
		like "$out" $'^status 1\n0\n' "$room KiB are not enough, and nothing is published"
		like "$out" $'\ndevbox: [^\n]*(No space left on device|is free|space)[^\n]*\n  hint: [^\n]*\n' 'which is said, with something to do'
	fi
	like "$out" "$id"$'\nwhole$' "with room it comes through after $room KiB"
done

# --- ^C on a terminal ---
fresh
: >"$faults_log"
python3 - "$DEVBOX" "$faults/x-layer-limit-20/app:all" "$store/tmp" >"$tmp/said" <<'END'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], 'pull', sys.argv[2]])
end = time.time() + 20
while time.time() < end and not (os.path.isdir(sys.argv[3]) and any(n[0].isdigit() for n in os.listdir(sys.argv[3]))):
    time.sleep(0.02)
os.write(fd, b'\x03')
said = b''
try:
    while True:
        more = os.read(fd, 4096)
        if not more:
            break
        said += more
except OSError:
    pass
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode())
END
like "$(cat "$tmp/said")" '^(130|1|-2) ' '^C on a terminal ends a pull'
like "$(cat "$tmp/said")" 'devbox:(.\[0m)? interrupted; what was not finished is gone again' 'and says so'
is "$(published=$(ls "$store/refs" "$store/images" "$store/tmp" "$store/trash" | grep -v ':$'); echo $published)" '' 'nothing is left of it'
recovers '^C'

# --- many at once ---
# layers_asked - how often each layer was asked for
layers_asked() {
	local configs
	configs=$(for file in "$tmp"/layout/blobs/sha256/*; do [ "$(head -c 1 "$file")" != '{' ] || basename "$file"; done | paste -sd'|')
	jq -r 'select(.path | contains("/blobs/")) | .path | sub(".*:"; "")' "$faults_log" | grep -vE "$configs" | sort | uniq -c | awk '{ print $1 }' | paste -sd' '
}
for many in 2 6; do
	fresh
	: >"$faults_log"
	pids=()
	for i in $(seq $many); do
		bx pull -q "$image" >"$tmp/many.$i" 2>&1 </dev/null &
		pids+=($!)
	done
	for i in $(seq $many); do
		end_of 60 "${pids[i - 1]}"
		is "$status $(cat "$tmp/many.$i")" "0 $id" "$i of $many at once comes through"
	done
	is "$(layers_asked)" '1 1 1' 'and each layer came once'
	is "$(trees)" "$whole" 'whole'
	ok 'with nothing left' check --clean
done
fresh
: >"$faults_log"
pids=()
for name in layer1 layer2 layer3 all layer2 all; do
	bx pull -q "$faults/app:$name" >/dev/null 2>&1 </dev/null &
	pids+=($!)
done
results=
for pid in "${pids[@]}"; do end_of 60 "$pid" && results+=" $status"; done
is "$results" ' 0 0 0 0 0 0' 'images that share layers, all at once'
is "$(layers_asked)" '1 1 1' 'each layer came once'
is "$(trees)" "$whole" 'for all of them'

# --- a pull and who throws away ---
fresh
bx pull -q "$faults/app:layer1" >/dev/null
bx pull -q "$faults/x-layer-limit-3/app:all" >"$tmp/slow" 2>&1 </dev/null &
slow=$!
works() { ls "$store/tmp" | grep -q '^[0-9]'; }
ok 'a pull is at work' wait_for 10 works
ok 'pruning everything meanwhile' bx prune --all -y
ok 'removing what it shares a layer with' bash -c '"$0" rmi -f "$1" || ! "$0" inspect --type image "$1"' "$DEVBOX" "$faults/app:layer1"
ok 'again' bx prune
ok 'it is still at work' works
end_of 60 $slow
is "$status $(tail -n 1 "$tmp/slow")" "0 $id" 'does not disturb it'
is "$(bx images --json | jq length)" 1 'its image is there'
ok 'whole' check --clean
is "$(trees)" "$whole" 'with all its layers'
make_project box "image: $faults/x-layer-limit-3/app:all"
bx up >/dev/null 2>&1
run bx rmi "$faults/x-layer-limit-3/app:all"
is "$status" 1 'what a box stands on is not removed'
bx pull -q "$faults/x-layer-limit-1/app:layer2" >/dev/null
run bx rmi "$faults/x-layer-limit-1/app:layer2"
is "$status" 0 'what shares a layer with it is'
bx prune --all -y >/dev/null
is "$(trees)" "$whole" 'the layers of the box stay'

done_testing
