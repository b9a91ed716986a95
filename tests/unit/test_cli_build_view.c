#include "cli/build_view.h"

#include "util/cleanup.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void each_event_has_its_line(void **state)
{
	static const struct {
		struct build_event event;
		const char *line;
	} cases[] = {
		{{.kind = BUILD_CACHED, .step = "packages", .what = "git vim", .when_ms = 1000},
		 " packages         cached   git vim  2h old"},
		{{.kind = BUILD_CACHED, .step = "1", .what = "a", .when_ms = 99000000},
		 " step 1           cached   a  0ms old"},
		{{.kind = BUILD_WANTED,
		  .step = "2",
		  .what = "make",
		  .why = "its command changed"},
		 " step 2           to build make  (its command changed)"},
		{{.kind = BUILD_BEGINS, .step = "2", .what = "make", .why = "not built yet"},
		 " step 2           builds   make  (not built yet)"},
		{{.kind = BUILD_DONE, .step = "2", .what = "make", .took_us = 14230000},
		 " step 2           built    make  14.2 s"},
		{{.kind = BUILD_DONE, .step = "2", .what = "make", .took_us = 150000000},
		 " step 2           built    make  2m"},
		{{.kind = BUILD_FAILED, .step = "12", .what = "make"},
		 " step 12          failed   make"},
		{{.kind = BUILD_OUTPUT, .step = "2", .text = "x", .text_len = 1}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *line = build_line(&cases[i].event, 7201000);

		if (cases[i].line)
			assert_string_equal(line, cases[i].line);
		else
			assert_null(line);
	}
}

/* What a view of @mode writes to stderr when a step writes @output, in two pieces, and fails.
 * free() it. */
static char *shown(enum progress_mode mode, const char *output, size_t first)
{
	struct build_view *view = build_view_new(mode, false);
	struct build_event event = {
		.kind = BUILD_BEGINS, .step = "2", .what = "make", .why = "so"};
	int kept = dup(STDERR_FILENO);
	int ends[2];
	char *text = xmalloc(4096);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	(void)close(ends[1]);
	build_view_event(view, &event);
	event = (struct build_event){.kind = BUILD_OUTPUT, .step = "2"};
	event.text = output;
	event.text_len = first;
	build_view_event(view, &event);
	event.text = output + first;
	event.text_len = strlen(output + first);
	build_view_event(view, &event);
	event = (struct build_event){.kind = BUILD_FAILED, .step = "2", .what = "make"};
	event.text = "tail";
	event.text_len = 4;
	build_view_event(view, &event);
	build_view_free(view);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	(void)close(kept);
	assert_true(read(ends[0], text, 4095) >= 0);
	(void)close(ends[0]);
	return text;
}

static void plain_output_is_told_line_by_line(void **state)
{
	static const struct {
		const char *output;
		const char *lines;
	} cases[] = {
		{"one\ntwo\n", " 2 | one\n 2 | two\n"},
		{"one\ntwo", " 2 | one\n 2 | two\n"},
		{"one\r\ntwo\r\n", " 2 | one\n 2 | two\n"},
		{"10%\r50%\r100%\n", " 2 | 100%\n"},
		{"\n\n", " 2 | \n 2 | \n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *wanted =
			xasprintf(" step 2           builds   make  (so)\n%s", cases[i].lines);

		for (size_t first = 0; first <= strlen(cases[i].output); first++) {
			AUTO_FREE char *text = shown(SHOW_PLAIN, cases[i].output, first);

			assert_string_equal(text, wanted);
		}
	}
}

static void a_terminal_has_one_line_and_then_the_tail(void **state)
{
	AUTO_FREE char *text = shown(SHOW_TTY, "one\ntwo\n", 4);

	(void)state;
	assert_true(str_starts(text, "\r\033[K step 2           builds   "));
	assert_true(str_ends(text, "\r\033[Ktail\n"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void quiet_is_quiet_until_it_fails(void **state)
{
	AUTO_FREE char *text = shown(SHOW_QUIET, "one\n", 2);

	(void)state;
	assert_string_equal(text, "tail\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_has_its_line),
		cmocka_unit_test(plain_output_is_told_line_by_line),
		cmocka_unit_test(a_terminal_has_one_line_and_then_the_tail),
		cmocka_unit_test(quiet_is_quiet_until_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
