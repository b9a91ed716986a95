#!/bin/bash
# Each key of the profile that shapes a box has the effect that the manual states.
. "$(dirname "$0")/lib.sh"

home=$(getent passwd "$(id -un)" | cut -d: -f6)
in_box() { bx exec -T -- "$@"; }
profile() { printf '%s\n' "$@" >"$project/devbox.yaml"; }
down() { bx down >/dev/null 2>&1; }
# refused LINE:COLUMN PATTERN DESC - of the profile as it is
refused() {
	run bx run -- true
	is "$status" 125 "$3: nothing begins"
	like "$err" "devbox.yaml:$1: error: .*$2" "$3: refused at its line"
}
make_project keys ''
root=$tmp/root
busybox_root "$root"

# --- home
profile 'image: host'
bx up >/dev/null 2>&1
in_box sh -c 'echo kept >~/kept; mkdir -p ~/.cache/x; echo x >~/.bashrc-mine'
down
bx up >/dev/null 2>&1
is "$(in_box sh -c 'cat ~/kept; ls -d ~/.cache/x')" "kept"$'\n'"$home/.cache/x" 'home: isolated lasts from one up to the next'
nok 'it is not the real home' test -e "$home/kept"
[ ! -e /etc/skel/.profile ] || is "$(in_box sh -c 'cmp ~/.profile /etc/skel/.profile && echo same')" same 'it begins with what new users get'
bx down --volumes >/dev/null 2>&1
bx up >/dev/null 2>&1
nok 'down --volumes removes it' in_box test -e "$home/kept"
down
profile 'image: host' 'home: tmpfs'
bx up >/dev/null 2>&1
is "$(in_box sh -c 'stat -f -c %T ~; stat -c %U:%a ~; echo x >~/x; cat ~/x' | tr '\n' ' ')" "tmpfs $(id -un):700 x " 'home: tmpfs is in memory, and the user'"'"'s'
down
bx up >/dev/null 2>&1
nok 'and empty after the next up' in_box test -e "$home/x"
down
mine=.devboxtest.$$
mkdir -p "$home/$mine.d" && echo real >"$home/$mine" && echo inner >"$home/$mine.d/file" && chmod 640 "$home/$mine"
profile 'image: host' 'home: shared'
is "$(bx run -- sh -c "cat ~/$mine; echo more >>~/$mine; id -u")" $'real\n'"$(id -u)" 'home: shared is the real one'
is "$(cat "$home/$mine")" $'real\nmore' 'which the box can write'
profile 'image: host' 'home: elsewhere'
refused 2:7 elsewhere 'an unknown home'

# --- home_files
profile 'image: host' "home_files: ['~/$mine', '~/$mine.d/file:rw']"
bx up >/dev/null 2>&1
is "$(in_box cat "$home/$mine" "$home/$mine.d/file" | tr '\n' ' ')" 'real more inner ' 'home_files: single files of the real home'
run in_box sh -c "echo x >>~/$mine"
like "$err" 'Read-only' 'which cannot be written'
ok 'unless :rw says so' in_box sh -c "echo box >>~/$mine.d/file"
is "$(tail -n 1 "$home/$mine.d/file")" box 'then the real one is written'
is "$(in_box sh -c "ls -A ~/$mine.d; stat -c %U ~/$mine.d" | tr '\n' ' ')" "file $(id -un) " 'nothing beside them comes along'
down
bx down --volumes >/dev/null 2>&1
profile 'image: host' "home_files: ['~/$mine:copy', '~/$mine.d/file:copy']"
bx up >/dev/null 2>&1
is "$(in_box sh -c "echo x >>~/$mine && cat ~/$mine; stat -c %a ~/$mine" | tr '\n' ' ')" 'real more x 640 ' 'copy: a copy, with the mode, that can be written'
is "$(tail -n 1 "$home/$mine")" more 'the real one stays'
down
bx up >/dev/null 2>&1
is "$(in_box tail -n 1 "$home/$mine")" x 'a copy that is there already stays too'
down
for bad in /etc/passwd "~/$mine.none" '~/../x' "~/$mine:wo"; do
	profile 'image: host' "home_files: ['$bad']"
	refused '2:[0-9]+' . "home_files: $bad"
