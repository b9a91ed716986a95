#include "sec/filter.h"
#include "sec/notify.h"
#include "sec/syscalls.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include "sec_load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#define LIMIT_MS 20000

static char profile[] = "/tmp/devbox-test-notify-XXXXXX";

static const char profile_text[] =
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
	"{\"name\":\"mkdir\",\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"EPERM\"},"
	"{\"name\":\"rmdir\",\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"EXDEV\","
	"\"args\":[{\"index\":1,\"op\":\"SCMP_CMP_EQ\",\"value\":7}]},"
	"{\"name\":\"keyctl\",\"action\":\"SCMP_ACT_KILL_PROCESS\"},"
	"{\"name\":\"add_key\",\"action\":\"SCMP_ACT_KILL\"},"
	"{\"name\":\"getpgid\",\"action\":\"SCMP_ACT_TRAP\"}]}";

static struct filter filter;

static int setup(void **state)
{
	struct filter_request request = {.path = profile, .explain = true};
	struct strv warnings = {0};
	struct err err;
	int fd;

	(void)state;
	fd = mkstemp(profile);
	if (fd < 0 || fd_write_all(fd, profile_text, strlen(profile_text)) < 0)
		return -1;
	(void)close(fd);
	if (filter_get(&request, &filter, &warnings, &err) < 0)
		return -1;
	return filter.has_notify ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	filter_done(&filter);
	return unlink(profile);
}

typedef int box_fn(void);

/* Send the listener and forget it; @fn runs when somebody answers. */
static void run_box(box_fn *fn, int sock)
{
	int listener;

	(void)signal(SIGSYS, SIG_DFL); /* the test library handles it */
	listener = load_or_exit(&filter);
	if (fd_send(sock, "N", 1, &listener, 1) < 0)
		exit_now(92);
	(void)syscall(SYS_close, listener);
	exit_now(fn());
}

/* In a pid namespace of its own as pid 1 when @is_pid_1. */
static pid_t start_box(box_fn *fn, bool is_pid_1, int *out_listener)
{
	int fds[FD_PASS_MAX];
	size_t count = 0;
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	pid = is_pid_1 ? (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, 0, 0,
					0, 0)
		       : fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_box(fn, ends[1]);
	(void)close(ends[1]);
	assert_int_equal(fd_receive(ends[0], &byte, 1, fds, &count), 1);
	assert_int_equal(count, 1);
	(void)close(ends[0]);
	*out_listener = fds[0];
	return pid;
}

/* As the supervisor does: answer until the last process is gone. */
static struct notify *answer_all(int listener)
{
	struct notify *n = NULL;
	struct err err;

	if (notify_new(listener, profile, 0, &n, &err) < 0)
		fail_msg("%s", err.message);
	for (;;) {
		struct pollfd waiting = {.fd = notify_fd(n), .events = POLLIN};

		assert_true(poll(&waiting, 1, LIMIT_MS) == 1);
		if (notify_handle(n) < 0)
			return n;
	}
}

static void check_box(box_fn *fn, bool is_pid_1, int code, const char *words)
{
	AUTO_FREE char *said = NULL;
	struct notify *n;
	int listener;
	pid_t pid = start_box(fn, is_pid_1, &listener);

	n = answer_all(listener);
	assert_int_equal(proc_exit_code(proc_wait(pid)), code);
	said = notify_words(n);
	notify_free(n);
	if (words)
		assert_string_equal(said, words);
	else
		assert_null(said);
}

static int refused_calls(void)
{
	for (int i = 0; i < 3; i++) {
		if (syscall(SYS_mkdir, "/tmp/devbox-test-never", 0700) != -1 || errno != EPERM)
			return 1;
	}
	if (syscall(SYS_rmdir, "/tmp/devbox-test-never", 7) != -1 || errno != EXDEV)
		return 2;
	if (syscall(SYS_rmdir, "/tmp/devbox-test-never", 8) != -1 || errno != ENOENT)
		return 3;
	return 0;
}

static void refusals_get_the_profiles_errno_and_are_counted(void **state)
{
	(void)state;
	check_box(refused_calls, false, 0, "mkdir (EPERM, 3 times), rmdir (EXDEV)");
}

static int nothing_refused(void)
{
	return (int)syscall(SYS_getppid) > 0 ? 5 : 6;
}

static void nothing_refused_gives_no_words(void **state)
{
	(void)state;
	check_box(nothing_refused, false, 5, NULL);
}

static int killed_call(void)
{
	(void)syscall(SYS_mkdir, "/", 0);
	(void)syscall(SYS_keyctl, 0, 0, 0, 0, 0);
	return 7;
}

static void killing_action_ends_the_process_with_sigsys(void **state)
{
	(void)state;
	check_box(killed_call, false, 128 + SIGSYS, "mkdir (EPERM), keyctl (killed)");
}

static void on_sigsys(int number)
{
	(void)number;
}

static int killed_call_with_handler(void)
{
	(void)signal(SIGSYS, on_sigsys);
	(void)syscall(SYS_add_key, 0, 0, 0, 0, 0);
	return 7;
}

static void handler_for_sigsys_does_not_save_it(void **state)
{
	(void)state;
	check_box(killed_call_with_handler, false, 128 + SIGKILL, "add_key (killed)");
}

static int killed_call_with_blocked_signal(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)syscall(SYS_keyctl, 0, 0, 0, 0, 0);
	return 7;
}

