#!/bin/bash
# The drop-in that devbox names, put where it says: then cpuset and blkio_config are in force.
. "$(dirname "$0")/../integration/lib.sh"

uid=$(id -u other)
folder=/home/other/io
drop_in=/etc/systemd/system/user@$uid.service.d
login() { ssh -o BatchMode=yes other@localhost "cd $folder && $*" </dev/null; }

sudo install -d -o other -g other "$folder"
sudo cp "$DEVBOX" /usr/local/bin/devbox
sudo tee "$folder/devbox.yaml" >/dev/null <<'PROFILE'
cpuset: "0"
cpuset_mems: "0"
blkio_config:
  device_write_bps: [{path: /dev/vda, rate: 1mb}]
PROFILE

run login devbox up
is "$status" 1 'without delegation up refuses'
hint=$(grep -o 'Delegate=[a-z ]*' <<<"$err" | head -n 1)
like "$hint" 'Delegate=.*cpuset.*' 'and names the line that delegates'

gone() { ! sudo systemctl is-active -q "user@$uid.service"; }
wait_for 60 gone
sudo mkdir -p "$drop_in"
printf '[Service]\n%s\n' 'Delegate=cpu cpuset io memory pids' | sudo tee "$drop_in/delegate.conf" >/dev/null
sudo systemctl daemon-reload

run login devbox up
is "$status" 0 'with it up starts the box'
unlike "$err" 'affinity' 'and needs no CPU affinity'
is "$(login devbox exec -T -- cat /sys/fs/cgroup/cpuset.cpus.effective)" 0 'cpuset is in force'
is "$(login devbox exec -T -- cat /sys/fs/cgroup/cpuset.mems.effective)" 0 'cpuset_mems, too'
is "$(login devbox exec -T -- nproc)" 1 'the box has one core'
like "$(login devbox exec -T -- cat /sys/fs/cgroup/io.max)" 'wbps=1048576' 'the rate is that of the profile'
login devbox exec -T -- python3 -c "'
import os, time
fd = os.open(\"io-test\", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
begin = time.monotonic()
for i in range(4):
    os.write(fd, bytes(1 << 20))
    os.fsync(fd)
print(int(time.monotonic() - begin))
'" >"$tmp/seconds"
# Four times what one second lets through cannot take less than two.
ok 'writing is slowed down to it' test "$(cat "$tmp/seconds")" -ge 2

run login "sed -i 's/1mb/8mb/' devbox.yaml && devbox up"
like "$err" 'nothing was restarted' 'a changed rate is applied at once'
like "$(login devbox exec -T -- cat /sys/fs/cgroup/io.max)" 'wbps=8388608' 'and in force'
ok 'down' login devbox down

sudo rm -r "$drop_in"
sudo systemctl daemon-reload
done_testing
