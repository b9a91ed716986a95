#!/bin/bash
# devbox as uid 0: the box's root is a subordinate id, never the host's root.
. "$(dirname "$0")/lib.sh"

[ -p "${DEVBOX_TESTS_DOOR:-/none}/requests" ] || skip_all 'tests/rig/as-user must be started by root'

line=$'[^\n]*'
hint=$'\n  hint: '
echo 'root:700000:65536' >"$tmp/ids"
: >"$tmp/none"
ids=$tmp/ids
own=$tmp/own
# root ARGS...: devbox ARGS, by root
root() {
	changed --root --put "$ids" /etc/subuid --put "$ids" /etc/subgid -- env HOME=/root USER=root LOGNAME=root \
		XDG_DATA_HOME="$own" XDG_STATE_HOME="$own" XDG_CACHE_HOME="$own" XDG_CONFIG_HOME="$own" XDG_RUNTIME_DIR="$own/run" \
		"$DEVBOX" "$@"
}
changed --root -- mkdir -m 0755 "$own"
changed --root -- mkdir -m 0700 "$own/run"

make_project rooted ''
echo words >readable
changed --root -- sh -c 'echo secret >secret; chmod 0600 secret; echo public >public'
mkdir open && chmod 0777 open

# --- run ---

run root run --network none -- cat /proc/self/uid_map
is "$status|$(tr -s ' ' <<<"$out")" '0| 0 700000 65536' 'root of the box is the first subordinate id, and uid 0 is no id of it'
like "$err" "^devbox: you are root, whom no box knows: " 'which is said'
run root run --network none -- cat readable public
is "$out" $'words\npublic' 'the workspace can be read'
run root run --network none -- cat secret
is "$status" 1 'but not what only root may read'
run root run --network none -- sh -c 'echo x >new'
like "$status" '^[12]$' 'nor can be written to'
run root run --network none -- sh -c 'echo x >open/new && stat -c %u open/new'
is "$status|$(stat -c %u open/new)" '0|700000' 'a file made where everybody may is of the subordinate id'

# --- up ---

run root up
is "$status" 0 'up'
like "$err" "note: you are root, whom no box knows" 'says it, too'
run root exec -- sh -c 'id -u; grep -h "^Uid" /proc/self/status; echo out'
is "$status|$out" $'0|0\nUid:\t0\t0\t0\t0\nout' 'inside it is root'
run root inspect
init=$(jq .pid <<<"$out")
supervisor=$(jq .supervisor_pid <<<"$out")
root exec -- sleep 1004 &
wait_for 10 pgrep -f '^sleep 1004'
for pid in $init $(pgrep -f '^sleep 1004'); do
	is "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" '700000 700000 700000 700000' "outside it is not ($(cat "/proc/$pid/comm"))"
	is "$(awk '/^Gid:/ { print $2, $3, $4, $5 }' "/proc/$pid/status")" '700000 700000 700000 700000' 'nor of its group'
	is "$(awk '/^Groups:/ { $1 = ""; print }' "/proc/$pid/status" | tr -d ' ')" '' 'nor of another'
done
nok 'a box has not the user namespace of the host' test "$(changed --root -- readlink "/proc/$init/ns/user")" = "$(readlink /proc/self/ns/user)"
run root exec -- sh -c 'echo b >/proc/sysrq-trigger'
like "$status" '^[12]$' 'it cannot do what the host'"'"'s root can'
run root exec -- sh -c 'cat /etc/shadow'
nok 'nor read what only that may' test "$status" -eq 0
run root exec -u root -- id -u
is "$out" 0 '-u root is the same'
run bx ps --json
is "$out" '[]' 'other users do not see it'
run root ps --json
is "$(jq -r '.[0].name' <<<"$out")" rooted 'root does'
run root down --volumes
is "$status" 0 'down'
gone() { ! kill -0 "$1" 2>/dev/null && [ ! -e "/proc/$1" ]; }
ok 'ends it' wait_for 10 gone "$init"
ok 'and its supervisor' wait_for 10 gone "$supervisor"
wait

# --- without the line ---

ids=$tmp/none
run root run --network none -- true
is "$status" 125 'without subordinate ids for root nothing runs'
like "$err" "^devbox: root has no line in /etc/subuid and /etc/subgid, and a box never runs with the host's root inside${hint}sudo usermod --add-subuids [0-9]+-[0-9]+ --add-subgids [0-9]+-[0-9]+ root\$" 'and the line that is missing is named'
run root up
is "$status" 1 'nor comes up'
like "$err" "/etc/subuid" 'which is said'

changed --root -- rm -rf "$own" secret public open/new
# --- images ---

ids=$tmp/ids
make_project pulled ''
image=$("$top/tests/rig/make-image" busybox) || exit 1
run root pull "$image"
is "$status" 0 'root pulls an image'
echo "image: $image" >devbox.yaml
run root -y run --network none -- sh -c 'stat -c "%u %g" /bin /bin/busybox; echo x >/etc/new && cat /etc/new; tr -s " " </proc/self/uid_map'
is "$status|$out" $'0|0 0\n0 0\nx\n 0 700000 65536' 'whose files belong to root of the box'
run root -y up
is "$status" 0 'up with it'
run root exec -- sh -c 'echo y >/etc/new && cat /etc/new'
is "$out" y 'it can be written to'
run root down
run root rmi -f "$image"
run root prune
is "$status" 0 'and it goes again'

done_testing
