#!/bin/bash
# A project of several boxes: their order, their names, their one network, and what the verbs do to all of them.
. "$(dirname "$0")/lib.sh"

busybox_root "$tmp/root"
root="rootfs:$tmp/root"

names() {
	bx ps "$@" --json | grep -o '"name":"[^"]*"' | cut -d'"' -f4 | sort | paste -sd' '
}

# --- order, without a network ---

make_project order "network_mode: none
image: $root
depends_on: {job: {condition: service_completed_successfully}}
services:
  web: {image: '$root', network_mode: none, depends_on: [db], command: [sleep, '1000']}
  db: {image: '$root', network_mode: none, command: [sh, -c, 'echo I am db; exec sleep 1000'], volumes: ['data:/data']}
  job: {image: '$root', network_mode: none, depends_on: [db], command: [sh, -c, 'sleep 0.3; echo done >/data/done'], volumes: ['data:/data']}
  extra: {image: '$root', network_mode: none, profiles: [more], command: [sleep, '1000']}"
run bx up
is "$status" 0 'a project of several boxes comes up'
is "$(grep -o '^ order[a-z/]* *up' <<<"$err" | tr -d ' ' | paste -sd' ')" 'order/dbup order/webup order/jobup orderup' 'in the order of what they wait for, and the dev box last'
is "$(names)" 'order order/db order/web' 'those that run are listed by their names'
is "$(names -a)" 'order order/db order/job order/web' 'and one that has done its work, when asked'
ok 'its work was done before the dev box began' bx exec db -- test -e /data/done
is "$(bx exec order/web -- cat /etc/hostname)" web 'a box knows its name'
run bx up
like "$err" '^order: up to date \(4 boxes, ' 'a second up finds all as it should be'
run bx logs
like "$err$out" 'order/db \| I am db' 'logs say whose line it is'
is "$(bx logs db)" 'order/db | I am db' 'of one box when asked'
run bx up extra
is "$status" 0 'a box of a profile starts by name'
run bx stop web
like "$err" ' order/web  *stopped' 'one is stopped by its name'
is "$(names)" 'order order/db order/extra' 'and the others go on'
run bx exec web -- true
is "$err" "devbox: box 'web' is not running
  hint: devbox up" 'one that does not run is told by name'
run bx start web
is "$(names)" 'order order/db order/extra order/web' 'and starts again'
run bx kill db
is "$(names)" 'order order/extra order/web' 'kill is for one, too'
run bx update --pids-limit 5 nope
is "$status" 1 'update of a box that is not there'
bx stop web 2>/dev/null
run bx update --pids-limit 50 web
like "$err" "devbox: box 'order/web' is not running" 'and of one that does not run, by its full name'
bx start web 2>/dev/null
run bx up nope
is "$status $err" "1 devbox: there is no box 'nope'
  hint: the profile names the boxes of the project below 'services'" 'a box that is not there'
run bx down
is "$status" 0 'down'
is "$(names -a)" '' 'stops and removes them all'
ok 'and leaves no process' test -z "$(ls "$XDG_RUNTIME_DIR/devbox/order" 2>/dev/null | grep -v lock)"
run bx up --profile more
is "$(names)" 'order order/db order/extra order/web' 'a profile brings its services'
run bx up --profile less
is "$status $err" "1 devbox: no service is in profile 'less'" 'a profile that no service is in'
bx down 2>/dev/null

# --- what goes wrong ---

make_project wrong "network_mode: none
services:
  good: {image: '$root', network_mode: none, command: [sleep, '1000']}
  bad: {image: '$root', network_mode: none, command: [no-such-command], depends_on: [good]}"
