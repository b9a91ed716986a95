#!/bin/bash
# Errors: one line that says what failed and on what, a hint that says what to do, and the status of the contract.
. "$(dirname "$0")/lib.sh"

line=$'[^\n]*'
# fails STATUS REGEX DESC COMMAND...: with that status and that error, which is all that is said
fails() {
	local want=$1 regex=$2 desc=$3
	shift 3
	run "$@"
	if [ "$status" -ne "$want" ]; then
		fail "$desc" "status $status instead of $want" "$err"
	elif [[ ! $err =~ ^$regex$ ]]; then
		fail "$desc" "got:      $err" "not like: $regex"
	elif [ -n "$out" ]; then
		fail "$desc" "on stdout: $out"
	elif [ "$(grep -cE '^(devbox|devbox\.yaml[:0-9]+: error): |^devbox\.yaml:' <<<"$err")" -ne 1 ]; then
		fail "$desc" "more than one error:" "$err"
	else
		pass "$desc"
	fi
}
hint=$'\n  hint: '
# refused PROFILE REGEX DESC: a profile that up and run refuse alike
refused() {
	printf '%s\n' "$1" >devbox.yaml
	fails 1 "devbox\\.yaml:$2" "$3" bx up
	fails 125 "devbox\\.yaml:$2" "$3 (run)" bx run -- true
	is "$(bx ps --json)" '[]' 'and nothing runs'
}

# --- the command line ---

fails 2 "devbox: unknown verb 'upp'${hint}did you mean 'up'\\?" 'an unknown verb' bx upp
fails 2 "devbox: unknown verb 'xyzzy'${hint}'devbox help' lists them" 'one that is like none' bx xyzzy
fails 2 "devbox: up: unknown option '--nope'${hint}'devbox help up' lists them" 'an unknown option' bx up --nope
fails 2 "devbox: up: unknown option '--dry-rum'${hint}did you mean '--dry-run'\\?" 'with the nearest' bx up --dry-rum
fails 125 "devbox: exec: no command${hint}devbox exec .*" 'exec without a command' bx exec
fails 125 "devbox: run: no command${hint}devbox run .*" 'run without a command' bx run
fails 125 "devbox: run: unknown option '--imag'${hint}$line" 'run with an unknown option' bx run --imag x
fails 125 "devbox: --network 'hots' is none of $line${hint}did you mean 'host'\\?" 'run with an unknown network' bx run --network hots -- true
fails 2 "devbox: up: option '-C' needs an argument${hint}-C DIR" '-C without a folder' bx up -C
fails 1 "devbox: folder '/no/such': No such file or directory" '-C of a folder that is not there' bx -C /no/such up
fails 1 "devbox: $line/no/such.yaml$line(${hint}$line)?" '-f of a file that is not there' bx -f /no/such.yaml up

# --- no profile, no project ---

mkdir "$tmp/work/empty" && cd "$tmp/work/empty" || exit 1
fails 1 "devbox: no devbox\\.yaml in '$PWD' or a folder above it${hint}$line" 'up without a profile' bx up
fails 125 "devbox: $line${hint}$line" 'shell without a profile' bx shell
make_project errors ''
fails 1 "devbox: there is no project 'no_such'${hint}$line" 'a project that is not there' bx -p no_such ps
fails 1 "devbox: project name 'Bad Name' ${line}(${hint}$line)?" 'a name that is none' bx -p 'Bad Name' up
fails 125 "devbox: box 'errors' is not running${hint}devbox up" 'exec before up' bx exec -- true
fails 1 "devbox: there is no box 'nobox'${hint}$line" 'a box that is not there' bx stop nobox
fails 1 "devbox: box 'errors' is not running${hint}devbox up" 'pause before up' bx pause
fails 1 "devbox: there is no box 'errors'${hint}devbox up starts one" 'inspect before up' bx inspect

# --- the profile ---

