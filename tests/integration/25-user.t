#!/bin/bash
# Who the commands of a box are: names, ids, groups, homes, shells, and whom their files belong to outside.
. "$(dirname "$0")/lib.sh"

name=$(id -un) uid=$(id -u) gid=$(id -g)
home=$(getent passwd "$name" | cut -d: -f6)
in_box() { bx exec -T -- "$@"; }
who='echo "$(id -un 2>/dev/null) $(id -u):$(id -g) [$(id -G)] $HOME $USER $LOGNAME $SHELL"'

root=$tmp/root
busybox_root "$root"
cat >"$root/etc/passwd" <<END
root:x:0:0:root:/root:/bin/sh
app:x:12:34:the app:/srv/app:/bin/ash
noshell:x:13:13::/:/usr/sbin/nologin
relative:x:14:14::srv:bin/sh
odd:x:15
END
cat >"$root/etc/group" <<END
root:x:0:
app:x:34:
wheel:x:55:noshell,app
audio:x:56:apple,app
app2:x:57:appl
END
mkdir -p "$root/srv/app"
make_project people "image: rootfs:$root"
bx up >/dev/null 2>&1

# dev, the default.
is "$(in_box sh -c "$who")" "$name $uid:$gid [$gid] $home $name $name /bin/sh" 'dev is the caller: name, ids, home; the shell of the image when it lacks his'
is "$(in_box sh -c 'cd && pwd && touch f && stat -c %u:%g f && stat -c "%u %a" .' | tr '\n' ' ')" "$home $uid:$gid $uid 700 " 'his home is there and his'
is "$(in_box sh -c "grep -c '^$name:' /etc/passwd")" 1 'the image gets one line for him'
is "$(in_box sh -c 'grep -c "^root:" /etc/passwd; grep -c "^app:" /etc/passwd' | tr '\n' ' ')" '1 1 ' 'and keeps its own'
bx restart >/dev/null 2>&1
is "$(in_box sh -c "grep -c '^$name:' /etc/passwd")" 1 'still one after a restart'
in_box sh -c 'mkdir dir && touch dir/file && ln -s file dir/link && mkfifo dir/fifo && chmod 640 dir/file' >/dev/null
is "$(find dir -printf '%u:%g ' | tr ' ' '\n' | sort -u | tr -d '\n')" "$name:$(id -gn)" 'what he makes in the workspace belongs to the caller'
is "$(stat -c %a dir/file)" 640 'with the modes he gave it'
touch mine && chmod 600 mine
ok 'what the caller makes is his in the box' in_box sh -c 'test -O mine && test -G mine && echo x >>mine'
ok 'the caller removes it all without more ado' rm -r dir mine
nok 'dev may not become root' in_box sh -c 'busybox su -c true || chroot / true || mount -t tmpfs t /mnt'

# root: root of the box, an unprivileged id outside.
is "$(bx exec -T -u root -- sh -c "$who")" 'root 0:0 [0] /root root root /bin/sh' 'exec -u root'
ok 'root makes files in the root' bx exec -T -u root -- sh -c 'touch /usr/x && chown 12:34 /usr/x'
unlike "$(bx exec -T -u root -- awk '$1 == 0 { print $2 }' /proc/self/uid_map)" "^(0|$uid)\$" 'root of the box is neither root nor the caller outside'
is "$(bx exec -T -u root -- awk -v u="$uid" '$1 == u { print $2, $3 }' /proc/self/uid_map)" "$uid 1" 'the caller is himself'
bx down >/dev/null 2>&1

# Forms of `user:` and -u. "FORM|what id says": uid:gid [groups] home user shell, or "-" for a refusal.
cat >"$tmp/forms" <<END
root|0:0 [0] /root root /bin/sh
0|0:0 [0] /root root /bin/sh
dev|$uid:$gid [$gid] $home $name /bin/sh
dev:56|$uid:56 [56] $home $name /bin/sh
app|12:34 [34 55 56] /srv/app app /bin/sh
12|12:34 [34 55 56] /srv/app app /bin/sh
app:55|12:55 [55 56] /srv/app app /bin/sh
app:wheel|12:55 [55 56] /srv/app app /bin/sh
12:7|12:7 [7 55 56] /srv/app app /bin/sh
0:0|0:0 [0] /root root /bin/sh
77|77:0 [0] / 77 /bin/sh
77:88|77:88 [88] / 77 /bin/sh
noshell|13:13 [13 55] / noshell /bin/sh
relative|14:14 [14] / relative /bin/sh
65534:65534|65534:65534 [65534] / 65534 /bin/sh
nobody-here|-
odd|-
app:nogroup|-
:5|-
app:|-
:|-
1x|-
+1| -
-1|-
4294967295|-
4294967296|-
99999999999999999999|-
65537|-
1:65537|-
1:4294967295|-
1:2:3|-
 1|-
