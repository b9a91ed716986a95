#!/bin/bash
# The limits of a profile are in force: memory with a reason, processes, CPU time.
. "$(dirname "$0")/../integration/lib.sh"

make_project limits 'mem_limit: 96m
memswap_limit: 96m
pids_limit: 64
cpus: 0.5'
ok 'up starts a box with limits' bx up

is "$(bx exec -T -- cat /sys/fs/cgroup/memory.max </dev/null)" $((96 * 1024 * 1024)) 'memory.max is that of the profile'
is "$(bx exec -T -- cat /sys/fs/cgroup/pids.max </dev/null)" 64 'pids.max is that of the profile'
is "$(bx exec -T -- cat /sys/fs/cgroup/cpu.max </dev/null)" '50000 100000' 'cpu.max is that of the profile'

run bx exec -T -- python3 -c 'x = bytearray(300 << 20); print(len(x))'
is "$status" 137 'a program that takes too much memory is killed'
like "$err" '[oO][oO][mM]|out of memory' 'devbox says that it ran out of memory'
like "$err" 'mem_limit' 'and names the key that limits it'
ok 'the box lives on' bx exec -T -- true

run bx exec -T -- python3 -c '
import os, time
children = []
try:
    for i in range(200):
        pid = os.fork()
        if pid == 0:
            time.sleep(30)
            os._exit(0)
        children.append(pid)
except BlockingIOError:
    print("EAGAIN", len(children))
for pid in children:
    os.kill(pid, 9)
'
like "$out" '^EAGAIN [0-9]+' 'fork beyond pids_limit fails with EAGAIN'

run bx exec -T -- python3 -c '
import time
end = time.monotonic() + 2
while time.monotonic() < end:
    pass
'
throttled=$(bx exec -T -- awk '$1 == "nr_throttled" { print $2 }' /sys/fs/cgroup/cpu.stat </dev/null)
ok 'a busy program was throttled' test "${throttled:-0}" -gt 0

run bx stats --once --json
like "$out" '"mem[^"]*" ?: ?[0-9]+' 'stats knows the memory in use'

ok 'down ends it' bx down

make_project oomed 'mem_limit: 64m
memswap_limit: 64m
command: [python3, -c, "x = bytearray(300 << 20)"]'
bx up >/dev/null 2>&1 </dev/null
wait_for 60 sh -c '"$0" inspect | grep -q "\"exit_code\": *[0-9]"' "$DEVBOX"
run bx inspect
like "$out" '"exit_code": ?137' 'the status of a main command that ran out of memory is kept'
bx down >/dev/null 2>&1 </dev/null

done_testing
