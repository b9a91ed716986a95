#!/bin/bash
# A login over ssh: its cgroup belongs to root, so the box goes where the user's manager says; and it
# stays up when the session that started it ends.
. "$(dirname "$0")/../integration/lib.sh"

make_project remote 'mem_limit: 128m'
remote() {
	# One line, because that is what ssh makes of its arguments.
	ssh -o BatchMode=yes localhost "cd $project && export XDG_DATA_HOME=$XDG_DATA_HOME XDG_STATE_HOME=$XDG_STATE_HOME \
		XDG_CACHE_HOME=$XDG_CACHE_HOME XDG_CONFIG_HOME=$XDG_CONFIG_HOME && $*" </dev/null
}

like "$(remote cat /proc/self/cgroup)" 'session-.*\.scope' 'ssh gives a session scope'
scope=$(remote cat /proc/self/cgroup | sed 's/^0:://')
is "$(stat -c %U "/sys/fs/cgroup${scope%/*}")" root 'whose parent belongs to root'
ok 'up works there' remote "$DEVBOX" up
is "$(remote "$DEVBOX" exec -T -- cat /sys/fs/cgroup/memory.max)" $((128 * 1024 * 1024)) 'and the limit is in force'

wait_for 20 sh -c '! loginctl list-sessions --no-legend | grep -q pts'
ok 'the box is up after that session ended' bx exec -T -- true
box_pid=$(pgrep -u "$(id -u)" -f devbox | head -n 1)
like "$(cat "/proc/$box_pid/cgroup")" "user@$(id -u)\.service" 'it lives below the user manager'
ok 'down from another session' bx down

done_testing
