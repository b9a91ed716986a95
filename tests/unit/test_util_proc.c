#include "util/cleanup.h"
#include "util/proc.h"
#include "util/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *output_of(const char *script, size_t max, int *out_status)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	char *text = NULL;
	struct err err;

	if (proc_run(argv, max, &text, out_status, &err) < 0)
		fail_msg("%s", err.message);
	return text;
}

static void run_collects_both_outputs_and_the_status(void **state)
{
	int status;
	AUTO_FREE char *text = output_of("echo out; echo err >&2; cat; exit 3", 100, &status);

	(void)state;
	assert_string_equal(text, "out\nerr\n");
	assert_int_equal(proc_exit_code(status), 3);
}

static void run_keeps_the_first_bytes_and_lets_the_program_end(void **state)
{
	int status;
	AUTO_FREE char *text = output_of("head -c 200000 /dev/zero | tr '\\0' x", 5, &status);

	(void)state;
	assert_string_equal(text, "xxxxx");
	assert_int_equal(status, 0);
}

static void run_can_drop_the_output(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c", "echo x; kill -TERM $$", NULL};
	struct err err;
	int status;

	(void)state;
	assert_int_equal(proc_run(argv, 0, NULL, &status, &err), 0);
	assert_int_equal(proc_exit_code(status), 128 + SIGTERM);
}

static void run_says_which_program_is_missing(void **state)
{
	const char *const argv[] = {"/none/x", NULL};
	struct err err;
	int status = 77;

	(void)state;
	assert_int_equal(proc_run(argv, 0, NULL, &status, &err), -1);
	assert_string_equal(err.message, "start '/none/x': No such file or directory");
	assert_int_equal(status, 77);
}

static void spawn_gives_default_signals(void **state)
{
	unsigned long long blocked = 77, ignored = 77;
	sigset_t set, old;
	int status;

	(void)state;
	(void)signal(SIGUSR1, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &set, &old);

	AUTO_FREE char *text = output_of("cat /proc/self/status", 4096, &status);

	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)signal(SIGUSR1, SIG_DFL);
	assert_int_equal(sscanf(strstr(text, "SigBlk:"), "SigBlk: %llx", &blocked), 1);
	assert_int_equal(sscanf(strstr(text, "SigIgn:"), "SigIgn: %llx", &ignored), 1);
	assert_true(blocked == 0);
	/* 32 and 33 are libc's own, which it leaves ignored. */
	assert_true((ignored & ~0x180000000ULL) == 0);
}

static void spawn_hands_on_chosen_descriptors_only(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c",
				    "echo kept >&9; (echo leak >&8) 2>&-; echo said >&2", NULL};
	int ends[2], kept, other, stdio[3], status;
	char got[64] = "";
	struct err err;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	kept = fcntl(ends[1], F_DUPFD_CLOEXEC, 9);
	other = fcntl(ends[1], F_DUPFD_CLOEXEC, 8);
	if (kept != 9 || other != 8)
		fail_msg("descriptors 8 and 9 are in use");
	stdio[0] = -1;
	stdio[1] = -1;
	stdio[2] = ends[1];
	assert_int_equal(proc_spawn(argv, stdio, &kept, 1, &pid, &err), 0);
	(void)close(ends[1]);
	(void)close(kept);
	(void)close(other);
	status = proc_wait(pid);
	assert_int_equal(status, 0);
	assert_true(read(ends[0], got, sizeof(got) - 1) > 0);
	assert_string_equal(got, "kept\nsaid\n");
	(void)close(ends[0]);
}

static void spawn_can_swap_standard_descriptors(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c", "echo one; echo two >&2", NULL};
	static const int swapped[3] = {-1, 2, 1};
	int one[2], two[2], saved[2];
	char a[16] = "", b[16] = "";
	struct err err;
	pid_t pid;
	int result;

	(void)state;
	assert_int_equal(pipe2(one, O_CLOEXEC), 0);
	assert_int_equal(pipe2(two, O_CLOEXEC), 0);
	saved[0] = fcntl(1, F_DUPFD_CLOEXEC, 10);
	saved[1] = fcntl(2, F_DUPFD_CLOEXEC, 10);
	(void)dup2(one[1], 1);
	(void)dup2(two[1], 2);
	result = proc_spawn(argv, swapped, NULL, 0, &pid, &err);
	(void)dup2(saved[0], 1);
	(void)dup2(saved[1], 2);
	assert_int_equal(result, 0);
	assert_int_equal(proc_wait(pid), 0);
	assert_int_equal(read(one[0], a, sizeof(a) - 1), 4);
	assert_int_equal(read(two[0], b, sizeof(b) - 1), 4);
	assert_string_equal(a, "two\n");
	assert_string_equal(b, "one\n");
	for (int i = 0; i < 2; i++) {
		(void)close(one[i]);
		(void)close(two[i]);
		(void)close(saved[i]);
	}
}

