#include "config_fixture.h"

static void what_is_not_yaml_is_refused_where_it_is(void **state)
{
	static const struct refusal table[] = {
		{"name: a\n\tuser: root\n", "2:1: not valid YAML: found a tab character that "
					    "violates indentation while scanning a "
					    "plain scalar | indent with spaces"},
		{"name: @shop\n",
		 "1:7: not valid YAML: found character that cannot start any token while "
		 "scanning for the next token | indent with spaces, not tabs, and quote "
		 "text that begins with '@', '%' or '`'"},
		{"name: a: b\n",
		 "1:8: not valid YAML: mapping values are not allowed in this context | "
		 "quote a text that holds ': '"},
		{"name: [a\n",
		 "2:1: not valid YAML: did not find expected ',' or ']' while parsing a flow "
		 "sequence"},
		{"name: a\n---\nname: b\n",
		 "2:1: a second YAML document begins here | a file holds one "
		 "profile: remove the '---'"},
		{"- name\n",
		 "1:1: not a profile: the file holds a list, not keys | write 'key: value', "
		 "with a space after the colon"},
		{"name:shop\n",
		 "1:1: not a profile: the file holds one text, not keys | write 'key: "
		 "value', with a space after the colon"},
		{"name: a\nuser: dev\nname: b\n",
		 "3:1: key 'name' is given twice, on lines 1 and 3"},
		{"environment:\n  A: 1\n  B: 2\n  A: 3\n",
		 "4:3: key 'A' is given twice, on lines 2 and 4"},
		{"? [a]\n: b\n", "1:3: a key must be a word, not a list"},
		{"{a: b}: c\n", "1:1: a key must be a word, not a map"},
		{"~: c\n", "1:1: a key must be a word, not nothing"},
		{"name: !foo a\n",
		 "1:7: unknown tag '!foo' | the tags of a profile are !override and "
		 "!reset"},
		{"dns: [!reset 1.1.1.1]\n",
		 "1:7: !override and !reset belong to the value of a key"},
		{"!override\nname: a\n",
		 "1:1: !override and !reset belong to the value of a key"},
		{"name: \"a\\0b\"\n", "1:7: a NUL byte in a value"},
		{"name: *x\n",
		 "1:7: alias '*x' names no anchor before it | an anchor is written '&x', and "
		 "cannot hold itself"},
		{"x-a: &x [*x]\n",
		 "1:10: alias '*x' names no anchor before it | an anchor is written "
		 "'&x', and cannot hold itself"},
		{"<<: 3\n", "1:5: '<<' takes a map or a list of maps"},
		{"<<: {user: root}\n<<: {name: a}\n",
		 "2:1: key '<<' is given twice, on lines 1 and 2"},
		{"a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n",
		 "1:35: nested more than 32 levels deep"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void an_empty_file_is_a_profile(void **state)
{
	static const char *const texts[] = {"",     "# nothing yet\n", "---\n", "~\n",
					    "{}\n", "\xef\xbb\xbf"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct spec spec = desk_good(*state, texts[i]);

		assert_string_equal(spec.image.value, "host");
		spec_done(&spec);
	}
}

static void what_is_not_text_is_refused(void **state)
{
	const struct desk *desk = *state;
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} table[] = {
		{"a: b\nc\0d: e\n", 12,
		 "devbox.yaml:2:2: not a text file: it holds a NUL byte | save it as UTF-8 "
		 "text"},
		{"# \xc3\xa9\xff\n", 6,
		 "devbox.yaml:1:4: not UTF-8 text: byte 0xff | save it as UTF-8 text"},
		{"\xc0\xaf", 2,
		 "devbox.yaml:1:1: not UTF-8 text: byte 0xc0 | save it as UTF-8 text"},
		{"\xed\xa0\x80", 3,
		 "devbox.yaml:1:1: not UTF-8 text: byte 0xed | save it as UTF-8 text"},
		{"\xe2\x82", 2,
		 "devbox.yaml:1:1: not UTF-8 text: byte 0xe2 | save it as UTF-8 text"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *words = NULL;
		struct spec spec = {0};
		struct err err = {0};

		desk_write_bytes(desk, "devbox.yaml", table[i].bytes, table[i].len);
		assert_int_equal(desk_spec(desk, &spec, &err), -1);
		words = desk_words(desk, &err);
		assert_string_equal(words, table[i].words);
	}
}

static void a_file_past_its_limits_is_refused(void **state)
{
	AUTO_BUF struct buf large = {0};
	AUTO_BUF struct buf many = {0};
	AUTO_FREE char *words = NULL;

	for (int i = 0; i < 70000; i++)
		buf_puts(&large, "# 0123456789abcdef\n");
	words = desk_refusal(*state, large.data);
	assert_string_equal(words,
			    "read 'devbox.yaml': larger than 1 MiB, too large for a profile");

	buf_puts(&many, "dns: [");
	for (int i = 0; i < 10001; i++)
		buf_puts(&many, "1,");
	buf_puts(&many, "]\n");
	free(words);
	words = desk_refusal(*state, many.data);
	assert_non_null(strstr(words, "more than 10000 values, aliases counted as copies"));
}

static void aliases_that_multiply_are_stopped(void **state)
{
	AUTO_BUF struct buf laughs = {0};
	AUTO_FREE char *words = NULL;

	buf_puts(&laughs, "x-0: &a0 [lol]\n");
	for (int i = 1; i < 12; i++)
		buf_printf(&laughs, "x-%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i,
			   i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	words = desk_refusal(*state, laughs.data);
	assert_non_null(strstr(words, "more than 10000 values, aliases counted as copies"));
}

static void aliases_do_not_nest_deeper_than_the_text_may(void **state)
{
	AUTO_FREE char *words =
		desk_refusal(*state, "x-a: &a [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n"
				     "x-b: &b [[[[[[[[[[[[[[*a]]]]]]]]]]]]]]\n"
				     "x-c: [[*b]]\n");

	assert_string_equal(words, "devbox.yaml:3:8: nested more than 32 levels deep");
}

static void merge_keys_give_what_the_map_has_not(void **state)
{
	struct spec spec = desk_good(*state, "x-a: &a {A: 1, B: 1}\n"
					     "x-b: &b {B: 2, C: 2}\n"
					     "environment:\n"
					     "  <<: [*a, *b]\n"
					     "  A: own\n");

	assert_int_equal(spec.environment.count, 3);
	assert_string_equal(env_get(&spec.environment, "A"), "own");
	assert_string_equal(env_get(&spec.environment, "B"), "1");
	assert_string_equal(env_get(&spec.environment, "C"), "2");
	spec_done(&spec);
}

static void an_anchor_in_a_merged_map_can_be_used_later(void **state)
{
	struct spec spec = desk_good(*state, "environment:\n"
					     "  <<: {A: &v value}\n"
					     "  B: *v\n");

	assert_string_equal(env_get(&spec.environment, "A"), "value");
	assert_string_equal(env_get(&spec.environment, "B"), "value");
	spec_done(&spec);
}

static void a_value_is_the_text_that_was_written(void **state)
{
	struct spec spec = desk_good(*state, "environment:\n"
					     "  VERSION: 1.10\n"
					     "  COUNTRY: no\n"
					     "  OCTAL: 0755\n"
					     "  TIME: 12:30\n"
					     "  STR: !!str null\n"
					     "  TEXT: |\n"
					     "    two\n"
					     "    lines\n");

	assert_string_equal(env_get(&spec.environment, "VERSION"), "1.10");
	assert_string_equal(env_get(&spec.environment, "COUNTRY"), "no");
	assert_string_equal(env_get(&spec.environment, "OCTAL"), "0755");
	assert_string_equal(env_get(&spec.environment, "TIME"), "12:30");
	assert_string_equal(env_get(&spec.environment, "STR"), "null");
	assert_string_equal(env_get(&spec.environment, "TEXT"), "two\nlines\n");
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_not_yaml_is_refused_where_it_is,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(an_empty_file_is_a_profile, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(what_is_not_text_is_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(a_file_past_its_limits_is_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(aliases_that_multiply_are_stopped, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(aliases_do_not_nest_deeper_than_the_text_may,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(merge_keys_give_what_the_map_has_not, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(an_anchor_in_a_merged_map_can_be_used_later,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(a_value_is_the_text_that_was_written, desk_make,
						desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
