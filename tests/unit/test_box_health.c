#include "box/health.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS 1000

static const struct spec_health spec = {
	.kind = HEALTH_TCP,
	.port = 5432,
	.interval_us = 1000 * MS,
	.start_interval_us = 100 * MS,
	.start_period_us = 500 * MS,
	.retries = 3,
};

static void the_first_probe_is_due_at_once(void **state)
{
	struct health health;

	(void)state;
	health_begin(&spec, 7000 * MS, &health);
	assert_int_equal(health.next_us, 7000 * MS);
	assert_int_equal(health.state, HEALTH_STARTING);
}

static void a_success_makes_it_healthy_and_slows_down(void **state)
{
	struct health health;

	(void)state;
	health_begin(&spec, 0, &health);
	assert_false(health_result(&health, false, 10 * MS));
	assert_int_equal(health.next_us, 110 * MS);
	assert_true(health_result(&health, true, 120 * MS));
	assert_int_equal(health.state, HEALTH_HEALTHY);
	assert_int_equal(health.next_us, 1120 * MS);
	assert_false(health_result(&health, true, 1130 * MS));
}

static void one_that_never_succeeds_has_its_retries_of_time(void **state)
{
	struct health health;
	int64_t now = 0;

	(void)state;
	health_begin(&spec, now, &health);
	for (; now < 3500 * MS; now += 100 * MS)
		assert_false(health_result(&health, false, now));
	assert_true(health_result(&health, false, now));
	assert_int_equal(health.state, HEALTH_UNHEALTHY);
	assert_int_equal(health.next_us, now + 1000 * MS);
	assert_true(health_result(&health, true, now + 1000 * MS));
	assert_int_equal(health.state, HEALTH_HEALTHY);
}

static void only_failures_in_a_row_count(void **state)
{
	struct health health;

	(void)state;
	health_begin(&spec, 0, &health);
	assert_true(health_result(&health, true, 0));
	for (int i = 0; i < 5; i++) {
		assert_false(health_result(&health, false, i));
		assert_false(health_result(&health, false, i));
		assert_false(health_result(&health, true, i));
	}
	assert_false(health_result(&health, false, 10));
	assert_false(health_result(&health, false, 11));
	assert_true(health_result(&health, false, 12));
	assert_int_equal(health.state, HEALTH_UNHEALTHY);
	assert_false(health_result(&health, false, 13));
	assert_int_equal(health.failures, 4);
}

static void a_probe_has_words(void **state)
{
	AUTO_FREE char *words = health_describe(&spec);

	(void)state;
	assert_string_equal(words, "tcp 5432");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_probe_is_due_at_once),
		cmocka_unit_test(a_success_makes_it_healthy_and_slows_down),
		cmocka_unit_test(one_that_never_succeeds_has_its_retries_of_time),
		cmocka_unit_test(only_failures_in_a_row_count),
		cmocka_unit_test(a_probe_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
