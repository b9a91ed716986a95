#!/bin/bash
# A box that reaches the hosts of network.allow and nothing else.
# serial
. "$(dirname "$0")/lib.sh"

for name in python3 curl openssl jq; do
	command -v $name >/dev/null || skip_all "no $name here"
done

# The outside: an address that is nobody's, with names that only this file's processes know.
outside=127.200.92.1
cat >"$tmp/serve.py" <<'PY'
# serve.py FOLDER ADDRESS: HTTP on 80 and 8080, TLS on 443, echo on 7000, one that greets on 7001; until the
# folder is gone. Every request is a line of FOLDER/requests.
import os, socket, ssl, sys, threading, time
folder, address = sys.argv[1:3]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
def note(words):
    with open(folder + "/requests", "a") as f:
        f.write(words + "\n")
def http(c, port):
    if port == 443:
        c = tls.wrap_socket(c, server_side=True)
    data = b""
    while b"\r\n\r\n" not in data:
        more = c.recv(65536)
        if not more:
            return
        data += more
    # Whatever else comes is noted, too: nobody but the first may have sent it.
    head, body = data.split(b"\r\n\r\n", 1)
    length = [int(l.split(b":")[1]) for l in head.lower().split(b"\r\n") if l.startswith(b"content-length:")]
    while length and len(body) < length[0]:
        body += c.recv(65536)
    c.settimeout(0.3)
    try:
        body += c.recv(65536)
    except (socket.timeout, ssl.SSLError):
        pass
    lines = head.decode().split("\r\n")
    host = [l for l in lines if l.lower().startswith("host:")]
    note("%d %s %s body=%d" % (port, lines[0], host[0] if host else "-", len(body)))
    text = ("%d %s\n" % (port, lines[0])).encode() + b"x" * (1 << 20 if b"/big" in head else 0)
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
    c.close()
def serve(c, port):
    try:
        if port == 7000:
            while data := c.recv(65536):
                note("7000 %d" % len(data))
                c.sendall(data)
            c.close()
        elif port == 7001:
            c.sendall(b"welcome\n")
            c.close()
        else:
            http(c, port)
    except OSError:
        pass
def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen(100)
    while True:
        threading.Thread(target=serve, args=(s.accept()[0], port), daemon=True).start()
for port in (80, 8080, 443, 7000, 7001):
    threading.Thread(target=listen, args=(port,), daemon=True).start()
open(folder + "/ready", "w").close()
while os.path.exists(folder + "/ready"):
    time.sleep(0.2)
PY
cat >"$tmp/ask.py" <<'PY'
# ask.py WHAT ARGUMENT...: what curl cannot say
import socket, struct, sys
what, *args = sys.argv[1:]
def question(name, kind, flags=0x100):
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split("."))
    return struct.pack(">6H", 7, flags, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)
if what == "dns":  # NAME TYPE: code and number of answers
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(10)
    s.sendto(question(args[0], int(args[1])), ("127.127.0.1", 53))
    answer = s.recv(512)
    print(answer[3] & 15, struct.unpack(">H", answer[6:8])[0])
elif what == "dns-tcp":
    s = socket.create_connection(("127.127.0.1", 53), 10)
    q = question(args[0], int(args[1]))
    s.sendall(struct.pack(">H", len(q)) + q + struct.pack(">H", len(q)) + q)
    data = b""
    while len(data) < 2 * (2 + len(q)):
        data += s.recv(512)
    print(data[5] & 15, struct.unpack(">H", data[8:10])[0])
elif what == "raw":  # HOST PORT TEXT: what comes back
    s = socket.create_connection((args[0], int(args[1])), 10)
    if len(args) > 2:
        s.sendall(args[2].encode().decode("unicode_escape").encode())
    s.shutdown(socket.SHUT_WR) if len(args) > 3 else None
    data = b""
    while more := s.recv(65536):
        data += more
        if len(args) > 2 and args[1] == "7000" and len(data) >= len(args[2]):
            break
    print(data.decode())
