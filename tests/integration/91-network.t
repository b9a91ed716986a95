#!/bin/bash
# The network of a project: its addresses, the way outside, the host's own services, and what is refused.
. "$(dirname "$0")/lib.sh"

for name in python3 jq ip; do
	command -v $name >/dev/null || skip_all "no $name here"
done

# An address of this machine that is not of loopback: outside, for a box.
outside=$(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
[ -n "$outside" ] || skip_all 'this machine has no network'

# A server of one page in the background: serve ADDRESS; sets $port
serve() {
	mkdir -p "$tmp/www/$1" && echo "from $1" >"$tmp/www/$1/page"
	(cd "$tmp/www/$1" && exec python3 -u -c '
import http.server, socket, sys
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = Server((sys.argv[1], 0), http.server.SimpleHTTPRequestHandler)
print(s.server_address[1], flush=True)
s.serve_forever()' "$1" >"$tmp/port" 2>/dev/null) &
	wait_for 10 test -s "$tmp/port"
	port=$(cat "$tmp/port") && rm "$tmp/port"
}
# get URL: of the box
cat >"$tmp/get.py" <<'PY'
import sys, urllib.request
print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=10).read().decode().strip())
PY
get() { bx -q exec -T -- python3 get.py "$1" 2>&1 | tail -n 1; }
make_net() {
	make_project "$@"
	cp "$tmp/get.py" .
}
address() { bx -q exec -T -- ip -4 -o addr show tap0 | awk '{ print $4 }'; }

# --- as it is when nothing is said ---

make_net plain ''
run bx up
is "$status" 0 'a box with a network starts'
is "$(address)" 10.0.2.100/24 'it has the usual address'
serve "$outside" && out_port=$port
is "$(get "http://$outside:$out_port/page")" "from $outside" 'a server outside is reached'
serve 127.0.0.1 && near_port=$port
unlike "$(get "http://10.0.2.2:$near_port/page")" '^from' "the host's loopback is not"
like "$(get "http://host.devbox:$near_port/page")" 'Name or service not known|Temporary failure|not known' 'and host.devbox is no name'
is "$(bx -q exec -T -- cat /etc/resolv.conf | grep -m 1 nameserver)" 'nameserver 10.0.2.3' 'the resolver is that of the network'
is "$(bx -q exec -T -- cat /sys/class/net/tap0/mtu)" 16384 'packets are as large as does not stall'
# Names are those of the host's resolver.
name=$(apt-get indextargets --format "\$(REPO_URI)" 2>/dev/null | sed -n "s,^https\?://\([^/:]*\).*,\1,p" | head -n 1)
want=$(getent ahostsv4 $name | awk '{ print $1; exit }')
if [ -n "$want" ]; then
	is "$(bx -q exec -T -- getent ahostsv4 $name | awk '{ print $1; exit }')" "$want" 'a name is looked up by the resolver of the host'
else
	skip 'a name is looked up by the resolver of the host' "$name is not known here"
fi
bx -q down

# --- a great deal through a forward ---

make_net much 'ports: [8001]
forward_ports: off'
cat >stream.py <<'PY'
# stream.py give|take HOST PORT: a GiB that is never twice the same piece, and its checksum on both sides
import hashlib, random, socket, sys
what, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
if what == "take":
    listener = socket.create_server((host, port))
    print("listening", flush=True)
    s, _ = listener.accept()
    h, size = hashlib.sha256(), 0
    while data := s.recv(1 << 20):
        h.update(data)
        size += len(data)
    s.sendall(f"{size} {h.hexdigest()}".encode())
else:
    s = socket.create_connection((host, port))
    s.settimeout(200)
    block, h = random.randbytes(1 << 20), hashlib.sha256()
    for i in range(1024):
        piece = i.to_bytes(8, "big") + block[8:]
        h.update(piece)
        s.sendall(piece)
    s.shutdown(socket.SHUT_WR)
    answer = b""
    while data := s.recv(200):
        answer += data
    print(answer.decode() == f"{1 << 30} {h.hexdigest()}")
PY
bx -q up
bx -q exec -T -- sh -c 'python3 stream.py take 127.0.0.1 8001 >out 2>&1 &'
wait_for 20 grep -q listening "$project/out"
is "$(timeout 250 python3 stream.py give 127.0.0.1 "$(bx port --json | jq '.[0].host_port')")" True 'a GiB arrives as it was'
bx -q down

