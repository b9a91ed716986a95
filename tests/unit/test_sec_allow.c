#include "sec/allow.h"

#include "util/cleanup.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const int few[] = {SYS_write, SYS_read, SYS_exit_group, SYS_getpid};
static const int threads[] = {
	SYS_write,
	SYS_exit_group,
	SYS_exit,
	SYS_clone,
	SYS_mmap,
	SYS_munmap,
	SYS_mprotect,
	SYS_madvise,
	SYS_set_robust_list,
	SYS_futex,
	SYS_rt_sigprocmask,
	SYS_rseq,
	SYS_sched_yield,
	SYS_brk,
	/* for threads under a sanitizer */
	SYS_gettid,
	SYS_sigaltstack,
	SYS_sched_getaffinity,
	SYS_prlimit64,
};

typedef int child_fn(void);

/* Not by _exit(), at which a sanitizer wants to make calls of its own. */
static void leave(long status)
{
	(void)syscall(SYS_exit_group, status);
}

/* What @fn returns in a process that may make these calls only. */
static int behind(const int *numbers, size_t count, child_fn *fn)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct err err;

		if (sec_allow_only(numbers, count, &err) < 0)
			leave(250);
		leave(fn());
	}
	return proc_exit_code(proc_wait(pid));
}

static int do_allowed(void)
{
	return syscall(SYS_getpid) > 0 ? 0 : 1;
}

static int do_open(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) < 0 ? errno : 0;
}

static int do_socket(void)
{
	return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int do_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		leave(0);
	return pid < 0 ? errno : 0;
}

static int do_namespace(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM,
			   0, 0, 0, 0);

	return pid < 0 ? errno : 0;
}

static int do_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0) < 0 ? errno : 0;
}

static void *say_so(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

static int do_thread(void)
{
	pthread_t thread;
	int ran = 0;

	if (pthread_create(&thread, NULL, say_so, &ran) != 0)
		return 1;
	return pthread_join(thread, NULL) == 0 && ran ? 0 : 2;
}

static void what_is_listed_goes_on(void **state)
{
	(void)state;
	assert_int_equal(behind(few, ARRAY_LEN(few), do_allowed), 0);
}

static void what_is_not_listed_fails_with_eperm(void **state)
{
	(void)state;
	assert_int_equal(behind(few, ARRAY_LEN(few), do_open), EPERM);
	assert_int_equal(behind(few, ARRAY_LEN(few), do_socket), EPERM);
	assert_int_equal(behind(few, ARRAY_LEN(few), do_fork), EPERM);
}

static void clone_makes_threads_but_no_process_and_no_namespace(void **state)
{
	(void)state;
	assert_int_equal(behind(threads, ARRAY_LEN(threads), do_thread), 0);
	assert_int_equal(behind(threads, ARRAY_LEN(threads), do_fork), EPERM);
	assert_int_equal(behind(threads, ARRAY_LEN(threads), do_namespace), EPERM);
}

static void clone3_looks_as_if_the_kernel_had_it_not(void **state)
{
	(void)state;
	assert_int_equal(behind(threads, ARRAY_LEN(threads), do_clone3), ENOSYS);
}

#ifdef __x86_64__
static int do_x32(void)
{
	return syscall(0x40000000 + SYS_getpid) < 0 ? 0 : 1;
}

static int do_i386(void)
{
	int result = 20; /* getpid of i386 */

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	return result < 0 ? 0 : 1;
}

static void numbers_of_another_architecture_kill(void **state)
{
	(void)state;
	assert_int_equal(behind(few, ARRAY_LEN(few), do_x32), 128 + SIGSYS);
	assert_int_equal(behind(few, ARRAY_LEN(few), do_i386), 128 + SIGSYS);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_listed_goes_on),
		cmocka_unit_test(what_is_not_listed_fails_with_eperm),
		cmocka_unit_test(clone_makes_threads_but_no_process_and_no_namespace),
		cmocka_unit_test(clone3_looks_as_if_the_kernel_had_it_not),
#ifdef __x86_64__
		cmocka_unit_test(numbers_of_another_architecture_kill),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
