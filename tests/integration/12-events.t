#!/bin/bash
# events tells what happened to boxes, as it happens and afterwards, to people and to programs.
. "$(dirname "$0")/lib.sh"

# Names of the events of a JSON stream on stdin, on one line.
names() { python3 -c 'import json, sys; print(*[json.loads(line)["event"] for line in sys.stdin])'; }
# The last event of that name: member NAME KEY.
member() { python3 -c '
import json, sys
events = [json.loads(line) for line in sys.stdin]
print([e.get(sys.argv[2]) for e in events if e["event"] == sys.argv[1]][-1])' "$@"; }

run bx events
is "$status $out$err" '0 ' 'without boxes nothing happened'
run bx events --json
is "$status $out" '0 ' 'for programs, too'

"$DEVBOX" events -f --json >"$tmp/followed" 2>"$tmp/follow.err" &
follower=$!

make_project shop 'command: [sleep, infinity]'
ok 'up starts the box' bx up
is "$(bx events --json | names)" 'created started' 'a new box was created and started'
is "$(bx events --json | member started pid)" "$(bx ps --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["pid"])')" 'the pid is that of ps'
is "$(bx events --json | member started box)" shop 'the box has its full name'
is "$(bx events --json | head -n 1 | python3 -c 'import json, sys, time; print(abs(json.load(sys.stdin)["time_ms"] - time.time() * 1000) < 60000)')" True 'the time is in milliseconds since 1970'

ok 'pause' bx pause
ok 'unpause' bx unpause
ok 'stop' bx stop
ok 'start' bx start
is "$(bx events --json | names)" 'created started paused unpaused stopped started' 'each verb is an event, and a second start creates nothing'

run bx events
like "$out" '^20[0-9]{2}-[0-9-]+T[0-9:.]+Z  shop +created
20.*Z  shop +started +pid [0-9]+
20.*Z  shop +paused
' 'people read a line an event'
is "$(bx events --since 1h | wc -l)" 6 'what is younger than asked is there'
is "$(bx events --since 0s)" '' 'what is older is not'
run bx events --since yesterday
is "$status" 2 'a wrong duration is wrong usage'
run bx events shpo
like "$err" "no box 'shpo'" 'a name that is none is an error'

cd "$tmp" || exit 1
make_project other 'command: [sh, -c, "exit 3"]'
bx up >/dev/null 2>&1 </dev/null
died() { bx events other | grep -q died; }
ok 'a command that ends by itself is an event' wait_for 20 died
is "$(bx events other --json | names)" 'created started died' 'it died, and nobody stopped it'
is "$(bx events other --json | member died exit_code)" 3 'with its status'
is "$(bx events -p shop | grep -c other)" 0 '-p leaves out other projects'
is "$(cd / && bx events | awk '{ print $2 }' | sort -u | tr '\n' ' ')" 'other shop ' 'without it all are there'
is "$(cd / && bx events | sort -c 2>&1)" '' 'in the order of time'

followed() { [ "$(names <"$tmp/followed")" = "$1" ]; }
ok 'who follows has seen the same' wait_for 20 followed 'created started paused unpaused stopped started created started died'

cd "$tmp/work/shop" || exit 1
# A file that is full is put aside once.
python3 - "$XDG_STATE_HOME/devbox/shop/events" <<'PY'
import sys
line = b'{"time_ms":1000,"box":"shop","event":"filler"}\n'
with open(sys.argv[1], 'ab') as f:
    f.write(line * ((1 << 20) // len(line)))
PY
ok 'a pause of a box with a long history' bx pause
ok 'and the end of it' bx unpause
is "$(stat -c %s "$XDG_STATE_HOME/devbox/shop/events" | awk '{ print $1 < 1000 }')" 1 'the file begins anew'
is "$(bx events shop --json | names | grep -o 'created\|paused$\|started' | tr '\n' ' ')" 'created started started paused ' 'nothing is lost by that'
ok 'who follows goes on behind it' wait_for 20 sh -c 'tail -n 1 "$0" | grep -q unpaused' "$tmp/followed"

printf 'rubbish\n{"time_ms":"x"}\n\0\0\n{"time_ms":2,"box":"shop","event":"esc\\u001b[31m","reason":"a\\u0007b"}' >>"$XDG_STATE_HOME/devbox/shop/events"
echo >>"$XDG_STATE_HOME/devbox/shop/events"
run bx events shop
unlike "$out" $'\033|\007' 'what is no event of ours is harmless'

ok 'down' bx down
ok 'who follows sees the end of the box' wait_for 20 sh -c 'tail -n 1 "$0" | grep -q removed' "$tmp/followed"
is "$(cd / && bx events | grep -c shop)" 0 'down leaves no record behind'
ok 'up again' bx up
ok 'who follows sees a project that came back' wait_for 20 sh -c 'tail -n 1 "$0" | grep -q started' "$tmp/followed"
is "$(cat "$tmp/follow.err")" '' 'without a complaint'
ok 'it follows until it is stopped' kill "$follower"

done_testing
