#include "layer/name.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_are_relative_and_plain(void **state)
{
	static const struct {
		const char *text, *path, *base;
	} cases[] = {
		{"a", "a", "a"},
		{"a/b", "a/b", "b"},
		{"/a//b///", "a/b", "b"},
		{"./a/./b/.", "a/b", "b"},
		{"", "", ""},
		{"/", "", ""},
		{"././/.", "", ""},
		{"..a/b..", "..a/b..", "b.."},
		{".../a", ".../a", "a"},
		{" /\t", " /\t", "\t"},
	};
	struct name name;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(name_set(&name, cases[i].text, &err), 0);
		assert_string_equal(name.path, cases[i].path);
		assert_int_equal(name.len, strlen(cases[i].path));
		assert_string_equal(name_base(&name), cases[i].base);
	}
}

static void names_that_go_up_are_refused(void **state)
{
	static const char *const names[] = {"..", "../a", "a/..", "a/../b", "/..", "./.."};
	struct name name;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(name_set(&name, names[i], &err), -1);
}

static void limits_of_names_are_exact(void **state)
{
	AUTO_BUF struct buf part = {0}, path = {0}, deep = {0};
	struct name name;
	struct err err;
	unsigned i;

	(void)state;
	for (i = 0; i < 255; i++)
		buf_putc(&part, 'x');
	assert_int_equal(name_set(&name, part.data, &err), 0);
	buf_putc(&part, 'x');
	assert_int_equal(name_set(&name, part.data, &err), -1);

	for (i = 0; i < 4095; i++)
		buf_putc(&path, i % 256 == 255 ? '/' : 'x');
	assert_int_equal(name_set(&name, path.data, &err), 0);
	assert_int_equal(name.len, 4095);
	buf_putc(&path, '/');
	assert_int_equal(name_set(&name, path.data, &err), 0);
	buf_putc(&path, 'x');
	assert_int_equal(name_set(&name, path.data, &err), -1);

	for (i = 0; i < 256; i++)
		buf_puts(&deep, "d/");
	assert_int_equal(name_set(&name, deep.data, &err), 0);
	buf_puts(&deep, "d");
	assert_int_equal(name_set(&name, deep.data, &err), -1);
}

static void names_in_messages_are_printable_and_short(void **state)
{
	AUTO_BUF struct buf text = {0};
	char say[NAME_SAY_MAX];
	unsigned i;

	(void)state;
	assert_string_equal(name_say("a\nb\x7f\x1b[m\xc3\xa9", say), "a?b??[m\xc3\xa9");
	for (i = 0; i < 255; i++)
		buf_putc(&text, 'x');
	assert_string_equal(name_say(text.data, say), text.data);
	buf_puts(&text, "\n.end");
	(void)name_say(text.data, say);
	assert_int_equal(strlen(say), NAME_SAY_MAX - 1);
	assert_non_null(strstr(say, "x...x"));
	assert_true(str_ends(say, "x?.end"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_relative_and_plain),
		cmocka_unit_test(names_that_go_up_are_refused),
		cmocka_unit_test(limits_of_names_are_exact),
		cmocka_unit_test(names_in_messages_are_printable_and_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
