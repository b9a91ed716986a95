#include "fetch/toml.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int note_table(void *arg, const struct strv *path, bool is_array, int line,
		      struct err *err)
{
	struct buf *out = arg;

	(void)err;
	buf_puts(out, is_array ? "[[" : "[");
	for (size_t i = 0; i < path->count; i++)
		buf_printf(out, "%s%s", i ? "|" : "", path->items[i]);
	buf_printf(out, "%s@%d ", is_array ? "]]" : "]", line);
	return 0;
}

static int note_value(void *arg, const char *key, const struct toml_value *value,
		      struct err *err)
{
	struct buf *out = arg;

	if (str_eq(key, "refused"))
		return err_set(err, "no");
	buf_printf(out, "%s@%d=", key, value->line);
	switch (value->kind) {
	case TOML_STRING:
		buf_printf(out, "'%s'", value->text);
		break;
	case TOML_BOOL:
		buf_puts(out, value->is_true ? "yes" : "no");
		break;
	case TOML_STRINGS:
		for (size_t i = 0; i < value->list.count; i++)
			buf_printf(out, "<%s>", value->list.items[i]);
		break;
	}
	buf_putc(out, ' ');
	return 0;
}

static int read_toml(const char *text, struct buf *out, struct err *err)
{
	const struct toml_reader reader = {note_table, note_value, out};

	return toml_read("x.conf", text, &reader, err);
}

static void tables_and_values_come_in_their_order(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"", ""},
		{"# nothing\n\n \t\r\n", ""},
		{"a=true", "a@1=yes "},
		{"a = false # why\nb-_9='x'\n", "a@1=no b-_9@2='x' "},
		{"\t\"a b\" = \"c\"\r\n'd.e'='f\"#'", "a b@1='c' d.e@2='f\"#' "},
		{"a=''\nb=\"\"", "a@1='' b@2='' "},
		{"a=\"\\\"\\\\\\t\\u00e9\\U0001F600\\u20AC\\u0041\"",
		 "a@1='\"\\\t\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac"
		 "A' "},
		{"a='\\t'", "a@1='\\t' "},
		{"a=[]\nb=['x']\nc=[ 'x' , \"y\",]", "a@1= b@2=<x> c@3=<x><y> "},
		{"a = [ # one\n 'x', # two\n\n 'y'\n]\nb=true", "a@1=<x><y> b@6=yes "},
		{"[a]\nx=true\n[b]\nx=true\n[[c.d]]\n[[c.d]]\n[ 'e f' . g ] # h",
		 "[a]@1 x@2=yes [b]@3 x@4=yes [[c|d]]@5 [[c|d]]@6 [e f|g]@7 "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf out = {0};
		struct err err = {0};

		if (read_toml(cases[i].text, &out, &err) < 0)
			fail_msg("%s: %d:%d: %s", cases[i].text, err.line, err.column,
				 err.message);
		assert_string_equal(out.data ? out.data : "", cases[i].wanted);
	}
}

static void what_is_not_understood_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *message;
		int line, column;
	} cases[] = {
		{"a", "'=' is expected", 1, 2},
		{"=1", "a key or a [table]", 1, 1},
		{"\xef\xbb\xbf"
		 "a=true",
		 "a key or a [table]", 1, 1},
		{"a=", "a string, true, false", 1, 3},
		{"a=1", "a string, true, false", 1, 3},
		{"a=TRUE", "a string, true, false", 1, 3},
		{"a=truely", "a string, true, false", 1, 3},
		{"a={b=true}", "a string, true, false", 1, 3},
		{"a=2020-01-01", "a string, true, false", 1, 3},
		{"a.b=true", "'=' is expected", 1, 2},
		{"a=true b=true", "nothing but a comment", 1, 8},
		{"a=true\rb=true", "nothing but a comment", 1, 7},
		{"x=true\na=\"\"\"b\"\"\"", "several lines", 2, 3},
		{"a='''b'''", "several lines", 1, 3},
		{"a=\"b\nc\"", "does not end", 1, 5},
		{"a=\"b", "does not end", 1, 5},
		{"a='b", "does not end", 1, 5},
		{"a=\"\x01\"", "control character", 1, 4},
		{"a=\"\\q\"", "no such escape", 1, 5},
		{"a=\"\\", "no such escape", 1, 5},
		{"a=\"\\u12\"", "hexadecimal", 1, 8},
		{"a=\"\\u0000\"", "no such character", 1, 10},
		{"a=\"\\ud800\"", "no such character", 1, 10},
		{"a=\"\\U00110000\"", "no such character", 1, 14},
		{"\"\\u001b\"=true", "control character in the key", 1, 9},
		{"a=['x'\n'y']", "',' or ']'", 2, 1},
		{"a=[1]", "a string or ']'", 1, 4},
		{"a=[['x']]", "a string or ']'", 1, 4},
		{"a=[", "a string or ']'", 1, 4},
		{"a=true\n\na=true", "'a' is there a second time", 3, 1},
		{"a=true\n'a'=true", "'a' is there a second time", 2, 1},
		{"[a]\n[b]\n[a]", "this table is there a second time", 3, 4},
		{"[a\n", "']' is expected", 1, 3},
		{"[[a]\n", "']]' is expected", 1, 4},
		{"[]", "a key or a [table]", 1, 2},
		{"[a] b=true", "nothing but a comment", 1, 5},
		{"[a.b.c.d.e.f.g.h.i]", "too long", 1, 17},
		{"[a]\n  refused = true", "no", 2, 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf out = {0};
		struct err err = {0};

		if (read_toml(cases[i].text, &out, &err) == 0)
			fail_msg("%s was taken", cases[i].text);
		if (!strstr(err.message, cases[i].message) || err.line != cases[i].line ||
		    err.column != cases[i].column)
			fail_msg("%s: %d:%d: %s", cases[i].text, err.line, err.column,
				 err.message);
		assert_string_equal(err.file, "x.conf");
	}
}

static void a_list_or_a_table_has_an_end(void **state)
{
	AUTO_BUF struct buf list = {0};
	AUTO_BUF struct buf table = {0};
	AUTO_BUF struct buf out = {0};
	struct err err = {0};

	(void)state;
	buf_puts(&list, "a=[");
	for (int i = 0; i < 4097; i++) {
		buf_puts(&list, "'',");
		buf_printf(&table, "k%d=true\n", i);
	}
	buf_puts(&list, "]");
	assert_int_equal(read_toml(list.data, &out, &err), -1);
	assert_non_null(strstr(err.message, "the list is too long"));
	assert_int_equal(read_toml(table.data, &out, &err), -1);
	assert_non_null(strstr(err.message, "the table is too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_and_values_come_in_their_order),
		cmocka_unit_test(what_is_not_understood_is_refused_with_its_place),
		cmocka_unit_test(a_list_or_a_table_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
