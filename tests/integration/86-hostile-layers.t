#!/bin/bash
# Layers that mean ill, pulled as a user does: refused in one sentence and nothing published, or kept inside; nothing of
# the host changes.
. "$(dirname "$0")/lib.sh"

start_registry
command -v python3 >/dev/null && command -v jq >/dev/null || skip_all 'python3 or jq is not installed'
bad=$tmp/bad
"$top/tests/rig/hostile-layers" "$bad" || exit 1
cd "$tmp/work" || exit 1

# What these layers reach for.
mkdir "$tmp/host" && echo canary >"$tmp/host/victim"
for name in victim pwn; do
	[ -e "/tmp/$name" ] || [ -L "/tmp/$name" ] || made+=("/tmp/$name")
done
echo canary 2>/dev/null >/tmp/victim
look_at_host() {
	stat -c '%n %s %f %h %u %g %y %z' /etc/hostname / /host /tmp/victim /tmp/pwn /pwn "$tmp/host/victim" 2>&1
	cat /tmp/victim "$tmp/host/victim"
	find "$tmp" -path "$bad" -prune -o -name pwn ! -path '*/diff/*' -print
	find "$tmp" -maxdepth 1 ! -name '.*' ! -path "$XDG_DATA_HOME"
}
remove_made() { [ ${#made[@]} = 0 ] || rm -f "${made[@]}"; }
trap 'remove_made; _clean_up' EXIT

# Folders of the store that root of the boxes, who is somebody else, must get through.
open_store() { chmod a+x "$XDG_DATA_HOME" "$store" "$store/layers" "$store/layers"/*; }
published() { (cd "$store" 2>/dev/null && find refs images layers blobs/sha256 tmp trash -mindepth 1 -maxdepth 1) | paste -sd' '; }
is_one_sentence() {
	[ "$(grep -c '^devbox: ' <<<"$err")" = 1 ] && [ "$(grep -c '^  hint: .' <<<"$err")" = 1 ] &&
		! grep -qP '[^\x20-\x7e]' <<<"$err"
}
kind_of() {
	case $(as_box_root stat -c '%F %t:%T' "$1" 2>/dev/null) in
	'regular '*) echo file ;;
	directory*) echo folder ;;
	symbolic*) echo link ;;
	fifo*) echo pipe ;;
	'character special file 0:0') echo whiteout ;;
	'') echo nothing ;;
	*) echo other ;;
	esac
}

# refused NAME WORDS IMAGE
refused() {
	run bx pull "$3"
	is "$status" 1 "$1 is refused"
	like "$err" "$2" "$1: says why"
	if is_one_sentence; then pass "$1: in one sentence, with something to do"; else fail "$1: in one sentence, with something to do"; fi
	is "$(published)" '' "$1: nothing is published, and nothing left behind"
}
# taken NAME PATH=KIND... IMAGE
taken() {
	local name=$1 diff part
	shift
	run bx pull "${!#}"
	is "$status" 0 "$name is taken"
	ok "$name: the store is whole" "$top/tests/rig/check-store" --clean "$store"
	open_store
	diff=$(echo "$store"/layers/*/diff)
	for part in "${@:1:$#-1}"; do
		is "$(kind_of "$diff/${part%=*}")" "${part#*=}" "$name: ${part%=*} is as it should be"
	done
	is "$(as_box_root find "$diff" ! -uid -65536 -o ! -gid -65536 -o -type b -o -type c ! -newermt @0 | wc -l)" 0 \
		"$name: nothing belongs to an id beyond the map, and there is no device"
}
fresh() {
	export XDG_DATA_HOME=$tmp/data.$1
	mkdir -p "$XDG_DATA_HOME"
	store=$XDG_DATA_HOME/devbox
}
drop_store() { as_all_ids rm -rf "$XDG_DATA_HOME"; }

"$top/tests/rig/broken-images" "$tmp/layout" "$bad"/*.tar
# The list of what is in the world is made when all is there that we make.
fresh 0
before=$(look_at_host)

# --- each of them, from a folder and from a registry ---
while read -r name outcome words; do
	for from in folder registry; do
		image=oci:$tmp/layout:$name
		if [ $from = registry ]; then
			skopeo --insecure-policy copy -q --dest-tls-verify=false "$image" "docker://$registry/$name:1" 2>"$tmp/.err" ||
				{ fail "$name: is in the registry" "$(cat "$tmp/.err")" && continue; }
			image=$registry/$name:1
		fi
		fresh 0
		case $outcome in
		refused) refused "$name from a $from" "layer 'sha256:[0-9a-f]{64}'.*$words" "$image" ;;
		taken) taken "$name from a $from" $words "$image" ;;
		esac
		drop_store
	done
done <"$bad/expect"
is "$(look_at_host)" "$before" 'nothing of the host has changed'

# --- what a mode and an owner may say ---
fresh 0
bx pull -q "oci:$tmp/layout:04-devices" >/dev/null 2>&1
open_store
is "$(as_box_root stat -c '%a %u' "$store"/layers/*/diff/suid)" '4755 0' 'a setuid file is one for ids of the boxes only'
like "$(stat -c %u "$store"/layers/*/diff/suid)" '^[1-9][0-9]{4,}$' 'outside it is that of nobody who logs in'
like "$(bx inspect "oci:$tmp/layout:04-devices" --json | jq -r '.layers[].warnings[]')" "3 device nodes left out, 'b' first" 'what is left out is said'
drop_store
fresh 0
bx pull -q "oci:$tmp/layout:05-attributes" >/dev/null 2>&1
open_store
is "$(as_box_root python3 -c 'import os, sys; print(*os.listxattr(sys.argv[1]))' "$store"/layers/*/diff/d)" '' 'attributes that would steer overlayfs are left out'
drop_store

# --- a box on all those that are taken, one above the other ---
tars=()
while read -r name outcome words; do
	[ "$outcome" != taken ] || tars+=("$bad/$name.tar")
done <"$bad/expect"
mkdir "$tmp/root"
busybox_root "$tmp/root"
tar -C "$tmp/root" --owner=0 --group=0 --numeric-owner -cf "$tmp/zz-root.tar" ./bin ./etc ./tmp ./proc ./dev ./sys
"$top/tests/rig/broken-images" "$tmp/stacked" "${tars[@]}" "$tmp/zz-root.tar"
fresh 0
run bx run --image "oci:$tmp/stacked:all" -- /bin/busybox sh -c 'cat /tmp/pwn /pwn 2>/dev/null; cat /evil/etc/hostname; ls -d /evil/host/victim /evil/work /d/pwn'
like "$out" '/d/pwn' 'a box on all of them has what is theirs'
unlike "$out" "canary|victim|$(cat /etc/hostname)" 'and finds nothing of the host behind their links'
drop_store

# --- a bomb: little that becomes much, behind the end of the archive ---
python3 - "$bad/01-absolute.tar" "$tmp/bomb" <<'END'
import gzip, hashlib, json, os, sys
tar = open(sys.argv[1], 'rb').read()
blob = gzip.compress(tar) + gzip.compress(bytes(64 << 20), 9) * 26
folder = sys.argv[2]
os.makedirs(folder + '/blobs/sha256')
def put(data, kind, **more):
    name = hashlib.sha256(data).hexdigest()
    with open(f'{folder}/blobs/sha256/{name}', 'wb') as file:
        file.write(data)
    return {'mediaType': 'application/vnd.oci.image.' + kind, 'digest': 'sha256:' + name, 'size': len(data), **more}
machine = {'x86_64': 'amd64', 'aarch64': 'arm64', 'i686': '386'}.get(os.uname().machine, os.uname().machine)
config = {'architecture': machine, 'os': 'linux', 'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + '0' * 64]}}
manifest = {'schemaVersion': 2, 'config': put(json.dumps(config).encode(), 'config.v1+json'), 'layers': [put(blob, 'layer.v1.tar+gzip')]}
image = put(json.dumps(manifest).encode(), 'manifest.v1+json', annotations={'org.opencontainers.image.ref.name': 'x'})
open(folder + '/oci-layout', 'w').write('{"imageLayoutVersion": "1.0.0"}')
open(folder + '/index.json', 'w').write(json.dumps({'schemaVersion': 2, 'manifests': [image]}))
END
fresh 0
refused 'a bomb' 'compressed bytes have become [0-9]+, more than 200 times as much' "oci:$tmp/bomb:x"

# --- a disk that one of them fills ---
mkdir "$tmp/small"
python3 - "$tmp/large.tar.gz" <<'END'
import gzip, io, sys, tarfile
with gzip.open(sys.argv[1], 'wb', 1) as out, tarfile.open(fileobj=out, mode='w|') as tar:
    for number in range(3):
        info = tarfile.TarInfo(f'zeros{number}')
        info.size = 60 << 20
        tar.addfile(info, io.BytesIO(bytes(60 << 20)))
END
run changed --small 160M "$tmp/small" -- env XDG_DATA_HOME="$tmp/small" sh -c '
	"$1" pull "tar:$2"
	echo "status $?"
	cd "$XDG_DATA_HOME/devbox" && find refs images layers blobs/sha256 tmp trash -mindepth 1 -maxdepth 1' sh "$DEVBOX" "$tmp/large.tar.gz"
if [ "$status" = 77 ]; then
	skip 'a small disk' 'only below as-user'
else
	is "$out" 'status 1' 'what does not fit leaves nothing behind'
	like "$err" "layer '[0-9a-f]+': less than 64.0M of the disk is left" 'and is stopped before the disk is full'
fi
truncate -s 30G "$tmp/zeros"
tar -C "$tmp" --sparse -cf "$tmp/holes.tar" zeros
run bx pull "tar:$tmp/holes.tar"
is "$status" 0 'a file of holes costs nothing'

done_testing
