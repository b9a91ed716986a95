#!/bin/bash
# Registries that do wrong: every fault is one sentence with something to do about it, nothing is published, what can be
# taken up again is, and a login goes nowhere but to its registry.
. "$(dirname "$0")/lib.sh"

start_registry
command -v jq >/dev/null || skip_all 'jq is not installed'
busybox=$("$top/tests/rig/make-image" busybox) || exit 1
layout=${busybox#oci:}
start_faults "${layout%:*}"
whole=$(bx load -q "$busybox")
# Where credentials are looked for, too.
export HOME=$tmp/home
unset REGISTRY_AUTH_FILE DOCKER_CONFIG
mkdir "$HOME" "$tmp/tries"
cd "$tmp/work" || exit 1

# begin NAME REFERENCE [OPTION...] - a pull in the background, into a store of its own.
begin() {
	local dir=$tmp/tries/$1
	mkdir "$dir"
	(
		shift
		XDG_DATA_HOME=$dir/data timeout 100 "$DEVBOX" pull "$@" >"$dir/out" 2>"$dir/err" </dev/null
		echo $? >"$dir/status"
	) &
}
# use NAME - what became of it: $out, $err, $status, $store
use() {
	local dir=$tmp/tries/$1
	wait_for 100 test -s "$dir/status"
	out=$(cat "$dir/out") err=$(cat "$dir/err") status=$(cat "$dir/status")
	store=$dir/data/devbox
}
published() { (cd "$1" 2>/dev/null && find refs images layers blobs/sha256 tmp trash -mindepth 1 -maxdepth 1) | paste -sd' '; }
# One error and one hint, of words that can be printed; notes may come before them.
is_one_sentence() {
	[ "$(grep -c '^devbox: ' <<<"$err")" = 1 ] && [ "$(grep -c '^  hint: .' <<<"$err")" = 1 ] &&
		! grep -qP '[^\x20-\x7e]' <<<"$err"
}

# refused NAME WORDS - the pull failed, said so, and left nothing behind.
refused() {
	use "$1"
	is "$status" 1 "$1: is refused"
	like "$err" "$2" "$1: says why"
	if is_one_sentence; then pass "$1: in one sentence, with something to do"; else fail "$1: in one sentence, with something to do"; fi
	is "$(published "$store") $out" ' ' "$1: nothing is published, and nothing left behind"
}
# comes_through NAME [NOTE]
comes_through() {
	use "$1"
	is "$status $out" "0 $whole" "$1: comes through"
	[ $# -lt 2 ] || like "$err" "$2" "$1: says what it overcame"
}

# --- faults that end a pull, at once or after some tries ---
table='
manifest-drop-10-0   the connection with .* broke
manifest-cut-100-0   it is damaged
manifest-short-1     it is damaged
manifest-long-3      it is damaged
manifest-flip        it is damaged
manifest-wrongdigest it is damaged: sha256:[0-9a-f]{64} came instead of .sha256:0{64}
manifest-endless     more than 4194304 bytes
manifest-big         more than 4194304 bytes
manifest-bigchunk    more than 4194304 bytes
manifest-status-500-0 HTTP status 500 .UNKNOWN: a bad day
manifest-status-401-0 does not exist or needs a login
manifest-status-403-0 does not exist or needs a login
manifest-status-404-0 there is no such tag or digest
manifest-status-418-0 HTTP status 418
manifest-limit-100-0 too many requests
manifest-quota       You have reached your pull rate limit
manifest-mute-0      Empty reply
manifest-gzip        Content-Encoding
manifest-redirectloop redirects in a circle
manifest-redirectfile redirects to .file:///etc/passwd., which is not https
manifest-schema1     obsolete format
manifest-html        sent a web page
blob-drop-100-0      fetch the config of .*broke
blob-short-1         has 535 bytes, but the image says 536
blob-flip            fetch the config of .* it is damaged
blob-status-404-0    does not have it
layer-drop-2000-0    fetch layer [0-9a-f]{12} of .*broke
layer-cut-2000-0     sent only [0-9]+ of [0-9]+ bytes
layer-short-1        bytes
layer-long-1         bytes
layer-endless        bytes
layer-flip           it is damaged: sha256:[0-9a-f]{64} came instead of
layer-status-404-0   does not have it
layer-status-403-0   needs a login
layer-quota          You have reached your pull rate limit
layer-gzip           Content-Encoding
layer-redirectloop   redirects in a circle
layer-redirectfile   redirects to .file:///etc/passwd
'
while read -r fault words; do
	[ -z "$fault" ] || begin "$fault" "$faults/x-$fault/app:busybox"
done <<<"$table"

# --- faults that are overcome ---
good='
manifest-drop-10       trying again
manifest-status-503-2  HTTP status 503 .*trying again
manifest-limit-1       too many requests .*trying again in 1 s
manifest-nodigest
manifest-plain
manifest-warn          warns: this registry ends
layer-drop-500000      the connection with .* trying again
manifest-stall-10      sent next to nothing for 30s; trying again
layer-cut-500000       sent only 500000 of [0-9]+ bytes; trying again
layer-mute
layer-status-502-3     HTTP status 502
layer-redirect
layer-redirectself
layer-drop-500000/x-layer-norange     trying again
layer-drop-500000/x-layer-wrongrange  trying again
layer-drop-500000/x-layer-redirect    trying again
auth-anonymous
auth-many
auth-scope/x-auth-anonymous
auth-anonymous/x-token-uses-1
auth-anonymous/x-token-status-503-1   the token server has a bad day.*trying again
'
while read -r fault words; do
	[ -z "$fault" ] || begin "${fault//\//+}" "$faults/x-$fault/app:busybox"
done <<<"$good"

# --- logins that do not work out ---
logins='
auth-bearer           needs a login
auth-quiet            needs a login
auth-basic            needs a login
auth-loop/x-auth-anonymous  needs a login
auth-realm-meta       169.254.169.254.* an address of a private network
auth-realm-file       which is not https
auth-realm-user       an address with a user in it
auth-realm-plain      the name of .*registry.invalid
auth-anonymous/x-token-status-500-0 the token server has a bad day
auth-anonymous/x-token-junk   no JSON
auth-anonymous/x-token-big    too long
'
while read -r fault words; do
	[ -z "$fault" ] || begin "${fault//\//+}" "$faults/x-$fault/app:busybox"
done <<<"$logins"

while read -r fault words; do [ -z "$fault" ] || refused "$fault" "$words"; done <<<"$table"
while read -r fault words; do [ -z "$fault" ] || comes_through "${fault//\//+}" ${words:+"$words"}; done <<<"$good"
while read -r fault words; do [ -z "$fault" ] || refused "${fault//\//+}" "$words"; done <<<"$logins"
unlike "$(cat "$tmp"/tries/*/err)" $'\e|\a' 'what a server says cannot paint the terminal'
like "$(jq -r 'select(.path | contains("x-layer-cut-500000/app/blobs")) | .headers.Range // "all"' "$faults_log" | sort -u | paste -sd' ')" \
	'^all bytes=500000-$' 'a broken layer is taken up where it broke'
is "$(jq -r 'select(.server == "other") | .headers.Authorization // "none"' "$faults_log" | sort -u)" none 'where a registry leads, no token goes'

# --- images that are wrong in themselves, from a registry and from a folder ---
"$top/tests/rig/broken-images" "$tmp/broken"
start_faults "$tmp/broken"
errors() { sed -n '/^devbox: /,$p' <<<"$err"; }
while read -r name outcome words; do
	XDG_DATA_HOME=$tmp/tries/store run bx pull "$faults/app:$name"
	first=$(errors)
	XDG_DATA_HOME=$tmp/tries/store run bx load "oci:$tmp/broken:$name"
	err=$(errors)
	if [ "$outcome" = taken ]; then
		is "$first" '' "$name: is pulled"
		is "$status" 0 "$name: is loaded"
		continue
	fi
	like "$first" "^devbox: .*$words" "$name: is refused by pull, which says why"
	like "$err" "^devbox: .*$words" "$name: by load, too"
	unlike "$first$err" '[^ -~'$'\n'']' "$name: in words"
	is "$(cut -d: -f1 <<<"$first"$'\n'"$err" | paste -sd' ')" 'devbox   hint devbox   hint' "$name: in one sentence, with something to do"
done <"$tmp/broken/expect"
is "$(XDG_DATA_HOME=$tmp/tries/store bx images --json | jq length)" "$(($(grep -c ' taken' "$tmp/broken/expect") * 2))" \
	'the good ones are there, and none of the others'
is "$(ls "$tmp/tries/store/devbox/tmp" "$tmp/tries/store/devbox/trash" | grep -v : | wc -w)" 0 'nothing of them lies about'

done_testing
