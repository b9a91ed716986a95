#!/bin/bash
# `image: rootfs:DIR`: a layer of the box's own over a folder that is never written to.
. "$(dirname "$0")/lib.sh"

command -v fuse-overlayfs >/dev/null || skip_all 'no fuse-overlayfs here'
in_box() { bx exec -T -- "$@"; }
as_root() { bx exec -T -u root -- "$@"; }
# Everything a write would change, the time of a change of an inode among it.
fingerprint() { as_all_ids find "$1" -printf '%P %i %n %m %U %G %s %T@ %C@ %l\n' | sort | sha256sum; }

busybox=$tmp/busybox
busybox_root "$busybox"
mkdir -p "$busybox"/opt/{tree/deep,other} "$busybox/opt/sticky"
echo lower >"$busybox/opt/file"
echo deep >"$busybox/opt/tree/deep/file"
echo here >"$busybox/opt/other/file"
printf '#!/bin/sh\necho script\n' >"$busybox/opt/script" && chmod 755 "$busybox/opt/script"
ln -s file "$busybox/opt/link"
chmod -R go+rX "$busybox"
debian=$(debian_root)

# What can be done over a lower layer. Every line is one check; it runs as root in the box.
cat >"$tmp/checks" <<'END'
the lower file is there|test "$(cat /opt/file)" = lower
append to a lower file|echo more >>/opt/file && test "$(cat /opt/file)" = "$(printf 'lower\nmore')"
truncate a lower file|: >/opt/other/file && test ! -s /opt/other/file
a link into the lower layer|test "$(cat /opt/link)" = "$(cat /opt/file)"
remove a lower folder and make it again: empty|rm -r /opt/tree && mkdir /opt/tree && test -z "$(ls -A /opt/tree)"
a file of a name that was a folder there|echo new >/opt/tree/deep && test "$(cat /opt/tree/deep)" = new
a folder in the place of a file|rm /opt/script && mkdir /opt/script && test -d /opt/script
a file in the place of a folder|rm -r /opt/other && echo x >/opt/other && test -f /opt/other
rename a lower file|mv /opt/file /opt/renamed && test ! -e /opt/file && grep -q lower /opt/renamed
a file of the old name|echo again >/opt/file && test "$(cat /opt/file)" = again
exchange the type of a lower link|rm /opt/link && mkdir /opt/link && test -d /opt/link
chmod a lower file|chmod 0640 /etc/passwd && test "$(stat -c %a /etc/passwd)" = 640 && chmod 0644 /etc/passwd
chown a lower file|chown 7:8 /opt/renamed && test "$(stat -c %u:%g /opt/renamed)" = 7:8
set a time of a lower file|touch -d '2001-02-03 04:05:06' /etc/group && test "$(date -r /etc/group +%Y)" = 2001
a hard link to a lower file|ln /etc/passwd /etc/passwd2 && test "$(stat -c %h /etc/passwd)" = 2 && echo x >>/etc/passwd && cmp /etc/passwd /etc/passwd2
a fifo|mkfifo /opt/fifo && test -p /opt/fifo
remove a lower file|rm /etc/group && test ! -e /etc/group && echo root:x:0: >/etc/group
mv of a lower folder, which copies|mv /var/tmp /var/tmp2 && test -d /var/tmp2 && test ! -e /var/tmp && mkdir -m 1777 /var/tmp
the sticky folder keeps its mode|test "$(stat -c %a /tmp)" = 1777
mounts at work: no mark of the overlay is seen|test -z "$(find / -xdev -name '.wh.*')"
END
run_checks() {
	local what=$1 desc command
	while IFS='|' read -r desc command; do
		ok "$what: $desc" as_root sh -c "$command"
	done <"$tmp/checks"
}

# Both kinds of root, through the overlay of the kernel.
before=$(fingerprint "$busybox")
make_project root-small "image: rootfs:$busybox"
run bx up
unlike "$err" 'fuse' 'a root of the own ids needs no fuse-overlayfs'
like "$(in_box grep ' / overlay ' /proc/mounts)" userxattr 'the overlay is that of the kernel, with userxattr'
run_checks busybox
ok 'the user writes where everybody may' in_box sh -c 'echo x >/tmp/mine && test -O /tmp/mine'
is "$(in_box sh -c 'echo "$(id -un) $(id -u)"')" "$(id -un) $(id -u)" 'the user has an account in it'

