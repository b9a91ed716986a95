#!/bin/bash
# The caller's terminal never gets into a box: what stays behind there could read what is typed later.
. "$(dirname "$0")/lib.sh"

command -v script >/dev/null || skip_all 'no script(1) here'

make_project keeper 'network_mode: none'
ok 'a box' bx up

# typed COMMAND - run it on a terminal where "secret" is typed a second later; its output.
typed() {
	{ sleep 1; echo secret; sleep 1; } | timeout 20 script -qec "$1" /dev/null | tr -d '\r'
}

links='readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2'
out=$(typed "'$DEVBOX' exec -- sh -c '$links' | cat")
unlike "$out" '/dev/' 'exec in a pipeline has no terminal of the caller'
out=$(typed "'$DEVBOX' exec -T -- sh -c '$links'")
unlike "$out" '/dev/' 'exec -T has none'
out=$(typed "'$DEVBOX' run -T -- sh -c '$links'")
unlike "$out" '/dev/' 'run -T has none'

out=$(typed "'$DEVBOX' exec -T -- sh -c 'read line; echo got \$line; echo error >&2; exit 7'; echo status \$?")
like "$out" 'got secret' 'what is typed reaches the command by a pipe'
like "$out" 'error' 'what it writes to stderr comes back'
like "$out" 'status 7' 'so does its status'

spy='exec 3<&0; (cat <&3 >/tmp/stolen) & sleep 0.2; echo gone'
typed "'$DEVBOX' exec -- sh -c '$spy' | cat; sleep 1.5" >/dev/null
is "$(bx exec -- cat /tmp/stolen)" '' 'a process that stayed behind reads nothing of it'

done_testing
