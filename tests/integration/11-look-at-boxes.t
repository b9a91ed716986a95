#!/bin/bash
# ps, stats, logs and inspect say what boxes do, to people and to programs.
. "$(dirname "$0")/lib.sh"

# One value of JSON on stdin: json 'expression of x'.
json() { python3 -c 'import json, sys; x = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

make_project idle
run bx
is "$status $out" "0 idle: no box; 'devbox up' starts it" 'devbox alone says that there is no box'
run bx ps
is "$out" 'BOX   STATE   UP   CPU   MEM   PIDS   PORTS' 'ps without boxes is only its title'
is "$(bx ps --json)" '[]' 'and an empty array'
is "$(bx stats --once --json)" '[]' 'so is that of stats'
run bx inspect
is "$status $err" "1 devbox: there is no box 'idle'
  hint: devbox up starts one" 'inspect says that there is none'
run bx logs
is "$status" 1 'and logs, too'
run bx stats idel
like "$err" "no box 'idel'" 'a name that is none is an error'

make_project shop 'command:
  - sh
  - -c
  - |
    echo hello; echo oops >&2; printf "\033[31mred\033[0m\n"
    while :; do sleep 0.1; [ ! -e more ] || { rm more; echo more; }; done
environment: {LOG_LEVEL: debug}'
ok 'up starts the box' bx up
logged() { bx logs | grep -q red; }
ok 'its output is in the log' wait_for 20 logged

run bx ps
like "$out" $'\n''shop +up +[0-9]+m?s +([0-9.]+%|-) +([0-9.]+[KMG]?.*|-) +[0-9]+ +-$' 'ps shows the box in a row'
run bx
like "$out" $'\n''shop +up' 'devbox alone shows the boxes of the project'
is "$(bx ps --json | json 'x[0]["name"], x[0]["state"], x[0]["pid"] > 1, x[0]["exit_code"]')" "('shop', 'up', True, None)" 'ps --json has the same'
is "$(cd / && bx -p shop ps --json | json 'len(x)')" 1 'a project is found by its name from anywhere'
run bx -p shp ps
is "$status $err" "1 devbox: there is no project 'shp'
  hint: did you mean 'shop'?" 'a wrong one gets a suggestion'
is "$(bx __complete boxes)" shop 'completion knows the box'

run bx stats --once
like "$out" $'\n''shop +([0-9.]+%|-)' 'stats shows a row'
run bx stats --once --json
is "$(json 'x[0]["name"], len(x)' <<<"$out")" "('shop', 1)" 'and an array'
is "$(json 'all(v is None or isinstance(v, (int, str, dict)) for v in x[0].values())' <<<"$out")" True 'of raw numbers'
is "$(json 'x[0]["cpu_millicores"], x[0]["sampled_ns"] > 0' <<<"$out")" '(None, True)' 'one reading has no rates'
is "$(bx stats --once --interval 100ms --json | json 'x[0]["cpu_millicores"] is not None')" True 'two have'
run bx stats --once
like "$err" "^devbox: '-' is what .* without: .*memory.*'devbox doctor'|^$" 'what is missing is said once, with a way to learn more'
run timeout 1 "$DEVBOX" stats --interval 100ms
is "$(grep -c doctor <<<"$err")" "$(bx stats --once 2>&1 >/dev/null | grep -c doctor)" 'also in a stream'
run bx stats --once --csv
is "$(python3 -c 'import csv, sys; x = list(csv.DictReader(sys.stdin)); print(len(x), x[0]["box"], int(x[0]["cpu_usage_us"]) >= 0, x[0]["cpu_millicores"])' <<<"$out")" '1 shop True ' 'csv has a title and a line a box; what is not known is empty'
run timeout 1 "$DEVBOX" stats --interval 100ms --csv
is "$(grep -c ^time_ms <<<"$out") $(sed -n 3p <<<"$out" | cut -d, -f2) $(sed -n 3p <<<"$out" | cut -d, -f3 | grep -c '[0-9]')" '1 shop 1' 'a stream has one title'
run bx stats --csv --json
is "$status" 2 'two formats are wrong usage'
run bx stats --interval 1us
is "$status" 2 'so is a reading a microsecond'
run timeout 1.5 "$DEVBOX" stats --json
is "$(head -n 1 <<<"$out" | json 'x["name"], x["cpu_millicores"]')" "('shop', None)" 'the first line of a stream has no rate yet'
is "$(sed -n 2p <<<"$out" | json 'x["name"]')" shop 'a second one comes after a second'

run bx inspect
is "$(json 'x["name"], x["state"], "LOG_LEVEL=debug" in x["process"]["environment"]' <<<"$out")" "('shop', 'up', True)" 'inspect shows what the box is'
is "$(json 'x["workspace"]["source"]' <<<"$out")" "$project" 'and its workspace'
is "$(bx inspect --json shop | wc -l)" 1 'inspect --json is one line'
is "$(bx inspect --json | json 'sorted(x)')" "$(json 'sorted(x)' <<<"$out")" 'with the same members'

run bx logs
like "$out" 'hello' 'logs shows the output'
like "$out" 'oops' 'and errors'
like "$out" $'\033''\[31mred' 'to a file as it was'
run script -qec "'$DEVBOX' logs --color never" /dev/null
unlike "$out" $'\033' 'to a terminal without what it would obey'
like "$out" 'red' 'but with the text'
is "$(bx logs -n 1 | wc -l)" 1 'the tail is as long as asked'
is "$(bx logs --tail=0)" '' 'and may be nothing'
like "$(bx logs -t | head -n 1)" '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\.[0-9]{3}Z ' 'lines have their time when asked'
is "$(bx logs --json | head -n 1 | json 'x["box"], x["stream"], x["time_ms"] > 1e12')" "('shop', 'stdout', True)" 'logs --json is an object a line'
is "$(bx logs --since 0s)" '' 'what is older than asked is left out'
is "$(bx logs --until 1h)" '' 'what is younger than asked, too'
is "$(bx logs --until 0s | wc -l)" "$(bx logs | wc -l)" 'and nothing else'
is "$(bx logs --grep '^(hel|oop)')" 'hello
oops' 'a pattern picks lines'
is "$(bx logs --grep '^(hel|oop)' -n 1)" oops 'of which the tail is taken'
is "$(bx logs --json --grep oops | json 'x["stream"]')" stderr 'in JSON as well'
run bx logs --grep '('
is "$status" 2 'a pattern that is none is wrong usage'
like "$err" "logs: option '--grep': '\\(': " 'and is named'
run bx logs --until 1s -f
is "$status" 2 'nobody follows the past'
run bx logs --since yesterday
is "$status" 2 'a wrong duration is wrong usage'

"$DEVBOX" logs -f -n 0 >"$tmp/followed" 2>&1 &
follower=$!
sleep 0.3
touch more
ok 'logs -f shows what comes' wait_for 20 grep -q more "$tmp/followed"
ok 'stop' bx stop
ended() { ! kill -0 "$follower" 2>/dev/null; }
ok 'logs -f ends with the box' wait_for 20 ended
is "$(cat "$tmp/followed")" more 'and showed nothing else'

run bx ps
unlike "$out" shop 'ps leaves out a box that ended'
run bx ps -a
like "$out" $'\n''shop +exited \([0-9]+\) +.*ago' 'ps -a shows how it ended'
is "$(bx ps -a --json | json 'x[0]["state"], x[0]["exit_code"] is not None, x[0]["pid"]')" "('exited', True, None)" 'and so does its JSON'
is "$(bx stats --once --json)" '[]' 'stats has only boxes that run'
like "$(bx logs)" hello 'its log is still there'

if [ -w /dev/full ]; then
	"$DEVBOX" ps >/dev/full 2>"$tmp/full"
	is "$? $(head -n 1 "$tmp/full")" '1 devbox: write output: No space left on device' 'a full disk is an error'
fi
"$DEVBOX" ps -a | true
is "${PIPESTATUS[0]/141/0}" 0 'nobody to read it is none'
"$DEVBOX" version >&- 2>"$tmp/closed"
is "$?" 1 'a closed stdout is one'
is "$(bx version 2>&1 <&-)" "$(bx version)" 'a closed stdin is none'

done_testing
