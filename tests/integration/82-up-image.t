#!/bin/bash
# A box on an image: of a registry, an archive, a layout. It is fetched once, and everything after is from the store.
. "$(dirname "$0")/lib.sh"

start_registry
log=$(echo "$tmp"/registry.*/log)
push_image debian debian:12
push_image busybox app:1
push_image debian-next app:2
push_image index multi:1 --all
push_image foreign foreign:1 --all
requests() { grep -c 'http.request.method=GET' "$log"; }
store=$XDG_DATA_HOME/devbox

# --- up ---
make_project shop "image: $registry/debian:12"
run bx plan
is "$status" 1 'the plan of an image that is not here cannot be known'
like "$err" "devbox.yaml:1:8: error: image '$registry/debian:12' is not in the store" 'it says so at its line'
like "$err" "hint: devbox pull $registry/debian:12" 'and what brings it'
run bx up
is "$status" 0 'up fetches what is missing'
like "$err" " $registry/debian:12 +pulled +1[0-9]{2}\.[0-9] MB in [0-9.]+ s   \(3 layers\)" 'one line says what came'
is "$(bx exec -- sh -c 'cat /etc/debian_version | cut -d. -f1' </dev/null)" 12 'the box stands on it'
is "$(bx exec -- sh -c 'echo $APP $PATH $HOME $USER' </dev/null)" \
	"tool /opt/layer:/usr/sbin:/usr/bin:/sbin:/bin $HOME $(id -un)" 'its environment is below that of the box, its PATH stays'
is "$(bx exec -- sh -c 'cat /opt/layer/hard; readlink /opt/layer/soft; ls /srv/old /srv/old/opaque; stat -c %a:%u /opt/layer/file' </dev/null)" \
	$'tool\nfile\n/srv/old:\nkept\nopaque\n\n/srv/old/opaque:\nnew\n4755:0' 'layers hide and show what they should'
