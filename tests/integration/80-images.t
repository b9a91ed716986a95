#!/bin/bash
# The store of images: what lies in it, what it costs, and that what nobody needs goes and nothing else does.
. "$(dirname "$0")/lib.sh"

command -v umoci >/dev/null && command -v skopeo >/dev/null && command -v jq >/dev/null ||
	skip_all 'umoci, skopeo or jq is not installed'
store=$XDG_DATA_HOME/devbox
debian=$("$top/tests/rig/make-image" debian) && next=$("$top/tests/rig/make-image" debian-next) &&
	busybox=$("$top/tests/rig/make-image" busybox) || exit 1
layers() { ls "$store/layers" | wc -l; }
id_of() { bx images -a --json | jq -r --arg name "$1" '[.[] | select(.name == $name)][0].id | sub("sha256:"; "")'; }
cd "$tmp/work" || exit 1

# --- nothing yet ---
run bx images
is "$status $out" '0 IMAGE   ID   PLATFORM   CREATED   SIZE' 'a store that was never made has no images'
is "$(bx images --json)" '[]' 'as JSON, too'
run bx rmi debian:12
is "$status" 1 'nothing can be removed from it'
like "$err" "image 'debian:12' is not in the store" 'it says so'
run bx prune
is "$status $out" '0 0 freed' 'there is nothing to prune'
ok 'looking made no store' test ! -e "$store/layers"
ok 'du of nothing is no error' bx du

# --- what there is ---
ok 'an image with three layers is loaded' bx load "$debian"
ok 'another that has two of them' bx load "$next"
ok 'and one of its own' bx load "$busybox"
is "$(layers)" 5 'layers that two have are there once'
is "$(bx images --json | jq length)" 3 'images lists three'
like "$(bx images)" "$debian +[0-9a-f]{12} +linux/amd64 +[0-9a-z]+ +[0-9.]+M" 'name, id, platform, age and size'
is "$(bx images -q | sort)" "$(bx images --json | jq -r '.[].id[7:19]' | sort)" 'with -q the ids alone'
is "$(bx images --json | jq -c 'map(select(.size_bytes != .unique_bytes + .shared_bytes))')" '[]' 'a size is what is shared and what is not'
is "$(bx images --json | jq --arg name "$busybox" '.[] | select(.name == $name) | .shared_bytes')" 0 'who has no layer of others shares nothing'
shared=$(bx images --json | jq --arg name "$debian" '.[] | select(.name == $name) | .shared_bytes')
is "$(bx images --json | jq --arg name "$next" '.[] | select(.name == $name) | .shared_bytes')" "$shared" 'what two have is shared by both'
sum=$(for file in "$store"/layers/*/meta; do jq .bytes "$file"; done | jq -s add)
is "$(bx du --json | jq .total.images_bytes)" "$sum" 'du counts each layer once'
on_disk=$(as_all_ids du -s --block-size=1 "$store"/layers/*/diff | awk '{ sum += $1 } END { print sum }')
# Of the content: the ends of blocks come on top.
ok 'and that is about what lies on the disk' test "$on_disk" -gt $((sum / 100 * 95)) -a "$on_disk" -lt $((sum / 100 * 115))
is "$(bx du --json | jq .prune_bytes)" 0 'nothing could go'
is "$(bx du --json | jq .prune_all_bytes)" "$sum" 'all of it could'

# --- one image ---
debian_id=$(id_of "$debian")
is "$(bx history "$debian" --json | jq -c 'map(select(.layer)) | length')" 3 'a history has the layers'
is "$(bx history "$debian" --json | jq -r '[.[] | select(.layer)][-1].layer')" \
	"$(bx inspect --type image "$debian" --json | jq -r '.layers[0].id')" 'the last line is the lowest'
like "$(bx history "$debian")" '^LAYER +CREATED +SIZE +CREATED BY' 'people read it, too'
is "$(bx inspect "$debian" --json | jq -r .id)" "sha256:$debian_id" 'inspect finds an image'
is "$(bx inspect "${debian_id:0:7}" --json | jq -r .id)" "sha256:$debian_id" 'by the begin of its id, too'
is "$(bx inspect "sha256:$debian_id" --json | jq -r .id)" "sha256:$debian_id" 'and by all of it'
is "$(bx inspect "$debian" --json | jq -c '.config.environment | map(select(startswith("APP=")))')" '["APP=tool"]' 'with what its config says'
is "$(bx inspect "$debian" --json | jq -c '[.layers[].entries > 0] | unique')" '[true]' 'and what its layers hold'
run bx inspect nothing
is "$status" 1 'there is nothing of another name'
like "$err" "there is no box and no image called 'nothing'" 'neither box nor image'
run bx inspect --type box "$debian"
is "$status" 1 'an image is no box'
run bx inspect --type image
is "$status" 2 'which image must be said'
run bx history 00
like "$status $err" "^1 .*(not in the store|not)" 'an id has at least three digits'