# --- IPv6 ---

make_net six 'network: {ipv6: true, host: true}'
bx -q up
has_six() { bx -q exec -T -- ip -6 -o addr show tap0 scope global | grep -q fd00:; }
ok 'with ipv6 the box has an address of it' wait_for 20 has_six
serve ::1 && six_port=$port
is "$(get "http://[fd00::2]:$six_port/page")" 'from ::1' 'and reaches a server by it'
is "$(get "http://$outside:$out_port/page")" "from $outside" 'and others by IPv4'
bx -q down
make_net four ''
bx -q up
is "$(bx -q exec -T -- ip -6 -o addr show tap0 scope global)" '' 'without ipv6 it has none'
bx -q down

# --- counted ---

make_net counted ''
bx -q up
head -c $((3 << 20)) /dev/zero >"$tmp/www/$outside/three"
sent() { bx stats --once --json | jq '.[0].network_sent_bytes'; }
received() { bx stats --once --json | jq '.[0].network_received_bytes'; }
before=$(received)
like "$before" '^[0-9]+$' 'what came is counted'
get "http://$outside:$out_port/three" >/dev/null
after=$(received)
ok 'and grows by what came, and little more' test $((after - before)) -ge $((3 << 20)) -a $((after - before)) -lt $((4 << 20))
ok 'what went is counted, too' test "$(sent)" -gt 0
like "$(bx metrics)" "devbox_box_network_bytes_total\{project=\"counted\",box=\"counted\",direction=\"received\"\} [0-9]{7}" 'metrics have it'
like "$(bx stats --once 2>/dev/null)" 'RX/s +TX/s' 'and the table'
like "$(bx stats --once --csv | head -n 1)" ',network_received_bytes,network_sent_bytes$' 'and csv'
bx -q down
make_net without 'network_mode: none'
bx -q up
is "$(bx stats --once --json | jq -c '.[0] | [.network_received_bytes, .network_sent_bytes]')" '[null,null]' 'without a network there is nothing to count'
is "$(bx network --json | jq -c '[.mode, .subnet, .mtu, .names]')" '["none",null,null,[]]' 'and network has little to show'
bx -q stop
run bx network
is "$status" 1 'of a box that does not run it shows nothing'
like "$err" "box 'without' is not running
  hint: 'devbox up' starts it" 'and says so'
bx -q down

# --- killed in the middle of it ---

make_net killed ''
bx -q up
bx -q exec -T -- python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(b"GET ")
print("open", flush=True)
s.recv(1)' "$outside" "$out_port" >"$tmp/flow" 2>&1 &
flow=$!
wait_for 20 grep -q open "$tmp/flow"
supervisor=$(bx inspect --json | jq .supervisor_pid)
is "$(bx network --json | jq .backend_pid)" "$(pgrep -P "$supervisor" slirp4netns)" 'network says which process leads outside'
ok 'slirp4netns is killed in the middle of a flow' kill -9 "$(pgrep -P "$supervisor" slirp4netns)"
lost() { bx ps --json | jq -r '.[] | select(.name == "killed") | .troubles[]'; }
is_lost() { [ -n "$(lost)" ]; }
ok 'that is noticed' wait_for 10 is_lost
is "$(lost)" "no network: slirp4netns was killed by signal 9; 'devbox restart' brings it back" 'ps says how, and what to do'
like "$(bx ps)" 'killed: no network: slirp4netns' 'in the table, too'
is "$(bx events --json | jq -c 'select(.event == "disconnected") | [.box, .reason]')" '["killed","slirp4netns was killed by signal 9"]' 'it is an event'
is "$(bx logs --json | jq -r 'select(.stream == "devbox") | .text')" "the network is gone: slirp4netns was killed by signal 9; 'devbox restart' brings it back" 'and in the log'
is "$(bx network --json | jq -c '[.lost, .backend_pid]')" '["slirp4netns was killed by signal 9",null]' 'network knows'
is "$(bx exec -T -- echo still here)" 'still here' 'the box goes on'
is "$(pgrep -P "$supervisor" slirp4netns)" '' 'and leaves no dead process'
ok 'restart' bx -q restart
wait "$flow"
is "$(lost)" '' 'and it is forgotten'
is "$(get "http://$outside:$out_port/page")" "from $outside" 'and works again'
bx -q down

