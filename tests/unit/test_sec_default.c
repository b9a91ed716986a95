#include "sec/caps.h"
#include "sec/filter.h"
#include "sec/profile.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include "sec_load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include <cmocka.h>

#define TIOCSTI_LONG UINT64_C(0x5412)
#define TIOCLINUX_LONG UINT64_C(0x541c)
#define ABOVE_32 (UINT64_C(1) << 32)

static struct filter filter;

static int setup(void **state)
{
	struct filter_request request = {.bounding = caps_default()};
	struct strv warnings = {0};
	struct err err;

	(void)state;
	return filter_get(&request, &filter, &warnings, &err);
}

static int teardown(void **state)
{
	(void)state;
	filter_done(&filter);
	return 0;
}

typedef int probe_fn(void);

/* What @probe returns under the default profile. */
static int under_filter(probe_fn *probe)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)load_or_exit(&filter);
		exit_now(probe());
	}
	return proc_exit_code(proc_wait(pid));
}

struct call_case {
	const char *name;
	uint64_t args[6];
	int error; /* -1: whatever the kernel says, but neither ENOSYS nor killed */
};

static int error_of(const struct call_case *c, long number)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		long result;

		(void)load_or_exit(&filter);
		result = syscall(number, c->args[0], c->args[1], c->args[2], c->args[3],
				 c->args[4], c->args[5]);
		exit_now(result < 0 ? errno : 0);
	}
	return proc_exit_code(proc_wait(pid));
}

static void check(const struct call_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct callnum call = syscalls_number(syscalls_native(), cases[i].name);
		int error;

		if (call.direct < 0)
			continue; /* not on this architecture */
		error = error_of(&cases[i], (long)call.direct);
		if (cases[i].error >= 0 ? error != cases[i].error
					: error == ENOSYS || error > 90)
			fail_msg("%s: %s (%d)", cases[i].name, strerror(error), error);
	}
}

/* Bad arguments throughout: where the filter lets a call pass the kernel says something else.
 */
static void dangerous_calls_are_refused_with_eperm(void **state)
{
	static const struct call_case cases[] = {
		{"bpf", {99, 0, 0}, EPERM},
		{"userfaultfd", {UINT32_MAX}, EPERM},
		{"open_by_handle_at", {UINT64_MAX, 0, 0}, EPERM},
		{"kexec_load", {0, 0, 0, UINT32_MAX}, EPERM},
		{"kexec_file_load", {0, 0, 0, 0, UINT32_MAX}, EPERM},
		{"init_module", {0, 0, 0}, EPERM},
		{"finit_module", {UINT64_MAX, 0, 0}, EPERM},
		{"delete_module", {0, 0}, EPERM},
		{"swapon", {0, 0}, EPERM},
		{"swapoff", {0}, EPERM},
		{"reboot", {0, 0, 0, 0}, EPERM},
		{"acct", {1}, EPERM},
		{"settimeofday", {1, 1}, EPERM},
		{"clock_settime", {99, 1}, EPERM},
		{"quotactl", {0, 0, 0, 0}, EPERM},
		{"syslog", {99, 0, 0}, EPERM},
		{"iopl", {77}, EPERM},
		{"ioperm", {UINT64_MAX, 0, 0}, EPERM},
	};

	(void)state;
	check(cases, ARRAY_LEN(cases));
}

static void unknown_calls_do_not_exist(void **state)
{
	static const struct call_case cases[] = {
		{"io_uring_setup", {0, 0}, ENOSYS},
		{"io_uring_enter", {UINT64_MAX, 0, 0, 0, 0, 0}, ENOSYS},
		{"uselib", {0}, ENOSYS},
	};
	static const struct call_case future = {.name = "call 1000"};

	(void)state;
	check(cases, ARRAY_LEN(cases));
	assert_int_equal(error_of(&future, 1000), ENOSYS);
}

static void terminal_injection_is_refused_whatever_the_upper_bits(void **state)
{
	static const struct call_case cases[] = {
		{"ioctl", {UINT64_MAX, TIOCSTI_LONG, 0}, EPERM},
		{"ioctl", {UINT64_MAX, TIOCSTI_LONG | ABOVE_32, 0}, EPERM},
		{"ioctl", {UINT64_MAX, TIOCSTI_LONG | UINT64_C(0xffffffff00000000), 0}, EPERM},
		{"ioctl", {UINT64_MAX, TIOCLINUX_LONG, 0}, EPERM},
		{"ioctl", {UINT64_MAX, TIOCLINUX_LONG | ABOVE_32, 0}, EPERM},
		{"ioctl", {UINT64_MAX, 0x5413, 0}, EBADF},
		{"ioctl", {UINT64_MAX, 0x5413 | ABOVE_32, 0}, EBADF},
	};

	(void)state;
	check(cases, ARRAY_LEN(cases));
}