# What was done lasts until `down`.
bx stop >/dev/null 2>&1
is "$(fingerprint "$busybox")" "$before" 'nothing of it is in the folder'
run bx start
is "$status" 0 'after stop comes start'
ok 'what was written is there' as_root sh -c 'test "$(cat /opt/tree/deep)" = new && test -d /opt/script && test "$(stat -c %u:%g /opt/renamed)" = 7:8'
ok 'what was removed is not' as_root sh -c 'test ! -e /opt/tree/file && test -f /opt/other && test ! -e /var/tmp/x'
bx restart >/dev/null 2>&1
ok 'so it is after a restart' as_root test -d /opt/script
bx down >/dev/null 2>&1
is "$(find "$XDG_DATA_HOME/devbox" -name upper 2>/dev/null)" '' 'down removes the layer'
bx up >/dev/null 2>&1
is "$(in_box cat /opt/file /opt/tree/deep/file | tr '\n' ' ')" 'lower deep ' 'and after it the box is as new'
bx down >/dev/null 2>&1
run bx run -u root -- sh -c 'rm -r /opt && mkdir /opt && echo x >/opt/x && cat /opt/x'
is "$out" x 'run has a layer too'
is "$(bx run -- cat /opt/file)" lower 'gone when it ends'
is "$(find "$XDG_DATA_HOME/devbox/tmp" -mindepth 1 2>/dev/null)" '' 'nothing is left of it'
is "$(fingerprint "$busybox")" "$before" 'the folder is what it was'

# Debian: the package manager, as one writes most.
before=$(fingerprint "$debian")
make_project root-large "image: rootfs:$debian"
bx up >/dev/null 2>&1
is "$(in_box sh -c '. /etc/os-release; echo $ID')" debian 'a Debian root'
ok 'the user writes where everybody may' in_box sh -c 'echo x >/tmp/mine && test -O /tmp/mine'
nok 'and not where root alone may' in_box sh -c 'echo x >/opt/mine'
cat >package.sh <<'END'
set -e
make() {
	rm -rf /tmp/p && mkdir -p /tmp/p/DEBIAN /tmp/p/usr/share/toy/dir /tmp/p/usr/bin
	printf 'Package: toy\nVersion: %s\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: toy\n' "$1" >/tmp/p/DEBIAN/control
	echo "$1" >/tmp/p/usr/share/toy/dir/version
	printf '#!/bin/sh\necho toy %s\n' "$1" >/tmp/p/usr/bin/toy && chmod 755 /tmp/p/usr/bin/toy
	dpkg-deb -b /tmp/p /tmp/toy.deb
}
make 1 && dpkg -i /tmp/toy.deb && test "$(toy)" = 'toy 1'
make 2 && dpkg -i /tmp/toy.deb && test "$(toy)" = 'toy 2'
dpkg -P toy && test ! -e /usr/share/toy
dpkg --verify base-files
END
ok 'dpkg installs, upgrades and removes' as_root sh package.sh
ok 'rm -r and mkdir over a large folder' as_root sh -c 'rm -r /usr/share/perl && mkdir /usr/share/perl && test -z "$(ls -A /usr/share/perl)"'
ok 'chmod -R over a tree' as_root sh -c 'chmod -R go-rwx /usr/lib/git-core && test "$(stat -c %a /usr/lib/git-core/git-merge)" != 755'
ok 'cp -a of a tree' as_root sh -c 'cp -a /etc /etc2 && diff -r /etc /etc2'
ok 'git works in the root' as_root sh -c 'cd /opt && git init -q r && cd r && echo x >f && git add f && git -c user.name=n -c user.email=e commit -qm m && git gc -q && git fsck'
bx down >/dev/null 2>&1
is "$(fingerprint "$debian")" "$before" 'the Debian root is what it was'

# Where the kernel's overlay cannot go: fuse-overlayfs, and the user is told.
single() {
	unshare --user --map-current-user --keep-caps --mount -- env XDG_RUNTIME_DIR="$tmp/rt" bash -c '
		. "$1/mnt.sh"
		setpriv --ambient-caps=-all --inh-caps=-all bash "$1/inner.sh"' bash "$tmp" </dev/null
}
mkdir -m 0700 "$tmp/rt"
mkdir "$tmp"/{ovl,ovu,ovw,ov}
if unshare --user --map-current-user --keep-caps --mount true 2>/dev/null; then
	# The layer of the box lies on an overlay.
	cat >"$tmp/mnt.sh" <<END
mount -t overlay overlay -o lowerdir=$tmp/ovl,upperdir=$tmp/ovu,workdir=$tmp/ovw,userxattr $tmp/ov
END
	cat >"$tmp/inner.sh" <<END
export XDG_DATA_HOME=$tmp/ov
cd $tmp/work/root-small
$DEVBOX up
$DEVBOX exec -T -- grep ' / ' /proc/mounts
while IFS='|' read -r desc command; do
	# A single id can give nothing away; fuse-overlayfs 1.10 still sees the folder that was there.
	case \$desc in *chown* | *'was a folder'*) continue ;; esac
	$DEVBOX exec -T -- sh -c "\$command" && echo "PASS \$desc" || echo "FAIL \$desc"
