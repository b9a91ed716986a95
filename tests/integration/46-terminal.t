#!/bin/bash
# Terminals: a real one (tmux), an unforgiving shell (dash, which restores no modes), and devbox between them.
. "$(dirname "$0")/lib.sh"

for name in tmux dash script; do
	command -v $name >/dev/null || skip_all "no $name here"
done
export LANG=C.UTF-8

mux() { tmux -S "$tmp/tmux" -f /dev/null "$@"; }
# Without the "^C" that terminals show.
screen() { mux capture-pane -p -J -t "$pane" 2>/dev/null | sed 's/^\(\^[]C\\DZ[]\)*//'; }
shows() { screen | grep -qE -e "$1"; }
# sees REGEX DESC: the screen gets to show it
sees() {
	if wait_for 10 shows "$1"; then pass "$2"; else fail "$2" "no '$1' on:" "$(screen)"; fi
}
keys() { mux send-keys -t "$pane" "$@"; }
# types COMMAND: on a cleared screen
types() {
	[ $tests_failed -lt 8 ] || { echo 'Bail out! too much is wrong'; exit 1; }
	mux send-keys -R -t "$pane"
	mux clear-history -t "$pane"
	mux send-keys -t "$pane" -l "$1"
	keys Enter
}
is_back() { [ "$(mux display -p -t "$pane" '#{pane_current_command}')" = dash ] && screen | grep . | tail -n 1 | grep -q '^ *host>'; }
# prompts DESC: back at the host's shell
prompts() {
	if wait_for 10 is_back; then pass "$1"; else fail "$1" "the screen:" "$(screen)"; fi
}
# A fresh host shell on a terminal of 91 by 33.
open_terminal() {
	[ -z "${pane:-}" ] || mux kill-server 2>/dev/null
	mux new-session -d -x 91 -y 33 -P -F '#{pane_id}' 'exec env PS1="host> " dash -i' >"$tmp/pane"
	pane=$(cat "$tmp/pane")
	mux set -g status off
	mux resize-window -t "$pane" -x 91 -y 33
	wait_for 10 shows '^host>'
	types "PATH=$tmp/bin:\$PATH; stty -g >$tmp/modes; echo rea\"\"dy"
	wait_for 10 shows '^ready'
}
# the modes are what they were
restored() {
	types "stty -g | cmp - $tmp/modes && echo unch\"\"anged"
	sees '^unchanged' "$1: the terminal's modes are restored"
}

mkdir "$tmp/bin" && ln -s "$DEVBOX" "$tmp/bin/devbox"
make_project term
mkdir sub
bx -q up
open_terminal

# --- a terminal of its own ---

types 'devbox exec -- stty size'
sees '^33 91$' 'exec: the size is right from the first byte'
types 'devbox exec -- sh -c "tty; test -t 0 && test -t 1 && test -t 2 && echo all; : </dev/tty && echo controlling"'
sees '^/dev/pts/0$' 'a terminal of the box'
sees '^all$' 'on all three'
sees '^controlling$' 'which is the controlling one'
types 'devbox exec -- sh -c "echo \$TERM"'
sees "^$(mux show -gv default-terminal)\$" 'TERM is that of the caller'
types 'devbox run --network none -- sh -c "tty; stty size"'
sees '^/dev/pts/0$' 'run: a terminal of the box'
sees '^33 91$' 'run: of the right size'
types 'devbox exec -- sh -c "exit 7"; echo status $?'
sees '^status 7$' 'the status comes through'
types 'devbox exec -T -- sh -c ": </dev/tty"; echo status $?'
sees '^status [12]$' '-T: no controlling terminal'
types 'devbox exec -- sh -c "test -t 1 || echo no\$((1))" | cat'
sees '^no1$' 'a pipe is no terminal'
types 'devbox exec -- sh -c "echo go; exec cat"'
sees '^go$' 'a command that reads'
keys -l 'typed words'
keys Enter
keys C-d
sees '^typed words$' 'what is typed arrives'
prompts '^D ends it'
restored '^D'

# --- resize ---

types 'devbox exec -- sh -c "trap \"stty size\" WINCH; echo go; while :; do sleep 0.05; done"'
sees '^go$' 'a program that looks at the size'
mux resize-window -t "$pane" -x 77 -y 22
sees '^22 77$' 'is told when it changes'
keys C-c
prompts 'and ended by ^C'
mux resize-window -t "$pane" -x 91 -y 33

# --- ^C, ^\ ---

for way in exec 'run --network none' 'exec -T' 'run --network none -T'; do
	types "devbox $way -- sh -c 'echo go; exec sleep 1000'; echo status \$?"
	sees '^go$' "$way: a command runs"
	keys C-c
	sees '^status 130$' "$way: ^C ends it with 130"
	restored "$way, ^C"
done
types "devbox exec -- sh -c 'ulimit -c 0; echo go; exec sleep 1000'; echo status \$?"
sees '^go$' 'a command runs'
keys 'C-\'
sees '^status 131$' '^\ ends it with 131'
restored '^\'
types "devbox exec -- sh -c 'trap \"echo caught; exit 4\" INT; echo go; while :; do sleep 0.05; done'; echo status \$?"
sees '^go$' 'a command that catches ^C'
keys C-c
sees '^caught$' 'does'
sees '^status 4$' 'and its status counts'

# --- ^Z ---

