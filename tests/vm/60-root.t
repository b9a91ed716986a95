#!/bin/bash
# As the real root a box is still unprivileged: its ids are subordinate ones, or the missing line is named.
. "$(dirname "$0")/../integration/lib.sh"

make_project rooted
sudo cp "$DEVBOX" /usr/local/bin/devbox
as_real_root() {
	sudo env -u XDG_DATA_HOME HOME=/root XDG_RUNTIME_DIR=/run/devbox-test sh -c "cd $project && $*" </dev/null
}
sudo install -d -m 0700 /run/devbox-test
sudo sed -i '/^root:/d' /etc/subuid /etc/subgid

run as_real_root devbox run -- true
is "$status" 125 'without subordinate ids for root there is no box'
like "$err" 'root:[0-9]+:65536|usermod --add-subuids' 'and it is said how to give him some'

echo 'root:1000000:65536' | sudo tee -a /etc/subuid /etc/subgid >/dev/null
mounts=$(sudo cat /proc/1/mountinfo | sort)
run as_real_root devbox run -- cat /proc/self/uid_map
is "$status" 0 'with them it starts'
is "$(awk '$2 == 0' <<<"$out")" '' 'root of the machine is not in the map'
run as_real_root devbox run -- id -u
is "$status" 0 'a command runs'
run as_real_root devbox run -- sh -c "'touch /etc/devbox-was-here /usr/devbox-was-here; cat /etc/shadow'"
nok 'the box cannot write to the machine' test -e /usr/devbox-was-here -o -e /etc/devbox-was-here
unlike "$out" 'root:' 'nor read what only root may'

run as_real_root "devbox up && devbox exec -T -- echo hello && devbox down"
is "$status" 0 'up, exec and down work'
like "$out" hello 'and say what the command says'
is "$(sudo cat /proc/1/mountinfo | sort)" "$mounts" 'the machine has the mounts it had'
run as_real_root "printf 'network: {backend: pasta}' >>devbox.yaml && devbox run -- true"
like "$err" 'pasta that root starts becomes nobody' 'pasta is not for root'

done_testing
