#!/bin/bash
# Images from everywhere: made by umoci, skopeo, buildah and podman, in every compression and format, they
# unpack to what umoci unpacks; and what devbox saves, skopeo and podman read.
. "$(dirname "$0")/lib.sh"

start_registry
command -v python3 >/dev/null && command -v jq >/dev/null || skip_all 'python3 or jq is not installed'
log=$(echo "$tmp"/registry.*/log)
debian=$("$top/tests/rig/make-image" debian) && busybox=$("$top/tests/rig/make-image" busybox) || exit 1
busybox_dir=${busybox#oci:} busybox_dir=${busybox_dir%:*}
blobs() { grep -c 'http.request.method=GET.*/blobs/sha256' "$log"; }
cd "$tmp/work" || exit 1

# A store of its own, so that nothing is there.
fresh() {
	export XDG_DATA_HOME=$tmp/data.$((++stores))
	mkdir "$XDG_DATA_HOME"
	store=$XDG_DATA_HOME/devbox
}
# The folders above the layers, for root of the boxes, who is somebody else.
open_store() { chmod a+x "$XDG_DATA_HOME" "$store" "$store/layers" "$store/layers"/*; }
list_layer() { open_store && as_box_root bash -c "list '$store/layers/$1/diff'"; }
# The tree that the layers of an image make.
list_image() {
	local lower
	lower=$(bx inspect "$1" --json | jq -r --arg store "$store" '[.layers[].id | $store + "/layers/" + . + "/diff"] | reverse | join(":")')
	open_store && as_box_root unshare --mount bash -c \
		'mount -t overlay overlay -o "ro,userxattr,lowerdir=$1" "$2" && list "$2"' bash "$lower" "$tmp/stack"
}
layers() { ls "$store/layers"; }
no_image() { [ -z "$(ls "$store/images" "$store/refs" "$store/tmp" | grep -v :)" ]; }
nothing_left() { [ -z "$(ls "$store/layers" "$store/images" "$store/refs" "$store/tmp" | grep -v :)" ]; }

# Everything about every file below a folder that an image can say, one a line.
list() {
	python3 - "$1" <<'END'
import hashlib, os, stat, sys
os.chdir(sys.argv[1])
def say(path):
    st = os.lstat(path)
    kind = stat.filemode(st.st_mode)
    text = ''
    if stat.S_ISREG(st.st_mode):
        with open(path, 'rb') as file:
            text = '%d %s' % (st.st_size, hashlib.sha256(file.read()).hexdigest())
    elif stat.S_ISLNK(st.st_mode):
        text = os.readlink(path)
    elif st.st_rdev:
        text = '%x' % st.st_rdev
    names = [n for n in os.listxattr(path, follow_symlinks=False) if not n.startswith('user.overlay.')]
    attributes = ['%s=%s' % (n, os.getxattr(path, n, follow_symlinks=False).hex()) for n in sorted(names)]
    links = st.st_nlink if stat.S_ISREG(st.st_mode) else 1
    print(path, kind, st.st_uid, st.st_gid, st.st_mtime_ns // 1000000000, links, text, *attributes)
for path, folders, files in os.walk('.'):
    folders.sort()
    say(path)
    for name in sorted(files + [f for f in folders if os.path.islink(os.path.join(path, f))]):
        say(os.path.join(path, name))
END
}
export -f list

# --- the same image in every dress ---
for image in busybox zstd plain docker; do
	push_image $image "$image:1"
	fresh
	ok "$image: pulled" bx pull "$registry/$image:1"
	is "$(layers | wc -l)" 1 "$image: has one layer"
	[ -n "${same:-}" ] || same=$(layers)
	is "$(layers)" "$same" "$image: its layer has the name of what it unpacks to"
	list_layer "$same" >"$tmp/$image.list"
	ok "$image: unpacks to the same tree" diff "$tmp/busybox.list" "$tmp/$image.list"
done
is "$(bx run --image "$registry/docker:1" -- /bin/busybox echo hello </dev/null 2>&1 | tail -n 1)" hello 'a box stands on one of them'
before=$(blobs)
ok 'the same image compressed in another way' bx pull "$registry/zstd:1" "$registry/plain:1"
is "$(blobs)" "$before" 'costs no blob: its config is here, and so is what it unpacks to'
is "$(layers | wc -l)" 1 'its layer is there once'

# --- an index ---
push_image index index:1 --all
push_image foreign foreign:1 --all
fresh
ok 'of an index that of this machine' bx pull "$registry/index:1"
is "$(bx inspect "$registry/index:1" --json | jq -r '.platform')" "linux/$(dpkg --print-architecture)" 'is taken'
run bx pull "$registry/foreign:1"
is "$status" 1 'where there is none for it, nothing is'
like "$err" 'there is no image for linux/[a-z0-9/]+, only for linux/s390x' 'and those that there are, are named'
ok 'one of another platform when asked for' bx pull --platform linux/s390x "$registry/foreign:1"

# --- several layers, beside umoci ---
push_image debian debian:12
push_image debian-next debian:13
fresh
ok 'three layers at once' bx pull "$registry/debian:12"
is "$(layers | wc -l)" 3 'are three layers'
umoci=$tmp/umoci
mkdir -m 0777 "$umoci" "$tmp/stack"
source=${debian#oci:}
cp -r "${source%:*}" "$umoci/layout" && chmod -R a+rX "$umoci/layout"
ok 'umoci unpacks the same image' as_box_root umoci --log=error unpack --image "$umoci/layout:${source##*:}" "$umoci/bundle"
list_image "$registry/debian:12" >"$tmp/devbox.list"
as_box_root bash -c "list '$umoci/bundle/rootfs'" >"$tmp/umoci.list"
# When it was changed last is what umoci's own work made it.
sed -i '1s/ [0-9]* 1 *$//' "$tmp/devbox.list" "$tmp/umoci.list"
ok 'names, kinds, modes, owners, times, links, attributes and content are those of umoci' diff "$tmp/umoci.list" "$tmp/devbox.list"
ok 'and there are many' test "$(wc -l <"$tmp/devbox.list")" -gt 5000
as_box_root rm -rf "$umoci/bundle"
before=$(blobs)
ok 'another image with two of the layers' bx pull "$registry/debian:13"
is "$(($(blobs) - before))" 2 'costs a config and the third'
is "$(layers | wc -l)" 4 'which is one more'
ok 'pulled again' bx pull "$registry/debian:13"
is "$(($(blobs) - before))" 2 'it costs no blob at all'

# --- two at once ---
fresh
before=$(blobs)
bx pull "$registry/debian:12" >"$tmp/one" 2>&1 &
one=$!
bx pull "$registry/debian:12" >"$tmp/two" 2>&1 &
two=$!
end_of 100 $one
is "$status" 0 'of two pulls at once the one comes through'
end_of 100 $two
is "$status" 0 'and the other'
ok 'each layer came once' test $(($(blobs) - before)) -le 5
is "$(layers | wc -l) $(ls "$store/tmp" | wc -l)" '3 0' 'and is there once'

# --- ^C ---
fresh
"$DEVBOX" pull "$registry/debian:12" >"$tmp/one" 2>&1 &
one=$!
wait_for 20 compgen -G "$store/tmp/*/diff/*"
kill -INT $one
end_of 20 $one
nok 'a pull that is interrupted fails' test "$status" = 0
# A layer that was whole by then is of use.
ok 'and leaves no image and nothing unfinished' no_image
ok 'the next one finishes it' bx pull "$registry/debian:12"

# --- a disk without room ---
fresh
before=$(blobs)
run changed --full "$XDG_DATA_HOME" -- "$DEVBOX" pull "$registry/debian:12"
if [ "$status" = 77 ]; then
	skip 'no room' 'only below as-user'
else
	is "$status" 1 'where an image cannot fit it is not begun'
	like "$err" "the image needs about [0-9.]+M in '$store', where [0-9.]+K? is free" 'what it needs and what there is are said'
	is "$(($(blobs) - before))" 1 'before any layer is fetched'
fi

# --- archives ---
copy() { skopeo --insecure-policy copy -q "$@"; }
archives=$tmp/archives
mkdir "$archives"
copy "$busybox" "oci-archive:$archives/oci.tar:app"
copy "$busybox" "docker-archive:$archives/docker.tar:localhost/app:dev"
copy "$busybox" "docker-archive:$archives/latest.tar"
gzip -k "$archives/oci.tar"
xz -1 -k "$archives/docker.tar"

# As docker wrote them before: a folder a layer, links where a layer comes again, absolute or not.
python3 - "$archives/docker.tar" "$archives/old.tar" <<'END'
import io, json, sys, tarfile
old, new = tarfile.open(sys.argv[1]), tarfile.open(sys.argv[2], 'w', format=tarfile.USTAR_FORMAT)
entry = json.load(old.extractfile('manifest.json'))[0]
config = json.load(old.extractfile(entry['Config']))
def add(name, data=None, link=None):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, '')
    info.size = 0 if link else len(data)
    new.addfile(info, None if link else io.BytesIO(data))
layer = old.extractfile(old.getmember(entry['Layers'][0])).read()
config['rootfs']['diff_ids'] *= 2
config['history'] = [{'created_by': 'one'}, {'created_by': 'the same again'}]
add('second/layer.tar', link='../first/layer.tar')
add('first/VERSION', b'1.0')
add('first/layer.tar', layer)
add('config.json', json.dumps(config).encode())
add('manifest.json', json.dumps([{'Config': 'config.json', 'RepoTags': None,
    'Layers': ['first/layer.tar', 'second/layer.tar']}]).encode())
new.close()
END
# As docker writes them since 25: an OCI layout that has a manifest.json, too.
manifest=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "plain") | .digest[7:]' "$busybox_dir/index.json")
if [ -z "$manifest" ]; then
	plain=$("$top/tests/rig/make-image" plain) && plain=${plain#oci:}
	busybox_dir=${plain%:*}
	manifest=$(jq -r --arg name "${plain##*:}" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name) | .digest[7:]' "$busybox_dir/index.json")
fi
cp -r "$busybox_dir" "$tmp/new"
jq -c '[{Config: ("blobs/sha256/" + .config.digest[7:]), RepoTags: ["localhost/new:1"], Layers: [.layers[] | "blobs/sha256/" + .digest[7:]]}]' \
	"$tmp/new/blobs/sha256/$manifest" >"$tmp/new/manifest.json"
tar -C "$tmp/new" -cf "$archives/new.tar" .

for source in "$busybox" "oci-archive:$archives/oci.tar" "oci-archive:$archives/oci.tar:app" "oci-archive:$archives/oci.tar.gz" \
	"docker-archive:$archives/docker.tar" "docker-archive:$archives/docker.tar:localhost/app:dev" \
	"docker-archive:$archives/docker.tar.xz" "docker-archive:$archives/latest.tar" "docker-archive:$archives/old.tar" \
	"docker-archive:$archives/new.tar"; do
	fresh
	ok "${source//$tmp\//}: loaded" bx load "$source"
	is "$(layers)" "$same" "${source//$tmp\//}: has the layer of the others"
done
fresh
ok 'an archive with a name in it' bx load "docker-archive:$archives/docker.tar"
like "$(bx images)" 'localhost/app:dev' 'is known by that name'
run bx load "docker-archive:$archives/docker.tar:other:1"
is "$status" 1 'an archive has not every name'
like "$err" "find 'other:1' in it, there are: localhost/app:dev" 'and says those it has'
make_project own "image: docker-archive:$archives/old.tar"
fresh
ok 'a box stands on an archive' bx up
unlike "$(bx images)" 'localhost/app:dev' 'names in it are not taken for a box'
bx down >/dev/null 2>&1
cd "$tmp/work" || exit 1

# --- a bare root ---
mkdir "$tmp/root"
busybox_root "$tmp/root"
tar -C "$tmp/root" --owner=0 --group=0 --numeric-owner -cf "$archives/root.tar" .
for suffix in gz zst; do
	case $suffix in gz) gzip -k "$archives/root.tar" ;; zst) zstd -q "$archives/root.tar" 2>/dev/null ;; esac
	[ -e "$archives/root.tar.$suffix" ] || { skip "tar: of $suffix" "no $suffix here"; continue; }
	fresh
	ok "a tar of $suffix" bx load "tar:$archives/root.tar.$suffix"
	id[${#id[@]}]=$(ls "$store/images")
done
fresh
ok 'a tar' bx load "tar:$archives/root.tar"
is "$(ls "$store/images")" "${id[0]:-}" 'is the same image, compressed or not'
is "$(bx run --image "tar:$archives/root.tar" -- /bin/busybox echo hello </dev/null 2>&1 | tail -n 1)" hello 'a box stands on it'
is "$(ls "$store/tmp")" '' 'nothing is left of its making'

# --- other tools ---
if command -v buildah >/dev/null; then
	export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
	mkdir "$tmp/buildah" "$tmp/bin"
	cp "$(command -v busybox)" "$tmp/bin/busybox"
	build() { buildah --root "$tmp/buildah/root" --runroot "$tmp/buildah/run" "$@"; }
	container=$(build from scratch 2>"$tmp/.err")
	if [ -n "$container" ] && build copy -q "$container" "$tmp/bin/busybox" /bin/busybox >/dev/null 2>&1; then
		build config --env MADE_BY=buildah --cmd /bin/busybox "$container" >/dev/null 2>&1
		build commit -q "$container" "oci-archive:$archives/buildah.tar:b" >/dev/null 2>&1
		build commit -q --format docker "$container" "docker-archive:$archives/buildah-docker.tar:b:1" >/dev/null 2>&1
		fresh
		ok 'an image of buildah' bx load "oci-archive:$archives/buildah.tar"
		is "$(bx run --image "oci-archive:$archives/buildah.tar" -- /bin/busybox sh -c 'echo $MADE_BY' </dev/null 2>&1 | tail -n 1)" buildah 'runs'
		fresh
		ok 'and one of its in the format of docker' bx load "docker-archive:$archives/buildah-docker.tar"
	else
		skip 'an image of buildah' 'buildah does not work here'
	fi
	as_all_ids rm -rf "$tmp/buildah"
	unset STORAGE_DRIVER
else
	skip 'an image of buildah' 'buildah is not installed'
fi

# --- save ---
fresh
ok 'an image of several layers' bx pull "$registry/debian:12"
ok 'and another' bx load "$busybox"
bx inspect "$registry/debian:12" --json | jq -S .config >"$tmp/config.json"
for format in oci-archive docker-archive oci; do
	rm -rf "$archives/saved"
	ok "saved as $format" bx save --format $format --compress zstd -o "$archives/saved" "$registry/debian:12"
	ok "skopeo reads $format" copy "$format:$archives/saved" "oci:$tmp/copied-$format:x"
	# Skopeo unpacks those of the other.
	[ $format = docker-archive ] ||
		is "$(jq -r '[.layers[].mediaType] | unique | join(" ")' "$tmp/copied-$format/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$tmp/copied-$format/index.json")")" \
			application/vnd.oci.image.layer.v1.tar+zstd "$format: its layers are compressed as asked"
done
rm -rf "$archives/saved" "$tmp"/copied-*
ok 'two images in one archive' bx save -o "$archives/saved" "$registry/debian:12" "$busybox"
is "$(tar -xOf "$archives/saved" index.json | jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]')" \
	"$registry/debian:12"$'\n'"${busybox##*:}" 'have their names in it'
ok 'to standard output' bash -c '"$0" save --format docker-archive "$1" >"$2"' "$DEVBOX" "$busybox" "$archives/stdout.tar"
ok 'is an archive, too' copy "docker-archive:$archives/stdout.tar" "oci:$tmp/copied:x"
list_image "$registry/debian:12" >"$tmp/before.list"
fresh
ok 'what was saved is loaded' bx load "oci-archive:$archives/saved:$registry/debian:12"
name="oci-archive:$archives/saved:$registry/debian:12"
list_image "$name" >"$tmp/after.list"
ok 'there is something in it' test "$(wc -l <"$tmp/before.list")" -gt 5000
ok 'and is what it was' diff "$tmp/before.list" "$tmp/after.list"
is "$(bx inspect "$name" --json | jq -S .config)" "$(cat "$tmp/config.json")" 'its config too'
run bx save -o "$archives/none" nothing:1
is "$status" 1 'what is not here is not saved'
ok 'and no file is made' test ! -e "$archives/none"
if command -v podman >/dev/null; then
	mkdir "$tmp/podman"
	pod() { podman --root "$tmp/podman/root" --runroot "$tmp/podman/run" --storage-driver vfs "$@"; }
	ok 'podman loads it' pod load -q -i "$archives/stdout.tar"
	as_all_ids rm -rf "$tmp/podman"
else
	skip 'podman loads it' 'podman is not installed'
fi

# --- what is broken ---
broken() {
	rm -rf "$tmp/broken"
	cp -r "$busybox_dir" "$tmp/broken"
	chmod -R u+w "$tmp/broken"
	fresh
}
layer_of() { jq -r '.layers[0].digest[7:]' "$tmp/broken/blobs/sha256/$manifest"; }
name=oci:$tmp/broken:${plain:+${plain##*:}}
name=${name%:}
broken
printf X | dd of="$tmp/broken/blobs/sha256/$(layer_of)" bs=1 seek=100000 conv=notrunc status=none
run bx load "$name"
is "$status" 1 'a layer with a changed byte is refused'
like "$err" "sha256:$(layer_of)' has the digest 'sha256:[0-9a-f]{64}'" 'by its digest'
ok 'nothing of it stays' nothing_left
broken
truncate -s 100000 "$tmp/broken/blobs/sha256/$(layer_of)"
run bx load "$name"
is "$status" 1 'a layer that is cut short is refused'
like "$err" 'has 100000 bytes, it should have [0-9]+' 'by its size'
broken
rm "$tmp/broken/blobs/sha256/$(layer_of)"
run bx load "$name"
is "$status" 1 'a layer that is missing is missed'
like "$err" "blobs/sha256/$(layer_of)" 'by name'
ok 'and nothing stays' nothing_left
# Layers of an archive of docker have no digest but that of what they unpack to.
python3 - "$archives/latest.tar" "$archives/wrong.tar" <<'END'
import io, sys, tarfile
old, new = tarfile.open(sys.argv[1]), tarfile.open(sys.argv[2], 'w')
for member in old:
    data = bytearray(old.extractfile(member).read()) if member.isreg() else None
    if data and member.name.endswith('.tar'):
        data[len(data) // 2] ^= 1
    new.addfile(member, io.BytesIO(data) if data else None)
new.close()
END
fresh
run bx load "docker-archive:$archives/wrong.tar"
is "$status" 1 'nor is one with another content than its image says'
like "$err" "unpacks to 'sha256:[0-9a-f]{64}', but its image says 'sha256:$same'" 'and both are named'
ok 'nothing of it stays either' nothing_left
printf 'no archive' >"$archives/text"
run bx load "oci-archive:$archives/text"
like "$status $err" "^1 .*it is no tar archive" 'what is no archive is called that'

done_testing
