#!/bin/bash
# The machine is what the other files take for granted: a desktop session on pure cgroup v2.
. "$(dirname "$0")/../integration/lib.sh"

is "$(stat -f -c %T /sys/fs/cgroup)" cgroup2fs 'the machine has pure cgroup v2'
like "$(cat /proc/self/cgroup)" 'session-.*\.scope' 'a login is a session scope'
ok 'the user manager runs' systemctl --user is-active -q default.target
like "$(cat "/sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/cgroup.controllers")" \
	'memory.*pids' 'memory and pids are delegated'

done_testing