# --- boxes hold what they stand on ---
make_project shop "image: $debian"
bx up 2>/dev/null
is "$(bx images --json | jq -c --arg name "$debian" '.[] | select(.name == $name) | .boxes')" '["shop/dev"]' 'an image knows its boxes'
is "$(bx inspect --json | jq -r .name)" shop 'inspect means a box first'
run bx rmi "$debian"
is "$status" 1 'an image that a box stands on stays'
like "$err" "is what box 'shop/dev' stands on" 'and says which'
like "$err" "hint: 'devbox -p shop down' removes the box" 'and what to do'
ok 'pruning all leaves it, too' bx prune --all -y
is "$(bx images --json | jq -r '.[].name')" "$debian" 'the others are gone'
is "$(layers)" 3 'with the layers that were theirs alone'
is "$(bx exec -- echo up </dev/null)" up 'the box does not notice'
run bx rmi -f "$debian"
is "$status" 0 'it can be forgotten all the same'
is "$(bx images -a --json)" '[]' 'then there is no image'
is "$(layers)" 3 'but its layers, on which the box stands'
is "$(bx exec -- echo up </dev/null)" up 'it goes on'
bx prune -y >/dev/null
is "$(layers)" 3 'whatever is pruned'
ok 'the box goes' bx down
run env DEVBOX_YES=0 "$DEVBOX" prune
is "$status $(layers)" '0 0' 'and its layers without a question: nothing names them'
like "$out" 'layer [0-9a-f]{12}' 'prune says what went'
like "$out" '[0-9.]+M freed' 'and how much that was'
is "$(find "$store/trash" "$store/tmp" -mindepth 1 | wc -l)" 0 'nothing is left of them'

# --- what somebody holds without a name ---
ok 'an image again' bx load "$busybox"
mkfifo "$tmp/hold"
bx run --image "$busybox" -- sh -c 'echo in; read -r line; ls /bin/sh; echo "$line"' <"$tmp/hold" >"$tmp/held" 2>&1 &
held=$!
exec 7<>"$tmp/hold"
ok 'a throw-away box is on it' wait_for 20 grep -q in "$tmp/held"
ok 'the image may go' bx rmi "$busybox"
is "$(layers)" 1 'its layer does not'
run bx prune
like "$out" '0 freed; 1 layer is in use' 'prune says why'
echo out >&7
exec 7>&-
end_of 20 $held
is "$status $(paste -sd' ' "$tmp/held" | grep -o '/bin/sh out')" '0 /bin/sh out' 'the box had it to the end'
bx prune >/dev/null
is "$(layers)" 0 'now it goes'

# --- names ---
skopeo --insecure-policy copy -q "$busybox" "oci:$tmp/one:x"
skopeo --insecure-policy copy -q "$busybox" "oci:$tmp/two:x"
zstd=$("$top/tests/rig/make-image" zstd)
bx load "oci:$tmp/one:x" >/dev/null 2>&1
bx load "oci:$tmp/two:x" >/dev/null 2>&1
is "$(bx images -q | wc -l) $(bx images --json | jq length)" '1 2' 'one image may have two names'
id=$(bx images -q)
run bx rmi "$id"
is "$status" 1 'by its id it is not removed then'
like "$err" "hint: remove oci:$tmp/one:x, oci:$tmp/two:x; or all of them with --force" 'the names are said'
run bx rmi "oci:$tmp/two:x"
is "$status $(bx images --json | jq -r '.[].name')" "0 oci:$tmp/one:x" 'a name is removed, and the image has the other'
rm -r "${tmp:?}/one" && skopeo --insecure-policy copy -q "$zstd" "oci:$tmp/one:x"
ok 'what a name means may change' bx load "oci:$tmp/one:x"
is "$(bx images --json | jq length) $(bx images -a --json | jq length)" '1 2' 'the old image has no name then'
like "$(bx images -a | tail -n 1)" "^- +$id " 'images -a shows it'
rm -rf "$store/trash/1-1" && mkdir -p "$store/trash/1-1"
before=$(find "$store" | sort)
run bx prune --dry-run
like "$status $out" "0 .*image $id" 'prune would remove it'
is "$(find "$store" | sort)" "$before" 'a dry run does nothing'
run env DEVBOX_YES=0 "$DEVBOX" prune
is "$status" 1 'without a terminal nobody says yes'
like "$err" '1 image would be removed, and there is nobody to ask' 'which is said'
is "$(bx images -a --json | jq length) $(ls "$store/trash")" '2 ' 'garbage goes in any case, images do not'
run env DEVBOX_YES=0 "$DEVBOX" prune -y
is "$status $(bx images -a --json | jq length)" '0 1' 'with -y it goes'
is "$(bx prune --json | jq -c .)" '{"removed":[],"freed_bytes":0,"layers_in_use":0,"dry_run":false}' 'then nothing is left to do'
ok 'the last one' bx rmi -f "$(bx images -q)"
is "$(find "$store"/{layers,images,refs,tmp,trash,blobs/sha256} -mindepth 1 | wc -l)" 0 'nothing is left behind'

# --- killed ---
"$DEVBOX" load "$debian" >/dev/null 2>&1 </dev/null &
loading=$!
has_work() { compgen -G "$store/tmp/*/diff/*" >/dev/null; }
ok 'a load is at work' wait_for 20 has_work
kill -9 $(pgrep -P $loading) $loading
end_of 10 $loading
is "$(bx images -a --json)" '[]' 'one that is killed leaves no image'
is_swept() { bx prune && [ -z "$(ls "$store/tmp" "$store/trash" | grep -v :)" ]; }
ok 'what it had begun is garbage' wait_for 20 is_swept
ok 'the next one is not in the way of it' bx load "$debian"
is "$(layers)" 3 'and has it all'

# --- a full disk ---
run changed --full "$tmp/state" -- env XDG_DATA_HOME="$tmp/state" sh -c '
	"$1" load "$2"
	echo "status $?"
	ls "$XDG_DATA_HOME"/devbox/layers "$XDG_DATA_HOME"/devbox/images "$XDG_DATA_HOME"/devbox/refs | grep -c "^[0-9a-f]"' sh "$DEVBOX" "$busybox"
like "$err" 'devbox: .*(No space left on device|where 0 is free)' 'a full disk is said'
like "$out" $'status 1\n0$' 'and nothing is published'

done_testing
