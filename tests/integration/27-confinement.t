#!/bin/bash
# Capabilities, privileges and groups of every process that enters a box, whichever way it comes.
. "$(dirname "$0")/lib.sh"

none=0000000000000000
default=00000000800425fb # root of a box: docker's set without AUDIT_WRITE and MKNOD
status_of='awk "/^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):/ { printf \"%s%s \", \$1, \$2 } /^Groups:/ { printf \"%s%d \", \$1, NF - 1 }" /proc/self/status'
# want INH PRM EFF BND AMB NNP SECCOMP GROUPS
want() {
	local names=(CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp) i=0 text groups=${8:-0}
	text="Groups:$groups "
	for name in "${names[@]}"; do i=$((i + 1)); text+="$name:${!i} "; done
	echo "$text"
}
sorted() { tr ' ' '\n' | grep . | sort | tr '\n' ' '; }
check() { is "$(sorted <<<"$1")" "$(want "${@:3}" | sorted)" "$2"; }

root=$tmp/root
busybox_root "$root"
printf 'root:x:0:0::/root:/bin/sh\napp:x:12:34::/:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\napp:x:34:\nextra:x:55:app\n' >"$root/etc/group"
make_project powers ''
profile() { printf '%s\n' "image: rootfs:$root" "$@" >"$project/devbox.yaml"; }
down() { bx down >/dev/null 2>&1; }

# In a terminal of its own, typing what comes on stdin.
in_terminal() {
	python3 -c '
import os, pty, sys
data = sys.stdin.buffer.read()
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
os.write(fd, data)
while True:
    try:
        out = os.read(fd, 65536)
    except OSError:
        break
    if not out:
        break
    sys.stdout.buffer.write(out)
os.waitpid(pid, 0)' "$@"
}

# However a process comes in: run, exec, shell, the command; as dev, root and somebody else.
every_way() {
	local desc=$1 dev=$2 root_set=$3 other=$4
	shift 4
	echo "command: [sh, -c, '$(sed 's/"/\\"/g; s/\\\\"/\\"/g' <<<"exec cat /proc/self/status")']" >>devbox.yaml
	bx up >/dev/null 2>&1
	wait_for 10 sh -c "'$DEVBOX' logs | grep -q Seccomp_filters"
	check "$(bx logs 2>/dev/null | sed 's/^.*| //; s/^.*stdout //' | awk '{ sub(/^.*[ |]/, "", $1) } /(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):/ { printf "%s%s ", $(NF - 1), $NF } /Groups:/ { printf "Groups:0 " }')" "$desc: the command" $dev
	down
	sed -i '/^command:/d' devbox.yaml
	bx up >/dev/null 2>&1
	check "$(bx run -- sh -c "$status_of" 2>/dev/null)" "$desc: run" $dev
	check "$(bx exec -T -- sh -c "$status_of")" "$desc: exec" $dev
	check "$(in_terminal "$DEVBOX" shell <<<"$status_of; exit" | grep -o "Groups:[0-9]* Cap.*Seccomp:[0-9]*")" "$desc: shell" $dev
	check "$(bx exec -T -u root -- sh -c "$status_of")" "$desc: exec -u root" $root_set
	check "$(bx run -u root -- sh -c "$status_of" 2>/dev/null)" "$desc: run -u root" $root_set
	check "$(bx exec -T -u app -- sh -c "$status_of")" "$desc: exec -u app" $other
	check "$(bx run -u app -- sh -c "$status_of" 2>/dev/null)" "$desc: run -u app" $other
	check "$(bx exec -T -u 77:88 -- sh -c "$status_of")" "$desc: exec -u 77:88" ${other% *} 0
	down
}
profile
every_way default "$none $none $none $default $none 1 2 0" "$none $default $default $default $none 1 2 0" "$none $none $none $default $none 1 2 1"

# cap_drop, cap_add: sets of both.
bits() { # NUMBER... - as a mask
	local mask=0 n
	for n in "$@"; do mask=$((mask | 1 << n)); done
	printf '%016x' "$mask"
}
profile 'cap_drop: [ALL]'
every_way 'cap_drop ALL' "$none $none $none $none $none 1 2 0" "$none $none $none $none $none 1 2 0" "$none $none $none $none $none 1 2 1"
net=$(printf '%016x' $((0x$default | 1 << 12)))
ambient=$(bits 12)
profile 'cap_add: [NET_ADMIN]'
every_way 'cap_add' "$ambient $ambient $ambient $net $ambient 1 2 0" "$none $net $net $net $none 1 2 0" "$ambient $ambient $ambient $net $ambient 1 2 1"
few=$(bits 0 10)
profile 'cap_drop: [ALL]' 'cap_add: [CAP_CHOWN, net_bind_service]'
every_way 'a set made' "$few $few $few $few $few 1 2 0" "$none $few $few $few $none 1 2 0" "$few $few $few $few $few 1 2 1"

