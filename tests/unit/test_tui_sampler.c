#include "tui/model.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static struct model model;
static struct box *box;
static struct reading reading;

static int begin(void **state)
{
	(void)state;
	model_init(&model);
	box = model_add(&model, "shop");
	box->state = BOX_UP;
	reading_unknown(&reading);
	return 0;
}

static int end(void **state)
{
	(void)state;
	model_done(&model);
	return 0;
}

static void take(uint64_t second)
{
	box_take(box, &reading, READ_ALL, second * SECOND);
	box_judge(&model, box);
}

static void the_first_reading_has_no_rates(void **state)
{
	(void)state;
	reading.cpu_usage_us = 5000000;
	reading.read_bytes = 100;
	take(10);
	assert_false(is_known(box->rates.cpu));
	assert_false(is_known(box->rates.read));
	reading.cpu_usage_us += 1500000;
	reading.read_bytes += 50;
	take(11);
	assert_true(box->rates.cpu > 149.9 && box->rates.cpu < 150.1);
	assert_true(box->rates.read > 49.9 && box->rates.read < 50.1);
}

static void time_that_really_passed_counts(void **state)
{
	(void)state;
	reading.cpu_usage_us = 0;
	take(10);
	reading.cpu_usage_us = 2000000;
	take(14);
	assert_true(box->rates.cpu > 49.9 && box->rates.cpu < 50.1);
}

static void numbers_that_go_backwards_are_no_rate(void **state)
{
	(void)state;
	reading.cpu_usage_us = 9000000;
	take(10);
	reading.cpu_usage_us = 1000000;
	take(11);
	assert_false(is_known(box->rates.cpu));
	reading.cpu_usage_us = 2000000;
	take(12);
	assert_true(box->rates.cpu > 99.9);
}

static void two_readings_at_once_are_no_rate(void **state)
{
	(void)state;
	reading.cpu_usage_us = 1;
	take(10);
	reading.cpu_usage_us = 2;
	take(10);
	assert_false(is_known(box->rates.cpu));
}

static void memory_is_what_cannot_be_dropped_and_never_less_than_nothing(void **state)
{
	(void)state;
	reading.memory = 500;
	reading.inactive_file = 100;
	take(1);
	assert_true(box->rates.memory == 400);
	reading.inactive_file = 900;
	take(2);
	assert_true(box->rates.memory == 0);
}

static void what_no_controller_says_is_not_known(void **state)
{
	(void)state;
	take(1);
	take(2);
	assert_false(is_known(box->rates.memory));
	assert_false(is_known(box->rates.pids));
	assert_false(is_known(box->rates.read));
	assert_false(is_known(box->rates.cpu_limit));
	assert_false(is_known(box->rates.throttled));
	box->pss = 4096;
	box->process_count = 2;
	take(3);
	assert_true(box->rates.memory == 4096);
	assert_true(box->rates.pids == 2);
}

static void throttling_is_a_share_of_periods(void **state)
{
	(void)state;
	reading.periods = 100;
	reading.throttled_periods = 10;
	take(1);
	reading.periods = 200;
	reading.throttled_periods = 47;
	take(2);
	assert_true(box->rates.throttled > 36.9 && box->rates.throttled < 37.1);
	assert_true(box->alerts[ALERT_THROTTLED].is_set);
	take(3);
	assert_true(box->rates.throttled == 0);
	/* It is over, but nobody has seen it. */
	assert_true(box->alerts[ALERT_THROTTLED].is_set);
	assert_false(box->alerts[ALERT_THROTTLED].is_now);
}

static void memory_near_its_limit_is_told_after_ten_seconds(void **state)
{
	(void)state;
	reading.memory = 97;
	reading.inactive_file = 0;
	reading.memory_max = 100;
	for (uint64_t second = 1; second < 10; second++)
		take(second);
	assert_false(box->alerts[ALERT_MEMORY].is_set);
	take(10);
	assert_true(box->alerts[ALERT_MEMORY].is_set);
	box->alerts[ALERT_MEMORY].is_set = false;
	take(11);
	assert_false(box->alerts[ALERT_MEMORY].is_set);
}

static void every_oom_kill_is_news(void **state)
{
	(void)state;
	reading.event_oom_kill = 0;
	take(1);
	assert_false(box->alerts[ALERT_OOM].is_set);
	reading.event_oom_kill = 1;
	take(2);
	assert_true(box->alerts[ALERT_OOM].is_set);
	box->alerts[ALERT_OOM].is_set = false;
	take(3);
	assert_false(box->alerts[ALERT_OOM].is_set);
	reading.event_oom_kill = 3;
	take(4);
	assert_true(box->alerts[ALERT_OOM].is_set);
	assert_true(box->alerts[ALERT_OOM].value == 3);
}

static void an_unhealthy_box_is_news_and_says_so(void **state)
{
	static const struct {
		const char *health, *word, *shorter;
		bool is_bad;
	} lines[] = {
		{"starting", "starting", "start", false},
		{"healthy", "healthy", "well", false},
		{"unhealthy", "unhealthy", "ill", true},
	};

	(void)state;
	box->state = BOX_UP;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		free(box->health);
		box->health = xstrdup(lines[i].health);
		take(i + 1);
		assert_string_equal(box_state_word(box, false), lines[i].word);
		assert_string_equal(box_state_word(box, true), lines[i].shorter);
		assert_int_equal(box->alerts[ALERT_UNHEALTHY].is_set, lines[i].is_bad);
	}
	box->state = BOX_PAUSED;
	assert_string_equal(box_state_word(box, false), "paused");
	free(box->health);
	box->health = NULL;
}

static void events_are_bounded(void **state)
{
	(void)state;
	for (int i = 0; i < EVENTS_MAX + 10; i++)
		model_event(&model, i, "shop", false, "%d", i);
	assert_int_equal(model.event_count, EVENTS_MAX);
	assert_string_equal(model.events[0].text, "10");
	/* Of another project that is read later. */
	model_event(&model, 20, "late", false, "between");
	assert_string_equal(model.events[9].text, "20");
	assert_string_equal(model.events[10].text, "between");
	assert_string_equal(model.events[11].text, "21");
	model_event(&model, 0, "late", false, "too old");
	assert_int_equal(model.event_count, EVENTS_MAX);
	assert_string_equal(model.events[0].text, "11");
}

static void a_series_keeps_the_last_samples(void **state)
{
	static struct series series;

	(void)state;
	assert_false(is_known(series_max(&series, 10)));
	for (int i = 0; i < SERIES_SIZE + 5; i++)
		series_add(&series, i);
	assert_true(series_back(&series, 0) == SERIES_SIZE + 4);
	assert_true(series_back(&series, SERIES_SIZE - 1) == 5);
	assert_false(is_known(series_back(&series, SERIES_SIZE)));
	assert_true(series_max(&series, 3) == SERIES_SIZE + 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_reading_has_no_rates),
		TEST(time_that_really_passed_counts),
		TEST(numbers_that_go_backwards_are_no_rate),
		TEST(two_readings_at_once_are_no_rate),
		TEST(memory_is_what_cannot_be_dropped_and_never_less_than_nothing),
		TEST(what_no_controller_says_is_not_known),
		TEST(throttling_is_a_share_of_periods),
		TEST(memory_near_its_limit_is_told_after_ten_seconds),
		TEST(every_oom_kill_is_news),
		TEST(an_unhealthy_box_is_news_and_says_so),
		TEST(events_are_bounded),
		TEST(a_series_keeps_the_last_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