# --- laid out by the profile ---

make_net laid 'network: {subnet: 10.77.4.0/23, mtu: 1500, host: true}
ip: 10.77.5.11
ports: [8001]'
run env -u DEVBOX_YES "$DEVBOX" up
is "$status" 1 "the host's services are asked about"
like "$err" 'devbox.yaml:1:50: error: .*services of the host \(network.host\)' 'by name and line'
run bx up
is "$status" 0 'with consent it starts'
is "$(address)" 10.77.5.11/23 'the box has its fixed address'
is "$(bx -q exec -T -- ip -4 route show default | tr -s ' ' | sed 's/ *$//')" 'default via 10.77.4.2 dev tap0' 'and the gateway of its subnet'
is "$(bx -q exec -T -- cat /etc/resolv.conf | grep -m 1 nameserver)" 'nameserver 10.77.4.3' 'and its resolver'
is "$(bx -q exec -T -- cat /sys/class/net/tap0/mtu)" 1500 'and its packets'
is "$(get "http://$outside:$out_port/page")" "from $outside" 'a server outside is reached from there'
is "$(get "http://host.devbox:$near_port/page")" 'from 127.0.0.1' "the host's services are at host.devbox"
bx -q exec -T -- sh -c 'python3 -u -m http.server --bind 10.77.5.11 8001 >out 2>&1 &'
wait_for 20 grep -q Serving "$project/out"
like "$(curl -sS --noproxy '*' "http://127.0.0.1:$(bx port --json | jq '.[] | select(.box_port == 8001 and .kind == "published") | .host_port')/" 2>&1)" 'get.py' \
	'a published port leads to a server on its address'
is "$(bx network --json | jq -c '[.box, .mode, .subnet, .gateway, .dns, .address, .mtu, .ipv6, .host, .backend, .lost]')" \
	'["laid","project","10.77.4.0/23","10.77.4.2","10.77.4.3","10.77.5.11",1500,false,true,"slirp4netns",null]' 'network shows its layout'
is "$(bx network --json | jq -c .names)" '[{"name":"laid","address":"10.77.5.11"},{"name":"host.devbox","address":"10.77.4.2"}]' 'and names'
is "$(bx network --json | jq -c '.ports[] | select(.kind == "published") | .box_port')" 8001 'and ports'
like "$(bx network)" 'subnet +10.77.4.0/23
gateway +10.77.4.2
dns +10.77.4.3
mtu +1500
ipv6 +no
backend +slirp4netns, process [0-9]+
laid +10.77.5.11
host.devbox +10.77.4.2
port +127.0.0.1:[0-9]+ -> 8001/tcp, published' 'for people, too'
run bx up
like "$err" 'up to date' 'up again changes nothing'
sed -i 's/mtu: 1500/mtu: 1400/' devbox.yaml
run bx up
like "$err" 'changed, starting it anew' 'another layout is another box'
is "$(bx -q exec -T -- cat /sys/class/net/tap0/mtu)" 1400 'which has it'
bx -q down

is "$(bx -q run -- ip -4 -o addr show tap0 | awk '{ print $4 }')" 10.77.5.11/23 'a throw-away box has the same layout'

# --- pasta ---

if command -v pasta >/dev/null; then
	make_net other 'network: {backend: pasta, subnet: 10.77.6.0/24, mtu: 1500}