elif what == "connect":  # HOST PORT: the error
    try:
        family = socket.AF_INET6 if ":" in args[0] else socket.AF_INET
        s = socket.socket(family)
        s.settimeout(5)
        s.connect((args[0], int(args[1])))
        print("connected")
    except OSError as e:
        print(e)
PY
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=allowed.test \
	-addext 'subjectAltName=DNS:allowed.test,DNS:evil.test' -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
chmod 0644 "$tmp/key.pem"
mkdir "$tmp/served"
mv "$tmp/key.pem" "$tmp/cert.pem" "$tmp/served"
: >"$tmp/served/requests"
cp /etc/hosts "$tmp/hosts"
echo "$outside allowed.test evil.test raw.test a.wild.test wild.test far.wild.test private.test" >>"$tmp/hosts"

# As root, for low ports; it ends with its folder.
changed --root -- python3 "$tmp/serve.py" "$tmp/served" "$outside" 2>"$tmp/serve.err" &
wait_for 20 test -e "$tmp/served/ready" || skip_all "no server of low ports here: $(head -1 "$tmp/serve.err")"

here() { changed --put "$tmp/hosts" /etc/hosts -- "$DEVBOX" "$@"; }

make_project filtered 'image: host
network_mode: filtered
network:
  host: true
  allow: [allowed.test, "raw.test:7000", "raw.test:7001", "*.wild.test", "private.test:8080"]'
cp "$tmp/ask.py" .
ok 'a filtered box starts' here up

inside() { run bx exec -- "$@"; }
bare() { run bx exec -- env -u http_proxy -u https_proxy -u all_proxy -u HTTP_PROXY -u HTTPS_PROXY -u ALL_PROXY "$@"; }
get() { printf '%s\n' curl -sSk -m 20 "$@"; }
mapfile -t curl < <(get)
requests() { wc -l <"$tmp/served/requests"; }

# --- what is allowed ---

inside "${curl[@]}" http://allowed.test/one
is "$out" '80 GET /one HTTP/1.1' 'HTTP goes through the proxy'
inside "${curl[@]}" https://allowed.test/two
is "$out" '443 GET /two HTTP/1.1' 'TLS goes through the proxy'
bare "${curl[@]}" http://allowed.test/three
is "$out" '80 GET /three HTTP/1.1' 'HTTP goes without the variables, too'
bare "${curl[@]}" https://allowed.test/four
is "$out" '443 GET /four HTTP/1.1' 'and TLS'
bare "${curl[@]}" --data-binary @/etc/services http://allowed.test/post
is "$out" '80 POST /post HTTP/1.1' 'a request with a body'
is "$(tail -1 "$tmp/served/requests")" "80 POST /post HTTP/1.1 Host: allowed.test body=$(stat -c %s /etc/services)" \
	'arrives whole'
bare sh -c 'curl -sSk -m 20 https://allowed.test/big | wc -c'
is "$out" 1048598 'a long answer comes back whole'
bare "${curl[@]}" http://private.test:8080/port
is "$out" '8080 GET /port HTTP/1.1' 'a port that the profile names'
bare "${curl[@]}" https://a.wild.test/below
is "$out" '443 GET /below HTTP/1.1' 'a name below one with a star'
inside python3 ask.py raw raw.test 7000 hello
is "$out" hello 'a protocol of its own, when the port is named'
inside python3 ask.py raw raw.test 7001
is "$out" 'welcome' 'where the server speaks first'
run bx exec -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	curl -sSk -m 20 -o /dev/null -w "%{http_code}\n" https://allowed.test/$i & done; wait'
is "$(grep -c '^200$' <<<"$out")" 20 'twenty at once'

# --- what is not ---

