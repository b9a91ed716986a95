#!/bin/bash
# The dashboard on a real terminal (tmux): what it shows, what its keys do, and that the terminal is usable after it.
. "$(dirname "$0")/lib.sh"

for name in tmux dash; do
	command -v $name >/dev/null || skip_all "no $name here"
done
export LANG=C.UTF-8

mux() { tmux -S "$tmp/tmux" -f /dev/null "$@"; }
screen() { mux capture-pane -p -J -t "$pane" 2>/dev/null; }
shows() { screen | grep -qE -e "$1"; }
hides() { ! shows "$1"; }
sees() {
	if wait_for 10 shows "$1"; then pass "$2"; else fail "$2" "no '$1' on:" "$(screen)"; fi
}
keys() { mux send-keys -t "$pane" "$@"; }
types() {
	[ $tests_failed -lt 8 ] || { echo 'Bail out! too much is wrong'; exit 1; }
	mux send-keys -R -t "$pane"
	mux clear-history -t "$pane"
	mux send-keys -t "$pane" -l "$1"
	keys Enter
}
is_back() { [ "$(mux display -p -t "$pane" '#{pane_current_command}')" = dash ] && screen | grep . | tail -n 1 | grep -q '^ *host>'; }
# leaves DESC: back at the host's shell, with its modes, on its own screen
leaves() {
	if wait_for 10 is_back; then pass "$1: the host's shell is back"; else fail "$1" "the screen:" "$(screen)"; fi
	types "stty -g | cmp - $tmp/modes && echo unch\"\"anged"
	sees '^unchanged' "$1: with the terminal's modes"
	is "$(mux display -p -t "$pane" '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')" '0 1 0' "$1: with its screen and cursor, without a mouse"
}
open_terminal() {
	mux kill-server 2>/dev/null
	mux new-session -d -x 100 -y 30 -P -F '#{pane_id}' 'exec env PS1="host> " dash -i' >"$tmp/pane"
	pane=$(cat "$tmp/pane")
	mux set -g status off
	mux resize-window -t "$pane" -x 100 -y 30
	wait_for 10 shows '^host>'
	types "PATH=$tmp/bin:\$PATH; stty -g >$tmp/modes; echo rea\"\"dy"
	wait_for 10 shows '^ready'
}
dashboard() { pgrep -u "$(id -u)" -f "^$(dirname "$DEVBOX")/devbox-tui .*$tmp"; }
no_dashboard() { ! dashboard; }

mkdir "$tmp/bin" && ln -s "$DEVBOX" "$tmp/bin/devbox"
printf '#!/bin/sh\necho "$1" >%s\n' "$tmp/opened" >"$tmp/bin/browser"
chmod +x "$tmp/bin/browser"
export BROWSER="none-such:$tmp/bin/browser"
make_project shop 'command:
  - sh
  - -c
  - |
    echo first words; printf "\033]0;evil\007\033[31mcolour\033[0m\n"; i=0
    while :; do sleep 0.3; i=$$((i + 1)); echo "line $$i"; done'
bx -q up
port=$((20000 + $$ % 20000))
make_project idle "hostname: idle
ports: ['127.0.0.1:$port:80']"
bx -q up
open_terminal

# --- the list ---

types 'devbox'
sees '2 boxes +2 up' 'devbox alone on a terminal is the dashboard'
sees '^.[●*>]?.*shop +run' 'a row for a box'
sees '[>●].*idle +run' 'and for the other'
sees 'shop.* [0-9]+\.[0-9] ' 'its processor time comes with the second reading'
keys -l '/shop'
keys Enter
sees 'line [0-9]+$' 'the log of the selected box goes on below'
keys -l '\'
keys /
keys -l 'id'
sees 'filter: id' 'a filter is typed'
ok 'and works with every letter' wait_for 10 hides '^.[●].*shop +run'
keys Escape
sees 'shop +run' 'Esc takes it back'
keys s
sees 'sort by' 's asks by what to sort'
keys Escape
keys '?'
sees 'MOVE' '? shows the keys'
keys Escape

# --- a box ---

keys g
keys -l '/'
keys -l 'shop'
keys Enter
keys Enter
sees '^ shop +running' 'Enter opens the box'
sees 'CPU [0-9.]+%' 'with a graph of its processor time'
keys l
sees '\[2 Logs\]' 'l shows its log'
sees '^line [0-9]+' 'as it goes on'
keys g
sees '^first words' 'from its first line'
sees '^colour *$' 'without its escape sequences'
unlike "$(mux display -p -t "$pane" '#{pane_title}')" evil 'which the terminal does not obey'
keys t
sees '^[0-9]{2}:[0-9]{2}:[0-9]{2} first words' 't shows times'
keys -l '/'
keys -l 'line 2'
keys Enter
sees '^[0-9:]+ line 2' '/ searches'
keys 3
sees 'sleep 0.3' '3 shows processes'
keys i
sees '"name": "shop"' 'i shows all that is known'
keys 4
sees '\[4 Events\]' '4 shows what happened'
sees '^ [0-9:]{8} +started +pid [0-9]+' 'also before the dashboard was opened'

# --- acting ---

keys P
sees 'shop +paused' 'P freezes the box'
sees '\[shop\] pause ok' 'and says so'
sees '^ [0-9:]{8} +paused' 'it is an event as it happens'
keys P
sees 'shop +running' 'and lets it go on'
keys S
sees 'stop shop\?' 'S asks before it stops'
keys Enter
ok 'Enter alone does nothing' wait_for 10 hides 'stop shop\?'
is "$(bx -p shop ps --json | grep -c '"up"')" 1 'the box still runs'
keys S
sees 'stop shop\?' 'S again'
keys y
sees 'shop +stopped' 'y stops it'
keys S
sees 'shop +running' 'S starts it again'
keys x
sees 'send shop' 'x asks for a signal'
sees 'SIGTERM' 'of a list'
keys Escape
keys D
sees 'type shop' 'D asks for the name'
keys -l 'shap'
keys Enter
sees "nothing was removed" 'a wrong one removes nothing'