ip: 10.77.6.7
ports: [8001]'
	run bx up
	is "$status" 0 'a box is connected by pasta'
	is "$(address)" 10.77.6.7/24 'it has its address'
	is "$(bx -q exec -T -- ip -4 route show default | tr -s ' ' | sed 's/ *$//')" 'default via 10.77.6.2 dev tap0' 'and its gateway'
	is "$(bx -q exec -T -- cat /sys/class/net/tap0/mtu)" 1500 'and its packets'
	is "$(get "http://$outside:$out_port/page")" "from $outside" 'a server outside is reached'
	unlike "$(get "http://10.77.6.2:$near_port/page")" '^from' "the host's loopback is not"
	if [ -n "$want" ]; then
		is "$(bx -q exec -T -- getent ahostsv4 $name | awk '{ print $1; exit }')" "$want" 'names are looked up'
	else
		skip 'names are looked up' "$name is not known here"
	fi
	is "$(bx network --json | jq -r .backend)" pasta 'network says so'
	bx -q exec -T -- sh -c 'python3 -u -m http.server --bind 127.0.0.1 8001 >out 2>&1 &'
	wait_for 20 grep -q Serving "$project/out"
	like "$(curl -sS --noproxy '*' "http://127.0.0.1:$(bx port --json | jq '.[] | select(.box_port == 8001 and .kind == "published") | .host_port')/" 2>&1)" 'get.py' \
		'ports are published as ever'
	pasta=$(bx network --json | jq .backend_pid)
	ok 'it is killed' kill -9 "$pasta"
	lost() { bx ps --json | jq -r '.[] | select(.name == "other") | .troubles[]'; }
	ok 'which is noticed' wait_for 10 is_lost
	is "$(lost)" "no network: pasta was killed by signal 9; 'devbox restart' brings it back" 'and said'
	bx -q restart
	pasta=$(bx network --json | jq .backend_pid)
	is_gone() { [ ! -e "/proc/$pasta" ]; }
	kill -9 "$(bx inspect --json | jq .supervisor_pid)"
	ok 'it ends with its supervisor' wait_for 10 is_gone
	bx -q down
	bx -q up
	pasta=$(bx network --json | jq .backend_pid)
	bx -q down
	ok 'and with down' wait_for 10 is_gone
	printf 'network: {backend: pasta, host: true}\n' >devbox.yaml
	bx -q up
	is "$(get "http://host.devbox:$near_port/page")" 'from 127.0.0.1' "the host's services are at host.devbox"
	bx -q down
	is "$(bx -q run -- ip -4 -o addr show tap0 | awk '{ print $4 }')" 10.0.2.100/24 'a throw-away box has it, too'
	printf '\nnetwork: {backend: pasta}\n' >devbox.yaml
	run changed --hide "$(command -v pasta)" -- "$DEVBOX" up -y
	is "$status" 1 'without pasta it is not started'
	like "$err" 'devbox.yaml:2:20: error: start the network: pasta is not installed
  hint: sudo apt-get install passt' 'and it is said how to mend that'
else
	skip 'a box is connected by pasta' 'no pasta here'
fi

# --- refused ---

printf 'image: host\nnetwork:\n  subnet: 10.77.0.0/30\n' >devbox.yaml
run bx up
is "$status" 1 'a subnet that is too small is refused'
like "$err" 'devbox.yaml:3:11: error: network.subnet: /30 is not from /8 to /25' 'with its line'
printf 'network: {subnet: 10.77.0.0/24}\nip: 10.77.1.9\n' >devbox.yaml
run bx up
like "$err" "devbox.yaml:2:5: error: ip: '10.77.1.9' is not in network.subnet 10.77.0.0/24
  hint: 10.77.0.100 is" 'an address of another network'
printf 'ip: 10.77.1.2\n' >devbox.yaml
run bx up
like "$err" "devbox.yaml:1:5: error: ip: '10.77.1.2' is taken: .* for the gateway" 'the address of the gateway'

# A network namespace is a machine with other routes: to 10.0.2.0/24, and in a table of its own to 10.77.0.0/24.
routed() {
	unshare -Urn sh -c '
		ip link set lo up && ip addr add 10.0.2.9/24 dev lo && ip route add 10.77.0.0/24 dev lo table 77 &&
		exec unshare -U --map-user="$0" --map-group="$0" -- "$@"' "$(id -u)" "$@"
}
if unshare -Urn true 2>/dev/null; then
	printf 'image: host\n' >devbox.yaml
	run routed env DEVBOX_YES=1 "$DEVBOX" run -- ip -4 -o addr show tap0
	like "$out" ' 10.0.3.100/24 ' 'where the usual subnet is in use the next one is taken'
	printf 'image: host\nnetwork: {subnet: 10.77.0.0/16}\n' >devbox.yaml
	run routed env DEVBOX_YES=1 "$DEVBOX" plan
	like "$err" 'devbox.yaml:2:19: error: subnet 10.77.0.0/16 overlaps 10.77.0.0/24, which this machine has a route to
  hint: .*take another, such as 10.0.3.0/24' 'a subnet that hides a network of the machine is refused'
else
	skip 'where the usual subnet is in use the next one is taken' 'no user namespaces for unshare'
	skip 'a subnet that hides a network of the machine is refused' 'no user namespaces for unshare'
fi

done_testing