run bx up
is "$status" 1 'one that cannot start is a failure'
like "$err" "devbox: service 'bad': 'no-such-command' was not found in the box" 'said with its name'
like "$err" ' wrong/good *stopped again' 'and what was started is stopped again'
is "$(names)" '' 'nothing is left running'
sed -i 's/\[no-such-command\]/[sh, -c, "exit 3"]/; s/depends_on: \[good\]/depends_on: [good]/' devbox.yaml
echo 'depends_on: {bad: {condition: service_completed_successfully}}' >>devbox.yaml
run bx up
like "$err" "box 'wrong/bad' did not complete: it ended with status 3" 'work that fails is told with its status'
is "$(names)" '' 'and stops the rest'
bx down 2>/dev/null

# --- one network ---

[ -c /dev/net/tun ] && command -v slirp4netns >/dev/null || {
	skip 'the network of a project' 'no slirp4netns or /dev/net/tun here'
	done_testing
}
slirps() {
	pgrep -fc -- '--cidr=10\.86\.93\.0/24'
}
profile="image: $root
network: {subnet: 10.86.93.0/24, mtu: 1500, host: true}
services:
  web: {image: '$root', command: [sh, -c, 'mkdir /w; echo hello from web >/w/index.html; exec httpd -f -p 80 -h /w']}
  db: {image: '$root', command: [sleep, '1000'], ports: ['127.0.0.1::80']}
  alone: {image: '$root', network_mode: none, command: [sleep, '1000']}"
make_project net "$profile"
run bx up
is "$status" 0 'boxes of one network come up'
is "$(slirps)" 1 'with one slirp4netns for all'
is "$(bx network --json web | jq -r '.subnet + " " + .gateway + " " + .address')" '10.86.93.0/24 10.86.93.2 10.86.93.11' 'laid out as the profile says'
is "$(bx network --json web | jq -c '[.names[] | .name + " " + .address] | sort')" '["db 10.86.93.12","host.devbox 10.86.93.2","net 10.86.93.10","web 10.86.93.11"]' 'devbox network knows the names'
like "$(bx network web)" $'\ndb +10\.86\.93\.12' 'and says them'
is "$(bx network --json db | jq .backend_pid)" "$(pgrep -f -- '--cidr=10\.86\.93\.0/24')" 'and what leads outside'
is "$(bx exec web -- cat /sys/class/net/eth0/mtu)" 1500 'packets are as large as asked'
python3 -c 'import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
c = s.accept()[0]; c.recv(999); c.sendall(b"HTTP/1.0 200 OK\r\n\r\nfrom the host\n")' >"$tmp/near" &
ok 'a server of the host listens' wait_for 10 test -s "$tmp/near"
is "$(bx exec web -- wget -qO - "http://host.devbox:$(cat "$tmp/near")/")" 'from the host' 'and is reached at host.devbox'
ok 'a box reaches another by its name' bx exec db -- wget -qO /dev/null http://web/
is "$(bx exec -- wget -qO - http://web/)" 'hello from web' 'so does the dev box'
address=$(bx exec db -- sh -c 'grep -w web /etc/hosts | cut -f1')
like "$address" '^10\.' 'names are addresses of the project'
is "$(bx exec db -- wget -qO - "http://$address/")" 'hello from web' 'which can be reached as well'
ok 'the dev box has the name of the project' bx exec web -- ping -c 1 -W 5 net
nok 'nobody outside of the network reaches it' bx exec alone -- wget -qO /dev/null -T 2 "http://$address/"
nok 'the file of names is not the box'"'"'s' bx exec -u root db -- sh -c 'echo 1.2.3.4 x >>/etc/hosts'
bx stop web 2>/dev/null
nok 'a name goes with its box' bx exec db -- grep -qw web /etc/hosts
bx start web 2>/dev/null
ok 'and comes back with it' bx exec db -- grep -qw web /etc/hosts
is "$(bx exec db -- wget -qO - http://web/)" 'hello from web' 'and is reached again'
bx kill web 2>/dev/null
ok 'the name of one that was killed goes too' wait_for 5 bx exec db -- sh -c '! grep -qw web /etc/hosts'
bx up 2>/dev/null
ok 'and up brings it back' bx exec db -- wget -qO /dev/null http://web/

