#include "tui/canvas.h"
#include "tui/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct canvas canvas;

static int begin(void **state)
{
	(void)state;
	canvas_resize(&canvas, 10, 3);
	return 0;
}

static int end(void **state)
{
	(void)state;
	canvas_done(&canvas);
	return 0;
}

static void shows(const char *want)
{
	struct buf text = {0};

	canvas_text(&canvas, &text);
	assert_string_equal(text.data, want);
	buf_done(&text);
}

static void text_ends_at_the_edge(void **state)
{
	(void)state;
	assert_int_equal(canvas_put(&canvas, 7, 0, 100, STYLE_NORMAL, "words"), 3);
	assert_int_equal(canvas_put(&canvas, 0, 1, 2, STYLE_NORMAL, "words"), 2);
	assert_int_equal(canvas_put(&canvas, 0, 3, 9, STYLE_NORMAL, "words"), 0);
	assert_int_equal(canvas_put(&canvas, 10, 0, 9, STYLE_NORMAL, "words"), 0);
	canvas_put(&canvas, -3, 2, 9, STYLE_NORMAL, "words");
	shows("       wor\nwo\nds\n");
}

static void control_characters_never_arrive(void **state)
{
	(void)state;
	canvas_put(&canvas, 0, 0, 10, STYLE_NORMAL, "a\033[1mb\n\x7f");
	canvas_put(&canvas, 0, 1, 10, STYLE_NORMAL,
		   "\xc2\x9b"
		   "31m\xff.");
	shows("a?[1mb??\n?31m\xef\xbf\xbd.\n\n");
}

static void what_has_no_width_is_left_out(void **state)
{
	(void)state;
	/* Right-to-left override, a combining accent, a joiner. */
	canvas_put(&canvas, 0, 0, 10, STYLE_NORMAL,
		   "a\xe2\x80\xae"
		   "b\xcc\x81"
		   "c\xe2\x80\x8d");
	shows("abc\n\n\n");
}

static void wide_characters_take_two_cells_and_are_never_cut(void **state)
{
	(void)state;
	assert_int_equal(canvas_put(&canvas, 0, 0, 10, STYLE_NORMAL, "\xe6\xbc\xa2x"), 3);
	assert_int_equal(canvas_put(&canvas, 9, 1, 10, STYLE_NORMAL, "\xe6\xbc\xa2"), 0);
	shows("\xe6\xbc\xa2x\n\n\n");
	canvas_put(&canvas, 1, 0, 1, STYLE_NORMAL, "y");
	shows(" yx\n\n\n");
	canvas_put(&canvas, 4, 0, 2, STYLE_NORMAL, "\xe6\xbc\xa2");
	canvas_put(&canvas, 4, 0, 1, STYLE_NORMAL, "z");
	shows(" yx z\n\n\n");
	canvas_put(&canvas, 4, 1, 2, STYLE_NORMAL, "\xe6\xbc\xa2");
	canvas_fill(&canvas, (struct rect){5, 1, 9, 1}, STYLE_NORMAL, '.');
	shows(" yx z\n     .....\n\n");
}

static void ascii_has_nothing_else(void **state)
{
	(void)state;
	canvas.ascii = true;
	canvas_put(&canvas, 0, 0, 10, STYLE_NORMAL, "a\xc3\xa4\xe6\xbc\xa2");
	shows("a??\n\n\n");
	canvas.ascii = false;
}

static void text_on_the_right_ends_where_it_should(void **state)
{
	(void)state;
	canvas_right(&canvas, 0, 0, 10, STYLE_NORMAL, "12");
	canvas_right(&canvas, 2, 1, 3, STYLE_NORMAL, "12345");
	shows("        12\n  123\n\n");
}

static void styles_are_shown_as_letters(void **state)
{
	struct buf text = {0};

	(void)state;
	canvas_put(&canvas, 0, 0, 10, STYLE_CRIT, "ab");
	canvas_select(&canvas, (struct rect){1, 0, 2, 1});
	canvas_styles(&canvas, &text);
	assert_string_equal(text.data, "cCN\n\n\n");
	buf_done(&text);
}

static void clean(const char *line, const char *want)
{
	struct buf text = {0};

	text_clean(&text, line, strlen(line));
	assert_string_equal(text.data ? text.data : "", want);
	buf_done(&text);
}

static void a_line_of_a_box_becomes_plain_text(void **state)
{
	(void)state;
	clean("plain", "plain");
	clean("\033[1;31mred\033[0m", "red");
	clean("\033]0;title\007after", "after");
	clean("\033]8;;http://x\033\\link", "link");
	clean("a\tb", "a       b");
	clean("line\r", "line");
	clean("ab\rcd", "ab^Mcd");
	clean("bell\007", "bell^G");
	clean("\xc2\x9b"
	      "31m",
	      "?31m");
	clean("\033", "");
	clean("\033[", "");
	clean("\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd");
	clean("\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd");
	clean("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	clean("\xe6\xbc", "\xef\xbf\xbd\xef\xbf\xbd");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_ends_at_the_edge),
		TEST(control_characters_never_arrive),
		TEST(what_has_no_width_is_left_out),
		TEST(wide_characters_take_two_cells_and_are_never_cut),
		TEST(ascii_has_nothing_else),
		TEST(text_on_the_right_ends_where_it_should),
		TEST(styles_are_shown_as_letters),
		TEST(a_line_of_a_box_becomes_plain_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
