#!/bin/bash
# A name without a registry is Docker Hub's, unless the user's registries.conf(5) makes it an alias.
. "$(dirname "$0")/lib.sh"

registry=$("$top/tests/rig/registry" --with $$ "$tmp/registry") || skip_all 'no docker-registry here'
image=$("$top/tests/rig/make-image" busybox) || skip_all 'no image to pull'
skopeo --insecure-policy copy -q --dest-tls-verify=false "$image" "docker://$registry/team/tools:1"
mkdir -p "$XDG_CONFIG_HOME/containers"
cat >"$XDG_CONFIG_HOME/containers/registries.conf" <<TOML
unqualified-search-registries = ["squatter.example"]
[aliases]
"tools" = "$registry/team/tools"
TOML
# Where the user's own file is looked for is another variable for some tools.
mkdir -p "$tmp/home/.config" && cp -r "$XDG_CONFIG_HOME/containers" "$tmp/home/.config/"

run env HOME="$tmp/home" "$DEVBOX" pull tools:1
is "$status" 0 'an alias is pulled'
like "$err" "'tools:1' comes from '$registry/team/tools', says .*registries.conf:3" 'and it is said where it leads'
make_project aliased 'image: tools:1'
out=$(HOME=$tmp/home bx run -- cat /etc/passwd 2>"$tmp/.err" </dev/null)
like "$out" 'app:x:1234' 'a profile with the short name uses it'
run env HOME="$tmp/home" no_proxy='*' "$DEVBOX" pull docker.io/library/tools:1
is "$status" 1 'the whole name is no alias'
unlike "$err" 'squatter' 'and a list of registries to try is not tried'

done_testing
