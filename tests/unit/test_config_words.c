#include "config_fixture.h"

#include "config/fill.h"

static void words_are_split_as_a_shell_splits_them(void **state)
{
	static const struct {
		const char *text;
		const char *words; /* each in brackets */
	} table[] = {
		{"", ""},
		{" \t\n ", ""},
		{"a", "[a]"},
		{"  a  b\tc\nd ", "[a][b][c][d]"},
		{"'a b' \"c d\"", "[a b][c d]"},
		{"a'b'\"c\"d", "[abcd]"},
		{"''", "[]"},
		{"a '' \"\"", "[a][][]"},
		{"\"a\\\"b\\\\c\\$d\\x\"", "[a\"b\\c$d\\x]"},
		{"'a\\b'", "[a\\b]"},
		{"a\\ b \\'c", "[a b]['c]"},
		{"a\\", "[a\\]"},
		{"echo '&&' \"|\" \\;", "[echo][&&][|][;]"},
		{"sh -c 'a && b > c'", "[sh][-c][a && b > c]"},
		{"make -j$(nproc) *.c #x", "[make][-j$(nproc)][*.c][#x]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_STRV struct strv words = {0};
		AUTO_BUF struct buf shown = {0};
		struct err err = {0};

		assert_int_equal(words_split(table[i].text, &words, &err), 0);
		buf_puts(&shown, "");
		for (size_t n = 0; n < words.count; n++)
			buf_printf(&shown, "[%s]", words.items[n]);
		assert_string_equal(shown.data ? shown.data : "", table[i].words);
	}
}

static void what_needs_a_shell_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} table[] = {
		{"a && b", "'&' means nothing here: no shell reads this"},
		{"a; b", "';' means nothing here: no shell reads this"},
		{"a | b", "'|' means nothing here: no shell reads this"},
		{"a >b", "'>' means nothing here: no shell reads this"},
		{"a < b", "'<' means nothing here: no shell reads this"},
		{"a 'b", "the quote ' is not closed"},
		{"\"a", "the quote \" is not closed"},
		{"\"a\\\"", "the quote \" is not closed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct strv words = {0};
		struct err err = {0};

		assert_int_equal(words_split(table[i].text, &words, &err), -1);
		assert_string_equal(err.message, table[i].message);
		assert_int_equal(words.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_split_as_a_shell_splits_them),
		cmocka_unit_test(what_needs_a_shell_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