static void blocked_sigsys_does_not_save_it(void **state)
{
	(void)state;
	check_box(killed_call_with_blocked_signal, false, 128 + SIGKILL, "keyctl (killed)");
}

static void pid_1_of_a_box_is_killed_too(void **state)
{
	(void)state;
	check_box(killed_call, true, 128 + SIGKILL, "mkdir (EPERM), keyctl (killed)");
}

static int forked_children(void)
{
	int failed = 0;

	for (int i = 0; i < 20; i++) {
		long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (child == 0)
			exit_now(syscall(SYS_mkdir, "/", i) == -1 && errno == EPERM ? 0 : 1);
	}
	for (int i = 0; i < 20; i++) {
		int status = 1;

		(void)syscall(SYS_wait4, -1, &status, 0, NULL);
		failed += status != 0;
	}
	return failed;
}

static void every_descendant_is_answered(void **state)
{
	(void)state;
	check_box(forked_children, false, 0, "mkdir (EPERM, 20 times)");
}

/* Numbers that nothing else in a test needs, one more than are kept apart. */
#define KINDS_FIRST 90
#define KINDS_END 155

static int many_kinds(void)
{
	for (long number = KINDS_FIRST; number < KINDS_END; number++)
		(void)syscall(number, -1, -1, -1, -1, -1, -1);
	return 0;
}

static void handling_without_a_request_does_not_wait(void **state)
{
	struct notify *n = NULL;
	struct err err;
	int listener;
	pid_t pid = start_box(nothing_refused, false, &listener);

	(void)state;
	assert_int_equal(notify_new(listener, profile, 0, &n, &err), 0);
	(void)notify_handle(n);
	(void)notify_handle(n);
	assert_int_equal(proc_exit_code(proc_wait(pid)), 5);
	assert_int_equal(notify_handle(n), -1);
	notify_free(n);
}

static int slow_refusal(void)
{
	(void)syscall(SYS_mkdir, "/", 0);
	return 0;
}

/* The one who asked is killed before he is answered. */
static void request_of_a_dead_process_is_forgotten(void **state)
{
	struct notify *n = NULL;
	struct pollfd waiting;
	struct err err;
	int listener;
	pid_t pid = start_box(slow_refusal, false, &listener);

	(void)state;
	assert_int_equal(notify_new(listener, profile, 0, &n, &err), 0);
	waiting = (struct pollfd){.fd = notify_fd(n), .events = POLLIN};
	assert_int_equal(poll(&waiting, 1, LIMIT_MS), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(proc_exit_code(proc_wait(pid)), 128 + SIGKILL);
	while (notify_handle(n) == 0)
		;
	assert_null(notify_words(n));
	notify_free(n);
}

static void listener_is_closed_when_the_profile_is_gone(void **state)
{
	struct notify *n = NULL;
	struct err err;
	int listener;
	pid_t pid = start_box(slow_refusal, false, &listener);

	(void)state;
	assert_int_equal(notify_new(listener, "/nonexistent/p.json", 0, &n, &err), -1);
	assert_null(n);
	assert_int_equal(fcntl(listener, F_GETFD), -1);
	assert_int_equal(proc_exit_code(proc_wait(pid)), 0);
	notify_free(NULL);
}

/* More kinds of refusal than are kept apart. */
static void flood_of_kinds_is_cut(void **state)
{
	AUTO_BUF struct buf text = {0};
	AUTO_FREE char *words = NULL;
	struct filter keep = filter;
	struct filter_request request = {.path = profile, .explain = true};
	struct strv warnings = {0};
	struct notify *n;
	struct err err;
	int listener;
	pid_t pid;

	(void)state;
	buf_puts(&text, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[");
	for (int number = KINDS_FIRST; number < KINDS_END; number++) {
		AUTO_FREE char *name = syscalls_name(syscalls_native(), number);

		buf_printf(&text, "%s{\"name\":\"%s\",\"action\":\"SCMP_ACT_ERRNO\"}",
			   number > KINDS_FIRST ? "," : "", name);
	}
	buf_puts(&text, "]}");
	assert_int_equal(fd_write_file(AT_FDCWD, profile, text.data, text.len, 0600, &err), 0);
	assert_int_equal(filter_get(&request, &filter, &warnings, &err), 0);

	pid = start_box(many_kinds, false, &listener);
	n = answer_all(listener);
	assert_int_equal(proc_exit_code(proc_wait(pid)), 0);
	words = notify_words(n);
	assert_true(str_ends(words, ", 1 more"));
	notify_free(n);

	filter_done(&filter);
	filter = keep;
	assert_int_equal(fd_write_file(AT_FDCWD, profile, profile_text, strlen(profile_text),
				       0600, &err),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_get_the_profiles_errno_and_are_counted),
		cmocka_unit_test(nothing_refused_gives_no_words),
		cmocka_unit_test(killing_action_ends_the_process_with_sigsys),
		cmocka_unit_test(handler_for_sigsys_does_not_save_it),
		cmocka_unit_test(blocked_sigsys_does_not_save_it),
		cmocka_unit_test(pid_1_of_a_box_is_killed_too),
		cmocka_unit_test(every_descendant_is_answered),
		cmocka_unit_test(handling_without_a_request_does_not_wait),
		cmocka_unit_test(request_of_a_dead_process_is_forgotten),
		cmocka_unit_test(listener_is_closed_when_the_profile_is_gone),
		cmocka_unit_test(flood_of_kinds_is_cut),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
