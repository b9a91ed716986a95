#!/bin/bash
# Logins, certificates, mirrors: what podman and docker left for a registry is used, for that registry and for no other.
. "$(dirname "$0")/lib.sh"

command -v jq >/dev/null || skip_all 'jq is not installed'
busybox=$("$top/tests/rig/make-image" busybox) || exit 1
layout=${busybox#oci:}
start_faults "${layout%:*}"
open=$faults open_log=$faults_log
start_faults "${layout%:*}"
start_registry --user ann:se:cret
closed=$registry
push_image busybox app:1 --dest-creds ann:se:cret
start_registry --tls
tls=$registry
ca=$(echo "$tmp"/registry.*/ca.crt)
skopeo --insecure-policy copy -q --dest-tls-verify=false "$busybox" "docker://$tls/app:1" || exit 1
export HOME=$tmp/home DOCKER_CONFIG=
unset REGISTRY_AUTH_FILE DOCKER_CONFIG
mkdir -p "$HOME/.docker" "$XDG_CONFIG_HOME/containers" "$XDG_RUNTIME_DIR/containers" "$tmp/bin"
cd "$tmp/work" || exit 1

# A store that has nothing: everything is asked for.
fresh() {
	export XDG_DATA_HOME=$tmp/data.$((++stores))
}
pull() { fresh && run bx pull -q "$@"; }
login() { printf '{"auths": {"%s": {"auth": "%s"}}}' "$1" "$(printf %s "$2" | base64 -w0)"; }
no_login() { rm -f "$XDG_RUNTIME_DIR/containers/auth.json" "$XDG_CONFIG_HOME/containers/auth.json" "$HOME/.docker/config.json"; }
# What an exchange with the fault registry showed as a login, by server.
shown() { jq -r '.server + " " + (.headers.Authorization // "none" | split(" ")[0])' "$faults_log" | sort -u | paste -sd, && : >"$faults_log"; }

# --- where a login is found ---
pull "$closed/app:1"
is "$status" 1 'without a login a closed registry gives nothing'
like "$err" "it does not exist or needs a login" 'says so'
like "$err" "hint: .*podman login $closed or docker login $closed" 'and how to log in'
for file in "$XDG_RUNTIME_DIR/containers/auth.json" "$XDG_CONFIG_HOME/containers/auth.json" "$HOME/.docker/config.json"; do
	no_login
	login "$closed" ann:se:cret >"$file"
	pull "$closed/app:1"
	is "$status" 0 "a login in ${file#"$tmp/"} is used"
	login "$closed" ann:wrong >"$file"
	pull "$closed/app:1"
	is "$status" 1 "${file#"$tmp/"}: a wrong one is refused"
	like "$err" "refuses user 'ann', whose login is from '$file'" 'with the file it is from'
	unlike "$err" 'wrong' 'and without its password'
done
login "$closed" ann:se:cret >"$tmp/elsewhere.json"
fresh
run env REGISTRY_AUTH_FILE="$tmp/elsewhere.json" "$DEVBOX" pull -q "$closed/app:1"
is "$status" 0 'REGISTRY_AUTH_FILE comes before the others'
login "$closed/app" ann:se:cret | jq -c --arg host "$closed" '.auths[$host] = {auth: "eDp5"}' >"$HOME/.docker/config.json"
pull "$closed/app:1"
is "$status" 0 'the login of a repository comes before that of its registry'
echo '{"auths": {' >"$HOME/.docker/config.json"
pull "$closed/app:1"
is "$status" 1 'a file that is broken is not passed over'
like "$err" "$HOME/.docker/config.json" 'but named'

# --- by another program ---
cat >"$tmp/bin/docker-credential-box" <<'END'
#!/bin/sh
read -r server && echo "$1 $server" >>"$HOME/asked"
case $server in
*"$(cat "$HOME/known")") echo '{"ServerURL": "", "Username": "ann", "Secret": "se:cret"}' ;;
*) echo 'credentials not found in native keychain' && exit 1 ;;
esac
END
chmod +x "$tmp/bin/docker-credential-box"
export PATH=$tmp/bin:$PATH
no_login
echo "$closed" >"$HOME/known"
echo "{\"credHelpers\": {\"$closed\": \"box\"}}" >"$HOME/.docker/config.json"
pull "$closed/app:1"
is "$status" 0 'a credential helper of the registry is asked'
is "$(sort -u "$HOME/asked")" "get $closed" 'for that registry'
echo '{"credsStore": "box"}' >"$HOME/.docker/config.json"
pull "$closed/app:1"
is "$status" 0 'one for all registries, too'
echo nobody >"$HOME/known"
pull "$open/app:busybox"
is "$status" 0 'one that knows nothing is no error'
pull "$closed/app:1"
like "$err" 'needs a login' 'there is no login then'
for name in ../bin/docker-credential-box 'box;id' none; do
	jq -cn --arg name "$name" --arg host "$closed" '{credHelpers: {($host): $name}}' >"$HOME/.docker/config.json"
	pull "$closed/app:1"
	is "$status" 1 "a helper called '$name' is not run"
	like "$err" "^$HOME/.docker/config.json: error: .*(credential helper is not made of letters|'docker-credential-none')" 'but named'
	jq -cn --arg name "$name" '{credsStore: $name}' >"$HOME/.docker/config.json"
	pull "$open/app:busybox"
	is "$status" 0 'one for all registries that is not there is in nobody'"'"'s way'
