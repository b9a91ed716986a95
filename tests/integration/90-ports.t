#!/bin/bash
# Ports of the host lead into a box: published ones, and those on which something in it listens.
. "$(dirname "$0")/lib.sh"

for name in python3 jq script; do
	command -v $name >/dev/null || skip_all "no $name here"
done

cat >"$tmp/serve.py" <<'PY'
# serve.py WHAT ADDRESS PORT: a server in the box; prints when it listens
import asyncio, hashlib, resource, socket, sys
what, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def digest(reader, writer):  # everything until the client's end of file, then its checksum
    h = hashlib.sha256()
    while data := await reader.read(1 << 20):
        h.update(data)
    writer.write(h.hexdigest().encode())
    writer.close()
async def give(reader, writer):
    with open("big", "rb") as f:
        while data := f.read(1 << 20):
            writer.write(data)
            await writer.drain()
    writer.close()
async def main():
    if what == "udp":
        class Echo(asyncio.DatagramProtocol):
            def connection_made(self, t): self.t = t
            def datagram_received(self, data, peer): self.t.sendto(data.upper(), peer)
        await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=(address, port))
    else:
        await asyncio.start_server({"echo": echo, "digest": digest, "give": give}[what], address, port, backlog=2000)
    print("listening", flush=True)
    await asyncio.sleep(100000)
asyncio.run(main())
PY
cat >"$tmp/client.py" <<'PY'
# client.py WHAT ADDRESS PORT [N]
import hashlib, resource, socket, sys
what, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
def connect():
    s = socket.socket(family)
    s.settimeout(60)
    s.connect((address, port))
    return s
def rest(s):
    h = hashlib.sha256()
    size = 0
    while data := s.recv(1 << 20):
        h.update(data)
        size += len(data)
    return size, h.hexdigest()
if what == "echo":
    with connect() as s:
        s.sendall(b"hello")
        s.shutdown(socket.SHUT_WR)
        got = b""
        while data := s.recv(100):
            got += data
        print(got.decode())
elif what == "many":
    all = [connect() for _ in range(int(sys.argv[4]))]
    for i, s in enumerate(all):
        s.sendall(b"%06d" % i)
    good = 0
    for i, s in enumerate(all):
        got = b""
        while len(got) < 6 and (data := s.recv(6 - len(got))):
            got += data
        good += got == b"%06d" % i
    print(good)
elif what == "put":
    with connect() as s, open("big", "rb") as f:
        s.sendfile(f)
        s.shutdown(socket.SHUT_WR)
        got = b""
        while data := s.recv(100):
            got += data
        print(got.decode())
elif what == "get":
    with connect() as s:
        print(*rest(s))
elif what == "udp":
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        for word in ("one", "two"):
            s.sendto(word.encode(), (address, port))
            data, peer = s.recvfrom(100)
            print(data.decode(), peer[0] == address, end=" ")
elif what == "hold":  # until it is closed
    with connect() as s:
        s.sendall(b"x")
        s.recv(1)
        print("open", flush=True)
        try:
            print("closed" if s.recv(1) == b"" else "data")
        except OSError:
            print("closed")
elif what == "free":  # a port of the host that nobody has
    with socket.socket(family) as s:
        s.bind((address, 0))
        print(s.getsockname()[1])
elif what == "listen":
    with socket.socket(family) as s:
        s.bind((address, port))
        s.listen()
        print("listening", flush=True)
        sys.stdin.read()
PY

