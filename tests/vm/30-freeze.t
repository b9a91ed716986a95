#!/bin/bash
# pause stops every process of a box, unpause lets them go on where they were.
. "$(dirname "$0")/../integration/lib.sh"

make_project freeze 'command: [sh, -c, "i=0; while :; do i=$$((i + 1)); echo $$i >count; sleep 0.05; done"]'
ok 'up starts a box that counts' bx up
ok 'it counts' wait_for 20 test -s count
first=$(cat count)
counts_on() { [ "$(cat count)" != "$first" ]; }
ok 'it goes on counting' wait_for 20 counts_on

ok 'pause' bx pause
first=$(cat count)
nok 'a paused box does not count' wait_for 2 counts_on
run bx ps
like "$out" 'paused' 'ps says that it is paused'
ok 'unpause' bx unpause
ok 'it counts again' wait_for 20 counts_on

ok 'pause it again' bx pause
ok 'stop ends a paused box too' timeout 60 "$DEVBOX" stop
ok 'down' bx down

done_testing