done
rm -rf "${home:?}/$mine" "$home/$mine.d"

# --- environment, env_file, env_pass
printf 'FILE=one\nBOTH=file\nQUOTED="a b\\tc"\nRAW='"'"'$x'"'"'\n# note\n' >one.env
printf 'FILE=two\n' >two.env
export PASSED_ONE=1 PASSED_TWO=2 OTHER_ONE=3 TAKEN=taken
profile 'image: host' 'env_file: [one.env, two.env, {path: none.env, required: false}]' \
	'environment: {BOTH: key, EMPTY: "", NUMBER: 7, TAKEN: , MISSING: , LEVEL: "${NOT_THERE:-debug}", PATH: /opt/bin:/usr/bin:/bin}' \
	'env_pass: ["PASSED_*", NOT_SET]'
bx up >/dev/null 2>&1
for verb in 'exec -T' run; do
	run bx $verb -- env
	for want in FILE=two BOTH=key $'QUOTED=a b\tc' 'RAW=\$x' EMPTY= NUMBER=7 TAKEN=taken LEVEL=debug PASSED_ONE=1 PASSED_TWO=2 \
		PATH=/opt/bin:/usr/bin:/bin container=devbox "HOME=$home"; do
		like "$out" "(^|"$'\n'")$want(\$|"$'\n'")" "$verb: $want"
	done
	unlike "$out" 'OTHER_ONE|MISSING|NOT_SET|DEVBOX|XDG_DATA|SSH_|DBUS' "$verb: and nothing that was not asked for"
done
is "$(bx exec -T -e BOTH=given -e OTHER_ONE -e EMPTY=x=y -- sh -c 'echo "$BOTH $OTHER_ONE $EMPTY"')" 'given 3 x=y' 'exec -e wins, and takes the caller'"'"'s'
is "$(bx run -e BOTH=given -e OTHER_ONE -- sh -c 'echo "$BOTH $OTHER_ONE"')" 'given 3' 'run -e, too'
down
profile 'image: host' 'env_file: none.env'
refused '2:11' 'none.env' 'a missing env_file'

# --- volumes, tmpfs
mkdir -p "$tmp/data/sub" && echo data >"$tmp/data/file" && echo one >"$tmp/single"
profile 'image: host' 'volumes:' "  - '$tmp/data:/data:ro'" "  - '$tmp/single:/mnt/single'" "  - 'named:/srv/named'" \
	'  - {type: tmpfs, target: /scratch, size: 2m}' '  - {type: cache, source: shared, target: /var/cache/shared}' \
	'  - {type: bind, source: sub, target: /data/sub}' "tmpfs: ['/mem:size=1m', '/ro:ro']"
mkdir sub
bx up >/dev/null 2>&1
is "$(in_box cat /data/file /mnt/single | tr '\n' ' ')" 'data one ' 'volumes: a folder and a file'
run in_box sh -c 'echo x >>/data/file'
like "$err" 'Read-only' ':ro is read-only'
ok 'a file can be written' in_box sh -c 'echo x >>/mnt/single'
ok 'a volume in a read-only one can be written' in_box touch /data/sub/new
ok 'which is the folder beside the profile' test -e sub/new
is "$(in_box sh -c 'df -k /scratch /mem | awk "NR > 1 { print \$2 }"' | tr '\n' ' ')" '2048 1024 ' 'sizes of tmpfs'
run in_box dd if=/dev/zero of=/mem/f bs=1M count=2
like "$err" 'No space left' 'are limits'
nok 'tmpfs :ro' in_box touch /ro/x
ok 'all may write a tmpfs, and the volumes' in_box sh -c 'touch /scratch/x /srv/named/x /var/cache/shared/x'
down
bx up >/dev/null 2>&1
ok 'a named volume lasts' in_box test -e /srv/named/x
nok 'a tmpfs does not' in_box test -e /scratch/x
down
make_project keys-other "image: host
volumes: ['named:/srv/named', {type: cache, source: shared, target: /cache}]"
ok 'a cache is the same in every project' bx run -- test -e /cache/x
nok 'a named volume is not' bx run -- test -e /srv/named/x
cd "$tmp/work/keys" && project=$PWD
bx down --volumes >/dev/null 2>&1
bx up >/dev/null 2>&1
nok 'down --volumes removes a named volume' in_box test -e /srv/named/x
ok 'but no cache' in_box test -e /var/cache/shared/x
ok 'nor what was bound' test -e sub/new
down
for bad in "'$tmp/none:/x'" "'$tmp/data:/proc/x'" "'$tmp/data:/'" "'$tmp/data:/dev/x'" "'$tmp/data:/sys'" "'$tmp/data:rel'" "'../../../etc:/x:shared'" \
	"'a b:/x'" "'../x,bind-propagation=shared:/x:z'" "{type: bind, source: '$tmp/data', target: /x, propagation: shared}" "{type: overlay, source: x, target: /y}" \
	"{type: volume, source: ../../x, target: /y}" "{type: cache, source: .., target: /y}"; do
	profile 'image: host' "volumes: [$bad]"
	refused '2:[0-9]+' . "volumes: $bad"
