#!/bin/bash
# The supervisor: it outlives the terminal, its death is the end of its box, and after down nothing is left.
. "$(dirname "$0")/lib.sh"

field() { bx inspect --json | jq -r ".$1"; }
is_state() { [ "$(field state)" = "$1" ]; }
gone() { ! kill -0 "$1"; }
group=$(sed -n 's/^0:://p' /proc/self/cgroup)
groups_root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)$(dirname "$group")
# Every process of this file; where the group is not ours alone, every one of ours.
in_group() {
	case $groups_root in
	*/t[0-9]*.[0-9]*) find "$groups_root" -name cgroup.procs -exec cat {} + ;;
	*) ps -u "$(id -u)" -o pid= ;;
	esac
}
snapshot() {
	echo '-- processes'
	in_group | xargs -r -n 1 ps -o comm= -p | grep -E '^(devbox|slirp|fuse-over)|defunct'
	echo '-- groups'
	find "$groups_root" -type d 2>/dev/null | sort
	echo '-- mounts'
	cut -d' ' -f5 /proc/self/mountinfo | sort
	echo '-- files'
	find "$XDG_RUNTIME_DIR" "$XDG_DATA_HOME" "$XDG_STATE_HOME" ! -name '*.lock' ! -name lock ! -type d 2>/dev/null | sort
	ls -A "$project"
	ls -A /dev/shm
}

# --- nothing is left ---

busybox_root "$tmp/root"
make_project tidy "image: rootfs:$tmp/root"
before=$(snapshot)
bx -q up
bx exec -- sh -c 'sleep 1000 & sleep 1000 & : >/root/x; mkfifo /tmp/fifo' </dev/null
ok 'a box runs' bx exec -- true
nok 'which can be seen from outside' test "$(snapshot)" = "$before"
supervisor=$(field supervisor_pid)
init=$(field pid)
bx -q down --volumes
ok 'down ends the supervisor' wait_for 10 gone "$supervisor"
nok 'and init' kill -0 "$init"
unchanged() { [ "$(snapshot)" = "$before" ]; }
wait_for 5 unchanged
is "$(snapshot)" "$before" 'down leaves no process, group, mount, socket or file'
bx run --network none -- true
bx run -- true
bx run -- sh -c 'kill -9 $$'
# The user namespace that run keeps for the next one goes with any down.
bx -q down
wait_for 5 unchanged
is "$(snapshot)" "$before" 'neither does run'

# --- the terminal it was started from ---

make_project terminal ''
# A session of its own on a terminal that goes away at once.
script -qec "'$DEVBOX' -q up" /dev/null </dev/null >/dev/null
is "$(field state)" up 'the box outlives the terminal of up'
supervisor=$(field supervisor_pid)
is "$(ps -o tty= -p "$supervisor" | tr -d ' ')" '?' 'its supervisor has no terminal'
nok 'nor is it in our session' test "$(ps -o sid= -p "$supervisor" | tr -d ' ')" = "$(ps -o sid= -p $$ | tr -d ' ')"
is "$(readlink "/proc/$supervisor/cwd")" / 'nor does it hold our folder'
run find "/proc/$supervisor/fd" -lname '/dev/pts/*'
is "$out" '' 'nor a terminal'
run find "/proc/$supervisor/fd" -lname "$project*"
is "$out" '' 'nor a file of the project'
kill -HUP "$supervisor"
run bx exec -- echo here
is "$out" here 'SIGHUP does not end it'
if [ -r "/proc/$supervisor/smaps_rollup" ] && [ -z "${DEVBOX_TESTS_SANITIZED:-}" ]; then
	pss=$(awk '/^Pss:/ { print $2 }' "/proc/$supervisor/smaps_rollup")
	echo "# the supervisor's PSS: $pss kB"
	ok 'it is small' test "$pss" -gt 0 -a "$pss" -le 3072
fi

# --- SIGTERM: a clean stop ---

kill -TERM "$supervisor"
ok 'SIGTERM ends it' wait_for 10 gone "$supervisor"
is "$(field state)|$(field reason)" 'exited|null' 'and its box, cleanly'
is "$(bx ps --json)" '[]' 'nothing runs'

make_project asked 'command: [sh, -c, "trap \"exit 9\" TERM; : >ready; while :; do sleep 0.05; done"]'
bx -q up
wait_for 10 test -e ready
kill -TERM "$(field supervisor_pid)"
ok 'the command of a box' wait_for 10 is_state exited
is "$(field exit_code)" 9 'is asked to end'

# --- SIGKILL ---

killed() {
	make_project "$1" "$2"
	bx -q up
	supervisor=$(field supervisor_pid)
	init=$(field pid)
	"$DEVBOX" exec -- sleep 1000 &
	command=$!
	wait_for 10 bx exec -- sh -c 'ps -o args | grep -q "[s]leep 1000"'
	kill -9 "$supervisor"
	ok "$1: with its supervisor the box dies" wait_for 10 gone "$init"
	end_of 10 $command
	is "$status" 137 "$1: and what ran in it"
	run bx ps -a
	like "$out" "$1 +exited.*supervisor was killed" "$1: ps says why"
	run bx exec -- true
	is "$status" 125 "$1: exec fails"
	like "$err" "supervisor was killed\\)"$'\n'"  hint: devbox up" "$1: and says why"
	run bx stop
	is "$status" 0 "$1: stop finds nothing to do"
	run bx up
	is "$status" 0 "$1: up starts it again"
	run bx exec -- echo back
	is "$out" back "$1: as if nothing had been"
	bx -q down --volumes
}
killed host 'image: host'
killed rootfs "image: rootfs:$tmp/root"

make_project killed-down ''
bx -q up
kill -9 "$(field supervisor_pid)"
run bx down --volumes
is "$status" 0 'down after the supervisor was killed'
is "$(bx -p killed-down ps -a --json)" '[]' 'cleans up'
no_processes() { [ -z "$(in_group | xargs -r -n 1 ps -o comm= -p | grep -E '^(devbox|slirp|fuse-over)')" ]; }
ok 'and nothing of it is left running' wait_for 10 no_processes

# --- init, killed alone ---

make_project init ''
bx -q up
supervisor=$(field supervisor_pid)
kill -9 "$(field pid)"
ok 'the death of init ends the supervisor' wait_for 10 gone "$supervisor"
is "$(field state) $(field exit_code)" 'exited 137' 'which writes it down'

# --- a damaged record, a stale socket ---

make_project damaged ''
bx -q up
supervisor=$(field supervisor_pid)
kill -9 "$supervisor"
wait_for 10 gone "$supervisor"
ok 'the socket is still there' test -S "$XDG_RUNTIME_DIR/devbox/damaged/control.sock"
run bx restart
is "$status" 0 'restart does not mind it'
bx -q stop
echo garbage >"$XDG_RUNTIME_DIR/devbox/damaged/dev.box"
run bx up
is "$status" 1 'a damaged record is an error'
like "$err" 'dev\.box.*'$'\n''  hint: ' 'which names it'
ok 'down removes it' bx down
ok 'and up works' bx up

done_testing
