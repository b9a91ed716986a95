#include "cli/progress.h"

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

static void bytes_are_counted_as_registries_do(void **state)
{
	(void)state;
	CHECK(progress_bytes(0), "0 B");
	CHECK(progress_bytes(999), "999 B");
	CHECK(progress_bytes(1000), "1.0 kB");
	CHECK(progress_bytes(999949), "999.9 kB");
	CHECK(progress_bytes(999950), "1.0 MB");
	CHECK(progress_bytes(48300000), "48.3 MB");
	CHECK(progress_bytes(UINT64_C(1500000000000)), "1.5 TB");
	CHECK(progress_bytes(UINT64_MAX), "18446744.1 TB");
}

static struct progress_event layer(enum progress_state state, uint64_t done, uint64_t total)
{
	return (struct progress_event){.kind = PROGRESS_LAYER,
				       .state = state,
				       .text = "c926b44258f6b46c",
				       .done = done,
				       .total = total};
}

static void a_layer_has_bytes_rate_and_time_left(void **state)
{
	struct progress_event event = layer(PROGRESS_FETCHES, 12000000, 48000000);

	(void)state;
	CHECK(progress_line(&event, 0, 80), "  c926b44258f6  fetching    12.0 MB /  48.0 MB");
	CHECK(progress_line(&event, 4000000, 80),
	      "  c926b44258f6  fetching    12.0 MB /  48.0 MB    4.0 MB/s  9.0 s left");
	CHECK(progress_line(&event, 100000, 80),
	      "  c926b44258f6  fetching    12.0 MB /  48.0 MB  100.0 kB/s  6m00s left");
	event = layer(PROGRESS_FETCHES, 48000000, 48000000);
	CHECK(progress_line(&event, 4000000, 80),
	      "  c926b44258f6  unpacking   48.0 MB /  48.0 MB");
	event = layer(PROGRESS_UNPACKED, 48000000, 48000000);
	CHECK(progress_line(&event, 0, 80), "  c926b44258f6  done                   48.0 MB");
	event = layer(PROGRESS_WAITS, 0, 0);
	CHECK(progress_line(&event, 0, 80), "  c926b44258f6  waiting  ");
}

static void a_line_is_never_wider_than_the_terminal(void **state)
{
	const struct progress_event event = layer(PROGRESS_FETCHES, 1, UINT64_MAX);

	(void)state;
	for (size_t width = 1; width < 100; width++) {
		AUTO_FREE char *line = progress_line(&event, 1, width);

		assert_true(strlen(line) <= width);
	}
}

static void what_was_done_folds_into_one_line(void **state)
{
	struct progress_event event = {.kind = PROGRESS_DONE,
				       .verb = "pulled",
				       .name = "debian:12",
				       .count = 3,
				       .index = 1,
				       .total = 48300000};

	(void)state;
	CHECK(progress_summary(&event, 1900000),
	      " debian:12        pulled   48.3 MB in 1.9 s   (3 layers, 1 already here)");
	event.index = 0;
	event.count = 1;
	CHECK(progress_summary(&event, 72000000),
	      " debian:12        pulled   48.3 MB in 1m12s   (1 layer)");
	event.index = 1;
	event.total = 0;
	CHECK(progress_summary(&event, 30000),
	      " debian:12        pulled   nothing new in 0.0 s   (1 layer, already here)");
	event.index = event.count = 3;
	CHECK(progress_summary(&event, 30000),
	      " debian:12        pulled   nothing new in 0.0 s   (3 layers, all already here)");
}

static void the_mode_is_one_of_five_words(void **state)
{
	enum progress_mode mode;

	(void)state;
	assert_int_equal(progress_mode_parse("tty", &mode), 0);
	assert_int_equal(mode, SHOW_TTY);
	assert_int_equal(progress_mode_parse("quiet", &mode), 0);
	assert_int_equal(mode, SHOW_QUIET);
	assert_int_equal(progress_mode_parse("fancy", &mode), -1);
	assert_int_equal(mode, SHOW_QUIET);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_counted_as_registries_do),
		cmocka_unit_test(a_layer_has_bytes_rate_and_time_left),
		cmocka_unit_test(a_line_is_never_wider_than_the_terminal),
		cmocka_unit_test(what_was_done_folds_into_one_line),
		cmocka_unit_test(the_mode_is_one_of_five_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