make_project net2 "${profile/10.86.93/10.86.94}"
run bx up
is "$status" 0 'a second project beside it'
other=$(bx exec db -- sh -c 'grep -w web /etc/hosts | cut -f1')
is "$(bx exec -- wget -qO - http://web/)" 'hello from web' 'has its own'
nok 'the first does not reach it' bx -p net exec db -- wget -qO /dev/null -T 2 "http://$other/"
run bx down
is "$status" 0 'and goes down'
ok 'the first goes on' bx -p net exec db -- wget -qO /dev/null http://web/

cd "$tmp/work/net" || exit 1
server() {
	bx exec -T db -- sh -c 'mkdir -p /w; echo published >/w/index.html; httpd -p 127.0.0.1:80 -h /w'
}
server
port=$(bx port db --json | grep -o '"host_port":[0-9]*' | cut -d: -f2)
ok 'a published port of a service leads to it' wait_for 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && grep -q published <&3"
kill -9 "$(bx network --json db | jq .backend_pid)"
lost() { [ "$(bx network --json "$1" | jq -r .lost)" = 'slirp4netns was killed by signal 9' ]; }
ok 'who leads outside is missed when it is killed' wait_for 10 lost db
ok 'by every box' wait_for 10 lost web
like "$(bx network web)" "backend +gone: slirp4netns was killed by signal 9; 'devbox restart' brings it back" 'with what brings it back'
is "$(bx exec db -- wget -qO - http://web/)" 'hello from web' 'boxes still reach each other'
run bx restart
is "$status" 0 'restart stops and starts all'
like "$(bx network web)" 'backend +slirp4netns, process [0-9]' 'with the way outside'
is "$(names)" 'net net/alone net/db net/web' 'and all run again'
run bx down
is "$status" 0 'down'
ok 'ends the network with its boxes' wait_for 5 eval '[ "$(slirps)" = 0 ]'

make_project fixed "services:
  a: {image: '$root', ip: 10.200.3.7, command: [sleep, '1000']}
  b: {image: '$root', ip: 10.200.3.7, command: [sleep, '1000']}"
run bx up
like "$err" "devbox.yaml:3:.*error: ip: 10.200.3.7 is that of box 'a'" 'an address that is taken'
sed -i '3s/3\.7/4.7/' devbox.yaml
run bx up
like "$err" "devbox.yaml:3:.*error: ip: 10.200.4.7 is not for a box of the project.s network 10.200.3.0/24" 'one of another subnet'
sed -i '3s/4\.7/3.2/' devbox.yaml
run bx up
like "$err" 'devbox.yaml:3:.*error: ip: .10.200.3.2. is taken' 'that of the gateway'
sed -i '3s/3\.2/3.8/' devbox.yaml
run bx up
is "$(bx exec b -- sh -c "ip -4 addr show eth0 | grep -o '10[0-9.]*/24'")" 10.200.3.8/24 'a fixed address'
ok 'is reached' bx exec a -- ping -c 1 -W 5 b

# --- IPv6 ---

if [ -e /proc/net/if_inet6 ]; then
	serve='mkdir -p /tmp/w; hostname >/tmp/w/index.html; exec httpd -f -p "[::]:80" -h /tmp/w'
	make_project six "image: $root
network: {subnet: 10.86.96.0/24, ipv6: true, host: true}
services:
  one: {image: '$root', command: [sh, -c, '$serve']}
  two: {image: '$root', network_mode: macvlan, command: [sh, -c, '$serve']}"
	run bx up
	is "$status" 0 'boxes of one network with IPv6 come up'
	is "$(bx exec -T one -- sh -c "ip -6 addr show eth0 scope global | grep -o 'fd00[^ ]*'")" fd00::a56:600b/64 'each has an address made of the other'
	is "$(bx exec -T one -- sh -c "ip -6 addr show eth0 scope global | grep -c inet6")" 1 'and no more'
	for from in six one two; do
		is "$(for to in one two; do bx exec -T $from -- wget -qO - "http://[$(bx exec -T six -- awk -v to=$to '/^fd00/ && $2 == to { print $1 }' /etc/hosts)]/"; done | paste -sd,)" one,two "$from reaches all by it"
	done
	python3 -c 'import socket