client() { timeout 100 python3 "$tmp/client.py" "$@" </dev/null; }
# serve WHAT ADDRESS PORT: in the box, until it is stopped
serve() {
	bx exec -T -- sh -c 'python3 serve.py "$@" >"out.$3" 2>&1 & echo $! >"pid.$3"' sh "$@"
	wait_for 20 grep -q listening "$project/out.$3" || fail "a server on $2 port $3" "$(cat "$project/out.$3")"
}
unserve() { bx exec -T -- sh -c 'kill "$(cat "pid.$1")"' sh "$1"; }
# at BOX-PORT [KIND]: host port of it
ports() { bx port "$(bx inspect --json | jq -r .name)" --json; }
at() { ports | jq -r ".[] | select(.box_port == $1 and .kind == \"${2:-published}\") | .host_port"; }
address() { ports | jq -r ".[] | select(.box_port == $1 and .kind == \"forwarded\") | .address"; }
is_at() { [ -n "$(at "$1" forwarded)" ]; }
is_not_at() { [ -z "$(at "$1" forwarded)" ]; }

make_ported() {
	make_project "$@"
	cp "$tmp/serve.py" .
}

# --- published ---

make_ported shop 'ports: [8001, 8002, 8003, "[::1]::8004", 8005, 8006, "5300/udp", "[::1]::5301/udp", 8007]
forward_ports: off'
run bx up
is "$status" 0 'a box with ports starts'
like "$err" 'port +127\.0\.0\.1:[0-9]+ -> 8001/tcp' 'up says where they are'
serve echo 127.0.0.1 8001
is "$(client echo 127.0.0.1 "$(at 8001)")" hello 'a server on 127.0.0.1 of the box is reached'
serve echo ::1 8002
is "$(client echo 127.0.0.1 "$(at 8002)")" hello 'and one on ::1'
serve echo 0.0.0.0 8003
is "$(client echo 127.0.0.1 "$(at 8003)")" hello 'and one on all addresses'
serve echo 127.0.0.1 8004
is "$(client echo ::1 "$(at 8004)")" hello 'by way of IPv6, too'
serve echo 10.0.2.100 8007
is "$(client echo 127.0.0.1 "$(at 8007)")" hello 'and one on its address in the network'
serve udp 127.0.0.1 5300
is "$(client udp 127.0.0.1 "$(at 5300)")" 'ONE True TWO True ' 'datagrams go there and back'
serve udp ::1 5301
is "$(client udp ::1 "$(at 5301)")" 'ONE True TWO True ' 'over IPv6, too'
is "$(client many 127.0.0.1 "$(at 8001)" 1000)" 1000 'a thousand connections stand at once'

head -c $((256 << 20)) /dev/urandom >big
sum=$(sha256sum <big | cut -d' ' -f1)
serve digest 127.0.0.1 8005
is "$(client put 127.0.0.1 "$(at 8005)")" "$sum" '256 MiB arrive in the box as they were'
serve give 127.0.0.1 8006
is "$(client get 127.0.0.1 "$(at 8006)")" "$((256 << 20)) $sum" 'and come out as they were'
rm big
is "$(bx ps --json | jq -r '.[0].ports | length')" 9 'ps has them'
is "$(bx inspect --json | jq -r '.ports[] | select(.box_port == 8001) | .kind + .protocol + .address')" published''tcp127.0.0.1 'inspect, too'
like "$(bx ps)" '127\.0\.0\.1:[0-9]+->8001' 'and the table'
nok 'nothing listens there: the connection ends' client get 127.0.0.1 1

# --- a change is applied live ---

pid=$(bx inspect --json | jq .pid)
before=$(at 8001)
client hold 127.0.0.1 "$before" >"$tmp/held" &
wait_for 10 grep -q open "$tmp/held"
printf 'ports: [8001, 8010]\nforward_ports: off\n' >devbox.yaml
run bx up
is "$status" 0 'up with other ports'
like "$err" 'nothing was restarted' 'restarts nothing'
is "$(bx inspect --json | jq .pid)" "$pid" 'indeed'
is "$(at 8001)" "$before" 'what stays keeps its number'
is "$(at 8002)" '' 'what is not wanted goes'
is "$(client echo 127.0.0.1 "$before")" hello 'and works on'
is "$(cat "$tmp/held")" open 'a connection that stood before stands'
serve echo 127.0.0.1 8010
is "$(client echo 127.0.0.1 "$(at 8010)")" hello 'what is new works'
run bx up
like "$err" 'up to date' 'up again changes nothing'

