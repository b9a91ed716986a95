#!/bin/bash
# System calls: the default profile lets developers work and refuses the rest; profiles of the user's own are in force.
. "$(dirname "$0")/lib.sh"

for name in gcc python3; do
	command -v $name >/dev/null || skip_all "no $name here"
done
in_box() { bx exec -T -- "$@"; }
profile() { printf '%s\n' 'image: host' "$@" >"$project/devbox.yaml"; }
down() { bx down >/dev/null 2>&1; }

# --- what developers do, on a Debian root
make_project debugging "image: rootfs:$(debian_root)
network_mode: none"
cat >hello.c <<'END'
#include <stdio.h>
int twice(int n) { return 2 * n; }
int main(void) { printf("%p\n", (void *)main); return twice(21) == 42 ? 0 : 1; }
END
bx up >/dev/null 2>&1
ok 'a program is compiled' in_box gcc -g -O0 -o hello hello.c
run in_box gdb -batch -ex 'break twice' -ex run -ex 'print n' -ex backtrace -ex finish -ex continue ./hello
like "$out" 'Breakpoint 1, twice \(n=21\)' 'gdb stops at a breakpoint'
like "$out" '\$1 = 21' 'and prints a variable'
like "$out" 'exited normally' 'and lets the program end'
unlike "$out$err" 'andomization|not permitted|ptrace' 'without a warning'
addresses=$(for _ in 1 2; do in_box gdb -batch -ex run ./hello 2>&1; done | grep -o '^0x[0-9a-f]*' | sort | uniq -c)
like "$addresses" '^ *2 0x[0-9a-f]+$' 'gdb turns the randomization of addresses off'
like "$(in_box sh -c 'sleep 5 & gdb -batch -p $! -ex "info proc" -ex kill' 2>&1)" 'process [0-9]+' 'gdb attaches to a process of the same user'
run in_box strace -f -e trace=execve -o trace sh -c './hello; true'
like "$(cat trace 2>/dev/null)" 'execve\("./hello"' 'strace follows'
like "$(in_box strace -c true 2>&1)" 'total' 'and counts'
is "$(in_box setarch -R sh -c './hello; ./hello' | sort | uniq -c | awk '{ print $1 }')" 2 'setarch -R'
down

# --- calls one by one: name, what comes of it. A small C program, as a box cannot do without it.
make_project calls
profile 'network_mode: none'
cat >call.c <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
/* call NUMBER [ARG]...: 0 or the name of the error */
int main(int argc, char **argv)
{
	static char zeros[4096];
	long a[7] = {0};
	long rc;
	int i;

	for (i = 1; i < argc && i < 8; i++)
		a[i - 1] = strcmp(argv[i], "buf") ? (long)strtoull(argv[i], NULL, 0) : (long)zeros;
	rc = syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
	puts(rc >= 0 ? "0" : strerrorname_np(errno));
	return 0;
}
END
gcc -o call call.c || skip_all 'no C program can be made here'
number() { printf '#include <sys/syscall.h>\nSYS_%s\n' "$1" | gcc -E -P - 2>/dev/null | tail -n 1; }
bx up >/dev/null 2>&1
# "USER WANT NAME ARGS": in a box the call must give WANT.
while read -r user want name args; do
	nr=$(number "$name")
	[[ $nr =~ ^[0-9]+$ ]] || { pass "$name: not on this machine"; continue; }
	is "$(bx exec -T -u "$user" -- ./call "$nr" $args 2>&1)" "$want" "$name${args:+ $args} as $user: $want"