s = socket.create_server(("::1", 0), family=socket.AF_INET6)
print(s.getsockname()[1], flush=True)
while True:
    c = s.accept()[0]; c.recv(999); c.sendall(b"HTTP/1.0 200 OK\r\n\r\nfrom the host\n"); c.close()' >"$tmp/six" &
	server=$!
	ok 'a server of the host listens' wait_for 10 test -s "$tmp/six"
	for from in six one two; do
		is "$(bx exec -T $from -- wget -qO - "http://[fd00::2]:$(cat "$tmp/six")/")" 'from the host' "$from reaches it, too"
	done
	kill "$server"
	sed -i 's/ipv6: true/ipv6: false/' devbox.yaml
	run bx up one
	like "$err" 'is still 10\.86\.96\.0/24, mtu 16384, ipv6' 'it is for all or for none'
	bx down 2>/dev/null
	bx up 2>/dev/null
	is "$(bx exec -T one -- sh -c 'ip -6 addr show eth0 scope global; grep fd00 /etc/hosts')" '' 'without it there is none'
	bx down 2>/dev/null
else
	skip 'IPv6' 'this kernel has none'
fi

# --- one network for two boxes ---

make_project shared "image: $root
network_mode: service:web
services:
  web: {image: '$root', command: [sh, -c, 'mkdir /w; echo hello from web >/w/index.html; exec httpd -f -p 127.0.0.1:80 -h /w']}
  db: {image: '$root', command: [sleep, '1000']}"
run bx up
is "$status" 0 'a box starts in the network of another'
is "$(bx exec -T -- wget -qO - http://127.0.0.1/)" 'hello from web' 'and reaches what listens on its loopback'
is "$(bx exec -T -- readlink /proc/self/ns/net)" "$(bx exec -T web -- readlink /proc/self/ns/net)" 'it is the same'
is "$(bx exec -T -- sh -c 'hostname; cat /etc/hosts')" "$(bx exec -T web -- sh -c 'hostname; cat /etc/hosts')" 'with its names'
ok 'others are reached' bx exec -T -u root -- ping -c 1 -W 5 db
like "$(bx network)" 'mode +service:web' 'devbox network says so'
is "$(bx network --json | jq -r .address)" "$(bx network --json web | jq -r .address)" 'with its address'
bx exec -T -- sh -c 'httpd -p 127.0.0.1:8088 -h /tmp'
forwarded() { [ "$(bx port --json | jq '[.[] | select(.box_port == 8088)] | length')" = 1 ]; }
ok 'what listens in it appears on the host' wait_for 20 forwarded
run bx up
like "$err" 'up to date' 'up changes nothing'
bx restart web 2>/dev/null
run bx up
like "$err" 'shared +changed, starting it anew' 'with another service the box is another'
is "$(bx exec -T -- wget -qO - http://127.0.0.1/)" 'hello from web' 'that reaches it'
is "$(bx run -- sh -c 'ls /sys/class/net | sort | paste -sd,' </dev/null)" 'lo,tap0' 'run has a network of its own'
bx down

make_project unshared "services:
  web: {image: '$root', network_mode: none, command: [sleep, '1000']}
  db: {image: '$root', network_mode: 'service:web', command: [sleep, '1000']}"
run bx up
like "$err" "devbox.yaml:3:.*error: network_mode: service 'web' has no network to share" 'without a network there is none to share'
sed -i 's/service:web/service:wbe/' devbox.yaml
run bx up
like "$err" "devbox.yaml:3:.*error: network_mode: there is no service 'wbe'.*did you mean 'web'" 'nor without a service'

done_testing
