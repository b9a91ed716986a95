#!/bin/bash
# A box whose interface is a macvlan of its project's network.
. "$(dirname "$0")/lib.sh"

[ -c /dev/net/tun ] && command -v slirp4netns >/dev/null || {
	skip 'macvlan' 'no slirp4netns or /dev/net/tun here'
	done_testing
}
busybox_root "$tmp/root"
root="rootfs:$tmp/root"
number() { bx exec -T "$1" -- cat /sys/class/net/eth0/address; }
page() { bx exec -T "$1" -- timeout 5 wget -qO - "http://$2/"; }
server='mkdir -p /tmp/w; hostname >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w'
make_project lan "image: $root
network_mode: macvlan
network: {subnet: 10.88.12.0/24, host: true}
command: [sh, -c, '$server']
services:
  mac: {image: '$root', network_mode: macvlan, extra_hosts: {gate: host-gateway}, ports: ['127.0.0.1::80'], command: [sh, -c, '$server']}
  pair: {image: '$root', command: [sh, -c, '$server']}
  shares: {image: '$root', network_mode: 'service:mac', command: [sleep, '1000']}"
run bx up
if ! unshare -Urn sh -c 'ip link add name br9 type bridge && ip link add name mv9 link br9 type macvlan' 2>/dev/null; then
	is "$status" 1 'without macvlan in the kernel there is none'
	like "$err" "network_mode 'macvlan': this kernel has no macvlan
  hint: sudo modprobe macvlan" 'and what helps is said'
	done_testing
fi
is "$status" 0 'boxes with and without a macvlan come up'
# Each pair has an end of its own in the bridge's namespace: all macvlans are on top of one interface.
below() { bx exec -T "$1" -- cat /sys/class/net/eth0/iflink; }
is "$(below mac)" "$(below lan)" 'macvlans are on top of one interface'
nok 'which has nothing of a box without' test "$(below pair)" = "$(below lan)"
is "$(number mac | cut -c1-5) $(number lan | cut -c1-5)" '02:db 02:db' 'with a hardware address'
is "$(for b in lan mac pair; do number $b; done | sort -u | wc -l)" 3 'of its own'
for from in lan mac pair shares; do
	is "$(page $from lan; page $from mac; page $from pair)" $'lan\nmac\npair' "$from reaches all by their names"
done
python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    c = s.accept()[0]; c.recv(999); c.sendall(b"HTTP/1.0 200 OK\r\n\r\nfrom the host\n"); c.close()' >"$tmp/near" &
server=$!
ok 'a server of the host listens' wait_for 10 test -s "$tmp/near"
is "$(page mac "gate:$(cat "$tmp/near")")" 'from the host' 'host-gateway leads to the host'
is "$(page lan "host.devbox:$(cat "$tmp/near")")" 'from the host' 'as host.devbox does'
kill "$server"
port=$(bx port mac --json | jq '.[0].host_port')
is "$(curl -sS --noproxy '*' "http://127.0.0.1:$port/")" mac 'a published port leads to it'
is "$(bx network --json mac | jq -r '.mode + " " + .address')" 'macvlan 10.88.12.11' 'devbox network knows its mode'
is "$(bx network --json pair | jq -c '[.names[].name] | sort')" '["host.devbox","lan","mac","pair"]' 'and all names'
# Frames for one are not shown to the others.
heard() { bx exec -T pair -- cat /sys/class/net/eth0/statistics/rx_bytes; }
before=$(heard)
bx exec -T lan -- sh -c 'head -c 4000000 /dev/zero >/tmp/w/much'
ok 'much goes from one to another' bx exec -T mac -- wget -qO /dev/null http://lan/much
ok 'and a third hears nothing of it' test $(($(heard) - before)) -lt 100000
run bx restart mac
is "$(page pair mac; page mac pair)" $'mac\npair' 'and is there again after a restart'
run bx up
like "$err" 'shares +changed, starting it anew' 'who shares its network follows'
run bx up
like "$err" 'up to date' 'and then nothing is to be done'
is "$(bx run -- sh -c 'ls /sys/class/net | sort | paste -sd,' </dev/null)" 'lo,tap0' 'run has a network of its own'
sed -i '/^network_mode/d' devbox.yaml
run bx up
like "$err" 'lan +changed, starting it anew' 'another mode is another box'
nok 'which has no macvlan' test "$(below lan)" = "$(below mac)"
is "$(page mac lan; page pair lan; page lan mac)" $'lan\nlan\nmac' 'at an address that was one of a macvlan'
bx down 2>/dev/null

# A box alone.
make_project alone "image: $root
network_mode: macvlan
command: [sleep, '1000']"
run bx up
is "$status" 0 'a box alone comes up with a macvlan'
ok 'it is not a tap of slirp4netns' bx exec -T -- test -e /sys/class/net/eth0 -a ! -e /sys/class/net/tap0
ok 'and reaches its gateway' bx exec -T -u root -- sh -c 'ping -c 1 -W 5 "$(ip route | sed -n "s/^default via \([0-9.]*\).*/\1/p")"'
run bx down
is "$status" 0 'down'

done_testing
