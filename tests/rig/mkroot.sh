# Sourced. Debian roots made by an ordinary user, cached under $DEVBOX_TESTS_CACHE.

cache=${DEVBOX_TESTS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/devbox-tests}

# The first subordinate uid (or gid) of the caller: root inside every box.
first_subid() {
	awk -F: -v name="$(id -un)" -v id="$(id -u)" '$1 == name || $1 == id { print $2; exit }' "/etc/sub$1"
}

# as_box_root COMMAND... - in a user namespace whose root is that id.
as_box_root() {
	unshare --user --map-users="$(first_subid uid),0,65536" --map-groups="$(first_subid gid),0,65536" \
		--setuid 0 --setgid 0 -- "$@"
}

# Debian's own sources as this machine has them (a mirror, a snapshot), without third parties.
apt_sources() {
	local file
	for file in /etc/apt/sources.list.d/debian.sources; do
		[ ! -r "$file" ] || { grep -v '^#' "$file"; return; }
	done
	! [ -r /etc/apt/sources.list ] || grep -E '^deb .*debian' /etc/apt/sources.list || true
}

# debian_tar SUITE PACKAGES [OPTION...] - a root file system as tar on stdout.
debian_tar() {
	local suite=$1 packages=$2 sources
	shift 2
	sources=$(mktemp /var/tmp/apt-sources.XXXXXX)
	chmod 0644 "$sources"
	apt_sources >"$sources"
	[ -s "$sources" ] || { rm "$sources"; sources=; }
	# Its folder must be open to the root of the namespace, which is another id.
	TMPDIR=/var/tmp mmdebstrap --quiet --mode=unshare --variant=minbase --format=tar --include="$packages" \
		--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$@" "$suite" - ${sources:+"$sources"} </dev/null
	local status=$?
	[ -z "$sources" ] || rm "$sources"
	return $status
}
