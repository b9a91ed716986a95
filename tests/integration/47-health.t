#!/bin/bash
# healthcheck: what the probes of a box see, and who hears of it.
. "$(dirname "$0")/lib.sh"

busybox_root "$tmp/root"
root=rootfs:$tmp/root
box() { bx ps --json | jq -r ".[] | select(.box == \"$1\") | .health"; }
is_now() { [ "$(box "$1")" = "$2" ]; }
why() { bx inspect "$1" | jq -r .health_why; }

# --- the four probes, and a box that waits for one ---

make_project shop "image: $root
services:
  web:
    image: $root
    command: [sh, -c, 'mkdir /w && sleep 0.5 && echo page >/w/page && exec httpd -f -p 127.0.0.1:80 -h /w']
    healthcheck: {http: 'http://localhost/page', start_interval: 50ms, interval: 100ms, retries: 2, start_period: 20s}
  tcp:
    image: $root
    command: [httpd, -f, -p, '81']
    healthcheck: {tcp: 81, start_interval: 50ms}
  file:
    image: $root
    command: [sh, -c, 'sleep 0.3; touch /tmp/there; exec sleep 1000']
    healthcheck: {file: /tmp/there, start_interval: 50ms}
  test:
    image: $root
    command: [sleep, '1000']
    healthcheck: {test: [CMD, test, -w, /tmp], start_interval: 50ms}
  plain:
    image: $root
    command: [sleep, '1000']
    depends_on: {web: {condition: service_healthy}}"
run bx up
is "$status" 0 'up waits until they are healthy'
like "$err" 'shop/web +healthy +http 80/page after ' 'and says by what'
like "$err" 'shop/tcp +healthy +tcp 81 after ' 'a port'
like "$err" 'shop/file +healthy +file /tmp/there after ' 'a file'
like "$err" 'shop/test +healthy +test after ' 'a command'
is "$(bx ps --json | jq -r '[.[] | .box + "=" + (.health // "-")] | sort | join(" ")')" \
	'dev=- file=healthy plain=- tcp=healthy test=healthy web=healthy' 'ps knows it'
like "$(bx ps)" 'shop/web +healthy ' 'and shows it'
events=$(bx events --json | jq -r 'select(.box == "shop/web" or .box == "shop/plain") | .box + " " + .event' | grep -v created | paste -sd,)
is "$events" 'shop/web started,shop/web healthy,shop/plain started' 'who depends on it starts after that'

# --- it fails, and comes back ---

bx exec -T -u root web -- rm /w/page
ok 'a page that is gone makes it unhealthy' wait_for 20 is_now web unhealthy
is "$(why web)" 'http 80/page: status 404' 'with what the probe saw'
like "$(bx ps)" $'\nshop/web: unhealthy: http 80/page: status 404' 'ps says why'
like "$(bx events)" 'shop/web +unhealthy +http 80/page: status 404' 'and events'
like "$(bx tui --headless --size 160x40)" 'web.* unhealthy' 'the dashboard shows it'
bx pause web
bx exec -T -u root web -- true 2>/dev/null
is "$(bx ps --json | jq -r '.[] | select(.box == "web") | .state')" paused 'it can be paused'
bx unpause web
bx exec -T -u root web -- touch /w/page
ok 'it gets well again' wait_for 20 is_now web healthy
like "$(bx events)" 'healthy +http 80/page' 'which is an event'
run bx up
like "$err" 'up to date' 'nothing was restarted'
sed -i 's/tcp: 81, /tcp: 82, /' devbox.yaml
run bx up --wait-timeout 1s tcp
is "$status" 1 'another probe is another box'
like "$err" "box 'shop/tcp' was not healthy in time.*--wait-timeout" 'and up does not wait for ever'
is "$(bx ps --json | jq -r '.[] | select(.box == "tcp") | .state')" up 'what is not healthy stays'
is "$(why tcp)" 'port 82: Connection refused' 'to be looked at'
run bx down
is "$status" 0 'down'

# --- commands that hang, lie and shout ---

make_project hang "services:
  job:
    command: [sleep, '1000']
    healthcheck: {test: 'sleep 7654 & sleep 7653', timeout: 300ms, interval: 300ms, start_interval: 50ms, retries: 1}"
