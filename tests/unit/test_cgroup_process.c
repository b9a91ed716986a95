#include "cgroup/process.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int parse(const char *name, const char *state, const char *flags, struct process *out)
{
	AUTO_FREE char *text = xasprintf("17 (%s) %s 1 2 3 4 5 %s 7 8 9 10 100 50 13 14 15 16 "
					 "3 18 4242 20 256 22 23\n",
					 name, state, flags);

	return process_parse(text, out);
}

static void numbers_are_found_behind_any_name(void **state)
{
	static const char *const names[] = {"sh", "a) R 1 (b", "", "with space", "new\nline"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct process process;

		assert_int_equal(parse(names[i], "S", "4194304", &process), 0);
		assert_int_equal(process.pid, 17);
		assert_int_equal(process.parent, 1);
		assert_string_equal(process.name, names[i]);
		assert_int_equal(process.state, 'S');
		assert_int_equal(process.threads, 3);
		assert_int_equal(process.start_ticks, 4242);
		assert_int_equal(process.cpu_us,
				 UINT64_C(150) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK));
		assert_int_equal(process.rss_bytes, 256 * (uint64_t)sysconf(_SC_PAGESIZE));
		assert_false(process.is_ending);
	}
}

static void one_that_ends_has_no_memory_to_tell_of(void **state)
{
	struct process process;

	(void)state;
	assert_int_equal(parse("hog", "R", "1028", &process), 0);
	assert_true(process.is_ending && process.was_killed);
	assert_true(process.rss_bytes == STAT_UNKNOWN);
	assert_int_equal(parse("hog", "Z", "4", &process), 0);
	assert_true(process.is_ending);
	assert_false(process.was_killed);
}

static void what_is_no_stat_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"17",
		"17 (sh",
		"17 (sh) ",
		"17 (sh) S 1",
		"x (sh) S 1 2 3 4 5 6 7 8 9 10 100 50 13 14 15 16 3 18 4242 20 256\n",
		"17 (sh) S 1 2 3 4 5 6 7 8 9 10 100 50 13 14 15 16 3 18 4242 20 -1\n",
		"17 )sh( S 1 2 3 4 5 6 7 8 9 10 100 50 13 14 15 16 3 18 4242 20 256\n",
		"17 (0123456789012345678901234567890123456789012345678901234567890123456789) S "
		"1 2 3 4 5 6 7 8 9 10 100 50 13 14 15 16 3 18 4242 20 256\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct process process;

		if (process_parse(texts[i], &process) == 0)
			fail_msg("taken: %s", texts[i]);
	}
}

static void ids_are_those_of_the_innermost_namespace(void **state)
{
	static const char text[] =
		"Name:\tsh\nUid:\t1000\t100998\t0\t0\nGid:\t0\t0\t0\t0\nNSpid:\t4077\t17\t3\n";
	struct process_ids ids;

	(void)state;
	assert_int_equal(process_parse_ids(text, &ids), 0);
	assert_int_equal(ids.inner_pid, 3);
	assert_int_equal(ids.uid, 100998);
	assert_int_equal(process_parse_ids("Name:\tsh\nUid:\t1\t2\n", &ids), -1);
	assert_int_equal(process_parse_ids("NSpid:\t\nUid:\t1\t2\n", &ids), -1);
}

static void this_process_is_found(void **state)
{
	struct process process;
	struct process_ids ids;
	AUTO_FREE char *command = NULL;

	(void)state;
	assert_int_equal(process_read(getpid(), &process), 0);
	assert_true(process.rss_bytes != STAT_UNKNOWN && process.rss_bytes > 0);
	assert_int_equal(process_read_ids(getpid(), &ids), 0);
	assert_int_equal(ids.uid, geteuid());
	command = process_command(&process);
	assert_non_null(strstr(command, "test_cgroup_process"));
	assert_true(process_pss(getpid()) <= process.rss_bytes * 2);
	assert_int_equal(process_read(0, &process), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_found_behind_any_name),
		cmocka_unit_test(one_that_ends_has_no_memory_to_tell_of),
		cmocka_unit_test(what_is_no_stat_is_refused),
		cmocka_unit_test(ids_are_those_of_the_innermost_namespace),
		cmocka_unit_test(this_process_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