done
profile 'image: host' "volumes: ['$tmp/data:/x', '$tmp/single:/x']"
refused '2:[0-9]+' . 'two volumes at one place'

# --- devices
if [ -w /dev/fuse ]; then
	profile 'image: host' "devices: ['/dev/fuse:/dev/mine:rw', '/dev/zero:/dev/deep/zero:r']"
	is "$(bx run -- sh -c 'stat -c %t:%T /dev/mine /dev/deep/zero; head -c 2 /dev/deep/zero | od -An -tx1' | tr '\n' ' ')" 'a:e5 1:5  00 00 ' 'devices: where they are asked for'
	is "$(bx run -- sh -c 'exec 3<>/dev/mine && echo open')" open 'and can be opened'
fi
closed=$(find /dev -maxdepth 1 -type b -o -maxdepth 1 -name kmsg | while read -r f; do [ -r "$f" ] || { echo "$f"; break; }; done)
if [ -n "$closed" ]; then
	profile 'image: host' "devices: ['$closed']"
	refused '2:[0-9]+' "$closed" 'a device that the caller cannot open'
fi
profile 'image: host' "devices: ['/dev/none']"
refused '2:[0-9]+' '/dev/none' 'a device that is not there'

# --- ulimits, sysctls, oom_score_adj
profile 'image: host' 'network_mode: none' 'ulimits: {nofile: {soft: 77, hard: 88}, core: 0, nproc: 333}' \
	'sysctls: {net.ipv4.ip_unprivileged_port_start: 0, net.ipv4.ping_group_range: "0 100", kernel.shmmax: 123456, fs.mqueue.msg_max: 20}' 'oom_score_adj: 500'
bx up >/dev/null 2>&1
for verb in 'exec -T' run; do
	is "$(bx $verb -- sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c; awk "/Max processes/ { print \$3, \$4 }" /proc/self/limits; cat /proc/self/oom_score_adj' | tr '\n' ' ')" \
		'77 88 0 333 333 500 ' "$verb: ulimits and oom_score_adj"
done
is "$(in_box cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range /proc/sys/kernel/shmmax /proc/sys/fs/mqueue/msg_max | tr '\n\t' '  ')" \
	'0 0 100 123456 20 ' 'sysctls are in force'
unlike "$(cat /proc/sys/kernel/shmmax)" '^123456$' 'in the box alone'
down
profile 'image: host' 'network_mode: none'
bx up >/dev/null 2>&1
is "$(in_box python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 80)).getsockname()[1])')" 80 'a user may listen at any port of the box'
is "$(in_box python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP); s.settimeout(5)
s.sendto(b"\x08\0\0\0\0\0\0\1", ("127.0.0.1", 0)); print(s.recv(9)[0])')" 0 'and ping'
down
for bad in 'kernel.panic: 1' 'vm.swappiness: 1' 'net.none.such: 1' 'kernel.core_pattern: x' 'net/../kernel/panic: 1' 'net.ipv4.../../../kernel.panic: 1'; do
	profile 'image: host' "sysctls: {$bad}"
	refused '2:[0-9]+' . "sysctls: $bad"
done
profile 'image: host' 'network_mode: host' 'sysctls: {net.ipv4.ip_forward: 1}'
refused '3:[0-9]+' . 'a sysctl of the network of the host'