# --- what cannot be had ---

port=$(client free 127.0.0.1 0)
mkfifo "$tmp/pipe"
python3 "$tmp/client.py" listen 127.0.0.1 "$port" <"$tmp/pipe" >"$tmp/listening" &
listener=$!
exec 9>"$tmp/pipe"
wait_for 10 grep -q listening "$tmp/listening"
printf 'ports:\n  - 8001\n  - "%s:80"\n' "$port" >devbox.yaml
run bx up
is "$status" 1 'a port that is taken cannot be published'
like "$err" "devbox.yaml:3:5: error: publish port $port/tcp on 127.0.0.1: 'python3' \(process $listener\) has it" 'it says by whom, and the line'
is "$(client echo 127.0.0.1 "$before")" hello 'and nothing has changed'
bx -q stop
run bx up
is "$status" 1 'the same when it starts'
like "$err" "devbox.yaml:3:5: error: .* \(process $listener\) has it" 'with the same words'
is "$(bx ps --json)" '[]' 'and nothing has started'
exec 9>&-
wait "$listener"
ok 'it can be had when the other is gone' bx up

make_ported other "ports: [\"$port:80\"]"
run bx up
is "$status" 1 'two projects want one port'
like "$err" "publish port $port/tcp: project 'shop' has it" 'it says which has it'
like "$err" 'hint: devbox -p shop down' 'and what to do'
if [ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 81 ]; then
	printf 'ports: ["81:80"]\n' >devbox.yaml
	run bx up
	like "$err" "publish port 81/tcp on 127.0.0.1: Permission denied
  hint: .* 8081, or sudo sysctl net.ipv4.ip_unprivileged_port_start=81" 'a low port is explained'
else
	skip 'a low port is explained' 'all ports are everybodys here'
fi
printf 'ports: ["192.0.2.1:8080:80"]\n' >devbox.yaml
run bx up
like "$err" 'devbox.yaml:1:9: error: publish port 8080/tcp on 192.0.2.1: the address is not one of this machine' 'an address of somebody else'
printf 'ports: ["0.0.0.0::80"]\n' >devbox.yaml
run env -u DEVBOX_YES "$DEVBOX" up
is "$status" 1 'ports for other machines are asked about'
like "$err" 'devbox.yaml:1.*port 0-0/tcp on 0.0.0.0 \(for other machines\)' 'it says which'
ok 'and may be granted' bx up -y
bx -q down
printf 'network_mode: none\nports: [80]\n' >devbox.yaml
run bx up
like "$err" "devbox.yaml:2:9: error: ports: has no effect with network_mode 'none'" 'without a network there is none to publish'

# --- found listening ---

make_ported auto ''
run bx up
like "$err" 'what listens in it appears at 127\.[0-9]+\.[0-9]+\.1' 'up says where listeners appear'
is "$(ports)" '[]' 'nothing listens yet'
serve echo 127.0.0.1 3000
ok 'a listener appears' wait_for 10 is_at 3000
is "$(at 3000 forwarded)" 3000 'at its own number'
own=$(address 3000)
like "$own" '^127\.[0-9]+\.[0-9]+\.1$' "on the project's own address"
is "$(client echo "$own" 3000)" hello 'where it is reached'
nok 'and nowhere else' client echo 127.0.0.1 3000
like "$(bx ps)" "$own:3000" 'ps shows it'
like "$(bx port)" "$own:3000 +forwarded" 'port, too'
unserve 3000
ok 'it goes with the listener' wait_for 10 is_not_at 3000
nok 'and is not reached any more' client echo "$own" 3000
is "$(bx events --json | jq -c 'select(.event | startswith("port")) | [.box, .event, .box_port, .address, .host_port]')" \
	"[\"auto\",\"port-opened\",3000,\"$own\",3000]
