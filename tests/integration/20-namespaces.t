#!/bin/bash
# A box has namespaces of its own and shows nothing of the process that started it.
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || skip_all 'no python3 here'
kinds='user mnt pid net ipc uts cgroup'

# What a program sees of its descriptors, without the one that listing them takes.
list_fds='for f in /proc/$$/fd/*; do [ ! -L "$f" ] || printf "%s " "${f##*/}"; done'

make_project spaces 'image: host'
ok 'up with a closed umask' sh -c 'umask 0077 && exec "$0" up' "$DEVBOX"
run bx exec -T -- sh -c "for k in $kinds; do readlink /proc/self/ns/\$k; done"
i=0
mapfile -t inside <<<"$out"
for kind in $kinds; do
	like "${inside[i]}" "^$kind:\[[0-9]+\]\$" "the box has a $kind namespace"
	nok "its $kind namespace is not the host's" test "${inside[i]}" = "$(readlink "/proc/self/ns/$kind")"
	i=$((i + 1))
done
run bx run -- sh -c "for k in $kinds; do readlink /proc/self/ns/\$k; done"
mapfile -t other <<<"$out"
is "${#other[@]}" 7 'run has namespaces too'
same=0
# The user namespace may be one that is kept for all boxes of a user.
for i in 1 2 3 4 5 6; do [ "${other[i]}" != "${inside[i]}" ] || same=$((same + 1)); done
is "$same" 0 'two boxes share none of them but perhaps the user namespace'

# The process tree.
run bx exec -T -- sh -c 'cat /proc/1/comm; cat /proc/1/cmdline'
like "$out" '^devbox-init' 'process 1 is devbox-init'
unlike "$out" "$tmp|XDG|/build" 'its arguments say nothing of the host'
export SECRET_OF_THE_HOST=hunter2
nok 'the user cannot read the environment of process 1' bx exec -T -- sh -c 'cat /proc/1/environ'
run bx exec -T -u root -- sh -c 'cat /proc/1/environ | tr "\0" "\n"'
unlike "$out" 'hunter2|XDG|HOME' 'root of the box finds nothing in it either'
run bx run -u root -- sh -c 'cat /proc/*/environ | tr "\0" "\n"'
unlike "$out" 'hunter2' 'no process of a throw-away box knows the variables of the caller'
like "$out" 'container=devbox' 'but those of a box can be read'
nok 'the user cannot read the memory of process 1' bx exec -T -- sh -c 'head -c 1 /proc/1/mem'
run bx exec -T -- sh -c 'sh -c "sleep 0.05 >/dev/null & echo \$!"'
orphan=$out
like "$orphan" '^[0-9]+$' 'an orphan was left in the box'
ok 'process 1 reaps it' wait_for 10 bx exec -T -- test ! -e "/proc/$orphan"
run bx exec -T -- sh -c 'cat /proc/[0-9]*/stat | awk "\$3 == \"Z\""'
is "$out" '' 'no zombie is left'

# What is inherited, and what is not.
is "$(bx exec -T -- sh -c "$list_fds" </dev/null)" '0 1 2 ' 'exec: descriptors 0, 1 and 2'
is "$(bx run -- sh -c "$list_fds" </dev/null)" '0 1 2 ' 'run: descriptors 0, 1 and 2'
leaky() {
	(
		for fd in {3..20}; do eval "exec $fd</"; done
		cd /proc/self/fd/7 || exit 99
		"$DEVBOX" -C "$project" "$@" </dev/null
	)
}
is "$(leaky exec -T -- sh -c "$list_fds")" '0 1 2 ' 'exec: no more when the caller has eighteen open'
is "$(leaky run -- sh -c "$list_fds")" '0 1 2 ' 'run: neither'
for dir in 3 7 8 20; do
	run leaky run -w "/proc/self/fd/$dir" -- sh -c 'pwd; ls'
	like "$status" '^12[56]$' "run -w /proc/self/fd/$dir does not begin"
	run leaky exec -T -w "/proc/self/fd/$dir" -- sh -c 'pwd; ls'
	like "$status" '^12[56]$' "exec -w /proc/self/fd/$dir does not begin"
done
bx down >/dev/null 2>&1
leaky up >/dev/null 2>&1
is "$(bx exec -T -u root -- sh -c 'for p in 1 self; do for f in /proc/$p/fd/*; do readlink "$f"; done; done' </dev/null 2>/dev/null |
	grep -v '^socket:\|^pipe:\|^anon_inode:\|^/dev/null\|^/proc/\|^/memfd:')" '' 'process 1 holds no file of the host'
