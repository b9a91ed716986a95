#!/bin/bash
# The life of a box as its user types it: up, ps, inspect, stats, stop, start, restart, kill, pause, unpause, down.
. "$(dirname "$0")/lib.sh"

json() { jq -e "$@" <<<"$out"; }
state() { bx ps -a --json | jq -r --arg name "$1" '.[] | select(.name == $name) | .state'; }
is_state() { [ "$(state "$1")" = "$2" ]; }
python_reads() { python3 -m json.tool <<<"$out"; }
pid_of() { bx inspect --json | jq .pid; }

# --- a box with no command stays up ---

make_project life
run bx ps
is "$status" 0 'ps works before anything was up'
run bx ps --json
is "$out" '[]' 'and its JSON is an empty array'
run bx up
is "$status" 0 'up'
like "$err" 'life +up +host' 'it says which box is up, of which image'
is "$out" '' 'and prints no result'
run bx ps
like "$out" $'^BOX +STATE .*\nlife +up ' 'ps shows it'
run bx ps --json
ok 'ps --json is an array of one' json 'length == 1'
ok 'which is the box' json '.[0] | .name == "life" and .project == "life" and .box == "dev" and .state == "up" and .exit_code == null'
ok 'with its folder and its root' json --arg dir "$project" '.[0] | .folder == $dir and .image == "host" and .root == "host"'
ok 'and its process' kill -0 "$(jq '.[0].pid' <<<"$out")"
run bx -p life ps
like "$out" 'life +up' 'ps of the project by its name'
run bx
like "$out" 'life +up' 'no verb at all is that'
first=$(pid_of)

run bx up
is "$status" 0 'a second up'
like "$err" '^life: up to date \(1 box, ' 'says up to date'
is "$(pid_of)" "$first" 'and changed nothing'
run bx -q up
is "$status|$out|$err" '0||' 'with -q not even that'

run bx inspect
ok 'inspect prints an object' json '.name == "life" and .state == "up" and .exit_code == null and .command == []'
ok 'over several lines' test "$(wc -l <<<"$out")" -gt 10
like "$(jq -r .plan <<<"$out")" "bind '$project' on '$project'" 'with the plan it was started by'
run bx inspect --json
is "$(wc -l <<<"$out")" 1 'with --json on one line'
ok 'python reads it, too' python_reads
run bx inspect life
ok 'by its name' json '.name == "life"'
run bx inspect dev
ok 'by its short name' json '.name == "life"'

run bx stats --once
like "$out" $'^BOX .*\nlife ' 'stats --once is a table'
run bx stats --once --json
ok 'stats --once --json is an array' json '.[0].name == "life" and (.[0].cpu_usage_us | type) == "number"'
ok 'python reads it' python_reads
"$DEVBOX" stats --json >"$tmp/stats" &
pid=$!
two_lines() { [ "$(wc -l <"$tmp/stats")" -ge 2 ]; }
ok 'stats goes on' wait_for 20 two_lines
bx stop -q
kill $pid
end_of 20 $pid
is "$(jq -s 'all(.name == "life") and length >= 2' "$tmp/stats")" true 'with an object a line'

# --- stop, start, restart ---

is "$(state life)" exited 'stop: it ended'
run bx ps
unlike "$out" life 'ps leaves it out'
run bx ps -a
like "$out" 'life +exited' 'ps -a does not'
nok 'its process is gone' kill -0 "$first"
run bx stop
is "$status" 0 'stop of what is stopped is no failure'
like "$err" 'was not running' 'but is said'
run bx exec -- true
is "$status" 125 'nothing runs in it'
run bx start
is "$status" 0 'start'
is "$(state life)" up 'starts it'
second=$(pid_of)
bx exec -- sh -c 'sleep 1000 & sleep 1001 & : > started' </dev/null
run bx restart
is "$status" 0 'restart'
is "$(state life)" up 'it is up again'
nok 'with another process' test "$(pid_of)" = "$second"
nok 'and what was left in it is gone' kill -0 "$second"
run bx exec -- pgrep sleep
is "$out" '' 'down to the last process'
run bx stop no-such-box
is "$status" 1 'stop of a box that is not there'
like "$err" "^devbox: .*no-such-box.*"$'\n'"  hint: " 'is an error with a hint'

# --- pause, unpause ---

bx exec -- sh -c 'n=0; while :; do n=$((n + 1)); echo $n >count; sleep 0.02; done' &
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
ok 'a command in the box counts' counts_on
nok 'and does not stand still' stands_still
run bx pause
is "$status" 0 'pause'
ok 'it stands still' stands_still
is "$(state life)" paused 'ps says paused'
run bx inspect
ok 'inspect, too' json '.state == "paused"'
run bx exec -- true
is "$status" 125 'a paused box takes no command'
like "$err" "is paused"$'\n'"  hint: devbox unpause" 'and says what helps'
run bx pause
is "$status" 0 'pause again is fine'
run bx up
is "$status" 0 'up of a paused box is fine'
run bx unpause
is "$status" 0 'unpause'
ok 'it counts on' counts_on
is "$(state life)" up 'ps says up'
bx pause
run bx stop
is "$status" 0 'a paused box can be stopped'
is "$(state life)" exited 'and is'
end_of 10 $counter
is "$status" 143 'the command in it was asked to end'
run bx pause
is "$status" 1 'a stopped box cannot be paused'
like "$err" "not running"$'\n'"  hint: devbox up" 'which is said'

# --- kill ---

bx start -q
run bx kill -s NOSUCH
is "$status" 2 'kill: an unknown signal is wrong usage'
run bx kill
is "$status" 0 'kill'
is "$(state life)" exited 'kills it'
ok 'with the status of signal 9' test "$(bx inspect --json | jq .exit_code)" = 137
run bx kill
is "$status" 1 'kill of what is dead is an error'

# --- down ---

bx start -q
bx exec -- sh -c 'touch ~/kept' </dev/null
run bx down
is "$status" 0 'down'
run bx ps -a --json
is "$out" '[]' 'leaves no box'
run bx down
is "$status" 0 'down again is no failure'
bx up -q
ok 'the home is kept' bx exec -- sh -c 'test -e ~/kept'
ok 'down --volumes' bx down --volumes
is "$(find "$XDG_DATA_HOME" "$XDG_STATE_HOME" -type f)" '' 'leaves no file of the project'
bx up -q
nok 'the home is new' bx exec -- sh -c 'test -e ~/kept'
bx down -q

done_testing
