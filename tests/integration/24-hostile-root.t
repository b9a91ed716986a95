#!/bin/bash
# Roots and homes made to lead devbox astray: it stays inside, or fails with one sentence; the host is unchanged.
. "$(dirname "$0")/lib.sh"

home=$(getent passwd "$(id -un)" | cut -d: -f6)
fingerprint() { find "$@" -printf '%p %i %n %y %m %U %G %s %T@ %C@ %l\n' 2>&1 | sort | sha256sum; }

# What nobody may touch: a folder and files that hostile links point at.
canary=$tmp/canary
mkdir -p "$canary"/{pts,fs/cgroup,self/fd,sys/kernel,etc,net}
for name in file passwd group resolv.conf hosts hostname null console sys/kernel/core_pattern; do echo "canary $name" >"$canary/$name"; done
echo 'spy:x:77:78:canary:/:/bin/sh' >"$canary/passwd"
echo 'spies:x:78:spy:canary' >"$canary/group"
cp "$canary/passwd" "$canary/group" "$canary/etc"
chmod -R go+rX,go-w "$canary"
up=../../../../../../../../../..

template=$tmp/template
busybox_root "$template"
# Small, as it is copied a hundred times.
find "$template/bin" -type l ! -name sh ! -name cat ! -name grep ! -name stat ! -name ln ! -name rm ! -name mkfifo ! -name truncate \
	! -name readlink ! -name sleep ! -name true -delete
mkdir -p "$template/usr/share/work" "$template/opt"
before=$(fingerprint "$canary")

make_project astray
profile() {
	printf 'image: rootfs:%s\nnetwork_mode: none\nworkspace: {source: ., target: %s}\nstop_grace_period: 1s\n' "$tmp/root" "${1:-/opt/work}" >"$project/devbox.yaml"
}

# try DESC COMMAND... - with the root as it is now.
try() {
	local desc=$1 lines
	shift
	run timeout 30 "$DEVBOX" "$@"
	case $status,$1 in 0,up | 0,restart) out=$(bx exec -T -- sh -c "$look" "$canary" 2>&1) ;; esac
	lines=$(grep -vc '^ note: \|^ astray ' <<<"$err")
	if [ "$(fingerprint "$canary")" != "$before" ]; then
		fail "$desc: the canary has changed" "$(find "$canary" -newer "$template")" "$err"
		before=$(fingerprint "$canary")
	elif [ "$status" -eq 0 ] && [ "$out" = inside ]; then
		pass "$desc: stays inside"
	elif [ "$status" -ge 124 ] && [ "$status" -ne 125 ] && [ "$status" -ne 127 ] && [ "$status" -ne 126 ]; then
		fail "$desc: status $status" "$out" "$err"
	elif [ "$status" -eq 0 ] || [ "$lines" -ne 2 ] || [[ $err != *$'\n  hint: '* ]]; then
		fail "$desc: neither inside nor one sentence and a hint" "status $status" "$out" "$err"
	else
		pass "$desc: fails with one sentence"
	fi
}
look='
	for f in $0/file $0/passwd /etc/passwd /etc/group /etc/resolv.conf /etc/hosts /etc/hostname; do ! grep -qs canary $f || { echo canary in $f; exit; }; done
	[ -e /proc/self/status ] && [ -c /dev/null ] || { echo no proc or dev; exit; }
	echo inside'

# hostile PATH KIND TARGET - put it in the place of PATH.
hostile() {
	rm -rf "$tmp/root"
	cp -a "$template" "$tmp/root"
	rm -rf "${tmp:?}/root/$1"
	mkdir -p "$(dirname "$tmp/root/$1")"
	case $2 in
	absolute) ln -s "$canary$3" "$tmp/root/$1" ;;
	relative) ln -s "$up$canary$3" "$tmp/root/$1" ;;
	loop) ln -s "$(basename "$1")" "$tmp/root/$1" ;;
	fifo) mkfifo "$tmp/root/$1" ;;
	device) ln -s /dev/zero "$tmp/root/$1" ;;
	magic) ln -s /proc/self/root/proc/1/root "$tmp/root/$1" ;;
	file) echo x >"$tmp/root/$1" ;;
	dir) mkdir "$tmp/root/$1" ;;
	huge) truncate -s 10G "$tmp/root/$1" ;;
	esac
}

profile
hostile none dir
try 'an honest root' run -- sh -c "$look" "$canary"
is "$out" inside 'works'

for path in proc sys dev run etc "home/$(id -un)" home opt opt/work tmp; do
	for kind in absolute relative loop file magic; do
		hostile "$path" $kind
		try "/$path: $kind" run -- sh -c "$look" "$canary"
	done
done
for path in etc/passwd etc/group etc/resolv.conf etc/hosts etc/hostname; do
	for kind in absolute relative loop dir fifo device magic; do
		hostile "$path" $kind "/${path#etc/}"
		try "/$path: $kind" run -- sh -c "$look" "$canary"
	done
done
for kind in absolute relative; do
	hostile etc $kind /etc
	run bx run -u spy -- id
	like "$err" "no user 'spy'" "/etc: $kind: nobody of the host's can be named"
	hostile etc/passwd $kind /passwd
	run bx run -u spy -- id
	like "$err" "no user 'spy'" "/etc/passwd: $kind: nobody of the host's can be named"
	hostile etc/group $kind /group
	run bx run -u 5:spies -- id
	like "$err" "no group 'spies'" "/etc/group: $kind: no group of the host's can be named"
