#!/bin/bash
# Without lingering a logout ends the user's manager and with it his boxes; the next login starts clean.
. "$(dirname "$0")/../integration/lib.sh"

uid=$(id -u other)
folder=/home/other/shop
# Another session can only come from a login of its own: the one of this test would be kept.
login() { ssh -o BatchMode=yes other@localhost "cd $folder && $*" </dev/null; }

sudo install -d -o other -g other "$folder"
sudo cp "$DEVBOX" /usr/local/bin/devbox
echo 'pids_limit: 100' | sudo tee "$folder/devbox.yaml" >/dev/null

run login 'devbox up && devbox exec -T -- true'
is "$status" 0 'another user starts a box'
gone() { ! pgrep -u other >/dev/null; }
ok 'everything of his ends with his logout' wait_for 60 gone
sudo systemctl is-active -q "user@$uid.service" && manager=up || manager=down
is "$manager" down 'his manager too'

run login 'devbox ps'
is "$status" 0 'ps works at the next login'
unlike "$out" 'running|\bup\b' 'and does not claim that the box runs'
run login 'devbox up && devbox exec -T -- echo again && devbox down'
is "$status" 0 'up works again'
like "$out" again 'and exec'
ok 'nothing is left' wait_for 60 gone

done_testing
