#!/bin/bash
# packages: which package manager an image has, what it is told, and what it has besides: a network, its cache, and
# nobody else at it. First stand-ins note it, then dnf and pacman, as Debian has them, install a package; 83-build.t has apt.
. "$(dirname "$0")/lib.sh"

store=$XDG_DATA_HOME/devbox
files() { (cd "$store/layers" && as_all_ids find . -mindepth 3 -printf '%P %y\n') | sed 's,^[^/]*/diff/,,' | sort | paste -sd' '; }

# root_with PATH... - a root in which these are package managers; sets $root
root_with() {
	local path
	root=$tmp/root.$((++roots))
	busybox_root "$root"
	for path in "$@"; do
		mkdir -p "$root/${path%/*}" && rm -f "$root/$path"
		cat >"$root/$path" <<'END'
#!/bin/sh
printf '%s' "$0" >>/told
for word; do printf ' [%s]' "$word" >>/told; done
echo >>/told
id -u >>/told
ls /sys/class/net | grep -c tap >>/told
for dir in /var/cache/apk /var/cache/dnf /var/cache/libdnf5 /var/cache/pacman/pkg /var/cache/apt; do
	[ -d $dir ] || continue
	echo "cache $dir: $(cat $dir/kept 2>/dev/null || echo empty)" >>/told
	echo "was here" >$dir/kept
	mkdir $dir/busy && sleep 0.3 && rmdir $dir/busy || exit 9
done
case " $* " in *' none '*) echo "no package 'none'" >&2 && exit 7 ;; esac
END
		chmod 0755 "$root/$path"
	done
}
# told WANT WHAT - packages were installed, and that is what the manager noted
told() {
	run bx build
	is "$status" 0 "$2"
	is "$(bx run -- cat /told </dev/null)" "$1" 'is told that, as root, with a network and its cache'
}

make_project packagers
root_with sbin/apk
printf 'image: rootfs:%s\npackages: [zlib, git, git]\n' "$root" >devbox.yaml
told "/sbin/apk [add] [-U] [--cache-dir] [/var/cache/apk] [git] [zlib]
0
1
cache /var/cache/apk: empty" 'apk'
is "$(files)" 'told f' 'the layer has what it wrote, and neither its cache nor the folders of that'
printf 'image: rootfs:%s\npackages: {apk: [git, "curl>8", so:libssl.so.3], dnf: [other]}\n' "$root" >devbox.yaml
run bx build
is "$status" 0 'its own list'
like "$(bx run -- cat /told </dev/null)" '\[curl>8\] \[git\] \[so:libssl.so.3\]' 'goes to it, each a word, whatever is in it'
like "$(bx run -- cat /told </dev/null)" 'cache /var/cache/apk: was here' 'with the cache of the last time'

root_with usr/bin/apk
printf 'image: rootfs:%s\npackages: [git]\n' "$root" >devbox.yaml
told "/usr/bin/apk [add] [-U] [--cache-dir] [/var/cache/apk] [git]
0
1
cache /var/cache/apk: was here" 'apk in /usr/bin'

root_with usr/bin/dnf5
ln -s dnf5 "$root/usr/bin/dnf"
printf 'image: rootfs:%s\npackages: {dnf: ["@development-tools", git]}\n' "$root" >devbox.yaml
told "/usr/bin/dnf [install] [-y] [--setopt=keepcache=True] [@development-tools] [git]
0
1
cache /var/cache/dnf: empty
cache /var/cache/libdnf5: empty" 'dnf, a link to the real one,'

root_with usr/bin/pacman
printf 'image: rootfs:%s\npackages: {pacman: [base-devel, git]}\n' "$root" >devbox.yaml
told "/usr/bin/pacman [-Sy] [--noconfirm] [--needed] [base-devel] [git]
0
1
cache /var/cache/pacman/pkg: empty" 'pacman'
printf 'image: rootfs:%s\npackages: {pacman: [none]}\n' "$root" >devbox.yaml
run bx build
is "$status" 1 'one that does not find a package'
like "$err" "no package 'none'.*error: packages failed with status 7: none" 'fails the build, with what it said'
printf 'image: rootfs:%s\npackages: {pacman: [git, "a b"]}\n' "$root" >devbox.yaml
run bx build
nok 'two words are no package' test "$status" = 0