before=$(requests)
inside getent hosts evil.test
is "$status" 2 'other names do not exist'
bare "${curl[@]}" http://evil.test/
like "$err" 'Could not resolve' 'so they are not reached'
inside "${curl[@]}" http://evil.test/
like "$out" "evil.test:80: network.allow does not name it" 'the proxy refuses them, with a reason'
inside "${curl[@]}" https://evil.test/
like "$err" '403' 'and those of TLS'
inside getent hosts wild.test
is "$status" 2 'a star is not the name itself'
inside "${curl[@]}" http://allowed.test:8080/
like "$out" 'allowed.test:8080: network.allow does not name it' 'the proxy refuses other ports'
bare "${curl[@]}" http://allowed.test:8080/
is "$status" 7 'nobody is at other ports'
bare "${curl[@]}" https://private.test/
is "$status" 7 'a name with a port is not reached at 443'
inside "${curl[@]}" "http://$outside/"
like "$out" 'no proper request for a host name' 'the proxy takes no addresses'
inside python3 ask.py raw 127.127.0.1 3128 'CONNECT 3368573953:443 HTTP/1.1\r\n\r\n'
like "$out" '400 Bad' 'however they are spelled'
bare "${curl[@]}" "http://$outside/"
is "$status" 7 'an address of the outside leads nowhere'
inside python3 ask.py connect 1.1.1.1 443
like "$out" 'unreachable' 'there is no way out'
inside python3 ask.py connect 2606:4700::1111 443
like "$out" 'unreachable|Cannot assign' 'not over IPv6 either'
inside python3 ask.py connect 127.0.0.1 80
like "$out" 'refused' 'loopback of the box is its own'
inside python3 ask.py dns c2VjcmV0.evil.test 16
is "$out" '3 0' 'questions for other names end here'
inside python3 ask.py dns-tcp c2VjcmV0.evil.test 1
is "$out" '3 0' 'over TCP, too'
inside python3 ask.py dns allowed.test 16
is "$out" '0 0' 'of an allowed one nothing but its address is told'
inside python3 ask.py dns allowed.test 28
is "$out" '0 0' 'which is of IPv4'
inside python3 ask.py dns ALLOWED.test 1
is "$out" '0 1' 'however it is written'

address=$(bx exec -- getent ahostsv4 allowed.test | awk 'NR == 1 { print $1 }')
like "$address" '^127\.127\.1\.' 'an allowed name has an address on loopback'
bare "${curl[@]}" --resolve "evil.test:443:$address" https://evil.test/
isnt=$status
ok 'a server name that is not that of the address is refused' test "$isnt" -ne 0
bare "${curl[@]}" "https://$address/"
ok 'and TLS without a server name' test "$status" -ne 0
inside "${curl[@]}" --connect-to evil.test:443:allowed.test:443 https://evil.test/
ok 'and another one through the proxy' test "$status" -ne 0
bare "${curl[@]}" -H 'Host: evil.test' http://allowed.test/
like "$out" "HTTP asks for 'evil.test:80'" 'another Host is refused'
inside python3 ask.py raw 127.127.0.1 3128 'CONNECT allowed.test:80 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: evil.test\r\n\r\n'
like "$out" '200 Connection.*403 Forbidden' 'through the proxy, too'
inside python3 ask.py raw allowed.test 443 'SSH-2.0-tunnel\r\n' end
is "$out" '' 'other words than TLS are not passed on'
is "$(requests)" "$before" 'none of all that reached the server'

inside python3 ask.py raw allowed.test 80 \
	'GET /first HTTP/1.1\r\nHost: allowed.test\r\n\r\nGET /second HTTP/1.1\r\nHost: evil.test\r\n\r\n'
like "$out" 'GET /first' 'a request with another behind it is answered'
is "$(tail -1 "$tmp/served/requests")" '80 GET /first HTTP/1.1 Host: allowed.test body=0' 'the other is dropped'
inside python3 ask.py raw 127.127.0.1 3128 'GET http://allowed.test/u HTTP/1.1\r\nHost: evil.test\r\n\r\n'
is "$(tail -1 "$tmp/served/requests")" '80 GET /u HTTP/1.1 Host: allowed.test body=0' 'the Host of a URL is that of the URL'

# --- the log ---

logged() { printf '%s\n' "$out" >"$tmp/log"; ok "$2" grep -qE "$1" "$tmp/log"; }