refused 'image: [a' "2:1: error: not valid YAML: $line" 'an open bracket'
refused 'a: b: c' "1:5: error: not valid YAML: $line${hint}quote a text that holds ': '" 'a colon too many'
refused $'cpus: 1\n\tmem_limit: 2g' "2:1: error: not valid YAML: $line(${hint}$line)?" 'a tab'
refused $'image: host\nmemroy: 5g' "2:1: error: unknown key 'memroy'${hint}did you mean 'mem_limit'\\?" 'an unknown key'
refused 'workspace: {sorce: .}' "1:13: error: unknown key 'sorce' in 'workspace'${hint}did you mean 'source'\\?" 'one in a map'
refused 'xyzzy: 1' "1:1: error: unknown key 'xyzzy'${hint}see devbox\\.yaml\\(5\\)$line" 'one that is like none'
refused $'image: host\nimage: host' "2:1: error: $line'image'$line(${hint}$line)?" 'a key twice'
refused 'cpus: many' "1:7: error: cpus must be a number of processors $line, not 'many'" 'a bad type'
refused 'image: [host]' "1:8: error: image must be $line" 'a list for a text'
refused 'volumes: /a:/b' "1:10: error: volumes must be $line(${hint}$line)?" 'a text for a list'
refused 'read_only: perhaps' "1:12: error: read_only must be $line" 'a bad boolean'
refused 'mem_limit: 3x' "1:12: error: mem_limit must be a size such as '512m' or '2g', not '3x'" 'a bad size'
refused 'mem_limit: 99999999999g' "1:12: error: mem_limit $line" 'a size too large'
refused 'shm_size: -1' "1:11: error: shm_size $line" 'a negative one'
refused 'stop_grace_period: soon' "1:20: error: stop_grace_period must be $line" 'a bad duration'
refused 'stop_signal: SIGNOPE' "1:14: error: $line'SIGNOPE'(${hint}$line)?" 'a bad signal'
refused 'home: nowhere' "1:7: error: home must be 'isolated', 'tmpfs' or 'shared', not 'nowhere'" 'a word that is none of three'
refused 'name: Bad Name' "1:7: error: name must be $line, not 'Bad Name'" 'a bad name'
refused 'image: rootfs:/nope' "1:8: error: image 'rootfs:/nope': No such file or directory${hint}$line" 'an image that is not there'
refused $'image: debian:12\npull_policy: never' "1:8: error: image 'debian:12' is not in the store, $line${hint}devbox pull debian:12" 'an image that nothing may fetch'
refused 'image: rootfs:/etc/passwd' "1:8: error: image 'rootfs:/etc/passwd': Not a directory${hint}$line" 'an image that is a file'
refused 'workspace: /no/such' "1:12: error: workspace '/no/such': No such file or directory${hint}$line" 'a workspace that is not there'
refused 'volumes: ["/no/such:/x"]' "1:11: error: volume source '/no/such': No such file or directory${hint}$line" 'a volume that is not there'
refused 'env_file: no.env' "1:11: error: env_file: open '$project/no.env': No such file or directory${hint}$line" 'an env_file that is not there'
refused 'devices: [/dev/no]' "1:11: error: device '/dev/no': No such file or directory${hint}$line" 'a device that is not there'
refused 'user: nobody-here' "1:7: error: the image has no user 'nobody-here'${hint}$line" 'a user that is not there'
refused 'extends: nope' "1:10: error: there is no profile named 'nope'${hint}$line" 'a profile that is not there'
refused 'security_opt: ["seccomp=/no.json"]' "1:16: error: seccomp profile: open '/no.json': No such file or directory(${hint}$line)?" 'a seccomp profile that is not there'
refused 'environment: {A: "${NOT_SET:?say it}"}' "1:19: error: variable 'NOT_SET' is not set: say it${hint}$line" 'a variable that must be set'
for key in secrets hooks tasks restart desktop; do
	printf '%s: {}\n' "$key" >devbox.yaml
	fails 1 "devbox\\.yaml:1:1: error: key '$key' is not built yet${hint}$line" "$key is refused by name" bx up
done
echo 'command: [no-such-command]' >devbox.yaml
fails 1 "devbox: 'no-such-command' was not found in the box(${hint}$line)?" 'a command that is not there' bx up
printf '\377\376i\0' >devbox.yaml
fails 1 "devbox\\.yaml:1:1: error: not UTF-8 text: byte 0xff${hint}$line" 'a binary file' bx up
chmod 0 devbox.yaml
fails 1 "devbox: open 'devbox\\.yaml': Permission denied(${hint}$line)?" 'a profile that cannot be read' bx up
chmod 0644 devbox.yaml
rm devbox.yaml && mkdir devbox.yaml
fails 1 "devbox: open 'devbox\\.yaml': not a regular file(${hint}$line)?" 'a profile that is a folder' bx up
rmdir devbox.yaml
: >devbox.yaml

# --- the session ---

run env -u HOME "$DEVBOX" run --network none -- sh -c 'echo "$HOME"'
is "$status|$out|$err" "0|$HOME|" 'without HOME the account says where the home is'
run env HOME=nonsense "$DEVBOX" run --network none -- sh -c 'echo "$HOME"'
is "$status|$out" "0|$HOME" 'neither is a HOME believed that is no absolute path'
fallback=/run/user/$(id -u)
[ -O "$fallback" ] || fallback=/tmp/devbox-$(id -u)
had_fallback=$(ls -d "$fallback" 2>/dev/null)
for value in '' relative "$tmp/none" /root; do
	run env XDG_RUNTIME_DIR="$value" "$DEVBOX" -q up
	is "$status" 0 "XDG_RUNTIME_DIR='$value': up works"
	run env XDG_RUNTIME_DIR="$value" "$DEVBOX" exec -- echo here
	is "$out" here 'and exec finds the box'
	is "$(stat -c '%U %a' "$fallback")" "$(id -un) 700" 'its files are private'
	run env XDG_RUNTIME_DIR="$value" "$DEVBOX" -q down --volumes
	is "$status" 0 'and down'
done
if [ -z "$had_fallback" ] && [[ $fallback == /tmp/* ]]; then
	rm -rf "$fallback"
	mkdir -m 0777 "$fallback"
	chmod 0777 "$fallback"
	fails 1 "devbox: folder '$fallback' is not this user's own${hint}$line" 'a fallback that others may write' env -u XDG_RUNTIME_DIR "$DEVBOX" up
	rmdir "$fallback"
fi

closed() {
	rm -rf "$1/devbox"
	chmod 0500 "$1"
	fails 1 "devbox: $line'$1/$line': Permission denied(${hint}$line)?" "$2: up" bx up
	chmod 0700 "$1"
	run bx -q down --volumes
	is "$status" 0 "$2: down afterwards"
}
closed "$XDG_DATA_HOME" 'a data folder that cannot be written'
closed "$XDG_STATE_HOME" 'a state folder that cannot be written'
closed "$XDG_RUNTIME_DIR" 'a runtime folder that cannot be written'
rm -rf "$XDG_CACHE_HOME/devbox"
chmod 0500 "$XDG_CACHE_HOME"
run bx -q up
is "$status" 0 'a cache that cannot be written is no failure'
run bx exec -- echo here
is "$status|$out" '0|here' 'exec finds what it needs'
chmod 0700 "$XDG_CACHE_HOME"
bx -q down --volumes

done_testing
