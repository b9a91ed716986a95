#include "cli/format.h"

#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CHECK(call, want)                                \
	do {                                             \
		AUTO_FREE char *check_text = (call);     \
		assert_string_equal(check_text, (want)); \
	} while (0)

static struct cgroup_stats unknown(void)
{
	struct cgroup_stats stats;

	memset(&stats, 0xff, sizeof(stats));
	stats.is_populated = stats.is_frozen = false;
	return stats;
}

static void a_rate_of_cpu_time_needs_two_readings(void **state)
{
	struct box_status before = {.has_stats = true, .init_pid = 7, .sampled_ns = 1000000000};
	struct box_status now = {.has_stats = true, .init_pid = 7, .sampled_ns = 3000000000};

	(void)state;
	before.stats.cpu_usage_us = 1000000;
	now.stats.cpu_usage_us = 3860000;
	assert_int_equal(cpu_rate(&before, &now), 1430);
	assert_true(cpu_rate(NULL, &now) == STAT_UNKNOWN);
	assert_true(cpu_rate(&now, &now) == STAT_UNKNOWN);
	before.init_pid = 8; /* started again meanwhile */
	assert_true(cpu_rate(&before, &now) == STAT_UNKNOWN);
	before.init_pid = 7;
	before.stats.cpu_usage_us = 4000000; /* backwards */
	assert_true(cpu_rate(&before, &now) == STAT_UNKNOWN);
	before.stats.cpu_usage_us = STAT_UNKNOWN;
	assert_true(cpu_rate(&before, &now) == STAT_UNKNOWN);
}

static void memory_in_use_leaves_the_inactive_cache_out(void **state)
{
	struct cgroup_stats stats = unknown();

	(void)state;
	assert_true(memory_used(&stats) == STAT_UNKNOWN);
	stats.memory_current = 1000;
	assert_int_equal(memory_used(&stats), 1000);
	stats.memory_inactive_file = 400;
	assert_int_equal(memory_used(&stats), 600);
	stats.memory_inactive_file = 1400;
	assert_int_equal(memory_used(&stats), 0);
}

static void memory_is_shown_with_its_limit_when_it_has_one(void **state)
{
	struct cgroup_stats stats = unknown();

	(void)state;
	CHECK(memory_words(&stats), "-");
	stats.memory_current = 61 << 20;
	CHECK(memory_words(&stats), "61.0M");
	stats.memory_max = STAT_NO_LIMIT;
	CHECK(memory_words(&stats), "61.0M");
	stats.memory_max = 512 << 20;
	CHECK(memory_words(&stats), "61.0M / 512M");
}

static void the_cpu_limit_is_quota_by_period(void **state)
{
	struct cgroup_stats stats = unknown();

	(void)state;
	assert_true(cpu_limit(&stats) == STAT_UNKNOWN);
	stats.cpu_quota_us = STAT_NO_LIMIT;
	stats.cpu_period_us = 100000;
	assert_true(cpu_limit(&stats) == STAT_NO_LIMIT);
	stats.cpu_quota_us = 150000;
	assert_int_equal(cpu_limit(&stats), 1500);
	stats.cpu_period_us = 0;
	assert_true(cpu_limit(&stats) == STAT_UNKNOWN);
}

static void shares_have_a_digit_more_when_they_are_small(void **state)
{
	(void)state;
	CHECK(share_words(1430, 1000), "143%");
	CHECK(share_words(3, 1000), "0.3%");
	CHECK(share_words(99, 1000), "9.9%");
	CHECK(share_words(100, 1000), "10%");
	CHECK(share_words(0, 1000), "0.0%");
	CHECK(share_words(UINT64_C(1) << 60, UINT64_C(1) << 61), "50%");
	CHECK(share_words(STAT_UNKNOWN, 1000), "-");
	CHECK(share_words(1, STAT_NO_LIMIT), "-");
	CHECK(share_words(1, 0), "-");
}

static void processes_are_counted_where_there_is_no_controller(void **state)
{
	struct cgroup_stats stats = unknown();

	(void)state;
	CHECK(number_words(pids_used(&stats)), "-");
	stats.process_count = 9;
	CHECK(number_words(pids_used(&stats)), "9");
	stats.pids_current = 48;
	CHECK(number_words(pids_used(&stats)), "48");
}

static void an_age_is_never_negative(void **state)
{
	(void)state;
	CHECK(age_words(0, 5000), "-");
	CHECK(age_words(1000, 1000 + 8040000), "2h14m");
	CHECK(age_words(9000, 1000), "0s");
	CHECK(age_words(1000, 1999), "0s");
	CHECK(age_words(1000, 2000), "1s");
}

static void a_state_has_its_exit_code(void **state)
{
	struct box_status status = {.state = "exited"};

	(void)state;
	CHECK(state_words(&status), "exited");
	status.has_exit = true;
	status.exit_code = 137;
	CHECK(state_words(&status), "exited (137)");
}

static void what_is_not_known_is_null(void **state)
{
	AUTO_JSON struct json j = {0};

	(void)state;
	json_array_begin(&j, NULL);
	json_stat(&j, NULL, STAT_UNKNOWN);
	json_stat(&j, NULL, STAT_NO_LIMIT);
	json_stat(&j, NULL, 0);
	json_array_end(&j);
	assert_string_equal(j.text.data, "[null,null,0]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_of_cpu_time_needs_two_readings),
		cmocka_unit_test(memory_in_use_leaves_the_inactive_cache_out),
		cmocka_unit_test(memory_is_shown_with_its_limit_when_it_has_one),
		cmocka_unit_test(the_cpu_limit_is_quota_by_period),
		cmocka_unit_test(shares_have_a_digit_more_when_they_are_small),
		cmocka_unit_test(processes_are_counted_where_there_is_no_controller),
		cmocka_unit_test(an_age_is_never_negative),
		cmocka_unit_test(a_state_has_its_exit_code),
		cmocka_unit_test(what_is_not_known_is_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
