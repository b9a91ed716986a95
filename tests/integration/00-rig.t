#!/bin/bash
# The rig itself: what the other files take for granted on this machine.
. "$(dirname "$0")/lib.sh"

nok 'the tests run as an ordinary user' test "$(id -u)" -eq 0
ok 'the user has subordinate uids' test -n "$(first_subid uid)"
ok 'the user has subordinate gids' test -n "$(first_subid gid)"
is "$(as_box_root id -u)" 0 'a namespace with the subordinate ids can be made'
ok '/dev/fuse is open to users' test -r /dev/fuse -a -w /dev/fuse
ok '/dev/net/tun is open to users' test -r /dev/net/tun -a -w /dev/net/tun
ok 'the runtime folder is ours' test -O "$XDG_RUNTIME_DIR"
busybox_root "$tmp/root"
is "$("$tmp/root/bin/echo" hi)" hi 'the busybox root has its commands'
ok 'devbox is built' test -x "$DEVBOX"

done_testing
