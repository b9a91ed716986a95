#!/bin/bash
# Whatever a box does to its files, `down` removes it and `up` starts it.
. "$(dirname "$0")/lib.sh"

make_project nasty 'network_mode: none
home: isolated'
ok 'a box' bx up
home=$XDG_DATA_HOME/devbox/projects/nasty/home

ok 'it closes its own home to us' bx exec -- sh -c 'chmod 000 "$HOME"'
ok 'which does not keep it from starting' bx restart
is "$(stat -c %a "$home")" 700 'the home is open again'

# Deeper than a process may have descriptors open, and longer than any path.
deep='i=0; while [ $i -lt 1200 ]; do mkdir d 2>/dev/null; cd -P d || exit 1; : >f; i=$((i+1)); done'
ok 'folders 1200 deep' bx exec -w "$HOME" -- sh -c "$deep"
ok 'links that lead out, and folders without modes' bx exec -w "$HOME" -- \
	sh -c "ln -s '$project' out; mkdir closed; : >closed/file; chmod 000 closed; mkdir closed2; chmod 000 closed2"
ok 'it closes its home once more' bx exec -- sh -c 'chmod 000 "$HOME"'
echo mine >"$project/precious"
ok 'down --volumes removes all of it' timeout 120 "$DEVBOX" down --volumes
nok 'the home is gone' test -e "$home"
is "$(cat "$project/precious")" mine 'and nothing that a link led to'

# A supervisor that does not answer is given up after the grace.
make_project silent 'network_mode: none
stop_grace_period: 1s'
ok 'a box' bx up
kill -STOP "$(sed -n 's/^supervisor_pid=//p' "$XDG_RUNTIME_DIR/devbox/silent/dev.box")"
ok 'down ends a box whose supervisor was stopped' timeout 60 "$DEVBOX" down

# One whose processes hear no signal, and one whose root stops what devbox starts in it.
make_project deaf 'network_mode: none
stop_grace_period: 1s'
ok 'a box' bx up
bx exec -- sh -c "trap '' TERM INT HUP; while :; do sleep 1; done" >/dev/null 2>&1 &
ok 'exec -u root stops every other process' bx exec -u root -- sh -c 'kill -STOP -1 2>/dev/null; true'
ok 'down ends it' timeout 30 "$DEVBOX" down
wait

done_testing