sleep_state() { bx exec -- sh -c 'ps -o stat= -p "$(pgrep -x sleep)"' | cut -c1; }
is_sleep() { [ "$(sleep_state)" = "$1" ]; }
for way in exec 'exec -T'; do
	types "devbox $way -- sleep 1000"
	ok "$way: a command runs" wait_for 10 is_sleep S
	keys C-z
	sees 'Stopped|Suspended' "$way: ^Z gives the terminal back to the host's shell"
	ok "$way: and stops the command" wait_for 10 is_sleep T
	restored "$way, ^Z"
	types 'bg; echo back'
	ok "$way: bg lets it go on" wait_for 10 is_sleep S
	types 'echo alive $((40 + 2))'
	sees 'alive 42$' "$way: while the host's shell has the terminal"
	restored "$way, bg"
	types fg
	# Its ^C arrives only when it is in the foreground.
	wait_for 10 eval '! is_back'
	keys C-c
	prompts "$way: fg and ^C end it"
	nok "$way: nothing of it is left" bx exec -- pgrep -x sleep
	restored "$way, fg"
done
types 'devbox exec -- sh -c "echo first; read x; echo got \$x"'
sees '^first$' 'a command that reads'
keys C-z
sees 'Stopped|Suspended' 'is stopped'
types fg
wait_for 10 eval '! is_back'
keys -l 'after all'
keys Enter
sees '^got after all$' 'and gets what is typed after fg'
prompts 'and ends'
types 'devbox exec -- sh -c "echo started; exec sleep 1000" & sleep 0.1'
sees '^started$' 'a command begun with &'
types 'echo alive $((40 + 3))'
sees 'alive 43$' 'leaves the terminal to the shell'
restored '&'
types fg
wait_for 10 eval '! is_back'
keys C-c
prompts 'fg brings it to the front'
restored '&, fg'

# --- a shell in the box ---


bx exec -- sh -c 'echo "PS1=\"box> \"; export PS1" >~/.bash_profile'
types 'cd sub; devbox shell'
sees '^box>' 'shell: a prompt'
types 'pwd; cd'
sees "^$project/sub\$" 'in the folder that matches'
types 'sleep 1001'
ok 'shell: a job' wait_for 10 bx exec -- pgrep -x sleep
keys C-z
sees 'Stopped' 'shell: ^Z stops the job, not the shell'
types 'jobs; echo still $((1 + 1))'
sees '^\[1\].*Stopped.*sleep 1001' 'shell: jobs knows it'
sees '^still 2$' 'shell: it goes on'
types fg
sees '^sleep 1001' 'shell: fg'
keys C-c
types 'echo status $?'
sees '^status 130$' 'shell: ^C'
types 'stty -echo; exit 5'
prompts 'shell: exit'
restored 'shell, exit'
types 'cd ..; devbox shell; echo status $?'
sees '^box>' 'shell: again'
keys C-d
sees '^status 0' 'shell: ^D leaves it'
restored 'shell, ^D'

# --- the modes are restored, whatever happens ---

types 'devbox exec -- no-such-program; echo status $?'
sees '^status 127$' 'a command that is not there'
restored 'exec failure'
types 'devbox run --network none -w /nope -- true; echo status $?'
sees '^status 125$' 'a folder that is not there'
restored 'run failure'
types 'devbox exec -- sh -c "stty raw -echo; echo go; exec sleep 1000"; echo status $?'
sees '^ *go *$' 'a command in raw mode'
ok 'devbox gets SIGTERM' pkill -TERM -u "$(id -u)" -f '^devbox exec -- sh -c stty raw'
sees 'status 143$' 'which ends the command'
restored 'SIGTERM'
types 'devbox exec -- sh -c "stty raw -echo; echo go; exec sleep 1000"; echo status $?'
sees '^ *go *$' 'again'
bx -q kill
sees 'status 137$' 'the box is killed'
restored 'killed box'
bx -q up
types 'devbox shell; echo status $?'
sees '^box>' 'a shell'
bx -q stop -t 1s
sees 'status 1[0-9]+$' 'the box is stopped'
restored 'stopped box'
types 'devbox run --network none -- sh -c "stty raw -echo; echo go; kill -9 \$\$"; echo status $?'
sees 'status 137$' 'run: a command kills itself in raw mode'
restored 'run, killed'

# --- the terminal goes away ---

bx -q up
types 'devbox shell'
sees '^box>' 'a shell'
types 'sleep 1002 & sleep 1003'
ok 'with two jobs' wait_for 10 bx exec -- pgrep -f 'sleep 1003'
mux kill-pane -t "$pane"
no_jobs() { bx exec -- true && ! bx exec -- pgrep -f '^(-?bash|sleep 100[23])'; }
ok 'ends when the terminal hangs up' wait_for 10 no_jobs
run bx exec -- echo fine
is "$out" fine 'and the box stays'

# --- many bytes ---

# An input that says nothing and does not end: its end would be echoed.
mkfifo "$tmp/silence"
exec 6<>"$tmp/silence"
script -qec "$DEVBOX exec -- seq 30000" /dev/null <&6 | tr -d '\r' >"$tmp/seq"
ok 'all that a command wrote is shown before devbox ends' cmp "$tmp/seq" <(seq 30000)
script -qec "$DEVBOX exec -- sh -c 'trap \"\" HUP; yes & sleep 0.1; exit 3'" /dev/null <&6 >/dev/null &
end_of 20 $!
is "$status" 3 'but who goes on writing does not hold it up'
bx exec -- pkill yes
open_terminal
types 'devbox exec -- sh -c "stty raw -echo; echo go; head -c 30000 | tr -d x | wc -c; stty sane"'
sees '^ *go *$' 'a command that reads slowly'
head -c 30000 /dev/zero | tr '\0' x >"$tmp/paste"
mux load-buffer -b big "$tmp/paste"
mux paste-buffer -b big -t "$pane"
sees '^ *0 *$' 'gets all of a large paste'
prompts 'and ends'
mux kill-server

done_testing
