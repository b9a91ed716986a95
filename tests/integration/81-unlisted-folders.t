#!/bin/bash
# A layer that has something in a folder and does not list it leaves the folder what it is: with the mode, owner, time
# and attributes that a layer below gives it, whatever layers those are.
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null && command -v umoci >/dev/null && command -v jq >/dev/null || skip_all 'python3, umoci or jq is not installed'
cd "$tmp/work" || exit 1
store=$XDG_DATA_HOME/devbox

python3 - "$tmp" <<'END'
import io, sys, tarfile
def make(name, *parts):
    with tarfile.open(f'{sys.argv[1]}/{name}.tar', 'w', format=tarfile.PAX_FORMAT) as tar:
        for path, mode, owner, time, pax in parts:
            info = tarfile.TarInfo(path)
            info.mode, info.uid, info.gid, info.mtime, info.pax_headers = mode or 0o644, owner, owner + 1, time, pax
            info.type = tarfile.DIRTYPE if path.endswith('/') else tarfile.REGTYPE
            tar.addfile(info, io.BytesIO())
def folder(path, mode, owner, time, **pax):
    return path + '/', mode, owner, time, pax
def file(path):
    return path, 0, 0, 1000000000, {}
make('one', folder('.', 0o711, 3, 1100000000), folder('kept', 0o1777, 5, 1200000000, **{'SCHILY.xattr.user.word': 'yes'}),
     folder('kept/deep', 0o700, 7, 1300000000), folder('kept/deep/er', 0o2750, 9, 1400000000),
     folder('gone', 0o700, 11, 1500000000), folder('hidden', 0o711, 13, 1500000000), folder('hidden/sub', 0o700, 13, 1500000000),
     folder('said', 0o700, 15, 1500000000), folder('later', 0o700, 19, 1500000000))
make('two', file('kept/deep/er/x'), file('gone/x'), file('.wh.gone'), file('hidden/.wh..wh..opq'), file('hidden/sub/x'),
     file('said/x'), folder('said', 0o750, 21, 1600000000), file('new/in/x'), file('later/x'))
make('three', file('kept/y'), file('new/y'), file('later/y'), file('new/in/.wh.x'))
make('four', folder('later', 0o705, 23, 1700000000))
make('whole', folder('.', 0o711, 3, 1100000000), folder('later', 0o705, 23, 1700000000))
make('other', folder('kept', 0o751, 25, 1800000000), folder('kept/deep', 0o771, 27, 1900000000))
END

stack() {
	local name=$1
	shift
	"$top/tests/rig/broken-images" "$tmp/$name" "${@/#/$tmp/}"
}
stack base one.tar two.tar three.tar four.tar
stack again other.tar two.tar
stack plain one.tar whole.tar
layers() { bx inspect "oci:$tmp/$1:all" --json | jq -r '.layers[].id'; }
# look IMAGE FOLDER... - as it is in the tree that the layers make
look() {
	local lower
	lower=$(layers "$1" | sed "s,.*,$store/layers/&/diff," | tac | paste -sd:)
	chmod a+x "$XDG_DATA_HOME" "$store" "$store/layers" "$store/layers"/*
	shift
	as_box_root unshare --mount bash -c 'mount -t overlay overlay -o "ro,userxattr,lowerdir=$1" "$2" && cd "$2" && shift 2 &&
		stat -c "%n %a %u:%g %Y" "$@"' bash "$lower" "$tmp/stack" "$@" 2>&1
}
mkdir "$tmp/stack"

run bx pull "oci:$tmp/base:all"
is "$status" 0 'an image whose layers do not list all their folders'
want='kept 1777 5:6 1200000000
kept/deep 700 7:8 1300000000
kept/deep/er 2750 9:10 1400000000
said 750 21:22 1600000000
hidden 711 13:14 1500000000
later 705 23:24 1700000000'
# shellcheck disable=SC2086
is "$(look base kept kept/deep kept/deep/er said hidden later)" "$want" 'has them as a layer below lists them, or its own'
like "$(look base .)" '^\. 711 3:4 ' 'the root, too'
is "$(look base gone hidden/sub new new/in | cut -d' ' -f-3)" $'gone 755 0:0\nhidden/sub 755 0:0\nnew 755 0:0\nnew/in 755 0:0' \
	'what was removed, or was never there, is made anew'
is "$(look base kept/y kept/deep/er/x | wc -l)" 2 'with what the layers have in them'
cp -r "$tmp/base" "$tmp/umoci" && mkdir -m 0777 "$tmp/bundle" && chmod -R a+rX "$tmp/umoci"
as_box_root umoci --log=error unpack --image "$tmp/umoci:all" "$tmp/bundle/it"
is "$(as_box_root sh -c "cd $tmp/bundle/it/rootfs && stat -c '%n %a %u:%g %Y' kept kept/deep kept/deep/er said later")" "$(grep -v hidden <<<"$want")" 'to the same'
is "$(look base gone/x hidden/sub/x new/in/x 2>&1 | grep -c 'No such')" 1 'and nothing of what is hidden comes back'
is "$(bx run --image "oci:$tmp/base:all" -- /nothing </dev/null >/dev/null 2>&1; echo $?)" 127 'a box stands on it'
marks=$(as_box_root unshare --mount bash -c 'mount -t overlay overlay -o "ro,userxattr,lowerdir=$1" "$2" && python3 -c "
import os, sys
print(*sorted({n for top, folders, _ in os.walk(sys.argv[1]) for f in [top] for n in os.listxattr(f)}))" "$2"' \
	bash "$(layers base | sed "s,.*,$store/layers/&/diff," | tac | paste -sd:)" "$tmp/stack")
is "$marks" 'user.word' 'nobody sees how it is done'

run bx pull "oci:$tmp/again:all"
is "$(look again kept kept/deep kept/deep/er | cut -d' ' -f-3)" $'kept 751 25:26\nkept/deep 771 27:28\nkept/deep/er 755 0:0' \
	'the same layer on another one has those of that'
is "$(comm -12 <(layers base | sort) <(layers again | sort) | wc -l)" 1 'and is there once'
is "$(look base kept)" "${want%%$'\n'*}" 'the first image stays what it was'
run bx pull "oci:$tmp/plain:all"
is "$(layers plain | wc -l)" 2 'where all is listed there is nothing to say'
ok 'the store is whole' "$top/tests/rig/check-store" --clean "$store"

# --- saved and loaded again ---
ok 'saved' bx save -o "$tmp/saved.tar" "oci:$tmp/base:all"
before=$(look base kept kept/deep kept/deep/er said hidden later gone new new/in)
export XDG_DATA_HOME=$tmp/data2
store=$XDG_DATA_HOME/devbox
mkdir "$XDG_DATA_HOME"
ok 'and loaded into another store' bx load "oci-archive:$tmp/saved.tar"
layers() { bx inspect "oci-archive:$tmp/saved.tar" --json | jq -r '.layers[].id'; }
is "$(look saved kept kept/deep kept/deep/er said hidden later)" "$(head -n 6 <<<"$before")" 'it is the same'
is "$(look saved gone new new/in | cut -d' ' -f-3)" "$(tail -n 3 <<<"$before" | cut -d' ' -f-3)" 'as is what is new'

done_testing
