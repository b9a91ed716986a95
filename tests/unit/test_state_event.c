#include "state/event.h"

#include "store_fixture.h"

#include "util/fd.h"

static char *text_of(const struct event *event)
{
	struct json j = {0};

	event_put(event, &j);
	return buf_take(&j.text);
}

static void an_event_says_only_what_it_knows(void **state)
{
	struct event event = event_make("shop", EVENT_PAUSED);
	AUTO_FREE char *text = NULL;

	(void)state;
	event.time_ms = 1234;
	text = text_of(&event);
	event_done(&event);
	assert_string_equal(text, "{\"time_ms\":1234,\"box\":\"shop\",\"event\":\"paused\"}");
}

static void what_is_written_reads_the_same(void **state)
{
	struct event event = event_make("shop/db", EVENT_OOM), again;
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *second = NULL;

	(void)state;
	event.victim = xstrdup("cc1 \"plus\"\n");
	event.victim_pid = 17;
	event.victim_bytes = UINT64_C(410) << 20;
	event.victim_is_guess = true;
	event.limit_bytes = UINT64_C(512) << 20;
	event.kills = 2;
	event.has_exit = true;
	event.exit_code = 137;
	event.reason = xstrdup("because");
	event.throttled_permille = 370;
	event.window_ms = 10000;
	event.pid = 5;
	event.box_port = 3000;
	event.address = xstrdup("127.1.2.1");
	event.host_port = 11000;
	text = text_of(&event);
	event_done(&event);

	assert_int_equal(event_parse(text, strlen(text), &again), 0);
	assert_string_equal(again.victim, "cc1 \"plus\"\n");
	assert_true(again.victim_is_guess);
	assert_int_equal(again.victim_bytes, 410 << 20);
	assert_int_equal(again.exit_code, 137);
	second = text_of(&again);
	event_done(&again);
	assert_string_equal(text, second);
}

static void what_is_no_event_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		"{\"time_ms\":1,\"box\":\"a\"}",
		"{\"time_ms\":1,\"event\":\"a\"}",
		"{\"time_ms\":\"1\",\"box\":\"a\",\"event\":\"b\"}",
		"{\"time_ms\":1,\"box\":\"a\",\"event\":\"b\"} x",
		"{\"time_ms\":99999999999999999999,\"box\":\"a\",\"event\":\"b\"}",
		"{\"time_ms\":1,\"time_ms\":2,\"box\":\"a\",\"event\":\"b\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct event event;

		if (event_parse(lines[i], strlen(lines[i]), &event) == 0)
			fail_msg("taken: %s", lines[i]);
	}
}

static void keys_of_other_versions_and_wrong_kinds_are_skipped(void **state)
{
	static const char line[] =
		"{\"time_ms\":1,\"box\":\"a\",\"event\":\"healthy\",\"new\":[1],\"pid\":-4,"
		"\"victim\":7,\"exit_code\":99999999999,\"kills\":\"x\"}";
	struct event event;

	(void)state;
	assert_int_equal(event_parse(line, strlen(line), &event), 0);
	assert_string_equal(event.name, "healthy");
	assert_true(event.pid == EVENT_NO_NUMBER);
	assert_true(event.kills == EVENT_NO_NUMBER);
	assert_null(event.victim);
	assert_false(event.has_exit);
	event_done(&event);
}

static uint64_t size_of(const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void append(const char *dir, const char *name)
{
	struct event event = event_make("shop", name);
	struct err err;

	if (event_append(dir, &event, &err) < 0)
		fail_msg("%s", err.message);
	event_done(&event);
}

static void a_full_file_is_put_aside_and_one_is_kept(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *dir = path_join(home->top, "state/shop");
	AUTO_FREE char *path = path_join(dir, EVENTS_NAME);
	uint64_t one;

	append(dir, "first");
	one = size_of(dir, EVENTS_NAME);
	assert_int_equal(truncate(path, (off_t)(EVENTS_BYTES - one)), 0);
	append(dir, "first");
	assert_int_equal(size_of(dir, EVENTS_NAME), EVENTS_BYTES);
	append(dir, "other");
	assert_int_equal(size_of(dir, EVENTS_NAME), one);
	assert_int_equal(size_of(dir, EVENTS_OLD_NAME), EVENTS_BYTES);
}

static void a_line_that_no_reader_takes_is_not_written(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *dir = path_join(home->top, "state/long");
	struct event event = event_make("shop", EVENT_DIED);
	struct err err;

	event.reason = xmalloc(EVENT_LINE_MAX + 1);
	memset(event.reason, 'x', EVENT_LINE_MAX);
	assert_int_equal(event_append(dir, &event, &err), -1);
	assert_int_equal(size_of(dir, EVENTS_NAME), 0);
	event_done(&event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_says_only_what_it_knows),
		cmocka_unit_test(what_is_written_reads_the_same),
		cmocka_unit_test(what_is_no_event_is_refused),
		cmocka_unit_test(keys_of_other_versions_and_wrong_kinds_are_skipped),
		cmocka_unit_test_setup_teardown(a_full_file_is_put_aside_and_one_is_kept,
						home_make, home_remove),
		cmocka_unit_test_setup_teardown(a_line_that_no_reader_takes_is_not_written,
						home_make, home_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
