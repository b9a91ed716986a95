#!/bin/bash
# /dev, /proc and /sys of a box: what works in them, what is hidden, what cannot be written.
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || skip_all 'no python3 here'
in_box() { bx exec -T -- "$@"; }
as_root() { bx exec -T -u root -- "$@"; }

make_project devices 'image: host'
canary=devboxtest.$$
echo secret >"/dev/shm/$canary"
bx up >/dev/null 2>&1

# Devices.
run in_box sh -c 'cd /dev && stat -c "%n %F %t:%T %a" null zero full random urandom tty'
is "$out" "\
null character special file 1:3 666
zero character special file 1:5 666
full character special file 1:7 666
random character special file 1:8 666
urandom character special file 1:9 666
tty character special file 5:0 666" 'the six devices are what their names say'
is "$(in_box sh -c 'cd /dev && readlink fd stdin stdout stderr ptmx' | tr '\n' ' ')" \
	'/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 pts/ptmx ' 'and the five links'
nodes='cd /dev && find . \( -path ./.devbox -o -path ./pts \) -prune -o ! -type l'
is "$(as_root sh -c "$nodes -exec test -b {} \; -print")" '' 'no block device'
is "$(as_root sh -c "$nodes -exec test -c {} \; -print" | sort | tr '\n' ' ' | sed 's# ./fuse##; s# ./net/tun##')" \
	'./full ./null ./random ./tty ./urandom ./zero ' 'no other character device'
ok 'null swallows' in_box sh -c 'echo gone >/dev/null && test -z "$(cat /dev/null)"'
is "$(in_box sh -c 'head -c 3 /dev/zero | od -An -tx1')" ' 00 00 00' 'zero gives zeros'
run in_box dd if=/dev/zero of=/dev/full bs=1 count=1
like "$err" 'No space left' 'full is full'
is "$(in_box sh -c 'head -c 16 /dev/urandom | wc -c')" 16 'urandom gives bytes'
run in_box sh -c 'true </dev/tty'
like "$err" 'No such device or address' 'without a terminal there is no /dev/tty'
nok 'root of the box makes no device' as_root mknod /tmp/x c 1 3
nok 'nor a disk' as_root mknod /tmp/x b 8 0
ok 'a fifo is no device' as_root mkfifo /tmp/fifo

# Terminals: a devpts of its own.
is "$(in_box ls /dev/pts)" ptmx 'no terminal of the host in /dev/pts'
is "$(in_box python3 -c 'import os, pty; master, slave = pty.openpty(); print(os.ttyname(slave), os.fstat(slave).st_rdev >> 8)')" \
	'/dev/pts/0 136' 'a terminal made in the box is the first one'
is "$(in_box stat -c '%a %F' /dev/pts/ptmx)" '666 character special file' 'everybody may make one'

# Shared memory and message queues.
is "$(in_box stat -f -c %T /dev/shm)/$(in_box stat -c %a /dev/shm)" tmpfs/1777 '/dev/shm is a tmpfs for everybody'
nok 'and not the host'"'"'s' in_box test -e "/dev/shm/$canary"
rm -f "/dev/shm/$canary"
is "$(in_box python3 -c '
from multiprocessing import shared_memory
s = shared_memory.SharedMemory(create=True, size=4096)
s.buf[0] = 7
t = shared_memory.SharedMemory(name=s.name)
print(t.buf[0])
s.unlink()' 2>/dev/null)" 7 'shared memory works'
is "$(in_box stat -f -c %T /dev/mqueue)" mqueue '/dev/mqueue is one'
ok 'a message queue can be made' in_box sh -c 'touch /dev/mqueue/q && grep -q QSIZE /dev/mqueue/q'
bx down >/dev/null 2>&1
printf 'image: host\nshm_size: 3m\n' >devbox.yaml
is "$(bx run -- sh -c 'df -k /dev/shm | awk "END { print \$2 }"')" 3072 'shm_size: is its size'
run bx run -- dd if=/dev/zero of=/dev/shm/f bs=1M count=4
like "$err" 'No space left' 'and its limit'
echo 'image: host' >devbox.yaml
bx up >/dev/null 2>&1

# What is hidden: also from root of the box.
hidden=
for file in kcore keys timer_list sched_debug latency_stats timer_stats; do
	[ ! -e /proc/$file ] || hidden+=" /proc/$file"
