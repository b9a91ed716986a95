#!/bin/bash
# Twenty projects with networks at once, and the work that a network is there for: packages in a Debian box.
. "$(dirname "$0")/lib.sh"

[ -c /dev/net/tun ] && command -v slirp4netns >/dev/null || {
	skip 'networks' 'no slirp4netns or /dev/net/tun here'
	done_testing
}

# --- twenty projects ---

outside=$(hostname -I | tr ' ' '\n' | grep -m 1 -v : || true)
mkdir "$tmp/pages"
echo 'from outside' >"$tmp/pages/page"
python3 -u -m http.server -b "${outside:-127.0.0.1}" -d "$tmp/pages" 0 >"$tmp/pages.log" 2>&1 &
server=$!
ok 'a server outside of all boxes' wait_for 10 grep -q 'port [0-9]' "$tmp/pages.log"
port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$tmp/pages.log")
busybox_root "$tmp/root"
root="rootfs:$tmp/root"
# shellcheck disable=SC2016
listen='mkdir -p /tmp/w; echo "page of $$WHO" >/tmp/w/index.html; exec httpd -f -p 8080 -h /tmp/w'
many=({1..20})
for i in "${many[@]}"; do
	# Every other project is one box with slirp4netns of its own, the rest have a bridge.
	make_project "crowd$i" "image: $root
environment: {WHO: $i}
command: [sh, -c, '$listen']
$([ $((i % 2)) = 0 ] || echo "services: {peer: {image: '$root', environment: {WHO: peer-$i}, command: [sh, -c, '$listen']}}")"
done
for i in "${many[@]}"; do
	bx -p "crowd$i" -C "$tmp/work/crowd$i" up >"$tmp/up$i" 2>&1 </dev/null &
	pids[i]=$!
done
failed=
for i in "${many[@]}"; do
	wait "${pids[i]}" || failed+=" $i: $(cat "$tmp/up$i")"
done
is "$failed" '' 'twenty projects come up at once'
mapfile -t slirps < <(for i in "${many[@]}"; do bx -p "crowd$i" network --json | jq .backend_pid; done | sort -u)
alive() { ps -o comm= -p "$(IFS=,; echo "${slirps[*]}")" | grep -c slirp4netns; }
is "$(alive)" 20 'each with a way outside of its own'
is "$(bx ps --json | jq '[.[] | select(.name | startswith("crowd"))] | length')" 30 'and all their boxes'
ask() {
	bx -p "crowd$1" exec -T -- sh -c "wget -qO - http://$outside:$port/page; $([ $(($1 % 2)) = 0 ] || echo 'wget -qO - http://peer:8080/')" >"$tmp/asked$1" 2>&1 </dev/null
}
if [ -n "$outside" ]; then
	for i in "${many[@]}"; do
		ask "$i" &
		pids[i]=$!
	done
	wait "${pids[@]:1}"
	is "$(cat "$tmp"/asked* | sort | uniq -c | awk '{ print $1, $2, $3 }' | grep -c '^20 from outside\|^1 page of')" 11 'all reach what is outside, and each its own peer'
else
	skip 'all reach what is outside' 'this machine has no address'
fi
page() {
	local address
	address=$(bx -p "crowd$1" port --json | jq -r 'first(.[] | select(.box_port == 8080)).address')
	curl -sS --noproxy '*' --max-time 5 "http://$address:8080/"
}
wrong=
for i in "${many[@]}"; do
	wait_for 5 page "$i" >/dev/null 2>&1
	[ "$(page "$i")" = "page of $i" ] || wrong+=" $i: $(page "$i" 2>&1)"
done
is "$wrong" '' 'the same port of all is reached, each at the address of its project'
for i in "${many[@]}"; do
	bx -p "crowd$i" down >"$tmp/down$i" 2>&1 </dev/null &
	pids[i]=$!
done
failed=
for i in "${many[@]}"; do
	wait "${pids[i]}" || failed+=" $i: $(cat "$tmp/down$i")"
done
is "$failed" '' 'and go down at once'
none_left() { [ "$(alive)" = 0 ]; }
ok 'nothing stays' wait_for 5 none_left
kill "$server"

# --- packages in a Debian box ---

debian=$(debian_root)
make_project packages "image: rootfs:$debian
user: root"
name=$(apt-get indextargets --format "\$(REPO_URI)" 2>/dev/null | sed -n 's,^https\?://\([^/:]*\).*,\1,p' | head -n 1)
if [ -z "$name" ] || ! getent ahostsv4 "$name" >/dev/null; then
	skip 'packages of a Debian box' 'no mirror is known here'
	done_testing
fi
bx up 2>/dev/null
run bx exec -T -- apt-get -q update
is "$status" 0 'apt-get update works in a Debian box'
like "$out" $'\nFetched [0-9.,]+ [kM]B in ' 'which has fetched the lists'
run bx exec -T -- env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends sl
is "$status" 0 'and so does apt-get install'
is "$(bx exec -T -- dpkg-query -Wf '${Status}' sl)" 'install ok installed' 'the package is in the box'
nok 'and not in the root below' test -e "$debian/usr/games/sl"
bx down 2>/dev/null

done_testing
