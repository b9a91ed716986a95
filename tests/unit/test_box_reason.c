#include "box/reason.h"

#include "cgroup/oom.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct cgroup_stats unknown(void)
{
	struct cgroup_stats stats;

	memset(&stats, 0xff, sizeof(stats));
	stats.is_populated = stats.is_frozen = false;
	return stats;
}

static void a_kill_says_size_victim_and_key(void **state)
{
	struct oom_report report = {.kills = 1,
				    .limit_bytes = UINT64_C(512) << 20,
				    .name = "cc1plus",
				    .bytes = UINT64_C(410) << 20,
				    .alike = 1};
	AUTO_STRV struct strv places = {0};
	AUTO_FREE char *words = oom_words(&report);
	AUTO_FREE char *text = NULL;

	(void)state;
	strv_add(&places, "mem_limit devbox.yaml:7");
	text = reason_oom(words, &places);
	assert_string_equal(text, "oom-killed at 512M (cc1plus 410M): "
				  "raise mem_limit (devbox.yaml:7)");
}

static void several_alike_could_be_fewer(void **state)
{
	struct oom_report report = {.kills = 2,
				    .limit_bytes = UINT64_C(512) << 20,
				    .name = "cc\x1b[31m\n",
				    .bytes = UINT64_C(100) << 20,
				    .alike = 4,
				    .is_guess = true};
	const struct strv places = {0};
	AUTO_FREE char *words = oom_words(&report);
	AUTO_FREE char *text = reason_oom(words, &places);

	(void)state;
	assert_string_equal(text, "oom-killed at 512M (cc?[31m? about 100M, 4 of them): "
				  "raise mem_limit or lower -j");
}

static void a_victim_that_went_unseen_is_not_named(void **state)
{
	struct oom_report report = {
		.kills = 1, .limit_bytes = STAT_UNKNOWN, .bytes = STAT_UNKNOWN};
	AUTO_FREE char *words = oom_words(&report);

	(void)state;
	assert_string_equal(words, "oom-killed");
}

static void what_held_a_command_up_is_its_share_of_the_time(void **state)
{
	struct cgroup_stats before = unknown(), now = unknown();
	AUTO_STRV struct strv places = {0};
	AUTO_STRV struct strv reasons = {0};

	(void)state;
	strv_add(&places, "cpus devbox.yaml:3");
	before.cpu_periods = 1000;
	before.cpu_throttled_periods = 1000;
	now.cpu_periods = 1200;
	now.cpu_throttled_periods = 1124;
	now.cpu_quota_us = 50000;
	now.cpu_period_us = 100000;
	before.memory_pressure.some_total_us = 5;
	now.memory_pressure.some_total_us = 3400005;
	now.memory_max = UINT64_C(64) << 20;
	before.io_pressure.some_total_us = 0;
	now.io_pressure.some_total_us = 4999999;
	reason_slow(&before, &now, 10000000, &places, &reasons);
	assert_int_equal(reasons.count, 2);
	assert_string_equal(reasons.items[0], "throttled in 62% of its time at 0.5 cpus: "
					      "raise cpus (devbox.yaml:3)");
	assert_string_equal(reasons.items[1],
			    "waited for memory 34% of the time at 64.0M: raise mem_limit");
}

static void numbers_that_are_not_known_or_small_say_nothing(void **state)
{
	struct cgroup_stats before = unknown(), now = unknown();
	const struct strv places = {0};
	const struct record record = {0};
	AUTO_STRV struct strv reasons = {0};

	(void)state;
	reason_slow(&before, &now, 10000000, &places, &reasons);
	reason_list(&record, &now, &reasons);
	before.cpu_periods = before.cpu_throttled_periods = 0;
	now.cpu_periods = now.cpu_throttled_periods = REASON_PERIODS_MIN - 1;
	now.oom_kills = 0;
	now.io_pressure.some_avg10 = now.memory_pressure.some_avg10 = 100;
	reason_slow(&before, &now, 10000000, &places, &reasons);
	reason_list(&record, &now, &reasons);
	assert_int_equal(reasons.count, 0);
}

static void a_box_says_what_ails_it_now(void **state)
{
	struct cgroup_stats now = unknown();
	struct record record = {.oom_words = (char *)"oom-killed at 64M (hog 60M)"};
	AUTO_STRV struct strv reasons = {0};

	(void)state;
	strv_add(&record.limits_at, "mem_limit devbox.yaml:2");
	now.oom_kills = 3;
	now.cpu_periods = 1000;
	now.cpu_throttled_periods = 370;
	now.cpu_quota_us = 150000;
	now.cpu_period_us = 100000;
	now.memory_pressure.some_avg10 = 4100;
	now.io_pressure.some_avg10 = 6150;
	now.memory_max = STAT_NO_LIMIT;
	reason_list(&record, &now, &reasons);
	assert_int_equal(reasons.count, 4);
	assert_string_equal(reasons.items[0],
			    "oom-killed at 64M (hog 60M): raise mem_limit (devbox.yaml:2) "
			    "(3 processes so far)");
	assert_string_equal(reasons.items[1],
			    "throttled in 37% of its time at 1.5 cpus: raise cpus");
	assert_string_equal(reasons.items[2],
			    "waited for memory 41% of the time: the machine is short of it");
	assert_string_equal(reasons.items[3], "waited for the disk 61% of the time");
	strv_done(&record.limits_at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_says_size_victim_and_key),
		cmocka_unit_test(several_alike_could_be_fewer),
		cmocka_unit_test(a_victim_that_went_unseen_is_not_named),
		cmocka_unit_test(what_held_a_command_up_is_its_share_of_the_time),
		cmocka_unit_test(numbers_that_are_not_known_or_small_say_nothing),
		cmocka_unit_test(a_box_says_what_ails_it_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
