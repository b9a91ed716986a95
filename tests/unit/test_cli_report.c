#include "cli/report.h"

#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static char *shown(const struct err *err, bool colour)
{
	struct buf text = {0};

	report_error(err, colour, &text);
	return buf_take(&text);
}

static void an_error_without_a_place_begins_with_our_name(void **state)
{
	struct err err = {0};
	AUTO_FREE char *text = NULL;

	(void)state;
	(void)err_set(&err, "there is no box 'x'");
	text = shown(&err, false);
	assert_string_equal(text, "devbox: there is no box 'x'\n");
}

static void an_error_in_a_file_begins_with_its_place(void **state)
{
	struct err err = {0};
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *short_text = NULL;

	(void)state;
	(void)err_set(&err, "unknown key 'memroy'");
	(void)err_at(&err, "devbox.yaml", 12, 3);
	(void)err_hint(&err, "did you mean 'mem_limit'?");
	text = shown(&err, false);
	assert_string_equal(text, "devbox.yaml:12:3: error: unknown key 'memroy'\n"
				  "  hint: did you mean 'mem_limit'?\n");
	err.line = 0;
	*err.hint = '\0';
	short_text = shown(&err, false);
	assert_string_equal(short_text, "devbox.yaml: error: unknown key 'memroy'\n");
}

static void a_long_hint_goes_on_below_its_first_word(void **state)
{
	struct err err = {0};
	AUTO_FREE char *text = NULL;

	(void)state;
	(void)err_set(&err, "no");
	(void)err_hint(&err, "first\nsecond\nthird");
	text = shown(&err, false);
	assert_string_equal(text, "devbox: no\n  hint: first\n        second\n        third\n");
}

static void colour_is_only_for_the_first_word(void **state)
{
	struct err err = {0};
	AUTO_FREE char *text = NULL;

	(void)state;
	(void)err_set(&err, "no");
	text = shown(&err, true);
	assert_string_equal(text, "\033[1;31mdevbox:\033[0m no\n");
}

static void nothing_of_a_message_reaches_the_terminal_as_control(void **state)
{
	struct err err = {0};
	AUTO_FREE char *text = NULL;

	(void)state;
	(void)err_set(&err, "name '\033]0;x\007\x7f\xc2\x9b"
			    "1m' \xc3\xa4");
	text = shown(&err, false);
	assert_string_equal(text, "devbox: name '?]0;x???1m' \xc3\xa4\n");
}

static void notes_are_plain_and_warnings_are_named(void **state)
{
	AUTO_BUF struct buf text = {0};

	(void)state;
	report_log(LOG_LEVEL_NOTE, "shop up", false, &text);
	report_log(LOG_LEVEL_WARN, "no swap", false, &text);
	report_log(LOG_LEVEL_DEBUG, "cloned", false, &text);
	assert_string_equal(text.data, "shop up\ndevbox: warning: no swap\ndevbox: cloned\n");
}

static void output_of_programs_is_made_harmless(void **state)
{
	static const struct {
		const char *from, *to;
	} lines[] = {
		{"plain text\tand tab", "plain text\tand tab"},
		{"\033[1;31mred\033[0m", "red"},
		{"\033]0;title\007x", "x"},
		{"\033]8;;http://x\033\\link\033]8;;\033\\", "link"},
		{"\033Pq#0\033\\x", "x"},
		{"\033(Bx\033=y", "xy"},
		{"bell\007 and \x7f", "bell^G and ^?"},
		{"50%\r100%\r", "50%^M100%"},
		{"cut \033", "cut "},
		{"cut \033[12", "cut "},
		{"cut \033]0;never ends", "cut "},
		{"\xc2\x9b"
		 "31mred",
		 "?31mred"},
		{"\xe2\x9c\x93 \xc3\xa4", "\xe2\x9c\x93 \xc3\xa4"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		AUTO_BUF struct buf text = {0};

		text_put_plain(&text, lines[i].from);
		assert_string_equal(text.data ? text.data : "", lines[i].to);
	}
}

static void colours_follow_the_option_and_the_environment(void **state)
{
	(void)state;
	(void)setenv("TERM", "xterm", 1);
	(void)unsetenv("NO_COLOR");
	assert_true(report_colour("always", -1));
	assert_false(report_colour("never", 1));
	assert_false(report_colour("auto", -1)); /* no terminal */
	assert_false(report_colour(NULL, -1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_without_a_place_begins_with_our_name),
		cmocka_unit_test(an_error_in_a_file_begins_with_its_place),
		cmocka_unit_test(a_long_hint_goes_on_below_its_first_word),
		cmocka_unit_test(colour_is_only_for_the_first_word),
		cmocka_unit_test(nothing_of_a_message_reaches_the_terminal_as_control),
		cmocka_unit_test(notes_are_plain_and_warnings_are_named),
		cmocka_unit_test(output_of_programs_is_made_harmless),
		cmocka_unit_test(colours_follow_the_option_and_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