# --- extra_hosts, dns, hostname
profile "image: rootfs:$root" 'hostname: till.example' 'extra_hosts: {db: 10.1.2.3, six: ["::1", 10.9.9.9]}' 'dns: [10.7.7.7, 10.8.8.8]' 'dns_search: [a.example, b.example]'
run bx run -- cat /etc/hosts /etc/resolv.conf
for want in '127.0.0.1[[:space:]]+localhost' '10.1.2.3[[:space:]]+db' '::1[[:space:]]+six' '10.9.9.9[[:space:]]+six' 'nameserver 10.7.7.7' 'nameserver 10.8.8.8' 'search a.example b.example' '[[:space:]]till.example'; do
	like "$out" "(^|"$'\n'"|[0-9])$want" "extra_hosts, dns: $want"
done
is "$(bx run -- sh -c 'hostname; ping -c 1 -w 2 db >/dev/null 2>&1; cat /etc/hostname' | tr '\n' ' ')" 'till.example till.example ' 'hostname:'
profile "image: rootfs:$root" 'hostname: "-bad host"'
refused 2:11 . 'a bad hostname'

# --- read_only
profile "image: rootfs:$root" 'read_only: true' "tmpfs: [/scratch]"
for verb in run up; do
	if [ $verb = up ]; then bx up >/dev/null 2>&1; box=(exec -T -u root); else box=(run -u root); fi
	run bx "${box[@]}" -- sh -c 'touch /x /etc/x /usr/x /bin/x'
	is "$(grep -c Read-only <<<"$err")" 4 "$verb: read_only: the root cannot be written"
	ok "$verb: everything else can" bx "${box[@]/root/dev}" -- sh -c 'touch ~/x ./x /scratch/x /run/user/$(id -u)/x /dev/shm/x'
	nok "$verb: root cannot change that" bx "${box[@]}" -- mount -o remount,rw /
done
down
profile 'image: host' 'read_only: true'
run bx run -u root -- touch /x
like "$err" 'Read-only' 'on the host image, too'

# --- workspace, working_dir
mkdir -p src/deep && echo profile >src/file
profile 'image: host' 'workspace: {source: src, target: /work}'
is "$(bx run -- sh -c 'pwd; cat file' | tr '\n' ' ')" '/work profile ' 'workspace: source and target'
is "$(cd src/deep && bx run -- pwd)" /work/deep 'commands start in the folder that matches'
is "$(cd sub && bx run -- pwd)" /work 'and outside of it in the workspace'
is "$(cd src/deep && bx run -w /usr -- pwd)" /usr '-w wins'
nok 'the rest of the project is out of sight' bx run -- test -e "$project/devbox.yaml"
profile 'image: host' 'workspace: {source: ., target: /work, read_only: true}'
run bx run -- touch new
like "$err" 'Read-only' 'workspace.read_only'
profile 'image: host' 'workspace: {source: src, target: /work}' 'working_dir: /usr/share'
is "$(cd sub && bx run -- pwd)" /usr/share 'working_dir is where commands start'
profile 'image: host' 'workspace: {source: src, target: /work}' 'working_dir: deep'
like "$(cd sub && bx run -- pwd 2>&1)" '^/work/deep$|devbox.yaml:3:14: error' 'a relative one lies in the workspace, or is refused'
profile 'image: host' 'workspace: {source: none, target: /work}'
refused 2:12 none 'a missing workspace'
profile 'image: host' 'workspace: {source: one.env, target: /work}'
refused 2:12 'one.env' 'a workspace that is a file'

# --- command, entrypoint
echo 'echo "$0|$#|$1|$2|$PWD" >>out; exit 3' >run.sh
profile 'image: host' 'entrypoint: [sh, ./run.sh, "a b"]' "command: 'c\"d e\"'"
bx up >/dev/null 2>&1
ok 'the command runs' wait_for 10 test -s out
is "$(cat out)" "./run.sh|2|a b|cd e|$project" 'entrypoint gets the words of the command'
ok 'its end is the end of the box' wait_for 10 sh -c "'$DEVBOX' ps -a | grep -q 'exited'"
ok 'with its status' wait_for 10 sh -c "'$DEVBOX' inspect | grep -q '\"exit_code\": *3'"
down
is "$(bx run -- sh -c 'echo $#' x)" 0 'run has its own command instead'

done_testing
