#include "api/update.h"

#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void values_are_those_of_the_profile_or_max(void **state)
{
	struct cgroup_limits limits = {0};

	(void)state;
	assert_int_equal(update_parse(UPDATE_CPUS, "1.5", &limits), 0);
	assert_true(limits.has_cpu_max);
	assert_int_equal(limits.cpu_quota_us, 150000);
	assert_int_equal(limits.cpu_period_us, 100000);
	assert_int_equal(update_parse(UPDATE_MEMORY, "512m", &limits), 0);
	assert_int_equal(limits.memory_max, 512 << 20);
	assert_int_equal(update_parse(UPDATE_PIDS, "100", &limits), 0);
	assert_int_equal(limits.pids_max, 100);
	assert_int_equal(update_parse(UPDATE_MEMORY_RESERVATION, "1g", &limits), 0);
	assert_int_equal(limits.memory_low, 1 << 30);
	assert_int_equal(update_parse(UPDATE_CPU_SHARES, "1024", &limits), 0);
	assert_int_equal(limits.cpu_weight, 39);
	assert_int_equal(update_parse(UPDATE_BLKIO_WEIGHT, "10", &limits), 0);
	assert_int_equal(limits.io_weight, 1);
	assert_int_equal(update_parse(UPDATE_MEMORY, "max", &limits), 0);
	assert_true(limits.memory_max == CGROUP_NO_LIMIT);
	assert_int_equal(update_parse(UPDATE_PIDS, "-1", &limits), 0);
	assert_true(limits.pids_max == CGROUP_NO_LIMIT);
}

static void a_wrong_value_changes_nothing(void **state)
{
	static const struct {
		enum update_limit limit;
		const char *text;
	} cases[] = {
		{UPDATE_CPUS, ""},
		{UPDATE_CPUS, "0"},
		{UPDATE_CPUS, "0.001"},
		{UPDATE_CPUS, "1.5000"},
		{UPDATE_CPUS, "two"},
		{UPDATE_CPUS, "9000"},
		{UPDATE_CPU_SHARES, "1"},
		{UPDATE_CPU_SHARES, "max"},
		{UPDATE_MEMORY, "512"},
		{UPDATE_MEMORY, "-512m"},
		{UPDATE_MEMORY, "512m\n"},
		{UPDATE_MEMORY_SWAP, "x"},
		{UPDATE_MEMORY_RESERVATION, "max"},
		{UPDATE_PIDS, "0"},
		{UPDATE_PIDS, "99999999999999999999"},
		{UPDATE_BLKIO_WEIGHT, "9"},
		{UPDATE_BLKIO_WEIGHT, "1001"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		/* One that was right before makes the next no better. */
		struct cgroup_limits limits = {.has_memory_max = true, .memory_max = 7};

		assert_int_equal(update_parse(cases[i].limit, cases[i].text, &limits), -1);
		assert_int_equal(limits.memory_max, 7);
		assert_int_equal(cgroup_needed(&limits), CGROUP_MEMORY);
	}
}

static void a_plan_says_what_is_in_force(void **state)
{
	const struct cgroup_limits limits = {.has_memory_max = true,
					     .memory_max = CGROUP_NO_LIMIT,
					     .has_pids_max = true,
					     .pids_max = 9};
	AUTO_FREE char *text = update_plan(
		"bind 'a'\nlimit memory.max 5\nlimit memory.low 3\nport x\n", &limits);
	AUTO_FREE char *none = update_plan(NULL, &limits);

	(void)state;
	assert_string_equal(text, "bind 'a'\nlimit memory.max max\nlimit memory.low 3\nport x\n"
				  "limit pids.max 9\n");
	assert_string_equal(none, "limit memory.max max\nlimit pids.max 9\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_of_the_profile_or_max),
		cmocka_unit_test(a_wrong_value_changes_nothing),
		cmocka_unit_test(a_plan_says_what_is_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