keys Escape
keys u
sees 'change of shop' 'u asks which limit to change'
keys Down
keys Down
keys Enter
sees 'memory of shop' 'and to what'
keys -l '12'
keys Enter
sees "update failed: devbox: .*'12' is not a size" 'and devbox says what is wrong with it'
keys u
sees 'change of shop' 'u again'
keys End
keys Up
keys Enter
sees 'pids-limit of shop' 'another limit'
keys -l '77'
keys Enter
if [ -e "$(bx -p shop inspect | sed -n 's/.*"cgroup": *"\([^"]*\)".*/\1/p')/pids.max" ]; then
	sees '\[shop\] update ok' 'is changed'
else
	sees 'update failed: devbox: --pids-limit cannot be enforced' 'is refused by name where the machine cannot'
fi
keys O
sees 'no tcp port of the host leads into shop' 'O says when there is no port to open'
keys -l '\'
keys -l '/idle'
keys Enter
keys Enter
sees '^ idle +running' 'the other box'
sees "PORTS +127.0.0.1:$port -> 80/tcp" 'has one'
keys O
sees "opened http://127.0.0.1:$port" 'O opens it'
ok 'in the browser' wait_for 10 grep -qx "http://127.0.0.1:$port" "$tmp/opened"
keys Escape
keys -l '\'
keys -l '/shop'
keys Enter
keys Enter
sees '^ shop +running' 'back to the first'

# --- a shell ---

bx -p shop exec -- sh -c 'echo "PS1=\"box> \"; export PS1" >~/.bash_profile'
keys e
sees '^box>' 'e is a shell in the box'
keys -l 'stty size'
keys Enter
sees '^30 100' 'of the right size'
mux resize-window -t "$pane" -x 90 -y 25
keys -l 'sleep 0.1; stty size'
keys Enter
sees '^25 90' 'also when it changes'
keys -l 'stty -echo raw; exit'
keys Enter
sees '^ shop +running' 'exit goes back to the dashboard'
is "$(screen | wc -l)" 25 'which has the new size'
keys -l 'E'
sees 'run in shop' 'E asks for a command'
keys -l 'echo sum $((20 + 22))'
keys Enter
sees '^sum 42' 'and runs it'
keys Enter
sees '^ shop +running' 'Enter goes back'

# --- any size ---

for size in 20x5 200x60 40x8 61x13 100x30; do
	mux resize-window -t "$pane" -x "${size%x*}" -y "${size#*x}"
	sees 'devbox|shop' "$size: something is shown"
done
keys Escape

# --- leaving ---

keys C-z
ok '^Z gives the terminal back' wait_for 10 is_back
types 'echo alive $((40 + 2))'
sees '^alive 42' 'to a shell that works'
mux resize-window -t "$pane" -x 90 -y 26
types fg
sees '2 boxes' 'fg brings the dashboard back'
is "$(screen | wc -l)" 26 'in the size of now'
keys -l '\'
keys q
leaves 'q'
ok 'it kept what was chosen' grep -q '^times = on' "$XDG_STATE_HOME/devbox/tui.conf"

for signal in TERM HUP SEGV ABRT; do
	types 'ulimit -c 0; devbox tui'
	sees '2 boxes' "SIG$signal: a dashboard"
	kill -$signal "$(dashboard)"
	leaves "SIG$signal"
	ok "SIG$signal: nothing of it is left" wait_for 10 no_dashboard
done
types 'devbox tui'
sees '2 boxes' 'a dashboard, a last time'
mux kill-pane -t "$pane"
ok 'ends when its terminal goes away' wait_for 10 no_dashboard

# --- odd terminals ---

open_terminal
types 'NO_COLOR=1 devbox tui'
sees '2 boxes' 'NO_COLOR: a dashboard'
unlike "$(mux capture-pane -p -e -t "$pane")" $'\033\\[[0-9;]*3[0-7]m' 'without colours'
keys q
leaves 'NO_COLOR'
types 'BROWSER= DISPLAY= WAYLAND_DISPLAY= devbox tui'
sees '2 boxes' 'without a browser: a dashboard'
keys -l '/idle'
keys Enter
keys O
sees "copied http://127.0.0.1:$port: no browser here" 'an address is copied'
keys -l '\'
keys q
leaves 'without a browser'
types 'LC_ALL=C devbox tui'
sees '2 boxes' 'a locale without Unicode: a dashboard'
is "$(screen | LC_ALL=C tr -d '\0-\177' | wc -c)" 0 'of ASCII only'
keys q
leaves 'ASCII'
types 'devbox tui --plain'
sees '^shop, running since' 'plain: a sentence for a box'
keys q
leaves 'plain'
types 'TERM=dumb devbox tui; echo status $?'
sees '^status 1' 'a dumb terminal gets none'
types 'devbox | cat'
sees 'idle|shop' 'nor does a pipe: there it is the status'
mkdir -p "$XDG_CONFIG_HOME/devbox"
printf 'key quit = Q\nkey nonsense = x\n' >"$XDG_CONFIG_HOME/devbox/tui.conf"
types 'devbox tui'
sees "tui.conf:2: unknown action 'nonsense'" 'a wrong line of the settings is named'
keys q
keys Q
leaves 'another key'
mux kill-server
run bx tui
is "$status" 1 'without a terminal tui fails'
like "$err" 'needs a terminal' 'and says why'
bx -p shop -q down

done_testing