done
for path in dev/pts dev/null dev/console dev/shm dev/mqueue dev/net sys/fs proc/self; do
	hostile "$path" absolute "/${path#*/}"
	try "/$path: absolute" run -- sh -c "$look" "$canary"
	is "$(bx run -u root -- sh -c 'stat -c %t:%T /dev/null /proc/keys; stat -f -c %t /dev/pts' 2>/dev/null | tr '\n' ' ')" '1:3 1:3 1cd1 ' "/$path: devices are the kernel's"
done
for file in passwd group; do
	hostile etc/$file huge
	try "/etc/$file of 10 GiB" run -- sh -c "$look" "$canary"
	like "$err" "'/etc/$file' of the image is larger" "/etc/$file of 10 GiB is named"
done

# The same with a box that stays: the account is written into its layer.
for path in etc etc/passwd etc/hosts; do
	hostile $path absolute "${path#etc}"
	try "up with a link at /$path" up
	run bx down
	is "$(fingerprint "$canary")" "$before" "/$path: nor does down touch it"
done

# A box plants links while it runs; `exec -u` and restart must not follow them.
hostile none dir
profile
echo 'user: root' >>"$project/devbox.yaml"
bx up >/dev/null 2>&1
bx exec -T -- sh -c "rm /etc/passwd /etc/group; ln -s $canary/passwd /etc/passwd; ln -s $up$canary/group /etc/group;" >/dev/null 2>&1
try 'exec -u root, accounts are links' exec -T -u root -- sh -c "$look" "$canary"
try 'exec -u 12, accounts are links' exec -T -u 12 -- sh -c "$look" "$canary"
for kind in fifo device huge; do
	bx exec -T -- sh -c "rm -f /etc/passwd; case $kind in fifo) mkfifo /etc/passwd;; device) ln -s /dev/zero /etc/passwd;; huge) truncate -s 10G /etc/passwd;; esac"
	try "exec -u 12, /etc/passwd: $kind" exec -T -u 12 -- sh -c 'echo inside'
	is "$status" 125 "and is refused"
done
try 'restart' restart
bx down >/dev/null 2>&1

# Links in the isolated home, where the workspace and files are mounted next time.
hostile none dir
profile
bx up >/dev/null 2>&1
bx exec -T -- sh -c "cd ~ && ln -s $canary src && ln -s $canary/file one && ln -s $up$canary two && ln -s $canary/file three && ln -s $canary .config"
bx down >/dev/null 2>&1
echo real >"$tmp/real"
plant() { # KEYS...
	profile "$home/${1:-src}"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$project/devbox.yaml"
}
for target in src src/sub two two/sub .config/deep/er; do
	plant $target
	try "workspace at ~/$target, a link planted before" run -- sh -c "$look" "$canary"
	try "up: workspace at ~/$target" up
	bx down >/dev/null 2>&1
done
plant work "volumes: ['$tmp/real:$home/one', 'data:$home/two/data', '$tmp/real:$home/src/file']"
try 'volumes on links' up
bx down >/dev/null 2>&1
plant work "tmpfs: ['$home/src', '$home/two/x']"
try 'a tmpfs on a link' up
bx down >/dev/null 2>&1
hidden=.devboxtest.$$
echo mine >"$home/$hidden"
for mode in copy ro rw; do
	profile
	bx up >/dev/null 2>&1
	bx exec -T -- sh -c "ln -sf $canary/file ~/$hidden"
	bx down >/dev/null 2>&1
	plant work "home_files: ['~/$hidden:$mode']"
	try "a home file ($mode) on a link" up
	bx down >/dev/null 2>&1
done
is "$(cat "$home/$hidden")" mine 'the real home is what it was'
rm -f "$home/$hidden"
nok 'nothing of the workspace was made there' test -e "$canary/sub"

# The program itself: CVE-2019-5736, CVE-2024-21626.
hostile none dir
printf '#!/proc/self/exe\n' >"$tmp/root/bin/evil" && chmod 755 "$tmp/root/bin/evil"
printf '#!/proc/1/exe\n' >"$tmp/root/bin/evil1" && chmod 755 "$tmp/root/bin/evil1"
profile
program=$(sha256sum "$DEVBOX")
bx up >/dev/null 2>&1
for who in dev root; do
	for name in evil evil1; do
		run timeout 10 "$DEVBOX" exec -T -u $who -- /bin/$name
		isnt_ours=$(grep -c 'Usage\|usage: devbox' <<<"$out$err")
		is "$isnt_ours" 0 "$name as $who does not run devbox"
	done
	run bx exec -T -u $who -- sh -c 'for p in /proc/[0-9]*/exe; do (echo x >>"$p") 2>/dev/null && case $(readlink "$p") in *busybox*) ;; *) echo "wrote $p" ;; esac; done; true'
	is "$out" '' "$who can write no program of devbox"
done
unlike "$(bx exec -T -u root -- readlink /proc/1/exe)" "$top|$(dirname "$DEVBOX")" 'process 1 is no file of the host'
is "$(sha256sum "$DEVBOX")" "$program" 'devbox is what it was'
bx down >/dev/null 2>&1
echo 'command: [sleep, "60"]' >"$tmp/command"
for dir in /proc/self/fd/3 /proc/self/fd/7 /proc/self/fd/20 /proc/1/root /proc/1/cwd; do
	profile
	{ echo "working_dir: $dir"; cat "$tmp/command"; } >>"$project/devbox.yaml"
	run bx up
	[ "$status" -ne 0 ] || err="inside $(bx exec -T -- readlink /proc/2/cwd)"
	like "$err" "^inside /\$|^devbox: enter folder '$dir' in the box: " "working_dir: $dir leads nowhere"
	bx down >/dev/null 2>&1
done

done_testing