# What they mean.
profile 'network_mode: none'
nok 'root cannot change the network' bx run -u root -- ip link set lo down
nok 'nor mount' bx run -u root -- mount -t tmpfs t /mnt
run bx run -u root -- date -s '2001-01-01 00:00:00'
like "$err" 'not permitted' 'nor set the clock'
nok 'nor make a device' bx run -u root -- mknod /x c 1 3
nok 'nor load a module' bx run -u root -- modprobe loop
ok 'root may give away' bx run -u root -- chown 12:34 /etc/passwd
ok 'root may bind to port 80' bx run -u root -- sh -c 'timeout 1 httpd -f -p 127.0.0.1:80; [ $? -ne 1 ]'
profile 'network_mode: none' 'cap_add: [NET_ADMIN]'
ok 'with NET_ADMIN the user changes the network of the box' bx run -- ip link set lo mtu 1400
profile 'network_mode: none' 'cap_drop: [CHOWN]'
nok 'without CHOWN root gives nothing away' bx run -u root -- chown 12:34 /etc/passwd
for bad in 'cap_add: [NOT_A_CAP]' 'cap_drop: [CAP_NET_ADMINN]' 'cap_add: [""]' 'cap_add: [NET_ADMIN; ALL]'; do
	profile "$bad"
	run bx run -- true
	like "$status $err" '^125 devbox.yaml:2:[0-9]+: error: ' "$bad is refused at its line"
done
profile 'cap_add: [NET_ADMIN]' 'cap_drop: [NET_ADMIN]'
run bx run -- true
like "$status $err" '^125 devbox.yaml:[23]:[0-9]+: error: ' 'added and dropped is refused'

# no-new-privileges: set-user-ID programs.
echo '#include <stdio.h>
#include <unistd.h>
int main(void) { printf("%d\n", (int)geteuid()); return 0; }' >"$tmp/suid.c"
gcc -static -o "$root/bin/suid" "$tmp/suid.c" || skip_all 'no static C program can be made here'
as_all_ids sh -c "chown 1:1 '$root/bin/suid' && chmod 4755 '$root/bin/suid'" # the first subordinate id: root of the box
profile
bx up >/dev/null 2>&1
is "$(bx exec -T -- /bin/suid)" "$(id -u)" 'a set-user-ID program gains nothing'
nok 'and knows that' bx exec -T -- grep -q 'NoNewPrivs:[[:space:]]*0' /proc/self/status
down
profile 'security_opt: ["no-new-privileges:false"]'
every_way 'no-new-privileges:false' "$none $none $none $default $none 0 2 0" "$none $default $default $default $none 0 2 0" "$none $none $none $default $none 0 2 1"
bx up >/dev/null 2>&1
is "$(bx exec -T -- /bin/suid)" 0 'with no-new-privileges:false it does: exec'
is "$(bx run -- /bin/suid)" 0 'run'
as_all_ids cp -p "$root/bin/suid" suid
is "$(bx exec -T -- ./suid)" "$(id -u)" 'but not one in the workspace'
as_all_ids rm suid
down
for form in no-new-privileges no-new-privileges:true 'no-new-privileges=true'; do
	profile "security_opt: ['$form']"
	is "$(bx run -- awk '/^NoNewPrivs/ { print $2 }' /proc/self/status)" 1 "$form"
done
profile "security_opt: ['no-new-privileges:maybe']"
run bx run -- true
like "$status $err" '^125 devbox.yaml:2:[0-9]+: error: ' 'a third value is refused'
profile "security_opt: ['apparmor=x']"
run bx run -- true
like "$status $err" '^125 devbox.yaml:2:[0-9]+: error: .*apparmor' 'an option that is not ours is refused by name'

# init keeps no more than it needs.
profile
bx up >/dev/null 2>&1
is "$(bx exec -T -u root -- awk '/^Cap(Eff|Prm)|^NoNewPrivs/ { print $2 }' /proc/1/status | tr '\n' ' ')" '0000000000000020 0000000000000020 1 ' 'init may kill and nothing else'
nok 'the user cannot signal it' bx exec -T -- kill -9 1
ok 'nor can root of the box end it' bx exec -T -u root -- sh -c 'kill -9 1; kill -STOP 1; kill -0 1'
ok 'the box is still there' bx exec -T -- true
down

done_testing
