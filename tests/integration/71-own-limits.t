#!/bin/bash
# A box does not reach the limits that are put on it, nor what devbox needs to end it.
. "$(dirname "$0")/lib.sh"

make_project greedy 'network_mode: none'
ok 'a box' bx up
group=$(sed -n 's/^cgroup=//p' "$XDG_RUNTIME_DIR/devbox/greedy/dev.box")
[ -n "$group" ] || skip_all 'no cgroup to give to a box here'

# inside COMMANDS - with its own cgroup v2 mounted writable, as root of a namespace of its own.
inside() {
	bx exec -- unshare --user --map-root-user --mount --cgroup sh -c \
		"mkdir -p /tmp/group && mount -t cgroup2 none /tmp/group && cd /tmp/group && $1"
}

if ! inside true 2>/dev/null; then
	skip 'limits' 'a namespace in the box cannot mount cgroup2'
	done_testing
fi
cat "$group/cgroup.max.descendants" >"$tmp/before"
inside 'for f in cgroup.max.descendants cgroup.max.depth memory.max pids.max cpu.max; do
	echo max >$f; done' >/dev/null 2>&1
is "$(cat "$group/cgroup.max.descendants")" "$(cat "$tmp/before")" 'the limits are not in the sight of the box'
ok 'it makes groups of its own' inside 'mkdir mine && rmdir mine'
nok 'but not thousands' inside 'for i in $(seq 2000); do mkdir g$i || exit 1; done'
nok 'nor deep ones' inside 'for i in $(seq 80); do mkdir d && cd d || exit 1; done'
inside 'echo 1 >cgroup.freeze' >/dev/null 2>&1 &
pid=$!
wait_for 5 grep -q 'frozen 1' "$group/box/cgroup.events"
if grep -q 'frozen 1' "$group/box/cgroup.events"; then
	ok 'a box that froze itself is thawed by unpause' timeout 20 "$DEVBOX" unpause
else
	skip 'a box that froze itself is thawed by unpause' 'it cannot freeze itself here'
fi
ok 'and goes by down' timeout 20 "$DEVBOX" down
wait "$pid" 2>/dev/null
nok 'with all of its groups' test -e "$group"

done_testing