done
like "$hidden" /proc/keys 'the host has files to hide'
is "$(as_root cat $hidden | wc -c)" 0 "nothing can be read in$hidden"
for file in $hidden; do
	is "$(as_root stat -c %t:%T "$file")" 1:3 "$file is /dev/null"
done
for dir in /proc/acpi /proc/asound /proc/scsi /sys/firmware /sys/devices/virtual/powercap /sys/fs/selinux; do
	[ -d "$dir" ] || continue
	is "$(as_root ls -A "$dir")" '' "$dir is empty"
	nok "$dir stays empty" as_root touch "$dir/x"
done
is "$(bx run -u root -- sh -c "cat $hidden" 2>/dev/null | wc -c)" 0 'run hides the same'
nok 'root cannot take the cover off' as_root umount /proc/keys
nok 'nor mount another proc over it' as_root mount -t proc proc /mnt

# What cannot be written: also by root of the box.
for file in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches /proc/sysrq-trigger \
	/proc/sys/kernel/sysrq /proc/sys/fs/file-max /proc/irq/default_smp_affinity /sys/kernel/uevent_helper \
	/sys/kernel/mm/transparent_hugepage/enabled /sys/power/state; do
	[ -e "$file" ] || continue
	before=$(cat "$file" 2>/dev/null)
	nok "$file cannot be written" as_root sh -c 'exec 2>/dev/null; [ -w "$1" ] && cat "$1" >/dev/null && printf %s "$2" >"$1"' sh \
		"$file" "${before:-h}"
done
core_pattern=$(cat /proc/sys/kernel/core_pattern)
run as_root sh -c 'echo "|/tmp/evil" >/proc/sys/kernel/core_pattern'
like "$err" 'Permission denied|Read-only' 'core_pattern says so'
is "$(cat /proc/sys/kernel/core_pattern)" "$core_pattern" 'and is what it was'
for verb in 'exec -T -u root' 'run -u root' 'run --network host -u root' 'run --network none -u root'; do
	run bx $verb -- sh -c '
		mkdir /sys/fs/cgroup/evil
		for d in /sys/fs/cgroup/*/; do [ ! -d "$d" ] || mkdir "$d/evil"; done
		touch /sys/class/x
		chmod 777 /sys/kernel'
	like "$err" 'sys/fs/cgroup/evil.*Read-only' "$verb: the cgroup hierarchy is read-only"
	is "$(grep -vc 'Read-only' <<<"$err")" 0 "$verb: and all of /sys"
	nok "$verb: and stays so" bx $verb -- sh -c 'mount -o remount,rw /sys || mount -o remount,rw,bind /sys || umount /sys'
done
like "$(in_box cat /proc/self/cgroup)" '(^|'$'\n'')0::/($|'$'\n'')' 'a box sees itself at the top of the cgroup hierarchy'
unlike "$(in_box cat /proc/self/cgroup)" devboxtest 'and not where the host put it'

# The network's part of /sys.
is "$(bx run --network none -- ls /sys/class/net)" lo 'without network: lo alone'
is "$(bx run --network host -- sh -c 'ls /sys/class/net | sort')" "$(ls /sys/class/net | sort)" 'with that of the host: its devices'
is "$(bx run --network host -- readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)" 'and its namespace'
nok 'where root of the box changes nothing' bx run --network host -u root -- sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'

# Sandboxes inside of the box.
run in_box unshare -Urpf --mount-proc sh -c 'echo "$(id -u) $$ $(ls /proc | grep -c "^[0-9]")"'
like "$out" '^0 1 [1-9]$' 'unshare makes namespaces, and a proc for them'
run in_box unshare -Urnmpf sh -c 'mount -t proc proc /proc && mount -t sysfs -o ro sysfs /sys && mount -t tmpfs t /mnt && ls /sys/class/net'
is "$out" lo 'and a sysfs'
run in_box unshare -Urpfm --mount-proc sh -c 'cat /proc/keys /proc/kcore | head -c 100; echo "|" >/proc/sys/kernel/core_pattern'
like "$err" 'Permission denied|Operation not permitted' 'what is hidden outside is out of reach there too'
if command -v bwrap >/dev/null; then
	is "$(in_box bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all --uid 7 id -u 2>&1)" 7 'bubblewrap works'
fi

done_testing