run bx logs --net
logged '^allowed allowed.test:80 http$' 'the log says what was allowed'
logged '^allowed allowed.test:443 tls$' 'with its port'
logged '^allowed raw.test:7000$' 'and of what is neither'
logged '^refused evil.test: network.allow does not name it$' 'what was refused'
logged "^refused allowed.test:443: TLS asks for 'evil.test'$" 'a wrong server name'
logged "^refused allowed.test:443: TLS without a server name$" 'and none'
logged "^refused allowed.test:80: HTTP asks for 'evil.test:80'$" 'a wrong Host'
logged '^refused allowed.test:443: neither TLS nor HTTP$' 'and what is neither'
run bx logs --net -t --grep 'c2VjcmV0'
like "$out" '^20[0-9-]+[T ][0-9:.]+.* refused c2VjcmV0.evil.test: ' 'with the time'
is "$(bx logs --net --json | jq -rs 'map(.stream) | unique | join(" ")')" 'allowed refused' 'as JSON'
run bx logs
unlike "$out" 'evil.test' 'it is no output of the box'
bx logs --net -f >"$tmp/follow" &
follower=$!
bx exec -- getent hosts late.evil.test
ok 'it can be followed' wait_for 20 grep -q 'refused late.evil.test' "$tmp/follow"

# --- the other direction ---

bx exec -- python3 -c 'import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"from the box")
http.server.HTTPServer(("127.0.0.1", 8000), H).serve_forever()' >/dev/null 2>&1 &
forwarded() { [ "$(bx port --json | jq '[.[] | select(.box_port == 8000)] | length')" = 1 ]; }
ok 'a server of the box appears on the host' wait_for 20 forwarded
is "$(curl -sS -m 20 "http://$(bx port --json | jq -r '.[0].address'):8000/")" 'from the box' 'and answers'
is "$(bx port --json | jq length)" 1 'those of the filter do not appear'
like "$(bx network)" 'backend +filter, process [0-9]+' 'devbox network names the filter'

# --- the end ---

pids=$(pgrep -u "$(id -u)" -x 'devbox-filter|devbox-sockets' | wc -l)
is "$pids" 2 'two processes serve the box'
bx down
end_of 20 "$follower"
is "$status" 0 'who followed is told of the end'
gone() { ! pgrep -u "$(id -u)" -x 'devbox-filter|devbox-sockets' >/dev/null; }
ok 'they end with it' wait_for 10 gone

ok 'it starts again' here up
kill -9 "$(bx network --json | jq .backend_pid)"
is_lost() { bx network | grep -q 'gone: devbox-filter was killed by signal 9'; }
ok 'the death of the filter is noticed' wait_for 20 is_lost
bare "${curl[@]}" http://allowed.test/
ok 'and nothing is reached without it' test "$status" -ne 0
sed -i 's/raw.test:7001/raw.test:7002/' devbox.yaml
run here up
like "$err$out" 'starting it anew' 'a change of the list is seen'
bx down

# --- elsewhere ---

run here run -- curl -sSk -m 20 https://allowed.test/run
is "$out" '443 GET /run HTTP/1.1' 'a throw-away box is filtered, too'
run here run -- curl -sSk -m 20 https://evil.test/run
ok 'and reaches nothing else' test "$status" -ne 0
run bx logs --net
like "$out" 'filtered/run \| refused evil.test:443: network.allow does not name it' 'and is in the log'

make_project alone 'image: host
network_mode: filtered
network: {allow: [allowed.test]}'
ok 'a box without network.host' here up
run bx exec -- curl -sSk -m 20 http://allowed.test/
like "$out" "cannot be reached; 'devbox logs --net' says why" 'does not reach an address of the machine'
run bx logs --net
logged '^refused allowed.test:80: its address is of a private network, and network.host is not true$' 'and the log says why'

make_project plain 'image: host'
bx up
run bx logs --net
is "$status" 1 'a box that is not filtered has no such log'
like "$err" "nothing is known of the connections of box 'plain'" 'and says so'

make_project wrong 'image: host
network:
  allow: [allowed.test]'
run bx up
like "$err" "devbox.yaml:3:10: error: network.allow has no effect with network_mode 'project'" 'network.allow needs the mode'

rm "$tmp/served/ready"
done_testing
