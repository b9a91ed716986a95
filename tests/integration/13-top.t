#!/bin/bash
# top shows the processes of a box, with their numbers and users outside and inside.
. "$(dirname "$0")/lib.sh"

# One value of JSON on stdin: json 'expression of x'.
json() { python3 -c 'import json, sys; x = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

make_project idle
run bx top
is "$status $err" "1 devbox: there is no box 'idle'
  hint: devbox up starts one" 'top says that there is no box'

make_project busy
cat >devbox.yaml <<'YAML'
command:
  - bash
  - -c
  - (exec -a "$$(printf 'one\ntwo\033[31m')" sleep 1000) & while :; do :; done
YAML
ok 'up' bx up
started() { bx top --json | json 'len(x) >= 3' | grep -q True && bx top | grep -q two; }
ok 'the processes of a box are there' wait_for 20 started

run bx top
is "$(head -n 1 <<<"$out" | tr -s ' ')" 'PID IN BOX USER STATE CPU RSS PSS TIME COMMAND' 'a table with titles'
like "$(sed -n 2p <<<"$out")" ' R .*%.*bash -c ' 'the busiest comes first'
like "$out" 'one\\ntwo\\x1b\[31m 1000' 'control characters are escaped'
unlike "$out" $'\033' 'and none is left'
run bx top --json
is "$(json 'x[0]["box"], x[0]["cpu_millicores"] > 100, x[0]["state"]' <<<"$out")" "('busy', True, 'R')" 'JSON has the same order, and raw numbers'
is "$(json '[p["pid_in_box"] for p in x if "init" in p["command"]]' <<<"$out")" '[1]' 'the first process is number 1 in the box'
is "$(json '[p["pid"] for p in x if p["pid_in_box"] == 1]' <<<"$out")" "$(bx ps --json | json '[x[0]["pid"]]')" 'and has its own number outside'
is "$(json 'x[0]["user"]' <<<"$out")" "$(id -un)" 'the user is that of the box'
is "$(json 'x[0]["rss_bytes"] > 500000 and x[0]["rss_bytes"] >= x[0]["pss_bytes"] > 0' <<<"$out")" True 'memory with and without what is shared'
is "$(json 'any("two\x1b[31m" in p["command"] for p in x)' <<<"$out")" True 'a command is as it is'

bx exec -T -u root -- sleep 500 >/dev/null 2>&1 </dev/null &
visitor=$!
visited() { bx top | grep -qE ' root .*sleep 500'; }
ok 'a command of exec is there, as its user' wait_for 20 visited
kill "$visitor"
is "$(bx top busy --json | json 'x[0]["box"]')" busy 'a box by its name'
run bx top bussy
is "$status" 1 'and one that is none'
ok 'stop' bx stop
run bx top
is "$status $err" "1 devbox: box 'busy' is not running
  hint: devbox up" 'a box that ended has no processes'

make_project groupless 'command: [sleep, "1000"]'
ok 'up without a cgroup' changed --no-cgroup -- "$DEVBOX" up
groupless() { bx top | grep -q 'sleep 1000'; }
ok 'its processes are found by their namespace' wait_for 20 groupless
is "$(bx top --json | json 'len(x)')" 2 'and no others'

done_testing