like "$(bx exec -u root -- sh -c 'python3 -c "import os; print(os.getxattr(\"/opt/layer/able\", \"security.capability\"))"' </dev/null)" \
	"b'.x01" 'file capabilities came along'

before=$(requests)
run bx up
like "$err" 'shop: up to date \(1 box, [0-9]+(ms|us)\)' 'a second up does nothing'
is "$(requests)" "$before" 'and asks nobody'
ok 'the box changes its own root' bx exec -u root -- sh -c 'echo mine >/marker'
bx stop 2>/dev/null
ok 'after a stop it goes on' bx up
is "$(bx exec -- cat /marker </dev/null)" mine 'with its own layer'
layer=$(ls "$store/layers" | head -n 1)
nok 'the layers of a running box are held' flock -xn "$store/layers/$layer" true
is "$(grep -c . "$store/projects/shop/box/dev/layers")" 4 'what it stands on is written beside its layer'
like "$(bx inspect)" "\"image\": ?\"$registry/debian:12\"" 'inspect names the image'

# --- another image ---
echo "image: $registry/app:2" >devbox.yaml
run bx up
like "$err" "pulled +[0-9.]+ k?B in .* \(3 layers, 2 already here\)" 'layers that are here are not fetched again'
like "$err" "the image changed: what this box had written lies in '$store/projects/shop/box/dev/previous'" \
	'a layer on another base is put aside, and the user told'
is "$(bx exec -- sh -c 'cat /opt/next; ls /marker 2>&1 | grep -c cannot' </dev/null)" $'next\n1' 'the box begins anew'
is "$(cat "$store/projects/shop/box/dev/previous/upper/marker")" mine 'nothing of it is lost'

# --- and back, while the box had written nothing ---
bx stop 2>/dev/null
echo "image: $registry/debian:12" >devbox.yaml
run bx up
unlike "$err" 'put aside|previous' 'where a box had written nothing, nothing is put aside'
is "$(cat "$store/projects/shop/box/dev/previous/upper/marker")" mine 'what was put aside before is still there'
nok 'it stands on the new image alone' bx exec -- test -e /opt/next
bx exec -u root -- touch /empty </dev/null
bx stop 2>/dev/null
echo "image: $registry/app:2" >devbox.yaml
run bx up
like "$err" 'what this box had written' 'an empty file is something'
ok 'and is kept' test -e "$store/projects/shop/box/dev/previous/upper/empty"
bx stop 2>/dev/null
mv "$store/projects/shop/box/dev" "$store/projects/shop/box/.aside-dev"
rm "$store/projects/shop/box/.aside-dev/layers"
ok 'who was killed while a layer was put aside' bx up
ok 'finds it there' test -d "$store/projects/shop/box/dev/previous/upper"
nok 'and nothing else' test -e "$store/projects/shop/box/.aside-dev"
ok 'down takes it all away' bx down
nok 'the aside layer, too' test -e "$store/projects/shop/box"
nok 'the layers are free again' sh -c "! flock -xn '$store/layers/$layer' true"

# --- policies ---
id_of() { bx pull -q "$registry/$1"; }
first=$(id_of app:1)
like "$first" '^sha256:[0-9a-f]{64}$' 'pull prints the digest'
is "$(bx pull -q --json "$registry/app:1" | jq -r '.[0].name, .[0].digest')" "$registry/app:1"$'\n'"$first" 'and as JSON'
echo "image: $registry/app:1" >devbox.yaml
run bx run
is "$out" 'greeting=hello folder=/srv user=1234:1234 arguments=one two' 'run without a command does what the image is made for'
push_image debian app:1
run bx run
like "$out" '^greeting=hello' 'what is here is not asked for again'
run bx run --pull -- cat /etc/debian_version
like "$out" '^12' '--pull asks'
push_image busybox app:1
printf 'image: %s\npull_policy: always\n' "$registry/app:1" >devbox.yaml
run bx run
like "$out" '^greeting=hello' 'so does pull_policy always'
run bx run --image "$registry/app:1" --pull
like "$err" 'pulled +nothing new' 'nothing comes when nothing changed'
printf 'image: %s\npull_policy: never\n' "$registry/debian:none" >devbox.yaml
run bx up
like "$err" "devbox.yaml:1:8: error: image '$registry/debian:none' is not in the store, and pull_policy is never" 'pull_policy never fetches nothing'
like "$err" "hint: devbox pull $registry/debian:none" 'and says what does'
printf 'image: %s\npull_policy: never\n' "$registry/debian:12" >devbox.yaml
ok 'it uses what is here' bx run -- true

# --- what the image is made for ---
image=$registry/app:1
run bx run --image "$image" -- echo word
is "$out" word 'with a command only that runs'
is "$(bx run --image "$image" -- sh -c 'id -u; pwd' </dev/null)" "$(id -u)"$'\n'"$PWD" 'as the user and where he is'
run bx run --image "$image" -u root -w /tmp -e GREETING=bye
is "$out" 'greeting=bye folder=/tmp user=0:0 arguments=one two' 'options win over the image'
printf 'image: %s\nworking_dir: /mnt\nenvironment: {GREETING: profile}\nuser: "7:8"\n' "$image" >devbox.yaml
run bx run
is "$out" 'greeting=profile folder=/mnt user=7:8 arguments=one two' 'so does the profile'
printf 'image: %s\ncommand: [echo, mine]\n' "$image" >devbox.yaml
run bx run
is "$out" mine 'and its command'
echo 'image: host' >devbox.yaml
run bx run
is "$status $err" $'125 devbox: run: no command\n  hint: devbox run -- COMMAND [ARG...]' 'the host is made for nothing'
printf 'image: %s\ncommand: [sh, -c, "trap \\"echo int; exit\\" INT; while :; do sleep 0.05; done"]\n' "$image" >devbox.yaml
bx up 2>/dev/null
bx stop 2>/dev/null
like "$(bx logs)" int 'its stop signal is the default'

# --- platforms ---
is "$(bx run --image "$registry/multi:1" --platform linux/amd64 -- sh -c 'echo $PLATFORM' </dev/null 2>/dev/null)" amd64 'a platform may be asked for'
isnt_same() { [ "$1" != "$2" ]; }
ok 'others can be fetched' isnt_same "$(id_of multi:1)" "$(bx pull -q --platform linux/arm/v7 "$registry/multi:1")"
printf 'image: %s\nplatform: arm64\n' "$registry/multi:1" >devbox.yaml
run bx plan
like "$err" "hint: devbox pull --platform linux/arm64 $registry/multi:1" 'the profile can ask, too'
printf 'image: %s\n' "$registry/foreign:1" >devbox.yaml
run bx up
like "$err" "devbox.yaml:1:8: error: .*linux/s390x" 'without one for this machine it says which there are'

# --- references that are wrong ---
# refused IMAGE REGEX DESC
refused() {
	printf 'name: wrong\nimage: %s\n' "$1" >devbox.yaml
	run bx up
	is "$status" 1 "$3: it fails"
	like "$err" "devbox.yaml:2:8: error: $2" "$3: at the line of the profile"
}
refused "$registry/app:none" ".*app:none.*" 'a tag that is not there'
refused "$registry/none:1" ".*none:1.*" 'a repository that is not there'
refused "$registry/app@sha256:$(printf '%064d' 0)" ".*0000.*" 'a digest that is not there'
refused "127.0.0.1:1/app" ".*127\.0\.0\.1:1.*" 'a registry that is not there'
refused "Debian" ".*[Dd]ebian.*lower" 'upper case'
refused "debian@sha256:12" ".*sha256:12.*" 'a digest that is none'
refused "tar:none.tar" ".*none.tar.*No such file" 'a file that is not there'
refused "oci:." "." 'a folder that is no layout'
is "$(find "$store/tmp" -mindepth 1 -maxdepth 1 ! -name 'lock-*' | wc -l)" 0 'nothing of it stays under construction'

# --- images on disk ---
rm -rf layout app.tar docker.tar
skopeo --insecure-policy copy -q "$("$top/tests/rig/make-image" busybox)" oci:layout:app
skopeo --insecure-policy copy -q oci:layout:app "oci-archive:app.tar:name"
skopeo --insecure-policy copy -q oci:layout:app "docker-archive:docker.tar:localhost/made:3"
mkdir sub
for image in oci:layout:app oci:layout oci-archive:app.tar oci-archive:./sub/../app.tar:name docker-archive:docker.tar \
	docker-archive:docker.tar:localhost/made:3; do
	echo "image: $image" >devbox.yaml
	run bx -C sub run
	is "$out" 'greeting=hello folder=/srv user=1234:1234 arguments=one two' "$image runs"
	unlike "$err" 'pulled' 'nothing is pulled for it'
done
tar --sort=name -czf root.tar.gz -C "$tmp/work/shop" sub
busybox_root "$tmp/busybox"
tar -C "$tmp/busybox" -czf root.tar.gz .
echo 'image: tar:root.tar.gz' >devbox.yaml
is "$(bx run -- sh -c 'echo of tar' </dev/null 2>/dev/null)" 'of tar' 'a bare root in a compressed tar file runs'
run bx run -- true
is "$err" '' 'the second time nothing is read'
echo changed >"$tmp/busybox/changed"
tar -C "$tmp/busybox" -czf root.tar.gz .
run bx run -- cat /changed
is "$out" changed 'a file that changed is read again'
rm root.tar.gz
ok 'one that is gone is in the store' bx run -- true

# --- load and save ---
is "$(bx load -q docker.tar)" "$(bx load -q -i docker.tar)" 'load finds out what an archive is'
ok 'it brings its names' bx run --image localhost/made:3 -- true
is "$(bx load -q <docker.tar)" "$(bx load -q docker-archive:docker.tar)" 'load takes standard input'
is "$(find "$XDG_CACHE_HOME" -name 'load-*')" '' 'and leaves nothing of it'
gzip -k docker.tar
like "$(bx load -q docker.tar.gz)" '^sha256:' 'a compressed archive is read'
echo nonsense >nonsense
run bx load nonsense
like "$err" "'.*/nonsense' is no image" 'what is no image is refused'
run bx load none:1
like "$err" "hint: .*devbox pull none:1" 'a name of a registry is not loaded'
for how in 'oci-archive app1.tar oci-archive:app1.tar' 'docker-archive app2.tar docker-archive:app2.tar' 'oci app3 oci:app3'; do
	read -r format file source <<<"$how"
	run bx save -q --format "$format" -o "$file" "$registry/app:1"
	is "$status" 0 "save --format $format"
	is "$(skopeo inspect --config "$source" | jq -c '.config.Entrypoint, .config.Env')" \
		$'["/bin/entry"]\n["GREETING=hello","PATH=/bin:/sbin"]' "skopeo reads what save --format $format wrote"
	is "$(bx run -q --image "$source" </dev/null)" 'greeting=hello folder=/srv user=1234:1234 arguments=one two' 'and devbox runs it'
done
id=$(bx images --json | jq -r --arg name "$registry/app:1" '.[] | select(.name == $name or .reference == $name) | .id' | head -n 1)
id=${id#sha256:}
run bx save -o "$tmp/by-id" "${id:0:12}"
is "$status" 0 'an image is saved by the begin of its id'
like "$err" 'saved .*[0-9] [kM]?B in' 'and it is said how much was written'
run bx save nothing:here
like "$err" "devbox: .*nothing:here" 'what is not in the store is not saved'

# --- how it gets on ---
run bx pull --progress json "$registry/debian:12"
is "$(jq -r .event <<<"$err" | sort -u | tr '\n' ' ')" 'begin done layer start ' '--progress json prints objects'
run bx pull --progress quiet "$registry/debian:12"
is "$err" '' '--progress quiet prints nothing'
run bx pull --progress fancy x
is "$status" 2 'and nothing else will do'
rm -rf "$store"/{refs,images}/*
text=$(stty cols 60 2>/dev/null; TERM=xterm script -qec "stty cols 60; $(printf '%q ' "$DEVBOX" pull "$registry/debian:12")" /dev/null </dev/null)
like "$text" $'\e\\[1A|\e\\[[0-9]+A' 'a terminal is drawn on again and again'
is "$(tail -n 2 <<<"${text##*$'\e[J'}" | tr -d '\r' | cut -c1-5 | head -n 1)" " $(cut -c1-4 <<<"$registry")" 'and one line stays'

# --- ^C ---
python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(60)' >"$tmp/port" &
silent=$!
wait_for 5 test -s "$tmp/port"
(exec env --default-signal "$DEVBOX" run --image "127.0.0.1:$(cat "$tmp/port")/x" -- true) 2>"$tmp/said" &
pid=$!
wait_for 5 pgrep -P $pid devbox-image
helper=$(pgrep -P $pid devbox-image)
kill -INT $pid
end_of 10 $pid
is "$status" 125 '^C ends a pull'
like "$(cat "$tmp/said")" 'devbox: interrupted' 'and says so'
nok 'its helper is gone, too' kill -0 "$helper"
kill $silent

# --- without the registry, without the program ---
printf 'image: %s\n' "$registry/debian:12" >devbox.yaml
kill "$(cat "${log%/log}/pid")"
wait_for 5 sh -c "! curl -s http://$registry/v2/"
ok 'an image that is here needs no registry' bx up
run bx run --pull -- true
is "$status" 125 'only when it has to be asked'
like "$err" "hint: " 'there is something to do about it'
mkdir alone && cp "$DEVBOX" alone/
run alone/devbox run --image "$registry/none" -- true
like "$err" "the program 'devbox-image' is not there" 'without its helper it says so'
ok 'what is here needs no helper' alone/devbox run --image "$registry/debian:12" -- true

# --- with other subordinate ids ---
echo "$(id -un):900000:65536" >"$tmp/ids"
: >"$tmp/none"
mkdir -m 0700 "$tmp/run2"
# with FILE ARGS...: devbox ARGS with FILE instead of the lists of subordinate ids
with() {
	local ids=$1
	shift
	changed --put "$ids" /etc/subuid --put "$ids" /etc/subgid -- env XDG_RUNTIME_DIR="$tmp/run2" "$DEVBOX" "$@"
}
run with "$tmp/ids" run -- cat /etc/debian_version
if [ "$status" = 77 ]; then
	skip 'other subordinate ids' "$err"
else
	is "$status" 125 'layers of other subordinate ids are not shown'
	like "$err" "devbox.yaml:1:8: error: image '$registry/debian:12' was unpacked when root of your boxes was id [0-9]+, and it is 900000 now" \
		'which is said'
	like "$err" 'hint: .*/etc/subuid.*prune' 'with what to do'
	run with "$tmp/none" run -- sh -c 'id -u; stat -c %u /etc/shadow'
	is "$status $out" $'0 0\n0' 'without any they are shown as those of root'
fi

done_testing
