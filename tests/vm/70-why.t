#!/bin/bash
# Why did it die, why is it slow: said with numbers and the key to change, and written down as events.
. "$(dirname "$0")/../integration/lib.sh"

# KEY of the last event NAME. The python of this machine has no json.
member() { bx events --json | grep "\"event\":\"$1\"" | tail -n 1 | sed -n "s/.*\"$2\":\"\?\([^,\"}]*\).*/\1/p"; }

cat >"$tmp/hog.py" <<'PY'
import sys, time
parts = []
step = int(sys.argv[2]) if len(sys.argv) > 2 else 4
for i in range(0, int(sys.argv[1]), step):
    parts.append(bytearray(step << 20))
    for at in range(0, step << 20, 4096):
        parts[-1][at] = 1
time.sleep(3600)
PY

make_project why 'command: [sleep, infinity]
mem_limit: 96m
memswap_limit: 96m
cpus: 0.5'
cp "$tmp/hog.py" .
ok 'up starts a box with limits' bx up
run bx ps
unlike "$out" 'why: ' 'a box that is well has nothing to say'

# --- a command that is killed ---

run bx exec -T -- python3 hog.py 300
is "$status" 137 'a program that takes too much is killed'
like "$err" 'devbox: oom-killed at 96\.0M \(python3 (about )?[0-9.]+M\): raise mem_limit \(devbox\.yaml:2\)' 'devbox says who, how big, at which limit, and which key'
size=$(sed -n 's/.*python3 \(about \)\?\([0-9]*\).*/\2/p' <<<"$err")
ok 'the size is not far from the limit' test "${size:-0}" -ge 60 -a "${size:-0}" -le 110
echo "# $err"

# In one go: there is no time to look before.
run bx exec -T -- python3 -c 'x = bytearray(300 << 20)'
like "$err" 'oom-killed at 96\.0M \(python3 (about )?[0-9.]+M\)' 'one that grows at once is named, too'
echo "# $err"

# The command lives on, its child does not: as a compiler below make.
run timeout 60 "$DEVBOX" exec -T -- bash -c 'for i in 1 2 3; do python3 hog.py 60 >/dev/null 2>&1 & done; wait -n; exit 2'
is "$status" 2 'a command that outlives its children has its own status'
like "$err" 'oom-killed at 96\.0M \(python3 .*, [23] of them\): raise mem_limit \(devbox\.yaml:2\) or lower -j' 'several alike could be fewer'
echo "# $err"
bx exec -T -- pkill -9 -f hog.py </dev/null >/dev/null 2>&1

run bx ps
like "$out" $'\nwhy: oom-killed at 96\.0M \(python3 .*raise mem_limit \(devbox\.yaml:2\)' 'ps goes on saying so'
like "$(bx ps --json)" '"troubles":\["oom-killed at 96' 'for programs, too'

is "$(member oom victim)" python3 'the event names the victim'
is "$(member oom limit_bytes)" $((96 << 20)) 'and the limit'
ok 'and its size' test "$(member oom victim_bytes)" -gt $((10 << 20))
like "$(bx events)" 'oom +python3 (about )?[0-9.]+M, pid [0-9]+.*at mem_limit 96\.0M' 'events says it to people'

run bx exec -T -- true
is "$err" '' 'a command that was not hit hears nothing of those before'

# --- a command that is throttled ---

run bx exec -T -- sh -c 'python3 -c "
import time
end = time.monotonic() + 25
while time.monotonic() < end:
    pass
"'
is "$status" 0 'a busy command'
like "$err" 'devbox: throttled in [0-9]+% of its time at 0\.5 cpus: raise cpus \(devbox\.yaml:4\)' 'hears that its limit held it up'
like "$(bx ps)" $'\nwhy: throttled in [0-9]+% of its time at 0\.5 cpus: raise cpus \(devbox\.yaml:4\)' 'and ps says it of the box'
throttled() { bx events | grep -q 'throttled  *in [0-9]*% of the periods of'; }
ok 'it is an event' wait_for 20 throttled

# --- limits that change ---

sed -i 's/mem_limit: 96m/\n\nmem_limit: 128m/; s/memswap_limit: 96m/memswap_limit: 128m/' devbox.yaml
ok 'another limit, live' bx up
run bx exec -T -- python3 hog.py 300
like "$err" 'oom-killed at 128M \(python3 .*raise mem_limit \(devbox\.yaml:4\)' 'the new limit and its new line'
ok 'down' bx down

# --- a processor limit that comes later ---

make_project later 'network_mode: none'
bx up >/dev/null 2>&1 </dev/null
ok 'a limit by update' bx update --cpus 0.3
bx exec -T -- sh -c 'timeout 25 sh -c "while :; do :; done"' >/dev/null 2>&1 </dev/null
later() { bx events later | grep -q 'throttled  *in [0-9]*% of the periods of'; }
ok 'is watched, too' wait_for 5 later
ok 'down' bx down

# --- the box itself ---

make_project dies 'command: [python3, hog.py, "300"]
mem_limit: 64m
memswap_limit: 64m'
cp "$tmp/hog.py" .
bx up >/dev/null 2>&1 </dev/null
died() { bx events dies | grep -q ' died '; }
ok 'a main command that is killed ends its box' wait_for 60 died
run bx ps -a
like "$out" 'dies +exited \(137\) +oom-killed at 64\.0M \(python3 (about )?[0-9.]+M\): raise mem_limit \(devbox\.yaml:2\)' 'ps -a says why'
like "$(bx events dies)" 'died +status 137: oom-killed at 64\.0M \(python3' 'and so does the event'
run bx exec -T -- true
like "$err" 'not running \(oom-killed at 64\.0M' 'and exec into it'
ok 'down' bx down

run bx run -T -- python3 hog.py 300
is "$status" 137 'run: its command is killed'
like "$err" 'devbox: oom-killed at 64\.0M \(python3 (about )?[0-9.]+M\): raise mem_limit \(devbox\.yaml:2\)' 'and says the same, without a supervisor'

done_testing