static void vsock_does_not_exist(void **state)
{
	static const struct call_case cases[] = {
		{"socket", {40, 1, 0}, EAFNOSUPPORT},
		{"socket", {40 | ABOVE_32, 1, 0}, EAFNOSUPPORT},
		{"socket", {AF_UNIX, SOCK_STREAM, 0}, 0},
		{"socket", {AF_INET, SOCK_STREAM, 0}, 0},
	};

	(void)state;
	check(cases, ARRAY_LEN(cases));
}

static void personalities_of_debuggers_pass(void **state)
{
	static const struct call_case cases[] = {
		{"personality", {UINT32_MAX}, 0},
		{"personality", {UINT64_MAX}, 0},
		{"personality", {PER_LINUX}, 0},
		{"personality", {PER_LINUX32}, 0},
		{"personality", {ADDR_NO_RANDOMIZE}, 0},
		{"personality", {ADDR_NO_RANDOMIZE | PER_LINUX32}, 0},
		{"personality", {UNAME26 | PER_LINUX32}, 0},
		{"personality", {ADDR_COMPAT_LAYOUT}, 0},
		{"personality", {READ_IMPLIES_EXEC}, EPERM},
		{"personality", {MMAP_PAGE_ZERO | ADDR_NO_RANDOMIZE}, EPERM},
		{"personality", {PER_BSD}, EPERM},
	};

	(void)state;
	check(cases, ARRAY_LEN(cases));
}

static void tools_of_developers_and_sandboxes_pass(void **state)
{
	static const struct call_case cases[] = {
		{"process_vm_readv", {UINT64_MAX, 0, 0, 0, 0, 99}, EINVAL},
		{"setns", {UINT64_MAX, 0}, EBADF},
		{"unshare", {0}, 0},
		{"clone3", {0, 0}, EINVAL},
		{"mount", {0, 0, 0, 0, 0}, -1},
		{"umount2", {0, UINT32_MAX}, -1},
		{"pivot_root", {0, 0}, -1},
		{"open_tree", {UINT64_MAX, 0, UINT32_MAX}, EINVAL},
		{"move_mount", {0, 0, 0, 0, UINT32_MAX}, -1},
		{"fsopen", {0, UINT32_MAX}, -1},
		{"fsconfig", {UINT64_MAX, 0, 0, 0, 0}, -1},
		{"fsmount", {UINT64_MAX, UINT32_MAX, 0}, -1},
		{"mount_setattr", {UINT64_MAX, 0, UINT32_MAX, 0, 0}, EINVAL},
		{"keyctl", {9999}, EOPNOTSUPP},
		{"landlock_create_ruleset", {0, 0, 1}, -1},
		{"seccomp", {9999, 0, 0}, EINVAL},
		{"memfd_create", {0, UINT32_MAX}, EINVAL},
		{"pidfd_getfd", {UINT64_MAX, 0, 0}, EBADF},
		{"process_madvise", {UINT64_MAX, 0, 0, 0, 0}, -1},
		{"name_to_handle_at", {UINT64_MAX, 0, 0, 0, UINT32_MAX}, EINVAL},
		{"chroot", {0}, EFAULT},
	};

	(void)state;
	check(cases, ARRAY_LEN(cases));
}

/* Whatever this kernel makes of them: the filter adds no refusal. */
static void newer_calls_get_the_kernels_own_answer(void **state)
{
	static const char *const names[] = {
		"futex_waitv",  "cachestat",       "fchmodat2",      "map_shadow_stack",
		"futex_wake",   "futex_wait",      "futex_requeue",  "statmount",
		"listmount",    "mseal",           "setxattrat",     "getxattrat",
		"listxattrat",  "removexattrat",   "open_tree_attr", "file_getattr",
		"file_setattr", "lsm_list_modules"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct callnum call = syscalls_number(syscalls_native(), names[i]);
		const struct call_case c = {.args = {UINT64_MAX, UINT64_MAX, UINT64_MAX,
						     UINT64_MAX, UINT64_MAX, UINT64_MAX}};
		int with;
		int without;

		assert_true(call.direct >= 449 && call.direct <= 469);
		with = error_of(&c, (long)call.direct);
		errno = 0;
		without = syscall((long)call.direct, -1L, -1L, -1L, -1L, -1L, -1L) < 0 ? errno
										       : 0;
		if (with != without)
			fail_msg("%s: %s, not %s", names[i], strerror(with), strerror(without));
	}
}

