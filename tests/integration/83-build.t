#!/bin/bash
# packages and build.steps: layers that are made once, and again when what went into them changed.
. "$(dirname "$0")/lib.sh"

store=$XDG_DATA_HOME/devbox
root=$tmp/root
busybox_root "$root"
debian=$(debian_root) || exit 1

# steps STEP... - a profile of build.steps, each an item of YAML
steps() {
	printf 'image: rootfs:%s\nbuild:\n  steps:\n' "$root"
	printf '    - %s\n' "$@"
}
profile() { steps "$@" >devbox.yaml; }
# ran LETTER - how often steps said so: they append letters to /ran/count, in a cache of theirs
ran() { as_all_ids cat "$store/caches/build-%2Fran/count" 2>/dev/null | tr -cd "$1" | wc -c; }
letter() { printf '{run: "echo %s >>/ran/count; %s", cache: [/ran]%s}' "$1" "${2:-true}" "${3:-}"; }
layers() { find "$store/layers" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
is_empty() { [ -z "$(ls -A "$1" 2>/dev/null)" ]; }
# all files of the layers, but not their tops
files() { (cd "$store/layers" && as_all_ids find . -mindepth 3 -printf '%P %y\n') | sed 's,^[^/]*/diff/,,' | sort; }

# --- steps ---

make_project shop
profile "$(letter a 'echo one >/one')" "$(letter b 'cp /one /two; echo two >>/two')"
run bx build --dry-run
like "$err" 'step 1 +to build +.*\(not built yet\)' 'a dry run says what would run'
is "$(ran a)|$(layers)" '0|0' 'and runs nothing'
run bx build
is "$status" 0 'build'
like "$err" 'step 1 +builds .*step 1 +built .*step 2 +built ' 'says what it does'
is "$(files)" $'one f\ntwo f' 'the layers hold what the steps wrote, and nothing that mounting made'
run bx run -- cat /two
is "$status|$out|$err" $'0|one\ntwo|' 'run stands on them, without a word'
run bx run --network none -- cat /two
is "$status|$out|$err" $'0|one\ntwo|' 'its own network is not that of the steps'
run bx build
like "$err" 'step 1 +cached .*step 2 +cached ' 'a second build finds them'
unlike "$err" 'builds' 'and runs none'
is "$(ran a)$(ran b)" 11 'each ran once'

profile "$(letter a 'echo one >/one')" "$(letter b 'cp /one /three')"
run bx plan
like "$err" 'step 1 +cached .*step 2 +to build .*\(its command changed\)' 'plan says which step would run, and why'
run bx up
is "$status" 0 'up builds what is missing'
like "$err" 'step 2 +builds .*\(its command changed\)' 'and says why'
is "$(ran a)$(ran b)" 12 'only the changed step ran'
run bx exec -- cat /three
is "$out" one 'the box stands on it'
run bx up
like "$err" '^shop: up to date' 'another up changes nothing'
profile "$(letter a 'echo 1 >/one')" "$(letter b 'cp /one /three')"
run bx up
is "$(ran a)$(ran b)" 23 'after a changed step all that follow run'
like "$err" 'step 2 +builds .*\(after step 1\)' 'which is said'
run bx exec -- cat /three
is "$out" 1 'the box has the new layers'
bx down >/dev/null 2>&1

run bx build --no-cache
is "$status|$(ran a)$(ran b)" '0|34' '--no-cache runs all'
run bx build --from 2
is "$status|$(ran a)$(ran b)" '0|35' '--from runs a step and those after it'
run bx up --rebuild
is "$status|$(ran a)$(ran b)" '0|46' 'up --rebuild runs all'
bx down >/dev/null 2>&1
run bx build --from 3
like "$status $err" '1 .*the profile has 2 build.steps' 'there is no step 3'
run bx build --from x
like "$status $err" '2 .*the number of a step' 'nor a step x'

profile "$(letter a 'echo 1 >/one')" '"true"' "$(letter c 'echo 3 >/three')"
ok 'a step that writes nothing' bx build
before=$(layers)
run bx build
like "$err" 'step 2 +cached' 'is cached as well'
is "$(layers)" "$before" 'and has no layer'

run bx --progress json build
is "$(jq -rs '.[0] | "\(.step) \(.state)"' <<<"$err")" '1 cached' '--progress json tells it as JSON'
profile "$(letter a 'echo 1 >/one')" '"echo out; echo err >&2"'
run bx --progress json build
like "$(jq -rs 'map(select(.state == "output").output) | add' <<<"$err")" $'out\nerr' 'with the output of a step'

# --- what a step sees ---

profile '"id -u; pwd; ls -A; ls -A /root; ls /sys/class/net; env"'
export SECRET=caller http_proxy=http://proxy.invalid
printf 'environment: {SECRET: profile}\nhome_files: []\nnetwork_mode: none\n' >>devbox.yaml
echo x >file
run bx build
unset SECRET http_proxy
is "$status" 0 'a step'
like "$err" '1 \| 0[[:space:]]' 'is root'
like "$err" "1 \\| $project" 'in the folder of the workspace'
unlike "$err" '\| (file|devbox.yaml)' 'without its files'
unlike "$err" 'SECRET' 'without the variables of caller and box'
like "$err" 'http_proxy=http://proxy.invalid' 'with the proxy'
unlike "$err" 'eth|tap' 'in the network of the profile'
run bx build
like "$err" 'step 1 +cached' 'the proxy is no part of what it is known by'

profile '{run: "ls /sys/class/net", network: false}'
run bx build
is "$(grep '1 |' <<<"$err")" ' 1 | lo' 'network: false has none'
profile '{run: "ls /sys/class/net"}'
run bx build
like "$err" 'step 1 +builds .*\(its network changed\)' 'with a network it is another step'
like "$err" '\| tap0' 'which has one'

profile '{run: "echo $$A-$$B >/env", env: {A: 1, B: "two words"}}'
run bx build
is "$(bx run -- cat /env)" '1-two words' 'variables of a step'
profile '{run: "echo $$A-$$B >/env", env: {B: "two words", A: 1}}'
run bx build
like "$err" 'step 1 +cached' 'their order means nothing'
profile '{run: "echo $$A-$$B >/env", env: {B: "two words", A: 2}}'
run bx build
like "$err" '\(A changed\)' 'their values do'

# --- inputs ---

make_project inputs
mkdir -p sub/.git
echo a >requirements.txt
echo b >sub/b
echo secret >sub/.git/config
echo not an input >other
inputs() { profile "$(letter i "find . | sort >/seen; cat requirements.txt sub/b >>/seen; cat sub/.git/config >>/seen; touch sub/b 2>/dev/null || echo read-only >>/seen; echo x >here" ', inputs: [requirements.txt, sub]')"; }
inputs
run bx build
is "$status" 0 'a step with inputs'
is "$(bx run -- cat /seen)" $'.\n./requirements.txt\n./sub\n./sub/.git\n./sub/b\na\nb\nread-only' 'sees them, and nothing else of the workspace'
is "$(cat sub/b)$(ls here 2>&1)" "b$(ls here 2>&1)" 'what it writes there is gone'
touch -d 2001-01-01 sub/b && chmod 0600 sub/b && echo more >>sub/.git/config && echo more >>other
run bx build
like "$err" 'step 1 +cached' 'times, owners, .git and other files do not count'
echo c >sub/b
run bx build
like "$err" 'step 1 +builds .*\(sub/b changed\)' 'content does, and the file is named'
chmod +x sub/b
run bx build
like "$err" '\(sub/b changed\)' 'so does the executable bit'
mv sub/b sub/c && echo c >sub/b && chmod +x sub/b
run bx build
like "$err" '\(sub/c is new\)' 'so does a name'
rm sub/c && ln -s b sub/c
run bx build
like "$err" '\(sub/c changed\)' 'and the kind of a file'
rm requirements.txt
run bx build
like "$err" "^devbox.yaml:4:.*error: inputs of step 1: 'requirements.txt': No such file or directory" 'a missing input is named'
ln -s /etc/hostname requirements.txt
run bx build
like "$err" "inputs of step 1: 'requirements.txt' is a link out of the workspace" 'a link out of the workspace is refused'
rm requirements.txt && echo a >requirements.txt
profile '{run: "sleep 1; cat requirements.txt", inputs: [requirements.txt]}'
bx build >"$tmp/out" 2>&1 &
wait_for 10 grep -q 'step 1 *builds' "$tmp/out"
echo b >requirements.txt
end_of 30 $!
like "$status $(cat "$tmp/out")" '1 .*inputs of step 1 changed while it ran' 'an input that changes meanwhile spoils the step'
profile '{run: "ls -A >/all", inputs: .}'
ok 'the whole workspace' bx build
is "$(bx run -- cat /all)" "$(ls -A)" 'is an input, too'

# --- failure ---

make_project failure
profile "$(letter a 'echo kept >/kept')" '"echo some words; exit 3"' "$(letter z)"
was=$(ran a)
kept_layers=$(layers)
run bx up
is "$status" 1 'up fails with a step'
like "$err" $'2 \| some words\ndevbox.yaml:5:7: error: step 2 failed with status 3: echo some words; exit 3\n  hint: .*build.log.*--debug' \
	'and says which, where, and what to do'
is "$(cat "$XDG_STATE_HOME/devbox/failure/build.log")" 'some words' 'its output is kept'
is "$(ran z)" 0 'what follows does not run'
is "$(layers)" $((kept_layers + 1)) 'what succeeded stays'
ok 'what failed leaves nothing' is_empty "$store/tmp"
run bx run -- true
is "$status" 125 'run fails, too'
profile "$(letter a 'echo kept >/kept')" '"echo some words"'
ok 'mended, it goes on' bx build
is "$(ran a)" $((was + 1)) 'from there'
profile '"kill -9 $$$$"'
run bx build
like "$err" 'step 1 failed with status 137' 'a step that was killed'
profile '"no-such-command"'
run bx build
like "$err" 'step 1 failed with status 127' 'a command that is not there'

if command -v script >/dev/null; then
	profile '"echo half >/half; false"'
	out=$({ sleep 2; printf 'cat /half; echo done >/ha""lf; exit\n'; sleep 1; } |
		timeout 60 script -qec "$DEVBOX build --debug" /dev/null | tr -d '\r')
	like "$out" 'this is a shell in its box' '--debug opens a shell where the step failed'
	like "$out" $'\nhalf\n' 'with what it wrote'
	like "$out" 'step 1 failed with status 1' 'and the step has failed nevertheless'
	ok 'nothing of it stays' is_empty "$store/tmp"
else
	skip '--debug' 'no script(1) here'
fi

# --- killed and interrupted ---

# start_build STEP - in the background, until its step says "started"; sets $builder
start_build() {
	profile "\"$1\""
	env --default-signal "$DEVBOX" build >"$tmp/out" 2>&1 &
	builder=$!
	wait_for 20 grep -q '1 | started' "$tmp/out"
}
no_sleep() { ! pgrep -f '^sleep 6000.83$'; }

make_project killed
before=$(layers)
start_build 'echo x >/partly; echo started; sleep 6000.83'
kill -9 $builder
end_of 10 $builder
is "$(layers)" "$before" 'kill -9 in the middle of a step publishes nothing'
ok 'and leaves no process' wait_for 10 no_sleep
profile '"echo x >/partly; test -e /partly"'
ok 'the next build goes on' bx build
is "$(bx run -- cat /partly)" x 'and is whole'
for signal in INT TERM; do
	start_build "echo started; sleep 6000.83 # $signal"
	kill -$signal $builder
	end_of 20 $builder
	like "$status $(cat "$tmp/out")" $'1 .*\ndevbox: interrupted' "SIG$signal ends a step"
	ok 'and takes away what it wrote' test -z "$(find "$store/tmp" -maxdepth 1 -name "$builder-*")"
	ok 'and its processes' wait_for 10 no_sleep
done

# --- two at once ---

make_project twin-a
profile "$(letter t 'sleep 1')" "$(letter u 'sleep 1; echo u >/u')"
make_project twin-b
cp ../twin-a/devbox.yaml .
# The workspace is part of a step: the same place in both.
printf 'workspace: {source: ., target: /src}\n' | tee -a devbox.yaml >>../twin-a/devbox.yaml
bx -C ../twin-a build >"$tmp/out-a" 2>&1 &
a=$!
bx build >"$tmp/out-b" 2>&1 &
b=$!
end_of 60 $a
one=$status
end_of 60 $b
is "$one$status" 00 'two projects build the same at once'
is "$(ran t)$(ran u)" 11 'and each step runs once'

meet() { printf '{run: "touch /meet/%s; i=0; while ! test -e /meet/%s; do i=$$((i+1)); test $$i -lt 200 || exit 1; sleep 0.1; done", cache: [/meet]}' "$1" "$2"; }
profile "$(meet a b)"
(cd ../twin-a && profile "$(meet b a)")
bx -C ../twin-a build >"$tmp/out-a" 2>&1 &
a=$!
ok 'a cache is used by two steps at once' bx build
end_of 60 $a
is "$status" 0 'by both'
alone() { printf '{run: "mkdir /var/cache/apt/busy && sleep 1 && rmdir /var/cache/apt/busy # %s", cache: apt}' "$1"; }
profile "$(alone a)"
(cd ../twin-a && profile "$(alone b)")
bx -C ../twin-a build >"$tmp/out-a" 2>&1 &
a=$!
ok 'that of apt by one at a time' bx build
end_of 60 $a
is "$status" 0 'the other waits'

# --- refused ---

make_project refused
printf 'packages: [git]\n' >devbox.yaml
for verb in up build plan 'run -- true'; do
	run bx $verb
	like "$err" "^devbox.yaml:1:11: error: packages cannot be installed with image 'host'" "$verb: packages into the host are refused"
done
printf 'image: rootfs:%s\npackages: [git]\n' "$root" >devbox.yaml
run bx build
like "$err" "^devbox.yaml:2:11: error: packages: image 'rootfs:$root' has no package manager that is known" 'an image without a package manager'
run bx run --image "rootfs:$root" -- echo fine
is "$out" fine 'run --image takes another image as it is'
printf 'image: rootfs:%s\npackages: {apk: [git]}\n' "$debian" >devbox.yaml
run bx build
like "$err" "packages: there is no list for 'apt', which image" 'a list for another package manager'

# --- packages ---

make_project packages
printf 'image: rootfs:%s\npackages: [hello, hello]\n' "$debian" >devbox.yaml
run bx up
is "$status" 0 'packages are installed'
like "$err" 'packages +built +hello ' 'which is said'
run bx exec -- hello
is "$out" 'Hello, world!' 'the box has them'
run bx exec -- dpkg-query -W -f '${Status}' hello
is "$out" 'install ok installed' 'and its package manager knows'
bx down >/dev/null 2>&1
run bx up
unlike "$err" 'packages +(builds|built)' 'the second up has nothing to install'
bx down >/dev/null 2>&1
like "$(as_all_ids ls "$store/caches/build-apt/archives")" 'hello_.*deb' 'downloads are kept'
unlike "$(files)" $'(^|\n)(var/lib/apt/lists/|var/cache/apt/|dev|proc|run|sys|src|etc/(hosts|resolv.conf|hostname) )' 'and not in the layer'
make_project same
printf 'image: rootfs:%s\npackages: {apt: [hello], apk: [hallo]}\nworkspace: {source: ., target: %s}\n' "$debian" "$tmp/work/packages" >devbox.yaml
run bx build
like "$err" 'packages +cached' 'another project finds the layer'
printf 'image: rootfs:%s\npackages: [no-such-package-here]\n' "$debian" >devbox.yaml
run bx build
like "$err" $'Unable to locate package no-such-package-here\n.*devbox.yaml:2:11: error: packages failed with status 100' 'a package that is not there'

# --- other maps of ids ---

make_project maps
echo word >in
two() { profile '{run: "id -u >/who; cat in >>/who; echo x >/etc/gone; touch /cached/x", inputs: in, cache: [/cached]}' '"rm /etc/gone; cat /who"'; }
two
: >"$tmp/none"
single() { changed --put "$tmp/none" /etc/subuid -- env XDG_DATA_HOME="$tmp/single" "$DEVBOX" "$@"; }
mkdir "$tmp/single"
run single build
is "$status" 0 'with a single id'
run single run -- sh -c 'cat /who; ls /etc/gone'
is "$out" $'0\nword' 'a step is root, and hides what an earlier one wrote'
# Through fuse-overlayfs a file that is removed and still open has a path of its own.
cp devbox.yaml two.yaml
printf 'image: rootfs:%s\nbuild: {steps: ["exec 3>/x; rm /x; echo a >&3; chmod 600 /proc/self/fd/3; echo b >&3; echo end"]}\n' "$debian" >devbox.yaml
run changed --put "$tmp/none" /etc/subuid -- env XDG_DATA_HOME="$tmp/single" timeout -k 5 30 "$DEVBOX" build
is "$status" 0 'a step on files of ids that are none of its own'
like "$err" '1 \| end' 'comes to its end'
run single run -- unshare -r id -u
is "$status|$out" '0|0' 'and a box stands on it, in which there can be others'
mv two.yaml devbox.yaml

if [ -p "${DEVBOX_TESTS_DOOR:-/none}/requests" ]; then
	echo 'root:700000:65536' >"$tmp/ids"
	own=$tmp/own
	changed --root -- mkdir -m 0755 "$own"
	changed --root -- mkdir -m 0700 "$own/run"
	root() {
		changed --root --put "$tmp/ids" /etc/subuid --put "$tmp/ids" /etc/subgid -- env HOME=/root USER=root LOGNAME=root \
			XDG_DATA_HOME="$own" XDG_STATE_HOME="$own" XDG_CACHE_HOME="$own" XDG_CONFIG_HOME="$own" \
			XDG_RUNTIME_DIR="$own/run" "$DEVBOX" "$@"
	}
	for kind in fuse native; do
		run root build
		is "$status" 0 "by the host's root, $kind"
		run root run -- sh -c 'cat /who; ls /etc/gone'
		is "$out" $'0\nword' "the same, $kind"
		is "$(changed --root -- sh -c "stat -c %u $own/devbox/layers/*/diff | sort -u")" 700000 'its layers belong to the root of boxes'
		changed --root -- sh -c "cp -a $root $root.own && chown -R 700000:700000 $root.own"
		root=$root.own
		two
	done
else
	skip "by the host's root" 'tests/rig/as-user must be started by root'
fi

# --- on an image of a registry, made for Docker ---

start_registry
push_image debian debian:12
make_project image "image: $registry/debian:12
build:
  steps:
    - echo 'DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb\"; };' >/etc/apt/apt.conf.d/docker-clean
    - run: apt-get update && apt-get install -y --no-install-recommends sl && ls /opt/layer
      cache: [apt]
    - \"echo \$\$APP >/app\""
run bx up
is "$status" 0 'an image of a registry'
like "$err" 'step 2 +built' 'gets layers, too'
like "$(as_all_ids ls "$store/caches/build-apt/archives")" '(^|[[:space:]])sl_.*deb' 'what keeps no downloads is overruled'
is "$(bx exec -- cat /app </dev/null)" tool 'a step has the variables of the image'
is "$(bx exec -- sh -c 'test -x /usr/games/sl && cat /etc/apt/apt.conf.d/docker-clean | wc -l' </dev/null)" 1 'all layers are in the box'
before=$(layers)
ok 'prune' bx -y prune --all --builds
ok 'leaves what a box stands on' bx exec -- test -x /usr/games/sl
run bx up
like "$err" '^image: up to date' 'and what up would need'
bx down >/dev/null 2>&1

done_testing
