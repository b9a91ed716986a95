#!/bin/bash
# What a profile asks for beyond its own folder is asked about once; and a box can write its own profile: what it
# adds there is not granted before the user says so.
. "$(dirname "$0")/lib.sh"
unset DEVBOX_YES

mkdir "$tmp/host"
echo secret >"$tmp/host/file"

# --- a project of somebody else ---
make_project cloned "image: host
volumes: [\"$tmp/host:/all:ro\"]"
run bx up
is "$status" 1 'a new profile that asks for more than its folder is not started by itself'
like "$err" "devbox.yaml:2.*more than its own folder: folder or file $tmp/host" 'it says what for, and where'
like "$err" 'hint:.*-y' 'and how to say yes'
run bx run -- cat /all/file
is "$status" 125 'nor is its box run'

# asked ANSWER ARGS... - devbox on a terminal, whose user types that
asked() {
	local answer=$1
	shift
	script -qec "$(printf '%q ' "$DEVBOX" "$@")" /dev/null <<<"$answer"
}
out=$(asked n up)
like "$out" "folder or file $tmp/host .*devbox.yaml:2" 'on a terminal it is asked, with each line'
like "$out" 'allow\? \[y/N\]' 'with No as what is meant by anything else'
nok 'a no starts nothing' bx exec -T -- true
out=$(asked y run -T -- cat /all/file)
like "$out" secret 'a yes is for run, too'
ok 'and was said for good' bx up
is "$(bx exec -T -- cat /all/file </dev/null)" secret 'the box has what was granted'
printf 'image: host\nenv_pass: ["\\e[31mRED"]\n' >devbox.yaml
run bx up
unlike "$err" $'\e' 'what is asked for has no control characters when it is shown'
bx down >/dev/null 2>&1

mkdir "$tmp/host/root"
ln -s "$tmp/host/root" link
for image in "rootfs:$tmp/host/root" "tar:$tmp/host/file" 'rootfs:./link' 'oci:./link:name'; do
	echo "image: $image" >devbox.yaml
	run bx run -- true
	like "$err" "devbox.yaml:1:8: error: the profile asks for more.*: image ${image%%:*}:" "$image shows files of the host"
done
mkdir root
echo 'image: rootfs:root' >devbox.yaml
run bx run -- true
unlike "$err" 'asks for more' 'an image in the own folder does not'
echo "image: rootfs:$tmp/host/root" >devbox.yaml
run bx run --image host -- true
is "$status" 0 'what the user named himself is not asked about'
bx down >/dev/null 2>&1

# --- a box that writes its profile ---
make_project grants "image: host
hostname: first"
ok 'a profile that asks for nothing starts' bx up

bx exec -T -- sh -c "echo 'volumes: [\"$tmp/host:/all\"]' >>devbox.yaml" </dev/null
run bx up
is "$status" 1 'a profile that the box changed is not started'
like "$err" "more than its own folder.*$tmp/host" 'it says what it asks for'
like "$err" 'hint:.*-y' 'and how to say yes'
ok 'the box that runs is left alone' bx exec -T -- true
run bx restart
is "$status" 1 'restart refuses, too'
ok 'and has not stopped it' bx exec -T -- true
run bx run -- cat /all/file
is "$status" 125 'run refuses, too'

bx down >/dev/null 2>&1
run bx up
is "$status" 1 'down does not make it forget'
ok '-y says yes' bx up -y
is "$(bx exec -T -- cat /all/file </dev/null)" secret 'and then it is granted'
ok 'once said is enough' bx restart
sed -i '/volumes/d' devbox.yaml
ok 'less is never asked about' bx up

done_testing
