#!/bin/bash
# The status of run, exec and shell: the command's own, 128+N, 127, 126, and 125 when devbox itself failed.
. "$(dirname "$0")/lib.sh"

make_project exit
mkdir folder
echo 'just text' >plain
printf '\177ELF this is no program' >broken && chmod 0755 broken
printf '#!/nowhere/interpreter\n' >script && chmod 0755 script
ok 'up' bx up

in_run() { run bx run --network none -- "$@"; }
in_exec() { run bx exec -- "$@"; }

for way in in_run in_exec; do
	name=${way#in_}
	$way true
	is "$status|$out|$err" '0||' "$name: 0, and not a word"
	for code in 1 3 125 126 127 255; do
		$way sh -c "exit $code"
		is "$status|$err" "$code|" "$name: the command's own $code, and not a word"
	done
	for signal in 1 2 9 15; do
		$way sh -c "kill -$signal \$\$"
		is "$status" $((128 + signal)) "$name: killed by signal $signal"
	done
	$way ./folder
	is "$status" 126 "$name: a folder is not executable"
	like "$err" "^devbox: [^"$'\n'"]*'\./folder'" "$name: and is named, in one line"
	$way ./plain
	is "$status" 126 "$name: neither is a file without the x bit"
	like "$err" "'\./plain'" "$name: which is named"
	$way ./broken
	is "$status" 126 "$name: nor a damaged program"
	like "$err" "'\./broken'" "$name: which is named"
	$way ./script
	is "$status" 127 "$name: an interpreter that is not there"
	$way no-such-command-here
	is "$status" 127 "$name: a command that is not there"
	like "$err" "^devbox: [^"$'\n'"]*'no-such-command-here'" "$name: is named"
	$way ./no/such/command
	is "$status" 127 "$name: a path that is not there"
	$way ''
	is "$status" 127 "$name: an empty word is no command"
	$way ./plain/below
	is "$status" 126 "$name: a file is no folder to look in"
done

in_shell() {
	printf '%s\n' "$1" | bx shell >"$tmp/shell.out" 2>"$tmp/shell.err"
	status=$?
}
in_shell 'exit 0'
is "$status" 0 'shell: 0'
for code in 3 125 126 127; do
	in_shell "exit $code"
	is "$status" $code "shell: the shell's own $code"
done
for signal in 1 9 15; do
	in_shell "kill -$signal \$\$"
	is "$status" $((128 + signal)) "shell: killed by signal $signal"
done
in_shell 'no-such-command-here'
is "$status" 127 'shell: its last command was not found'

# --- devbox itself failed ---

run bx run --image rootfs:/no/such/root -- true
is "$status" 125 'run: a root that is not there is 125'
run bx run -w /no/such/folder -- true
is "$status" 125 'run: a working folder that is not there is 125'
like "$err" '/no/such/folder' 'run: it is named'
run bx exec -w /no/such/folder -- true
is "$status" 125 'exec: a working folder that is not there is 125'
like "$err" '/no/such/folder' 'exec: it is named'
run bx exec -u nobody-of-that-name -- true
is "$status" 125 'exec: a user that is not there is 125'
run bx shell no-such-box
is "$status" 125 'shell: a box that is not there is 125'
run bx exec no-such-box -- true
is "$status" 125 'exec: a box that is not there is 125'

# --- the end of the world around a command ---

"$DEVBOX" exec -- sh -c 'touch ready; exec sleep 1000' &
pid=$!
wait_for 10 test -e ready
ok 'the box is killed under a command' bx kill
end_of 10 $pid
is "$status" 137 'exec: the command ends as by signal 9'
run bx exec -- true
is "$status" 125 'exec: in a box that ended is 125'
like "$err" "not running" 'exec: which is said'
like "$err" 'hint: +devbox up' 'exec: with the command that helps'

rm -f ready
"$DEVBOX" run --network none -- sh -c 'touch ready; exec sleep 1000' &
pid=$!
wait_for 10 test -e ready
init=$(pgrep -P $pid)
ok 'run: the init of the box is killed' kill -9 "$init"
end_of 10 $pid
is "$status" 137 'run: the command ends as by signal 9'

# Signals that reach devbox reach the command, and its answer is ours.
rm -f ready
"$DEVBOX" run --network none -- sh -c 'trap "exit 42" TERM; touch ready; while :; do sleep 0.05; done' &
pid=$!
wait_for 10 test -e ready
kill -TERM $pid
end_of 10 $pid
is "$status" 42 'run: SIGTERM goes to the command, which may answer'
rm -f ready
"$DEVBOX" run --network none -- sh -c 'touch ready; exec sleep 1000' &
pid=$!
wait_for 10 test -e ready
kill -TERM $pid
end_of 10 $pid
is "$status" 143 'run: or die from it'

# --- stdout that nobody reads ---

bx run --network none -- sh -c 'echo a; sleep 0.1; while echo b; do :; done' 2>/dev/null | head -n 1 >/dev/null
is "${PIPESTATUS[0]}" 141 'run: a closed pipe ends the command by SIGPIPE'
ok 'up again' bx up
bx exec -- sh -c 'while echo b; do :; done' 2>/dev/null | head -n 1 >/dev/null
is "${PIPESTATUS[0]}" 141 'exec: a closed pipe ends the command by SIGPIPE'
run sh -c '"$1" exec -- echo hello >&-' sh "$DEVBOX"
isnt_zero() { [ "$status" -ne 0 ]; }
ok 'exec: a closed stdout is the failure of who writes there' isnt_zero
run sh -c '"$1" ps >/dev/full' sh "$DEVBOX"
is "$status" 1 'ps: results that cannot be written are a failure'
run sh -c '"$1" ps >&-' sh "$DEVBOX"
is "$status" 1 'ps: without a stdout, too'

# --- commands that end before anybody looks ---

race() {
	local i
	for ((i = 0; i < $1; i++)); do
		"${@:2}" sh -c "exit $((i % 100))"
		[ $? -eq $((i % 100)) ] || { echo "round $i"; return 1; }
	done
}
rounds=200
[ -z "${DEVBOX_TESTS_SANITIZED:-}" ] || rounds=40
ok "run: $rounds fast exits, each with its status" race $rounds "$DEVBOX" run --network none --
ok "exec: $rounds fast exits, each with its status" race $rounds "$DEVBOX" exec --

# --- a box that ends by itself ---

make_project brief 'network_mode: none
command: [sleep, "0.03"]'
for _ in {1..30}; do
	bx up -q 2>/dev/null
	for _ in {1..12}; do
		sleep 0.00"$((RANDOM % 10))"
		"$DEVBOX" exec -T -- true 2>&1 | head -1 &
	done
	wait
done >"$tmp/said"
is "$(grep -vxE "devbox: (box 'brief' (ended just now|is not running)|the box ended before the command began)" "$tmp/said")" '' 'exec: nothing else is said of a box that ends just then'
bx down 2>/dev/null

done_testing
