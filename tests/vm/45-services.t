#!/bin/bash
# Several boxes under systemd: each in a scope, and so is their network.
. "$(dirname "$0")/../integration/lib.sh"

make_project shop 'services:
  web: {command: [busybox, httpd, -f, -p, "8000", -h, /usr/lib]}'
run bx up
is "$status" 0 'two boxes start'
fetched() { bx exec -T -- busybox wget -q -O - http://web:8000/os-release | cmp -s - /usr/lib/os-release; }
ok 'and reach each other by name' wait_for 30 fetched
pid=$(pgrep -u "$(id -u)" -x devbox-net)
like "$(cat "/proc/$pid/cgroup")" 'app\.slice/.*devbox-shop-N' 'their network is no part of the login session'
like "$(bx ps)" 'shop/web' 'ps knows both'
run bx down
is "$status" 0 'down'
# Who removes a scope's folder before systemd has looked keeps the unit for ever: now and then.
again() { for _ in 1 2 3 4 5; do bx up && bx down || return 1; done; }
ok 'up and down, again and again' again
gone() { ! systemctl --user list-units --type scope --no-legend | grep -q devbox-shop; }
ok 'leaves no scope' wait_for 30 gone

done_testing