run bx up
is "$status" 1 'a command that hangs is a failure'
like "$err" "box 'hang/job' is unhealthy: test: no end in time.*hint: devbox logs hang/job" 'that is said'
sleep 1.5
is "$(pgrep -u "$(id -u)" -fc 'sleep 765[34]' | awk '{ print $1 <= 3 }')" 1 'of those that were killed nothing is left'
bx down
gone() { ! pgrep -u "$(id -u)" -f 'sleep 765[34]' >/dev/null; }
ok 'and nothing after down' wait_for 10 gone

make_project shout "services:
  job:
    command: [sleep, '1000']
    healthcheck: {test: 'yes | head -c 3000000; printf \"\\033[31mlast\\033[0m words\\n\"; exit 3', interval: 200ms, start_interval: 50ms, retries: 1}"
run bx up
is "$(why job)" 'test: ?[31mlast?[0m words' 'the last line of what it says is kept, without control characters'
bx down

make_project ends "services:
  job:
    command: [sh, -c, 'sleep 0.3; exit 4']
    healthcheck: {tcp: 1, start_interval: 50ms}"
run bx up
is "$status" 1 'one that ends is not waited for'
like "$err" "box 'ends/job' ended before it was healthy" 'and that is said'
is "$(bx ps -a --json | jq -r '.[] | select(.box == "job") | .health')" null 'it has no health any more'
bx down

# --- the dev box ---

make_project alone "healthcheck: {test: 'test -e $tmp/work/alone/well', interval: 100ms, start_interval: 50ms, start_period: 10s}"
(sleep 0.5; touch well) &
run bx up
is "$status" 0 'the dev box, too'
like "$err" 'alone +healthy +test after ' 'is waited for'
like "$(bx metrics)" 'devbox_box_info\{project="alone",box="alone",state="up",health="healthy"' 'metrics know it'
bx down
sed -i 's/healthcheck: {/healthcheck: {disable: true, /' devbox.yaml
run bx up
unlike "$err" healthy 'disable'
is "$(box dev)" null 'leaves it without'
bx down

# --- what the image says ---

if command -v skopeo >/dev/null && command -v umoci >/dev/null; then
	image=$("$top/tests/rig/make-image" busybox) || exit 1
	mkdir "$tmp/archive"
	skopeo --insecure-policy copy -q "$image" "docker-archive:$tmp/plain.tar:localhost/app:dev"
	tar -C "$tmp/archive" -xf "$tmp/plain.tar"
	config=$(jq -r '.[0].Config' "$tmp/archive/manifest.json")
	jq -c '.config.Entrypoint = [] | .config.Cmd = ["sleep", "1000"] | .config.Healthcheck = {Test: ["CMD-SHELL", "test -e /tmp/well"], Interval: 100000000, Retries: 2, StartInterval: 50000000, StartPeriod: 20000000000}' "$tmp/archive/$config" >"$tmp/app.json"
	sum=$(sha256sum "$tmp/app.json" | cut -d' ' -f1)
	rm "$tmp/archive/$config" && mv "$tmp/app.json" "$tmp/archive/$sum.json"
	jq -c --arg name "$sum.json" '.[0].Config = $name' "$tmp/archive/manifest.json" >"$tmp/manifest.json" && mv "$tmp/manifest.json" "$tmp/archive/manifest.json"
	tar -C "$tmp/archive" -cf "$tmp/app.tar" .
	make_project image "services:
  app:
    image: docker-archive:$tmp/app.tar
  late:
    depends_on: {app: {condition: service_healthy}}
    command: [sleep, '1000']"
	bx up -y >"$tmp/up" 2>&1 </dev/null &
	pid=$!
	ok 'a service has the HEALTHCHECK of its image' wait_for 60 is_now app starting
	bx exec -T app -- touch /tmp/well
	end_of 60 $pid
	is "$status" 0 'who depends on it waits for that'
	like "$(cat "$tmp/up")" 'image/app +healthy +test after' 'and up says so'
	bx exec -T app -- rm /tmp/well
	ok 'its times are those of the image' wait_for 10 is_now app unhealthy
	bx down
	sed -i "s/app.tar/app.tar\n    healthcheck: {disable: true}/" devbox.yaml
	run bx up
	like "$err" "devbox.yaml:.*error: depends_on: service 'app' has no healthcheck" 'the profile can do without'
else
	skip 'a service has the HEALTHCHECK of its image' 'no skopeo or umoci here'
fi

done_testing