done <<'END'
dev EPERM bpf 0 buf 64
root EPERM bpf 0 buf 64
root EPERM init_module buf 0 buf
root EPERM finit_module 0 buf 0
root EPERM delete_module buf 0
root EPERM kexec_load 0 0 0 0
root EPERM reboot 0xfee1dead 672274793 0 0
root EPERM swapon buf 0
root EPERM swapoff buf
root EPERM acct 0
root EPERM settimeofday 0 0
root EPERM clock_settime 0 buf
root EPERM syslog 3 buf 100
root EPERM open_by_handle_at 0 buf 0
root EPERM quotactl 0 0 0 0
root EPERM iopl 3
root EPERM ioperm 0 1 1
dev EPERM userfaultfd 0
dev ENOSYS io_uring_setup 8 buf
dev ENOSYS io_uring_enter 0 0 0 0 0 0
dev ENOSYS io_uring_register 0 0 0 0
dev EAFNOSUPPORT socket 40 1 0
dev EPERM ioctl 0 0x5412 buf
dev EPERM ioctl 0 0x541c buf
dev EPERM ioctl 0 0x100005412 buf
dev EPERM ioctl 0 0xffffffff00005412 buf
dev EPERM ioctl 0 0x700000000000541c buf
root EPERM ioctl 0 0x5412 buf
dev EPERM personality 0x1000000
dev 0 personality 0xffffffff
dev 0 personality 0x40000
dev 0 keyctl 0 -3 0
dev 0 getrandom buf 8 0
dev 0 memfd_create buf 0
dev 0 unshare 0x10000000
dev EPERM unshare 0x20000000
dev 0 prctl 38 1 0 0 0
dev EFAULT clone3 1 64
dev EFAULT openat2 -100 1 buf 24
dev ENOENT faccessat2 -1 buf 0 0
dev EINVAL close_range 5 4 0
dev EINVAL rseq 0 0 99 0
dev EINVAL futex_waitv buf 0 0 0 0
dev EBADF pidfd_send_signal -1 0 0 0
dev EINVAL landlock_create_ruleset buf 1 0
dev ESRCH kcmp 0 0 0 0 0
END
is "$(in_box ./call 99999)" ENOSYS 'a call that nobody knows: ENOSYS'
is "$(in_box ./call 1500)" ENOSYS 'one of the future, too'

# The same through the other doors of an x86 machine.
if [ "$(uname -m)" = x86_64 ]; then
	cat >int80.c <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
	long a = strtol(argv[1], NULL, 0), b = argc > 2 ? strtol(argv[2], NULL, 0) : 0, c = argc > 3 ? strtol(argv[3], NULL, 0) : 0;
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(a), "b"(b), "c"(c), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
	printf("%ld\n", rc);
	return 0;
}
END
	gcc -o int80 int80.c
	if [ "$(./int80 20 2>/dev/null)" -gt 0 ] 2>/dev/null; then
		like "$(in_box ./int80 20)" '^[1-9]' 'int 0x80: getpid'
		is "$(in_box ./int80 357)" -1 'int 0x80: bpf is refused'
		is "$(in_box ./int80 54 0 0x5412)" -1 'int 0x80: TIOCSTI is refused'
		is "$(in_box ./int80 425)" -38 'int 0x80: io_uring_setup'
	fi
	run in_box ./call $((0x40000000 | 39))
	like "$out$status" '^(ENOSYS0|159)$' 'x32: refused'
	run in_box ./call $((0x40000000 | $(number bpf))) 0 buf 64
	like "$out$status" '^(ENOSYS0|EPERM0|159)$' 'x32: bpf is refused'
fi

# On a terminal of the box: nothing can be typed into it.
cat >sti.py <<'END'
import ctypes, errno, os, pty, sys
if sys.argv[1] == "outside":
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[2], sys.argv[2:])
    text = b""
    while True:
        try:
            part = os.read(fd, 4096)
        except OSError:
            break
        if not part:
            break
        text += part
    os.waitpid(pid, 0)
    sys.exit(print(text.decode().replace("\r", ""), end=""))
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.argtypes = [ctypes.c_long] * 4
byte = ctypes.create_string_buffer(b"x")
for request in (0x5412, 0x100005412, -0x100000000 | 0x5412, 0x541C):
    for fd in (0, 1, 2, os.open("/dev/tty", os.O_RDWR)):
        rc = libc.syscall(16 if os.uname().machine == "x86_64" else 29, fd, request, ctypes.addressof(byte))
        print("done" if rc >= 0 else errno.errorcode[ctypes.get_errno()])