done

# --- and where it goes ---
no_login
login "$faults" user:word >"$HOME/.docker/config.json"
: >"$faults_log"
for path in x-auth-bearer x-auth-basic x-auth-quiet x-auth-scope x-auth-bearer/x-token-uses-1; do
	pull "$faults/$path/app:busybox"
	is "$status" 0 "$path: a login gets through"
done
for path in x-auth-basic/x-blob-redirect x-auth-bearer/x-blob-redirect x-auth-basic/x-layer-drop-9000/x-blob-redirect; do
	: >"$faults_log"
	pull "$faults/$path/app:busybox"
	is "$status" 0 "$path: blobs may lie elsewhere"
	like "$(shown)" '^main (Basic|Bearer).*,other none$' 'where no login is shown'
done
for where in plain meta file; do
	: >"$faults_log"
	pull "$faults/x-auth-realm-$where/app:busybox"
	is "$status" 1 "x-auth-realm-$where: a token is not asked for there"
	is "$(shown)" 'main none' 'no login was shown to anybody'
	is "$(grep -c . <<<"$err")" 2 'in one sentence'
done
# The name is another, the server the same: it is another registry.
pull "127.0.0.1:${faults#*:}/x-auth-basic/app:busybox"
is "$status" 1 'a registry of another name does not get the login'
: >"$faults_log"
pull "$open/app:busybox"
is "$status" 0 'others are asked without'
is "$(jq -r '.headers.Authorization // "none"' "$open_log" | sort -u)" none 'and are not told'
no_login

# --- certificates ---
pull "$tls/app:1"
is "$status" 1 'a certificate that nobody vouches for is refused'
like "$err" 'the certificate of registry .* is not to be trusted \(.*self.signed' 'and why'
like "$err" "hint: put its authority into ~/.config/containers/certs.d/$tls/ca.crt; --insecure" 'it says where its authority belongs'
pull --insecure "$tls/app:1"
is "$status" 0 '--insecure takes it'
certs=$XDG_CONFIG_HOME/containers/certs.d/$tls
mkdir -p "$certs" && cp "$ca" "$certs/ca.crt"
pull "$tls/app:1"
is "$status" 0 'with its authority in certs.d it is good'
pull "localhost:${tls#*:}/app:1"
is "$status" 1 'for that name alone'
echo nonsense >"$certs/ca.crt"
pull "$tls/app:1"
is "$status" 1 'what is no certificate vouches for nothing'
like "$err" "^devbox: .*certificate|ca.crt" 'in words'
rm -r "$certs"

# --- registries.conf ---
conf=$XDG_CONFIG_HOME/containers/registries.conf
cat >"$conf" <<END
[[registry]]
prefix = "mirrored.example"
location = "mirrored.example"
[[registry.mirror]]
location = "127.0.0.1:1"
[[registry.mirror]]
location = "$open"
insecure = true

[[registry]]
location = "blocked.example"
blocked = true

[[registry]]
prefix = "moved.example/team"
location = "$open"
insecure = true

[[registry]]
location = "$tls"
insecure = true
END
pull mirrored.example/app:busybox
is "$status" 0 'a mirror is asked first'
fresh
run bx pull mirrored.example/app:busybox
like "$err" 'note: .*127.0.0.1:1.*' 'one that is not there is passed over with a word'
is "$(bx images --json | jq -r '.[].name')" mirrored.example/app:busybox 'the image has the name that was asked for'
login mirrored.example ann:se:cret >"$HOME/.docker/config.json"
pull mirrored.example/app:busybox
is "$status" 0 'with a login for the registry the mirror is asked, too'
is "$(jq -r '.headers.Authorization // "none"' "$open_log" | sort -u)" none 'without that login'
no_login
pull blocked.example/app:1
is "$status" 1 'what is blocked is not asked'
like "$err" "^$conf:10:1: error: images of 'blocked.example' are blocked" 'and the line says so'
pull moved.example/team/app:busybox
is "$status" 0 'a name may lead elsewhere'
pull "$tls/app:1"
is "$status" 0 'insecure there is --insecure'
pull --insecure blocked.example/app:1
is "$status" 1 '--insecure unblocks nothing'
echo 'blocked = maybe' >>"$conf"
pull "$open/app:busybox"
is "$status" 1 'a file that cannot be read is not passed over'
like "$err" "$conf:[0-9]+" 'its line is named'

done_testing