done <$tmp/checks
$DEVBOX restart
$DEVBOX exec -T -- sh -c 'test -d /opt/script && test ! -e /opt/tree/file && echo LASTS'
$DEVBOX down
echo "\$?" DOWN
END
	before=$(fingerprint "$busybox")
	run single
	like "$err" 'fuse-overlayfs: native overlayfs does not work where' 'a layer on an overlay: through fuse-overlayfs, and up says why'
	like "$out" 'fuse-overlayfs / |/ fuse' 'the root is one'
	is "$(grep '^FAIL' <<<"$out")" '' 'everything works on it'
	is "$(grep -c '^PASS' <<<"$out")" "$(($(wc -l <"$tmp/checks") - 2))" 'all of it'
	like "$out" LASTS 'and lasts over a restart'
	like "$out" '0 DOWN' 'and can be removed'
	is "$(fingerprint "$busybox")" "$before" 'the folder is what it was then, too'

	# The files of the root belong to ids that the box does not have.
	: >"$tmp/mnt.sh"
	cat >"$tmp/inner.sh" <<END
export XDG_DATA_HOME=$tmp/data
cd $tmp/work/root-large
$DEVBOX up
$DEVBOX exec -T -- sh -c 'stat -c %u:%g /etc/hosts /etc/debian_version /usr/bin/env'
$DEVBOX exec -T -- sh -c 'echo more >>/etc/debian_version && touch /usr/bin/env && chmod 600 /etc/profile && tail -n 1 /etc/debian_version'
$DEVBOX exec -T -- sh -c 'rm -r /usr/share/perl && mkdir /usr/share/perl && ls -A /usr/share/perl && echo EMPTY'
$DEVBOX exec -T -- sh -c 'mv /etc/profile /etc/s2 && ln /etc/s2 /etc/s3 && echo MOVED'
$DEVBOX down
END
	before=$(fingerprint "$debian")
	run single
	like "$err" 'fuse-overlayfs: its files belong to ids outside' 'a root of other ids: through fuse-overlayfs, and up says why'
	unlike "$out" '65534' 'its files are shown as root'"'"'s'
	like "$out" $'\nmore\n' 'and can be written'
	like "$out" EMPTY 'removed and made again'
	like "$out" MOVED 'moved and linked'
	is "$(fingerprint "$debian")" "$before" 'the folder is what it was'
else
	skip 'fuse-overlayfs' 'no nested user namespace'
fi

# The same with all ids of the caller: a root of the machine's own root.
if [ -d /usr/bin ] && [ "$(stat -c %u /usr/bin)" = 0 ]; then
	make_project root-usr 'image: rootfs:/usr'
	run bx up
	like "$err" 'fuse-overlayfs: its files belong to ids outside' 'files of the real root: through fuse-overlayfs'
	is "$(as_root stat -c %u:%g /bin /bin/env | sort -u)" 0:0 'they are those of the root of the box'
	ok 'who writes them' as_root sh -c 'rm /bin/env && ln -s sh /bin/env && echo x >>/bin/ldd && chmod 700 /bin/cp && mkdir -m 1777 /all'
	ok 'gives them away' as_root sh -c 'chown 7:8 /bin/mv && test "$(stat -c %u:%g /bin/mv)" = 7:8'
	ok 'the user keeps what he makes' in_box sh -c 'touch /all/mine && echo x >>/all/mine && test -O /all/mine && mkdir /all/dir && mv /all/mine /all/dir'
	nok 'and writes nothing of root' in_box sh -c 'echo x >>/bin/ldd'
	bx down >/dev/null 2>&1
	like "$(readlink -f /usr/bin/env)$(stat -c %a /usr/bin/cp)" '/env755$' 'the files of the host are what they were'
fi

# A box inside of a box.
make_project root-nest "image: host
volumes: ['$tmp/busybox:/lower:ro', '$(dirname "$(readlink -f "$DEVBOX")"):/dist:ro']"
bx up >/dev/null 2>&1
run in_box sh -c 'mkdir -p /tmp/in && cd /tmp/in && echo "image: rootfs:/lower" >devbox.yaml && export XDG_DATA_HOME=/tmp/in/data &&
	/dist/devbox -y up && /dist/devbox exec -T -- sh -c "echo inner >/opt/file && cat /opt/file && hostname" && /dist/devbox down'
is "$out" $'inner\nin' 'devbox works in a box'
like "$err" 'no power inside of a box or sandbox' 'with a single id, and says so'
is "$(cat "$busybox/opt/file")" lower 'and leaves the folder alone'

# Not a root at all.
for dir in "$tmp/none" "$tmp/checks" "$tmp/ovl"; do
	make_project root-bad "image: rootfs:$dir"
	run bx run -- true
	like "$status" '^12[57]$' "rootfs:${dir##*/} is no root: nothing begins"
	like "$err" "(devbox.yaml:1:|not found|No such file)" 'and one sentence says so'
	run bx up
	[ "$status" -ne 0 ] && like "$err" 'devbox.yaml:1:8: error' 'up names the line'
	bx down >/dev/null 2>&1
done

done_testing
