#include "api/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_text_of_a_plan_tells_what_a_change_needs(void **state)
{
	static const struct {
		const char *running, *wanted;
		enum difference difference;
	} cases[] = {
		{"bind 'a'\nlimit pids.max 5\n", "bind 'a'\nlimit pids.max 5\n",
		 DIFFERENT_NOTHING},
		{"bind 'a'\n", "bind 'a'\nlimit pids.max 5\n", DIFFERENT_LIVE},
		{"bind 'a'\nlimit pids.max 5\n", "bind 'a'\nlimit pids.max 6\n",
		 DIFFERENT_LIVE},
		{"bind 'a'\nlimit pids.max 5\n", "bind 'a'\n", DIFFERENT_LIVE},
		{"bind 'a'\nlimit pids.max 5\n", "bind 'b'\nlimit pids.max 5\n", DIFFERENT_BOX},
		{"a\n", "a\nb\n", DIFFERENT_BOX},
		{"a\nlimit cpuset 0-1\n", "a\nlimit cpuset 1\n", DIFFERENT_LIVE},
		{"a\nlimit cpuset 0-1\n", "a\n", DIFFERENT_BOX},
		{"a\nlimit io.max 8:0 1 2 3 4\n", "a\nlimit io.max 8:0 9 2 3 4\n",
		 DIFFERENT_LIVE},
		{"a\nlimit io.max 8:0 1 2 3 4\n", "a\nlimit io.max 8:16 1 2 3 4\n",
		 DIFFERENT_BOX},
		{"a\n", "a\nport tcp 127.0.0.1 80 80\n", DIFFERENT_LIVE},
		{"a\nport tcp 127.0.0.1 80 80\n", "a\n", DIFFERENT_LIVE},
		{"a\nforward 127.77.3.1\n", "a\nforward 127.77.3.1 1-2\n", DIFFERENT_LIVE},
		{"", "", DIFFERENT_NOTHING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(live_compare(cases[i].running, cases[i].wanted),
				 cases[i].difference);
}

static void a_limit_that_is_gone_is_lifted(void **state)
{
	struct cgroup_limits limits = {.has_pids_max = true, .pids_max = 7};

	(void)state;
	live_lift(
		"limit cpu.quota 5\nlimit memory.max 9\nlimit memory.low 1\nlimit pids.max 3\n",
		&limits);
	assert_true(limits.has_cpu_max && limits.cpu_quota_us == CGROUP_NO_LIMIT);
	assert_true(limits.has_memory_max && limits.memory_max == CGROUP_NO_LIMIT);
	assert_true(limits.has_memory_low && limits.memory_low == 0);
	assert_int_equal(limits.pids_max, 7);
	assert_false(limits.has_swap_max || limits.has_cpu_weight || limits.has_io_weight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_of_a_plan_tells_what_a_change_needs),
		cmocka_unit_test(a_limit_that_is_gone_is_lifted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