static int probe_userns(void)
{
	if (syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) < 0)
		return 50;
	return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0UL, NULL) < 0 ? 51 : 0;
}

static int probe_kcmp(void)
{
	pid_t self = (pid_t)syscall(SYS_getpid);

	return syscall(SYS_kcmp, self, self, KCMP_FILE, 0, 0) == 0 ? 0 : errno;
}

static int probe_perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0UL);

	/* What perf_event_paranoid forbids, it forbids by EACCES. */
	return fd >= 0 || errno == EACCES ? 0 : errno;
}

static int probe_ptrace(void)
{
	long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	int status = 0;

	if (child == 0) {
		(void)syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		(void)syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);
		exit_now(7);
	}
	if (child < 0 || syscall(SYS_wait4, child, &status, 0, NULL) != child)
		return 60;
	if (!WIFSTOPPED(status))
		return 61;
	if (syscall(SYS_ptrace, PTRACE_CONT, child, 0, 0) < 0)
		return 62;
	if (syscall(SYS_wait4, child, &status, 0, NULL) != child)
		return 63;
	return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : 64;
}

static void nested_namespaces_and_debuggers_work(void **state)
{
	(void)state;
	assert_int_equal(under_filter(probe_ptrace), 0);
	assert_int_equal(under_filter(probe_kcmp), 0);
	assert_int_equal(under_filter(probe_perf), 0);
	assert_int_equal(under_filter(probe_userns), 0);
}

#ifdef __x86_64__
/* By way of int $0x80, as a 32-bit program calls. */
static long call_x86(long number, long one)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(one), "c"(0L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static int probe_x86(void)
{
	if ((int)call_x86(20, 0) != (int)syscall(SYS_getpid))
		return 70;
	if ((int)call_x86(88, 0) != -EPERM) /* reboot */
		return 71;
	return (int)call_x86(425, 0) == -ENOSYS ? 0 : 72; /* io_uring_setup */
}

static int probe_x32(void)
{
	return syscall((long)(SYSCALLS_X32_BIT | SYS_getpid)) < 0 ? errno : 0;
}

static void programs_of_32_bits_run_and_are_filtered(void **state)
{
	(void)state;
	if (call_x86(20, 0) != getpid())
		skip(); /* a kernel without 32-bit emulation */
	assert_int_equal(under_filter(probe_x86), 0);
}

static void x32_does_not_exist(void **state)
{
	(void)state;
	assert_int_equal(under_filter(probe_x32), ENOSYS);
}
#endif

/* Names that exist nowhere would be silent holes in the list. */
static void every_name_is_a_call_of_some_architecture(void **state)
{
	static const uint32_t archs[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86,     SCMP_ARCH_AARCH64,
					 SCMP_ARCH_ARM,    SCMP_ARCH_RISCV64, SCMP_ARCH_PPC64LE,
					 SCMP_ARCH_S390};
	static const struct profile_facts facts = {.kernel = "6.1"};
	AUTO_PROFILE struct profile p = {0};
	AUTO_STRV struct strv warnings = {0};
	struct err err;
	size_t len;

	(void)state;
	assert_int_equal(profile_parse("default", filter_default_json(&len), &facts, &p,
				       &warnings, &err),
			 0);
	assert_int_equal(warnings.count, 0);
	for (size_t i = 0; i < p.rule_count; i++) {
		bool is_known = false;

		for (size_t a = 0; a < ARRAY_LEN(archs); a++) {
			struct callnum call = syscalls_number(archs[a], p.rules[i].name);

			is_known = is_known || call.direct >= 0 || call.mux >= 0;
		}
		if (!is_known)
			fail_msg("'%s' is no call", p.rules[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dangerous_calls_are_refused_with_eperm),
		cmocka_unit_test(unknown_calls_do_not_exist),
		cmocka_unit_test(terminal_injection_is_refused_whatever_the_upper_bits),
		cmocka_unit_test(vsock_does_not_exist),
		cmocka_unit_test(personalities_of_debuggers_pass),
		cmocka_unit_test(tools_of_developers_and_sandboxes_pass),
		cmocka_unit_test(newer_calls_get_the_kernels_own_answer),
		cmocka_unit_test(nested_namespaces_and_debuggers_work),
#ifdef __x86_64__
		cmocka_unit_test(programs_of_32_bits_run_and_are_filtered),
		cmocka_unit_test(x32_does_not_exist),
#endif
		cmocka_unit_test(every_name_is_a_call_of_some_architecture),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