END
for verb in exec run; do
	is "$(python3 sti.py outside "$DEVBOX" $verb -- python3 sti.py inside 2>&1 | sort | uniq -c | awk '{ print $1, $2 }')" '16 EPERM' "$verb: TIOCSTI and TIOCLINUX on a terminal, with high bits too"
done

# Measuring oneself.
cat >perf.c <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_TASK_CLOCK,
		.exclude_kernel = 1, .exclude_hv = 1};
	long long count = 0;
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		return printf("%s\n", strerrorname_np(errno)), 0;
	return printf("%s\n", read(fd, &count, 8) == 8 && count > 0 ? "counted" : "nothing"), 0;
}
END
gcc -o perf perf.c
is "$(in_box ./perf)" "$(./perf)" "perf_event_open on oneself is as it is outside ($(./perf))"
ok 'namespaces inside' in_box unshare -Urmpf --mount-proc true
is "$(in_box python3 -c 'import multiprocessing as m; print(sum(m.Pool(2).map(abs, range(4))))')" 6 'processes and semaphores of python'
ok 'the filter is inherited' in_box sh -c 'grep -q "^Seccomp:[[:space:]]*2" /proc/self/status && unshare -Ur grep -q "^Seccomp:[[:space:]]*2" /proc/self/status'
down

# --- profiles of the user's own
cat >own.json <<'END'
{
	"defaultAction": "SCMP_ACT_ALLOW",
	"archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}],
	"syscalls": [
		{"names": ["mkdir", "mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
		{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]},
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "includes": {"caps": ["CAP_SYS_ADMIN"]}},
		{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "excludes": {"arches": ["amd64", "arm64"]}},
		{"names": ["sync"], "action": "SCMP_ACT_KILL_PROCESS"}
	]
}
END
for file in own.json ./own.json "$project/own.json"; do
	profile 'network_mode: none' "security_opt: ['seccomp=$file']"
	run bx run -- mkdir new
	like "$err" 'No space left' "seccomp=${file##*calls/}: an errno of the profile"
	like "$err" "refused: mkdir \(ENOSPC\)" 'and devbox names the call'
done
bx up >/dev/null 2>&1
for verb in run 'exec -T'; do
	run bx $verb -- mkdir new
	like "$err" 'No space left' "$verb: in force"
	is "$(bx $verb -- ./call "$(number socket)" 2 1 0 2>/dev/null)" EACCES "$verb: a rule for one argument"
	is "$(bx $verb -- ./call "$(number socket)" 1 1 0 2>/dev/null)" 0 "$verb: not for another"
	is "$(bx $verb -- ./call "$(number getpriority)" 0 0 2>/dev/null)" 0 "$verb: a rule for a capability that the box lacks"
	is "$(bx $verb -- ./call "$(number getppid)" 2>/dev/null)" 0 "$verb: a rule for other machines"
	is "$(bx $verb -- ./call "$(number io_uring_setup)" 8 buf 2>/dev/null)" "$(./call "$(number io_uring_setup)" 8 buf)" "$verb: what the default profile refuses is allowed by this one"
	run bx $verb -- ./call "$(number sync)"
	is "$status" 159 "$verb: killed by SIGSYS"
	like "$err" "seccomp profile refuse" "$verb: and devbox says why"
done
like "$(bx inspect)" '"seccomp": "[^"]*own.json"' 'inspect names the profile'
sed -i 's/"errnoRet": 28/"errnoRet": 17/' own.json
run bx exec -T -- mkdir new
like "$err" 'No space left' 'a running box keeps the program it began with'
run bx up
run bx exec -T -- mkdir new
like "$err" 'File exists' 'up sees that the file has changed'
down
profile 'network_mode: none' 'cap_add: [SYS_ADMIN]' "security_opt: ['seccomp=own.json']"
is "$(bx run -- ./call "$(number getpriority)" 0 0 2>/dev/null)" EIO 'the rule for a capability that the box has'

