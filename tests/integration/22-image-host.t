#!/bin/bash
# `image: host`: the tools of this machine work, its files are read-only, and nobody's own are in sight.
. "$(dirname "$0")/lib.sh"

for name in gcc git python3; do
	command -v $name >/dev/null || skip_all "no $name here"
done
in_box() { bx exec -T -- "$@"; }
as_root() { bx exec -T -u root -- "$@"; }

# Canaries: in the real home, beside the project, in /tmp, /var/tmp and the session's folder.
home=$(getent passwd "$(id -un)" | cut -d: -f6)
canary=canary.$$
places=("$home" "$tmp" "$tmp/work" /tmp /var/tmp "$XDG_RUNTIME_DIR")
for dir in "${places[@]}"; do echo secret >"$dir/$canary"; done
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$XDG_RUNTIME_DIR/bus"
export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus SSH_AUTH_SOCK=$XDG_RUNTIME_DIR/bus AWS_SECRET=hunter2

make_project tools 'image: host'
bx up >/dev/null 2>&1

# The tools.
cat >hello.c <<'END'
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
END
is "$(in_box sh -c 'gcc -o hello hello.c && ./hello')" hello 'gcc compiles and links'
is "$(./hello)" hello 'and the host can run what it made'
is "$(in_box sh -c 'git init -q . && git config user.email a@b && git config user.name n && git add hello.c &&
	git commit -qm first && git log --format=%s' 2>&1)" first 'git commits'
is "$(git -C "$project" log --format=%s 2>&1)" first 'and the host sees the commit'
is "$(in_box python3 -c 'import json, hashlib; print(hashlib.sha256(b"").hexdigest()[:8])')" e3b0c442 'python runs'
certificates='import ssl; print(ssl.create_default_context().cert_store_stats()["x509_ca"], ssl.get_default_verify_paths().capath)'
is "$(in_box python3 -c "$certificates")" "$(python3 -c "$certificates")" 'it finds the certificates of the host'
is "$(in_box sh -c 'ls -l /bin /sbin /lib | cut -c1')" "$(ls -l /bin /sbin /lib | cut -c1)" '/bin, /sbin and /lib are what they are on the host'
is "$(in_box sh -c 'echo $PATH')" /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin 'PATH leads to them'
if command -v dpkg-query >/dev/null; then
	is "$(in_box dpkg-query -W -f '${Version}' base-files)" "$(dpkg-query -W -f '${Version}' base-files)" 'dpkg knows what is installed'
fi

# Read-only.
for dir in /usr /usr/bin /usr/local /etc /etc/ssl /opt /var/lib/dpkg; do
	[ -d "$dir" ] || continue
	for who in in_box as_root; do
		run $who touch "$dir/$canary"
		like "$err" 'Read-only file system|Permission denied' "$who: $dir cannot be written"
	done
	[ -e "$dir/$canary" ] && fail "$dir/$canary is on the host"
done
run as_root touch /usr/x
like "$err" 'Read-only' 'because it is read-only'
nok 'root cannot change that' as_root mount -o remount,rw,bind /usr
run as_root sh -c 'echo x >>/etc/passwd'
like "$err" 'Read-only|Permission' 'not even /etc/passwd'
run as_root sh -c 'cat /etc/shadow /etc/sudoers'
is "$out" '' "what is root's own on the host cannot be read"

# Writable places of its own.
for dir in /tmp /var/tmp "$home" /run/user/"$(id -u)" "$project"; do
	ok "$dir can be written" in_box sh -c 'echo x >"$1/mine" && test -O "$1/mine" && chmod 600 "$1/mine"' sh "$dir"
done
for dir in /tmp /var/tmp /run /var/lib /var/cache /var/log /mnt /srv /root /; do
	ok "root can write $dir" as_root sh -c 'echo x >"$1/roots" && test -O "$1/roots"' sh "$dir"
done
for file in /tmp/mine /var/tmp/mine "$home/mine" /tmp/roots /run/roots /var/lib/roots /roots /root/roots; do
	nok "the host has no $file" test -e "$file"
done
is "$(stat -c %U mine)" "$(id -un)" 'in the workspace it belongs to the caller'
is "$(in_box stat -c %a /tmp /var/tmp "/run/user/$(id -u)" | tr '\n' ' ')" '1777 1777 700 ' 'their modes are the usual ones'
is "$(in_box readlink /var/run /var/lock | tr '\n' ' ')" '/run /run/lock ' '/var/run is /run'

# Nothing of anybody's.
for dir in "$home" "$tmp" "$tmp/work" /tmp /var/tmp "$XDG_RUNTIME_DIR"; do
	nok "the file in $dir is out of sight" as_root test -e "$dir/$canary"
done
is "$(in_box ls -A "$tmp" "$tmp/work" | grep -v : | sort -u | tr -d '\n')" toolswork 'above the workspace there are empty folders'
is "$(in_box ls /home 2>/dev/null)" "$(basename "$home")" '/home has one home'
is "$(in_box stat -c '%U %a' "$home")" "$(id -un) 700" "which is the user's"
is "$(in_box sh -c 'echo "$HOME"; cd && pwd' | sort -u)" "$home" 'and where HOME points'
is "$(as_root sh -c 'ls -A /root /mnt /srv | grep -v "^roots$" | grep -v ":$" | tr -d "\n"')" '' '/root, /mnt and /srv are empty'
is "$(in_box ls /run /run/user | grep -vx '.*:\|mount\|roots' | sort | tr '\n' ' ')" " $(id -u) lock user " 'nor is anything of the session in /run'
for name in boot media lost+found farm work home/lost+found; do
	[ ! -e "/$name" ] || nok "/$name is not there" as_root test -e "/$name"
done
is "$(in_box awk -F: '$3 >= 1000 && $3 != 65534 { print $1 }' /etc/passwd)" "$(id -un)" '/etc/passwd names no other person'
is "$(in_box awk -F: '$3 >= 1000 && $3 != 65534 { print $1 }' /etc/group)" "$(id -gn)" 'nor does /etc/group'
is "$(in_box sh -c 'getent passwd daemon root | cut -d: -f1' | tr '\n' ' ')" 'daemon root ' 'the accounts of the system are there'
unlike "$(in_box env)" 'hunter2|SSH_AUTH_SOCK|DBUS_SESSION|'"$XDG_RUNTIME_DIR" 'nor the variables of the session'
is "$(as_root find / -xdev -type s)$(as_root find /run /tmp /var -type s)" '' 'there is no socket'
is "$(in_box sh -c 'stat -f -c %T /tmp /run /var' | sort -u)" tmpfs 'they are in memory'

# Gone with the box, but for the home.
bx down >/dev/null 2>&1
bx up >/dev/null 2>&1
is "$(in_box sh -c 'ls -A /tmp /var/tmp /var/lib /var/cache | grep "mine\|roots"')" '' 'down takes /tmp and /var along'
ok 'and leaves the home' in_box test -e "$home/mine"
is "$(bx run -- sh -c 'test -e ~/mine || echo no')" no 'a throw-away box has another home'

for dir in "${places[@]}"; do rm -f "$dir/$canary"; done
done_testing