app |-
0x0|-
../root|-
root;id|-
END
bx up >/dev/null 2>&1
while IFS='|' read -r form want; do
	want=${want# }
	for verb in run exec; do
		if [ $verb = run ]; then
			run bx run "--user=$form" -- sh -c 'echo "$(id -u):$(id -g) [$(id -G | tr " " "\n" | sort -n | tr "\n" " " | sed "s/ $//")] $HOME $USER $SHELL"'
		else
			run bx exec -T "--user=$form" -- sh -c 'echo "$(id -u):$(id -g) [$(id -G | tr " " "\n" | sort -n | tr "\n" " " | sed "s/ $//")] $HOME $USER $SHELL"'
		fi
		if [ "$want" = - ]; then
			is "$status/$out" 125/ "$verb: '$form' is refused"
			like "$err" '^devbox: ' "$verb: '$form' with a sentence"
		else
			is "$out" "$want" "$verb: '$form'"
		fi
	done
done <"$tmp/forms"
run bx exec -T -u '' -- id
is "$status" 125 'an empty user is refused'
bx down >/dev/null 2>&1

# In the profile, with the line in the error.
printf 'image: rootfs:%s\nuser: app\n' "$root" >devbox.yaml
bx up >/dev/null 2>&1
is "$(in_box sh -c "$who")" 'app 12:34 [34 55 56] /srv/app app app /bin/sh' 'user: makes it the one of every command'
is "$(bx exec -T -u dev -- sh -c 'id -u')" "$uid" 'from whom -u leads away'
bx down >/dev/null 2>&1
printf 'image: rootfs:%s\nuser: root\n' "$root" >devbox.yaml
is "$(bx run -- sh -c 'id -u; echo $HOME; touch /usr/x && stat -c %u /usr/x' | tr '\n' ' ')" '0 /root 0 ' 'user: root'
is "$(bx run -u 0:0 -- sh -c 'cat /proc/self/status' | awk '/^Groups/ { print NF }')" 1 'root has no supplementary group'
for form in 'nobody-here' '"1:2:3"' '"4294967296"' '"app:nogroup"' '70000'; do
	printf 'image: rootfs:%s\nuser: %s\n' "$root" "$form" >devbox.yaml
	run bx up
	is "$status" 1 "user: $form: up fails"
	like "$err" 'devbox.yaml:2:7: error: ' "user: $form: at its line"
done
printf 'image: rootfs:%s\nshell: /bin/ash\n' "$root" >devbox.yaml
is "$(bx run -- sh -c 'echo $SHELL')" /bin/ash 'shell: is the login shell'

# The groups of the host stay there: a file that its group may not read.
echo 'image: host' >devbox.yaml
is "$(bx run -- sh -c 'id -un; id -gn; getent passwd "$(id -u)" | cut -d: -f6; getent group "$(id -g)" | cut -d: -f1' | tr '\n' ' ')" \
	"$name $(id -gn) $home $(id -gn) " 'on the host image the account is there'
is "$(bx run -- awk '/^Groups/ { print NF }' /proc/self/status)" 1 'without supplementary groups'
is "$(bx run -- sh -c 'echo $SHELL')" "$(getent passwd "$name" | cut -d: -f7)" 'with his shell'
is "$(bx run -u daemon -- id -un)" daemon 'accounts of the system can be used'
is "$(bx run -u "$name" -- sh -c 'id -u; echo $HOME' | tr '\n' ' ')" "$uid $home " 'so can the own one, by name'
other=$(getent passwd | awk -F: -v u="$name" '$3 >= 1000 && $3 < 60000 && $1 != u { print $1; exit }')
nok 'those of other people cannot' bx run -u "${other:-nobody-else}" -- true

# Shared with the workspace: root of the box writes there only what all may.
mkdir open && chmod 777 open
bx up >/dev/null 2>&1
bx exec -T -u root -- sh -c 'touch open/roots' >/dev/null 2>&1
unlike "$(stat -c %u open/roots)" "^(0|$uid)\$" 'a file of root of the box is neither root'"'"'s nor the caller'"'"'s'
ok 'whose folder it lies in removes it' rm -r open

done_testing