profile "security_opt: ['seccomp=unconfined']"
is "$(bx run -- sh -c 'awk "/^Seccomp:/ { print \$2 }" /proc/self/status')" 0 'seccomp=unconfined: none'
bx up >/dev/null 2>&1
is "$(in_box awk '/^Seccomp:|^NoNewPrivs/ { print $2 }' /proc/self/status | tr '\n' ' ')" '1 0 ' 'exec: neither, and no_new_privs stays'
down

# Nothing may run at all: an end, and a sentence.
echo '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}' >nothing.json
profile "security_opt: ['seccomp=nothing.json']"
run timeout -k 1 20 "$DEVBOX" run -- true
like "$status" '^1[23]' 'a profile that allows nothing: the command ends'
like "$err" 'refused: execve' 'and the call is named'

# --- files that are wrong: FILE:LINE:COLUMN
wrong() { # DESC PLACE PATTERN, the file on stdin
	cat >bad.json
	profile "security_opt: ['seccomp=bad.json']"
	run bx run -- true
	is "$status" 125 "$1: nothing begins"
	like "$err" "/bad.json:$2: error: .*$3" "$1: said at its place"
}
wrong 'a comma too many' 3:1 'JSON' <<<'{"defaultAction": "SCMP_ACT_ALLOW",
"syscalls": [],
}'
wrong 'cut off' '2:[0-9]+' JSON <<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
{"names": ["mk'
wrong 'an unknown action' 1:19 "SCMP_ACT_ALOW" <<<'{"defaultAction": "SCMP_ACT_ALOW"}'
wrong 'a list in the place of a map' 1:1 . <<<'["defaultAction"]'
wrong 'an empty file' 1 JSON </dev/null
wrong 'names that are none' '2:[0-9]+' . <<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
{"names": [7], "action": "SCMP_ACT_ERRNO"}]}'
wrong 'an unknown operator' '2:[0-9]+' SCMP_CMP_EGAL <<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
{"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EGAL"}]}]}'
wrong 'a seventh argument' '2:[0-9]+' . <<<'{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
{"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}'
wrong 'no default' 1:1 defaultAction <<<'{"syscalls": []}'
profile "security_opt: ['seccomp=none.json']"
run bx up
like "$status $err" '^1 devbox.yaml:2:[0-9]+: error: .*none.json' 'a missing file: at the line of the profile'
mkfifo fifo.json
profile "security_opt: ['seccomp=fifo.json']"
run timeout 10 "$DEVBOX" run -- true
like "$status $err" '^125 .*fifo.json' 'a FIFO is refused'

# Contradictions: the first counts, and the user is told.
cat >twice.json <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
	{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
	{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 17}
]}
END
profile "security_opt: ['seccomp=twice.json']"
run bx run -- ./call "$(number mkdir)" buf
like "$err" "twice.json:3: 'mkdir' is SCMP_ACT_ERRNO \(EEXIST\) here and .*ENOSPC.* in line 2: the first counts" 'a contradiction is reported with both lines'
is "$out" ENOSPC 'and the first counts'
run bx up
like "$err" "note: seccomp profile: .*twice.json:3" 'up reports it too'
down

# --- the cache of compiled programs
rm -rf "$XDG_CACHE_HOME/devbox/seccomp"
profile "security_opt: ['seccomp=own.json']"
bx run -- true 2>/dev/null
files=$(find "$XDG_CACHE_HOME/devbox/seccomp" -type f | sort)
unlike "$files" '^$' 'the program is kept'
is "$(find "$XDG_CACHE_HOME/devbox/seccomp" -type f -perm /022)" '' 'in files that nobody else can write'
for file in $files; do printf 'garbage' | dd of="$file" bs=1 seek=16 conv=notrunc 2>/dev/null; done
run bx run -- mkdir new
like "$err" 'File exists|refused: mkdir' 'a damaged one is not used'
for file in $files; do : >"$file"; done
run bx run -- mkdir new
like "$err" 'File exists|refused: mkdir' 'nor an empty one'

done_testing
