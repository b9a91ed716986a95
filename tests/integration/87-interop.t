#!/bin/bash
# Images that buildah, podman, umoci and skopeo make, through a registry, are here what they are there; and what devbox
# saves, skopeo and podman take and run.
. "$(dirname "$0")/lib.sh"

start_registry
for tool in buildah podman python3 jq busybox; do
	command -v $tool >/dev/null || skip_all "$tool is not installed"
done
cd "$tmp/work" || exit 1
mkdir "$tmp/stack" "$tmp/storage" && mkdir -m 0777 "$tmp/parts"
# The session's folder is theirs, too, and longer names do not fit into it.
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot BUILDAH_FORMAT=oci
build() { buildah --root "$tmp/storage/root" --runroot "$tmp/storage/run" "$@"; }
pod() { podman --root "$tmp/storage/root" --runroot "$tmp/storage/run" --cgroup-manager=cgroupfs --events-backend=none "$@"; }
copy() { skopeo --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false "$@"; }
kind() { skopeo --insecure-policy inspect --tls-verify=false --raw "docker://$registry/$1" | jq -r '.mediaType // empty, .layers[]?.mediaType' | sed 's,.*/,,' | sort -u | paste -sd' '; }

fresh() {
	export XDG_DATA_HOME=$tmp/data.$((++stores))
	mkdir "$XDG_DATA_HOME"
	store=$XDG_DATA_HOME/devbox
}
open_store() { chmod a+x "$XDG_DATA_HOME" "$store" "$store/layers" "$store/layers"/*; }
layers() { bx inspect "$1" --json | jq -r '.layers[].id'; }

# Everything about every file below a folder that an image can say, one a line; not the time of the folder itself.
list() {
	python3 - "$1" <<'END'
import hashlib, os, stat, sys
os.chdir(sys.argv[1])
def say(path):
    st = os.lstat(path)
    text = ''
    if stat.S_ISREG(st.st_mode):
        with open(path, 'rb') as file:
            text = '%d %s' % (st.st_size, hashlib.sha256(file.read()).hexdigest())
    elif stat.S_ISLNK(st.st_mode):
        text = os.readlink(path)
    names = [n for n in os.listxattr(path, follow_symlinks=False) if not n.startswith('user.overlay.')]
    attributes = ['%s=%s' % (n, os.getxattr(path, n, follow_symlinks=False).hex()) for n in sorted(names)]
    links = st.st_nlink if stat.S_ISREG(st.st_mode) else 1
    print(path, stat.filemode(st.st_mode), st.st_uid, st.st_gid, path == '.' or st.st_mtime_ns // 1000000000, links, text, *attributes)
for path, folders, files in os.walk('.'):
    folders.sort()
    say(path)
    for name in sorted(files + [f for f in folders if os.path.islink(os.path.join(path, f))]):
        say(os.path.join(path, name))
END
}
export -f list
list_image() {
	local lower
	lower=$(layers "$1" | sed "s,.*,$store/layers/&/diff," | tac | paste -sd:)
	open_store && as_box_root unshare --mount bash -c '
		[ "${1#*:}" != "$1" ] || { list "$1"; exit; }
		mount -t overlay overlay -o "ro,userxattr,lowerdir=$1" "$2" && list "$2"' bash "$lower" "$tmp/stack"
}
# same_as_umoci NAME - the image of the registry, unpacked by both
same_as_umoci() {
	rm -rf "$tmp/layout" && as_box_root rm -rf "$tmp/bundle/it"
	mkdir -p -m 0777 "$tmp/bundle"
	copy --format oci "docker://$registry/$1" "oci:$tmp/layout:x" && chmod -R a+rX "$tmp/layout" || return 1
	as_box_root umoci --log=error unpack --image "$tmp/layout:x" "$tmp/bundle/it" || return 1
	as_box_root bash -c "list '$tmp/bundle/it/rootfs'" >"$tmp/umoci.list"
	list_image "$registry/$1" >"$tmp/devbox.list"
	[ "$(wc -l <"$tmp/devbox.list")" -gt 10 ] && diff "$tmp/umoci.list" "$tmp/devbox.list"
}
# pulled NAME KIND WHAT
pulled() {
	fresh
	is "$(kind "$1")" "$2" "$3: is in the registry as that"
	run bx pull "$registry/$1"
	is "$status" 0 "$3: pulled"
	ok "$3: the tree is that of umoci" same_as_umoci "$1"
}
OCI='vnd.oci.image.layer.v1.tar' DOCKER='vnd.docker.image.rootfs.diff.tar' SCHEMA2='vnd.docker.distribution.manifest.v2+json'

# --- what is in them ---
mkdir "$tmp/bin" && cp "$(command -v busybox)" "$tmp/bin/busybox"
as_box_root sh -ec 'cd "$1" && mkdir -p one/a/b one/bin one/etc one/tmp one/old/deep
	cp "$2" one/bin/busybox && for name in sh true cat id ls echo; do ln -s busybox one/bin/$name; done
	chmod 1777 one/tmp && echo root:x:0:0::/:/bin/sh >one/etc/passwd && echo x >one/old/deep/gone && echo y >one/old/kept
	echo hard >one/a/hard && ln one/a/hard one/a/b/twin && ln -s ../../etc/passwd one/a/b/link
	mkfifo one/a/pipe && truncate -s 1M one/a/holes && echo end >>one/a/holes && chmod 6755 one/bin/busybox
	echo "a name" >"one/a/with blank" && echo x >"one/a/$(printf "\303\244\314\210")" && chown 998:999 one/a/hard && chown -h 7:8 one/a/b/link
	cp "$2" one/a/able && setcap cap_net_raw+ep one/a/able && chmod 2750 one/a/b && chown 12:34 one/a/b
	mkdir "one/$(printf "%0120d" 7)" && touch "one/$(printf "%0120d" 7)/$(printf "%0130d" 8)"
	mkdir -p two/a two/new && echo changed >"two/a/with blank" && echo new >two/new/file
	find one two -exec touch -h -d 2020-02-02T02:02:02Z {} +
	tar -C one --numeric-owner --sort=name --format=posix --xattrs --xattrs-include="*" -cf one.tar .
	tar -C two --numeric-owner --sort=name --format=posix -cf two.tar . && chmod 0644 *.tar' sh "$tmp/parts" "$tmp/bin/busybox" || exit 1

# --- buildah ---
container=$(build from scratch 2>"$tmp/.err") || skip_all 'buildah does not work here'
build add -q "$container" "$tmp/parts/one.tar" / >/dev/null
build config --env MADE_BY=buildah --env PATH=/bin --cmd /bin/true "$container" 2>/dev/null
build commit -q "$container" base:1 >/dev/null 2>&1
next=$(build from base:1)
build add -q "$next" "$tmp/parts/two.tar" / >/dev/null
build run "$next" -- sh -c 'cd /old && busybox rm -r deep && busybox mkdir deep && echo z >deep/other; busybox rm kept' 2>"$tmp/.err" || true
build commit -q "$next" built:1 >/dev/null 2>&1
push() { build push -q --tls-verify=false "$@" >/dev/null 2>"$tmp/.err"; }
ok 'buildah pushes gzip' push built:1 "docker://$registry/buildah:gzip"
ok 'skopeo makes zstd of it' copy --dest-compress-format zstd "docker://$registry/buildah:gzip" "oci:$tmp/zstd:x"
ok 'and pushes it' copy --preserve-digests "oci:$tmp/zstd:x" "docker://$registry/buildah:zstd"
ok 'and schema 2 of Docker' push --format v2s2 built:1 "docker://$registry/buildah:docker"
pulled buildah:gzip "vnd.oci.image.layer.v1.tar+gzip vnd.oci.image.manifest.v1+json" 'gzip by buildah'
gzip=$(layers "$registry/buildah:gzip")
is "$(grep -c old/deep/gone "$tmp/devbox.list") $(grep -c './old/deep ' "$tmp/devbox.list")" '0 1' 'what a layer removed is gone'
is "$(bx run --image "$registry/buildah:gzip" -- sh -c 'cat "/a/with blank"; echo $MADE_BY' </dev/null 2>/dev/null | paste -sd' ')" 'changed buildah' 'a box runs on it'
pulled buildah:docker "$SCHEMA2 $DOCKER.gzip" 'schema 2 by buildah'
fresh
is "$(kind buildah:zstd)" "$OCI+zstd vnd.oci.image.manifest.v1+json" 'zstd by buildah is in the registry as that'
ok 'it is pulled' bx pull "$registry/buildah:zstd"
is "$(layers "$registry/buildah:zstd")" "$gzip" 'and is the same layers'
ok 'buildah makes a list' build manifest create list
arch=$(dpkg --print-architecture)
build manifest add --arch "$arch" list "docker://$registry/buildah:gzip" --tls-verify=false >/dev/null 2>"$tmp/.err"
build manifest add --arch s390x list "docker://$registry/buildah:docker" --tls-verify=false >/dev/null 2>>"$tmp/.err"
for format in oci v2s2; do
	fresh
	build manifest push --all --format $format --tls-verify=false list "docker://$registry/list:$format" >/dev/null 2>"$tmp/.err"
	like "$(kind list:$format)" "$([ $format = oci ] && echo index.v1 || echo manifest.list.v2)" "a list as $format is in the registry"
	ok 'of it that of this machine is pulled' bx pull "$registry/list:$format"
	is "$(layers "$registry/list:$format")" "$gzip" 'and is the same layers'
done

# --- podman ---
ok 'podman imports' pod import -q --change 'ENV=PATH=/bin' --change 'CMD=["/bin/true"]' "$tmp/parts/one.tar" localhost/podman:1
for format in oci v2s2; do
	ok "podman pushes $format" pod push -q --tls-verify=false --format $format localhost/podman:1 "docker://$registry/podman:$format"
done
pulled podman:oci "$OCI+gzip" 'oci by podman'
pulled podman:v2s2 "$SCHEMA2 $DOCKER.gzip" 'schema 2 by podman'

# --- umoci, by way of skopeo ---
umoci_quiet() { umoci --log=error "$@" >/dev/null; }
chmod -R a+rX "$tmp/layout"
umoci_quiet init --layout "$tmp/own" && umoci_quiet new --image "$tmp/own:x"
for tar in one two; do umoci_quiet raw add-layer --image "$tmp/own:x" "$tmp/parts/$tar.tar"; done
mkdir "$tmp/more" && echo more >"$tmp/more/file"
umoci_quiet insert --rootless --image "$tmp/own:x" --opaque "$tmp/more" /a
umoci_quiet insert --rootless --image "$tmp/own:x" --whiteout /old/deep
ok 'umoci makes one of four layers' copy "oci:$tmp/own:x" "docker://$registry/umoci:oci"
ok 'skopeo makes schema 2 of it' copy --format v2s2 "oci:$tmp/own:x" "docker://$registry/umoci:docker"
pulled umoci:oci "$OCI+gzip" 'by umoci'
is "$(grep -c '^./a/' "$tmp/devbox.list") $(grep -c ' ./old/deep ' "$tmp/devbox.list")" '1 0' 'an opaque folder has its own files only'
pulled umoci:docker "$SCHEMA2 $DOCKER.gzip" 'schema 2 by skopeo'

# --- and back ---
fresh
ok 'an image of two layers' bx pull "$registry/buildah:gzip"
list_image "$registry/buildah:gzip" >"$tmp/before.list"
for format in oci-archive docker-archive oci; do
	rm -rf "$tmp/saved"
	ok "saved as $format" bx save --format $format -o "$tmp/saved" "$registry/buildah:gzip"
	is "$(skopeo --insecure-policy inspect --config "$format:$tmp/saved" | jq -r '.config.Env[]' | paste -sd' ')" 'MADE_BY=buildah PATH=/bin' "skopeo reads $format"
	[ $format != oci ] || continue
	run pod load -q -i "$tmp/saved"
	is "$status" 0 "podman loads $format"
	id=${out##*: }
	is "$(pod inspect --type image "$id" 2>/dev/null | jq -r '.[0].RootFS.Layers | length')" "$(wc -l <<<"$gzip")" "$format: with as many layers"
	box=$(build from "$id" 2>"$tmp/.err")
	is "$(build run "$box" -- sh -c 'echo $MADE_BY && cat "/a/with blank" && ls /old' 2>"$tmp/.err" | paste -sd' ')" 'buildah changed deep' "$format: and it runs"
	build rm "$box" >/dev/null 2>&1
	pod rmi -f "$id" >/dev/null 2>&1
done
as_all_ids rm -rf "$tmp/storage"

done_testing