# --- two projects at once ---
make_project other "image: rootfs:$root
packages: [one]"
make_project third "image: rootfs:$root
packages: [two]"
bx -C ../other build >"$tmp/one" 2>&1 </dev/null &
one=$!
run bx build
end_of 60 $one
is "$status" 0 'of two at once the one waits for the other, as these managers want it'
like "$err" 'packages +built' 'and both are built'

# --- real ones, from Debian, with a package of our own ---
debian=$(debian_root) || exit 1
# real NAME PACKAGES: a root without apt, in which standard input makes a repository
real() {
	make_project "with-$1" "image: rootfs:$debian
user: root
packages: $2"
	cat >make
	printf '%s\n' 'rm /usr/bin/apt-get && cd / && rm -rf usr/share/doc usr/share/locale usr/include usr/lib/gcc var/cache/apt var/lib/apt' \
		'exec tar --one-file-system --exclude=./proc --exclude=./sys --exclude=./dev --exclude=./run --exclude=./tmp -cf "$1/root.tar" ./[a-z]*' >>make
	ok "$1: a root" bx build
	run bx run -- sh -e make "$PWD"
	is "$status" 0 "$1: a package and its repository"
	make_project "of-$1" "image: tar:../with-$1/root.tar
packages: [greet]"
	run bx build
	is "$status" 0 "$1: installs it"
	is "$(bx run -- greet </dev/null)" "from $1" "$1: the box has it"
	run bx build
	like "$err" 'packages +cached' "$1: once"
	rm "../with-$1/root.tar"
}

real pacman '[pacman-package-manager, zstd, libarchive-tools]' <<'END'
mkdir -p /srv/repo /tmp/p/usr/bin /tmp/db/greet-1-1 /var/lib/pacman && cd /tmp/p
printf '#!/bin/sh\necho from pacman\n' >usr/bin/greet && chmod 755 usr/bin/greet
printf '%s = %s\n' pkgname greet pkgbase greet pkgver 1-1 pkgdesc x url x builddate 1 packager x size 10 arch any >.PKGINFO
bsdtar -czf .MTREE --format=mtree --options='!all,use-set,type,uid,gid,mode,time,size,sha256,link' .PKGINFO usr
bsdtar --zstd -cf /srv/repo/greet.pkg.tar.zst .MTREE .PKGINFO usr && cd /tmp/db
printf '%%%s%%\n%s\n\n' FILENAME greet.pkg.tar.zst NAME greet VERSION 1-1 CSIZE "$(stat -c %s /srv/repo/greet.pkg.tar.zst)" \
	ISIZE 10 ARCH any >greet-1-1/desc
bsdtar -czf /srv/repo/own.db greet-1-1
printf '[options]\nArchitecture = auto\nSigLevel = Never\n[own]\nServer = file:///srv/repo\n' >/etc/pacman.conf
END
real dnf '[dnf, rpm, createrepo-c]' <<'END'
mkdir -p /srv/repo /tmp/b /etc/yum.repos.d && cd /tmp/b
printf '%s: %s\n' Name greet Version 1 Release 1 Summary x License x BuildArch noarch AutoReqProv no >greet.spec
cat >>greet.spec <<'SPEC'
%description
x
%install
mkdir -p %{buildroot}/usr/bin && printf '#!/bin/sh\necho from dnf\n' >%{buildroot}/usr/bin/greet && chmod 755 %{buildroot}/usr/bin/greet
%files
/usr/bin/greet
SPEC
rpmbuild -bb --define '_topdir /tmp/b/top' --define '_rpmdir /srv/repo' greet.spec
createrepo_c -q /srv/repo
printf '[own]\nname=own\nbaseurl=file:///srv/repo\ngpgcheck=0\n' >/etc/yum.repos.d/own.repo
END

done_testing