static void a_process_is_known_by_pid_and_start(void **state)
{
	uint64_t ticks = 0, later = 0;
	char name[16];

	(void)state;
	assert_int_equal(prctl(PR_GET_NAME, name), 0);
	assert_int_equal(proc_start_time(getpid(), &ticks), 0);
	assert_true(ticks > 0);
	/* A name made to be misread. */
	assert_int_equal(prctl(PR_SET_NAME, "a) Z 1 (b) 7"), 0);
	assert_int_equal(proc_start_time(getpid(), &later), 0);
	assert_true(later == ticks);
	assert_true(proc_is_alive(getpid(), ticks));
	assert_false(proc_is_alive(getpid(), ticks + 1));
	assert_int_equal(prctl(PR_SET_NAME, name), 0);
}

static void a_zombie_is_not_alive(void **state)
{
	siginfo_t info;
	uint64_t ticks = 77;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_start_time(pid, &ticks), 0);
	assert_false(proc_is_alive(pid, ticks));
	assert_int_equal(proc_wait(pid), 0);
	assert_false(proc_is_alive(pid, ticks));
	ticks = 77;
	assert_int_equal(proc_start_time(pid, &ticks), -1);
	assert_int_equal(proc_start_time(0, &ticks), -1);
	assert_true(ticks == 77);
}

static void programs_are_found_where_they_usually_lie(void **state)
{
	AUTO_FREE char *sh = proc_find_program("sh");

	(void)state;
	assert_non_null(sh);
	assert_true(str_ends(sh, "/sh"));
	assert_null(proc_find_program("no-such-program-here"));
	assert_null(proc_find_program(""));
	assert_null(proc_find_program("../bin/sh"));
	assert_null(proc_find_program("."));
}

static void signals_have_numbers(void **state)
{
	static const struct {
		const char *name;
		int number;
	} cases[] = {
		{"TERM", SIGTERM},
		{"SIGTERM", SIGTERM},
		{"sigterm", SIGTERM},
		{"15", 15},
		{"1", 1},
		{"IOT", SIGABRT},
		{"0", -1},
		{"65", -1},
		{"", -1},
		{"SIG", -1},
		{"TERMINATE", -1},
		{"-15", -1},
		{"RTMAX+1", -1},
		{"RTMIN+99", -1},
		{"RTMIN3", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (signal_from_name(cases[i].name) != cases[i].number)
			fail_msg("'%s' gave %d", cases[i].name,
				 signal_from_name(cases[i].name));
	assert_int_equal(signal_from_name("SIGRTMIN+3"), SIGRTMIN + 3);
	assert_int_equal(signal_from_name("RTMAX-1"), SIGRTMAX - 1);
	assert_string_equal(signal_name(15), "SIGTERM");
	assert_string_equal(signal_name(SIGABRT), "SIGABRT");
	assert_null(signal_name(64));
	assert_null(signal_name(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_collects_both_outputs_and_the_status),
		cmocka_unit_test(run_keeps_the_first_bytes_and_lets_the_program_end),
		cmocka_unit_test(run_can_drop_the_output),
		cmocka_unit_test(run_says_which_program_is_missing),
		cmocka_unit_test(spawn_gives_default_signals),
		cmocka_unit_test(spawn_hands_on_chosen_descriptors_only),
		cmocka_unit_test(spawn_can_swap_standard_descriptors),
		cmocka_unit_test(a_process_is_known_by_pid_and_start),
		cmocka_unit_test(a_zombie_is_not_alive),
		cmocka_unit_test(programs_are_found_where_they_usually_lie),
		cmocka_unit_test(signals_have_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
