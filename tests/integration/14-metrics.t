#!/bin/bash
# metrics are numbers that a real Prometheus takes, in both of its formats, from loopback or a unix socket alone.
. "$(dirname "$0")/lib.sh"

for program in promtool prometheus curl; do
	command -v $program >/dev/null || skip_all "no $program here"
done
is_openmetrics() {
	python3 -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(len(list(text_string_to_metric_families(sys.stdin.read()))))'
}

run bx metrics
is "$status $(tail -n 1 <<<"$out")" '0 # EOF' 'without boxes there are titles and an end'
make_project shop 'command: [sh, -c, "while :; do :; done"]'
ok 'up' bx up
cd "$tmp" || exit 1
make_project over 'command: [sh, -c, "exit 3"]'
bx up >/dev/null 2>&1 </dev/null
ended() { bx ps -a | grep -q 'over *exited'; }
ok 'another that ends' wait_for 20 ended

run bx metrics
is "$status $err" '0 ' 'metrics of all boxes'
like "$out" $'\n''devbox_box_cpu_seconds_total\{project="shop",box="shop"\} [0-9]+\.[0-9]{6}'$'\n' 'a counter in the unit of its name'
like "$out" '# TYPE devbox_box_cpu_seconds counter
# UNIT devbox_box_cpu_seconds seconds' 'with its type and unit'
like "$out" 'devbox_box_info\{project="shop",box="shop",state="up",image="host",network="[a-z]+"\} 1' 'what a box is'
like "$out" 'devbox_box_running\{project="over",box="over"\} 0' 'one that ended'
like "$out" 'devbox_box_exit_code\{project="over",box="over"\} 3' 'and how'
unlike "$out" '18446744073709' 'what is not known is not there'
is "$(bx metrics | is_openmetrics 2>&1 | grep -c '^[0-9]')" 1 'a strict reader of OpenMetrics takes it'
run bash -c '"$0" metrics --format prometheus | promtool check metrics' "$DEVBOX"
is "$status $out$err" '0 ' 'promtool has nothing to say about the other format'
unlike "$(cd / && bx metrics -p shop)" 'box="over"' '-p leaves out other projects'
run bx metrics --format csv
is "$status" 2 'another format is wrong usage'

# --- served ---

for address in 0.0.0.0:9410 '[::]:9410' 192.168.1.1:80 example.org:80 127.0.0.1:70000 127.0.0.1:x unix: words "/$(printf '%0120d' 0)"; do
	run bx metrics --listen "$address"
	is "$status" 2 "--listen $address is refused"
	like "$err" "'${address//[\[\]]/.}'" 'by its name'
done

