#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void strings_compare_with_null_only_equal_to_null(void **state)
{
	(void)state;
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq(NULL, ""));
	assert_false(str_eq("a", NULL));
	assert_true(str_eq("a", "a"));
	assert_true(str_starts("abc", "ab"));
	assert_false(str_starts("ab", "abc"));
	assert_true(str_ends("abc", "bc"));
	assert_true(str_ends("abc", ""));
	assert_false(str_ends("c", "bc"));
}

static void trim_takes_white_space_off_both_ends(void **state)
{
	char text[] = " \t a b \r\n";
	char blank[] = " \n ";
	char empty[] = "";

	(void)state;
	assert_string_equal(str_trim(text), "a b");
	assert_string_equal(str_trim(blank), "");
	assert_string_equal(str_trim(empty), "");
}

static void copies_end_where_asked(void **state)
{
	AUTO_FREE char *part = xstrndup("abc", 2);
	AUTO_FREE char *whole = xstrndup("abc", 9);
	AUTO_FREE char *printed = xasprintf("%s-%d", "x", 7);

	(void)state;
	assert_string_equal(part, "ab");
	assert_string_equal(whole, "abc");
	assert_string_equal(printed, "x-7");
	assert_null(xstrdup(NULL));
}

static void nearest_finds_what_was_meant(void **state)
{
	static const char *const keys[] = {"mem_limit", "memory", "image",   "init", "ip",
					   "cpus",      "cpuset", "network", NULL};
	static const struct {
		const char *word, *meant;
	} cases[] = {
		{"memroy", "memory"},  {"mem_limt", "mem_limit"},
		{"Image", "image"},    {"imgae", "image"},
		{"nework", "network"}, {"cpu", "cpus"},
		{"cpsu", "cpus"},      {"ipp", "ip"},
		{"pi", "ip"},          {"volumes", NULL},
		{"x", NULL},           {"", NULL},
		{"memorandum", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *found = str_nearest(cases[i].word, keys);

		if (!str_eq(found, cases[i].meant))
			fail_msg("'%s' gave '%s'", cases[i].word, found ? found : "nothing");
	}
}

static void nearest_ignores_words_of_absurd_length(void **state)
{
	const char *keys[] = {NULL, NULL};
	char word[200];

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	keys[0] = word;
	assert_null(str_nearest(word, keys));
	assert_null(str_nearest("aaaa", keys));
}

static void hash_is_fnv_1a(void **state)
{
	(void)state;
	assert_true(str_hash("", 0, STR_HASH_SEED) == STR_HASH_SEED);
	assert_true(str_hash("foobar", 6, STR_HASH_SEED) == UINT64_C(0x85944171f73967e8));
	assert_true(str_hash("bar", 3, str_hash("foo", 3, STR_HASH_SEED)) ==
		    str_hash("foobar", 6, STR_HASH_SEED));
}

static void printable_means_no_control_characters(void **state)
{
	(void)state;
	assert_true(str_is_printable("caf\xc3\xa9 ~"));
	assert_false(str_is_printable("a\nb"));
	assert_false(str_is_printable("\x1b[0m"));
	assert_false(str_is_printable("\x7f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_compare_with_null_only_equal_to_null),
		cmocka_unit_test(trim_takes_white_space_off_both_ends),
		cmocka_unit_test(copies_end_where_asked),
		cmocka_unit_test(nearest_finds_what_was_meant),
		cmocka_unit_test(nearest_ignores_words_of_absurd_length),
		cmocka_unit_test(hash_is_fnv_1a),
		cmocka_unit_test(printable_means_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