is "$(bx exec -T -- sh -c 'umask')" 0022 'umask 022, whatever the caller has'
(
	umask 0077
	"$DEVBOX" run -- sh -c 'umask'
) >"$tmp/umask" 2>/dev/null
is "$(cat "$tmp/umask")" 0022 'run: umask 022'
run sh -c 'trap "" INT HUP; exec "$0" run -- awk "/^Sig(Ign|Blk)/ { print \$2 }" /proc/self/status' "$DEVBOX"
is "$(sort -u <<<"$out")" 0000000000000000 'no signal stays ignored or blocked'

# Keys: a session keyring of the caller, with a key in it.
cat >"$project/keys.py" <<'END'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
call = libc.syscall
ADD_KEY, KEYCTL = (248, 250) if os.uname().machine == "x86_64" else (217, 219)
JOIN, SEARCH, SESSION = 1, 10, -3
if sys.argv[1] == "hold":
    if call(KEYCTL, JOIN, None, 0, 0, 0) < 0 or call(ADD_KEY, b"user", b"canary", b"secret", 6, SESSION) < 0:
        sys.exit("no keyring here")
    os.execvp(sys.argv[2], sys.argv[2:])
print("found" if call(KEYCTL, SEARCH, SESSION, b"user", b"canary", 0) >= 0 else "nothing")
END
run python3 keys.py hold python3 keys.py look
is "$out" found 'the caller has a key in his session keyring'
for verb in run 'exec -T'; do
	run python3 keys.py hold "$DEVBOX" $verb -- python3 keys.py look
	is "$out" nothing "$verb: the box does not see it"
done

# Mounts.
bx down >/dev/null 2>&1
mkdir "$tmp/root" && busybox_root "$tmp/root"
echo "image: rootfs:$tmp/root" >devbox.yaml
for image in "rootfs:$tmp/root" host; do
	run bx run --image "$image" -- cat /proc/self/mountinfo
	text=$(cut -d' ' -f4- <<<"$out")
	like "$text" ' /proc ' "${image%%:*}: mountinfo can be read"
	unlike "$text" ' (shared|master):' "${image%%:*}: nothing is shared with the host"
	unlike "$(cut -d' ' -f2 <<<"$text")" 'oldroot|/\.\.' "${image%%:*}: every mount is inside"
	# The kernel shows where in its file system a bind began: the workspace and the home must show, no more.
	run sh -c 'printf "%s\n" "$1" | cut -d" " -f1 | grep -vx "/\|/usr\|/etc\|/opt\|/nix\|/var/lib/[a-z]*\|/text/.*" |
		grep -vx "/null\|/zero\|/full\|/random\|/urandom\|/tty\|/fuse\|/net/tun\|/bus\|/fs\|/irq\|/sysrq-trigger" |
		grep -vF -- "'"${project#/}"'"' sh "$text"
	is "$out" '' "${image%%:*}: no path of the host but the workspace's"
	unlike "$text" "$tmp/(root|data)" "${image%%:*}: nor where the root and its layer lie"
done
if unshare --user --map-current-user --keep-caps --mount --propagation shared true 2>/dev/null; then
	mkdir -m 0700 "$tmp/rt"
	run unshare --user --map-current-user --keep-caps --mount --propagation shared sh -c "
		export XDG_RUNTIME_DIR=$tmp/rt
		grep -c ' shared:' /proc/self/mountinfo
		'$DEVBOX' run --image host --network none -- cat /proc/self/mountinfo"
	like "$out" '^[1-9]' 'where the mounts of the host are shared'
	unlike "$out" ' shared:' 'those of a box are not'
else
	skip 'shared mounts of the host' 'no nested user namespace'
fi

# The rest of a small world.
like "$(bx run -- cat /sys/class/net/lo/flags)" '^0x.*[19bd]$' 'lo is up'
bx up >/dev/null 2>&1
is "$(bx exec -T -- cat /proc/sys/kernel/hostname)" spaces "the host's name is the project's"
is "$(bx exec -T -- cat /etc/hostname)" spaces 'and /etc/hostname says so'
printf 'image: host\nhostname: till\n' >devbox.yaml
is "$(bx run -- uname -n 2>/dev/null)" till 'hostname: names it otherwise'
is "$(uname -n)" "$(cat /proc/sys/kernel/hostname)" 'the host keeps its own'
is "$(bx run --network none -- python3 -c '
import socket
a = socket.create_server(("127.0.0.1", 0))
b = socket.create_connection(a.getsockname())
print("connected")' 2>&1)" connected 'a box without network talks to itself'
nok 'and to nobody else' bx run --network none -- python3 -c '
import socket
socket.create_connection(("10.0.2.2", 22), 2)'

done_testing