"$DEVBOX" metrics --listen 127.0.0.1:0 2>"$tmp/served" &
server=$!
served() { grep -q '^metrics at http' "$tmp/served"; }
ok 'a port of loopback is served' wait_for 20 served
url=$(sed -n 's/^metrics at //p' "$tmp/served")
host=${url#http://} host=${host%/metrics}
run curl -si "$url"
like "$out" '^HTTP/1.1 200 OK' 'curl gets an answer'
like "$out" 'text/plain; version=0.0.4' 'in the old format'
unlike "$out" '# EOF' 'which has no end'
run curl -si -H 'Accept: application/openmetrics-text; version=1.0.0' "$url"
like "$out" 'application/openmetrics-text; version=1.0.0.*# EOF' 'and in the new one when asked'
is "$(curl -s -H 'Accept: application/openmetrics-text' "$url" | is_openmetrics 2>&1 | grep -c '^[0-9]')" 1 'as strict readers want it'
is "$(curl -sI "$url" | head -n 1 | tr -d '\r')" 'HTTP/1.1 200 OK' 'HEAD'
is "$(curl -s -o /dev/null -w '%{http_code}' "http://$host/")" 404 'another path'
is "$(curl -s -o /dev/null -w '%{http_code}' -X POST "$url")" 405 'another method'
is "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: evil.example' "$url")" 403 'the name of a stranger, whose page made a browser ask'
is "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: localhost:1' "$url")" 200 'another name of loopback'
is "$(printf 'nonsense\r\n\r\n' | python3 -c '
import socket, sys
h, p = sys.argv[1].split(":")
s = socket.create_connection((h, int(p)))
s.sendall(sys.stdin.buffer.read())
print(s.recv(100).split(b"\r\n")[0].decode())' "$host")" 'HTTP/1.1 400 Bad Request' 'what is no request'
is "$(python3 -c '
import socket, sys
h, p = sys.argv[1].split(":")
idle = [socket.create_connection((h, int(p))) for i in range(30)]
s = idle[0]
s.sendall(b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 3000)
print(s.recv(100).split(b"\r\n")[0].decode())' "$host")" 'HTTP/1.1 431 Request Header Fields Too Large' 'one without an end'
ok 'clients that went without a word are no obstacle' curl -sf -m 20 -o /dev/null "$url"
run bx metrics --listen "$host"
is "$status" 1 'a port that is taken is an error'
like "$err" 'Address already in use' 'that says so'

# --- a real Prometheus ---

mkdir "$tmp/prom"
sed "s/127\.0\.0\.1:9410/$host/; s/5s/1s/" "$top/profiles/observability/prometheus.yml" | sed '/^#/d' >"$tmp/prom/prometheus.yml"
cp "$top/profiles/observability/rules.yml" "$tmp/prom"
ok 'promtool takes our configuration' promtool check config "$tmp/prom/prometheus.yml"
ok 'and rules' promtool check rules "$tmp/prom/rules.yml"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
prometheus --config.file="$tmp/prom/prometheus.yml" --storage.tsdb.path="$tmp/prom/data" \
	--web.listen-address="127.0.0.1:$port" >"$tmp/prom/log" 2>&1 </dev/null &
prometheus=$!
query() { curl -sfG "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[] | .value[1]'; }
scraped() { [ "$(query 'rate(devbox_box_cpu_seconds_total{box="shop"}[1m]) > bool 0.01')" = 1 ]; }
ok 'a real Prometheus scrapes it and answers' wait_for 60 scraped
is "$(query 'up{job="devbox"}')" 1 'the target is up'
is "$(query 'devbox_box_exit_code{box="over"}')" 3 'a status by its box'
wrong=
while IFS= read -r expression; do
	expression=${expression//\$__rate_interval/1m} expression=${expression//\$project/.*}
	[ "$(curl -sG "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$expression" | jq -r .status)" = success ] || wrong+="$expression "
done < <(jq -r '.panels[].targets[].expr' "$top/profiles/observability/grafana-dashboard.json")
is "$wrong" '' 'every expression of the dashboard is one to it'
known=$(bx metrics --format prometheus | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p')
is "$(jq -r '.panels[].targets[].expr' "$top/profiles/observability/grafana-dashboard.json" | cat - "$top/profiles/observability/rules.yml" | grep -o 'devbox_[a-z_]*' | sort -u | grep -vxF "$known")" '' 'and asks for numbers that there are'
kill "$prometheus"
end_of 30 "$prometheus"
kill "$server"
end_of 20 "$server"
is "$status" 0 'it ends when asked to'

# --- a unix socket ---

"$DEVBOX" metrics --listen "unix:$tmp/m.sock" 2>"$tmp/served" &
server=$!
ok 'a unix socket is served' wait_for 20 test -S "$tmp/m.sock"
is "$(stat -c %a "$tmp/m.sock")" 600 'which is the user'"'"'s own'
like "$(curl -s --unix-socket "$tmp/m.sock" http://localhost/metrics)" 'devbox_box_running' 'and answers'
kill -9 "$server"
end_of 20 "$server"
"$DEVBOX" metrics --listen "unix:$tmp/m.sock" 2>"$tmp/served" &
server=$!
again() { curl -sf --unix-socket "$tmp/m.sock" http://localhost/metrics | grep -q devbox_box_running; }
ok 'what was left of a killed one is no obstacle' wait_for 20 again
kill "$server"
end_of 20 "$server"
nok 'it takes its socket away' test -e "$tmp/m.sock"
touch "$tmp/file"
run bx metrics --listen "$tmp/file"
is "$status" 1 'a file that is there is not touched'

done_testing
