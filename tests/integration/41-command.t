#!/bin/bash
# command: and entrypoint: their end ends the box, its status is kept; signals and the grace period.
. "$(dirname "$0")/lib.sh"

field() { bx inspect --json | jq -r ".$1"; }
is_state() { [ "$(field state)" = "$1" ]; }

make_project ends 'command: [sh, -c, "echo over; exit 7"]'
ok 'up of a box whose command ends at once' bx up
ok 'its end ends the box' wait_for 10 is_state exited
is "$(field exit_code)" 7 'inspect keeps the status'
run bx ps -a
like "$out" 'ends +exited \(7\)' 'ps -a shows it'
is "$(bx ps -a --json | jq -c '.[0] | [.state, .exit_code]')" '["exited",7]' 'ps -a --json, too'
is "$(bx logs)" over 'its last words are in the log'
run bx up
is "$status" 0 'up starts it again'
ok 'and it ends again' wait_for 10 is_state exited
is "$(bx logs | wc -l)" 2 'the log goes on'

make_project killed 'command: [sh, -c, "kill -9 $$$$"]'
ok 'up of a box whose command kills itself' bx up
ok 'ends' wait_for 10 is_state exited
is "$(field exit_code)" 137 'with 128 and the signal'

make_project missing 'command: [no-such-program, -x]'
run bx up
is "$status" 1 'up of a command that is not there fails'
like "$err" "'no-such-program'" 'and names it'
run bx ps --json
is "$out" '[]' 'and nothing is left running'

make_project words 'entrypoint: [sh, -c, "printf \"%s,\" \"$$0\" \"$$@\"; echo; exec sleep 1000"]
command: [one, "two words", "$$three"]'
ok 'up with an entrypoint and a command' bx up
said() { [ "$(bx logs)" = "$1" ]; }
ok 'they are one argument vector' wait_for 10 said 'one,two words,$three,'
is "$(bx inspect --json | jq -c '.command[1:]')" '["-c","printf \"%s,\" \"$0\" \"$@\"; echo; exec sleep 1000","one","two words","$three"]' 'inspect has it'
run bx exec -- true
is "$status" 0 'exec works beside the command'
ok 'down' bx down

# --- stop ---

make_project polite 'command: [sh, -c, "trap \"echo bye; exit 5\" TERM; : >ready; while :; do sleep 0.05; done"]'
ok 'up of a command that honours TERM' bx up
ok 'it is ready' wait_for 10 test -e ready
run bx stop
is "$status" 0 'stop'
is "$(field exit_code)" 5 'its own status is kept'
like "$(bx logs)" bye 'it was asked, not killed'

make_project other_signal 'stop_signal: SIGUSR1
command: [sh, -c, "trap \"exit 6\" USR1; trap \"exit 7\" TERM; : >ready; while :; do sleep 0.05; done"]'
ok 'up of a box with a stop_signal' bx up
ok 'it is ready' wait_for 10 test -e ready
ok 'stop' bx stop
is "$(field exit_code)" 6 'sends that signal'
rm ready
bx up -q
wait_for 10 test -e ready
run bx kill -s TERM
is "$status" 0 'kill -s TERM'
ok 'ends it' wait_for 10 is_state exited
is "$(field exit_code)" 7 'by that signal'

make_project stubborn 'stop_grace_period: 300ms
command: [sh, -c, "trap : TERM; : >ready; while :; do sleep 0.05; done"]'
ok 'up of a command that ignores TERM' bx up
ok 'it is ready' wait_for 10 test -e ready
run timeout 8 "$DEVBOX" stop
is "$status" 0 'stop comes back after the grace period'
is "$(field exit_code)" 137 'the command was killed'
rm ready
bx up -q
wait_for 10 test -e ready
run timeout 8 "$DEVBOX" down
is "$status" 0 'down, too'

make_project patient 'stop_grace_period: 10m
command: [sh, -c, "trap : TERM; : >ready; while :; do sleep 0.05; done"]'
ok 'up of one with all the time of the world' bx up
ok 'it is ready' wait_for 10 test -e ready
run timeout 8 "$DEVBOX" stop -t 100ms
is "$status" 0 'stop -t is what counts'
is "$(field exit_code)" 137 'it was killed'
rm ready
bx up -q
wait_for 10 test -e ready
"$DEVBOX" stop -q &
waits=$!
run timeout 8 "$DEVBOX" kill
is "$status" 0 'kill cuts a stop short'
end_of 8 $waits
is "$status" 0 'which then ends'

make_project idle 'stop_grace_period: 300ms'
ok 'up of a box without a command' bx up
"$DEVBOX" exec -- sh -c 'trap "echo asked >asked; exit 3" TERM; : >ready; while :; do sleep 0.05; done' &
polite=$!
"$DEVBOX" exec -- sh -c 'trap "" TERM; : >ready2; while :; do sleep 0.05; done' &
deaf=$!
wait_for 10 test -e ready -a -e ready2
run timeout 8 "$DEVBOX" stop
is "$status" 0 'stop comes back'
end_of 8 $polite
is "$status" 3 'what runs in it was asked first'
end_of 8 $deaf
is "$status" 137 'and killed when it did not hear'

make_project slow_end 'command: [sh, -c, "trap \"sleep 0.3; echo flushed; exit 0\" TERM; : >ready; while :; do sleep 0.05; done"]'
bx up -q
wait_for 10 test -e ready
run bx restart
is "$status" 0 'restart waits for the end'
like "$(bx logs)" flushed 'of what needs its time'

# --- a profile that changed ---

make_project change 'hostname: before'
ok 'up' bx up
before=$(field pid)
echo 'hostname: after' >devbox.yaml
run bx up
is "$status" 0 'up after a change'
like "$err" 'changed' 'says that it changed'
is "$(bx exec -- hostname)" after 'the box is a new one'
nok 'with another process' test "$(field pid)" = "$before"
printf 'hostname: after\n# a remark\n' >devbox.yaml
before=$(field pid)
run bx up
like "$err" 'up to date' 'a remark changes nothing'
is "$(field pid)" "$before" 'and the box is the same'

done_testing