[\"auto\",\"port-closed\",3000,\"$own\",3000]" 'both are events'
like "$(bx events)" "port-opened +3000/tcp at $own:3000" 'in words, too'
bx exec -T -- sh -c 'python3 -c "import socket, time
s = [socket.create_server((\"127.0.0.1\", 5000 + i)) for i in range(40)]
time.sleep(1000)" & echo $! >pid.many'
more() { [ "$(bx events --json | jq -r 'select(.event == "port-opened" and .reason) | .reason')" = 'and 8 more' ]; }
ok 'of very many at once some are counted' wait_for 10 more
unserve many
printf 'forward_ports: [4000-4010]\n' >devbox.yaml
bx -q up
serve echo 127.0.0.1 3001
serve echo 127.0.0.1 4001
ok 'only what is on the list' wait_for 10 is_at 4001
is "$(at 3001 forwarded)" '' 'and nothing else'
printf 'forward_ports: off\n' >devbox.yaml
bx -q up
is "$(ports)" '[]' 'off is none'
printf 'forward_ports: auto\n' >devbox.yaml
bx -q up
ok 'auto is all' wait_for 10 is_at 3001

first=$project
mkdir "$tmp/work/checkout"
make_ported checkout/auto ''
bx -q up
serve echo 127.0.0.1 3001
ok 'the same in another checkout' wait_for 10 is_at 3001
isnt_same() { [ "$(address 3001)" != "$own" ]; }
ok 'has an address of its own' isnt_same
is "$(client echo "$own" 3001) $(client echo "$(address 3001)" 3001)" 'hello hello' 'and both are reached'
second=$(address 3001)
# A second project that would have the same address takes the next.
bx -q down --volumes
printf '%s' "$second" >"$XDG_DATA_HOME/devbox/projects/auto/address"
bx -q up
serve echo 127.0.0.1 3001
wait_for 10 is_at 3001
unlike "$(address 3001)" "^$second\$" 'two projects never have the same address'
third=$(address 3001)
bx -q stop
bx -q start
serve echo 127.0.0.1 3001
wait_for 10 is_at 3001
is "$(address 3001)" "$third" 'and each keeps its own'
bx -q down
cd "$first" && project=$first && bx -q down

# --- attached ---

make_ported told ''
bx -q up
script -qec "$(printf '%q ' "$DEVBOX" exec -- sh -c 'python3 serve.py echo 127.0.0.1 3000 >out.3000 & sleep 30')" /dev/null </dev/null >"$tmp/told" 2>&1 &
told=$!
ok 'who is attached is told' wait_for 15 grep -qaE '^devbox: port 3000 is at http://127\.[0-9]+\.[0-9]+\.1:3000' "$tmp/told"
kill "$told"
run bx exec -T -- sh -c 'python3 serve.py echo 127.0.0.1 3002 >out.3002 & sleep 2'
is "$out$err" '' 'without a terminal there is nothing between'

# --- the end ---

wait_for 20 is_at 3002
at=$(address 3002)
client hold "$at" 3002 >"$tmp/held-last" &
ok 'a connection stands' wait_for 10 grep -q open "$tmp/held-last"
kill -9 "$(bx inspect --json | jq .supervisor_pid)"
ok 'without its supervisor a connection ends' wait_for 10 grep -q closed "$tmp/held-last"
nok 'and the port is closed' client echo "$at" 3002
is "$(bx ps -a --json | jq -c '.[] | select(.project == "told") | .ports')" '[]' 'ps knows'
bx -q down
is "$(ls "$XDG_RUNTIME_DIR/devbox/told" 2>/dev/null | grep ports)" '' 'nothing of it is left'

make_ported throwaway 'ports: ["127.0.0.1::8001"]'
is "$(bx -q run -- sh -c 'python3 serve.py echo 127.0.0.1 8001 & sleep 1.5; echo' | tail -n 1)" '' 'a throw-away box runs beside'
is "$(bx port --json | jq -c 'map(select(.box | test("throwaway")))')" '[]' 'and publishes nothing'

done_testing
