#include "util/cleanup.h"
#include "util/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void commas_and_brackets_take_care_of_themselves(void **state)
{
	AUTO_JSON struct json j = {0};

	(void)state;
	json_array_begin(&j, NULL);
	json_object_begin(&j, NULL);
	json_object_end(&j);
	json_object_begin(&j, NULL);
	json_u64(&j, "u", UINT64_MAX);
	json_i64(&j, "i", INT64_MIN);
	json_bool(&j, "t", true);
	json_bool(&j, "f", false);
	json_none(&j, "n");
	json_text(&j, "s", "x");
	json_text(&j, "none", NULL);
	json_array_begin(&j, "a");
	json_u64(&j, NULL, 1);
	json_text(&j, NULL, "");
	json_array_end(&j);
	json_object_begin(&j, "o");
	json_object_end(&j);
	json_object_end(&j);
	json_none(&j, NULL);
	json_array_end(&j);
	assert_string_equal(j.text.data,
			    "[{},{\"u\":18446744073709551615,\"i\":-9223372036854775808,"
			    "\"t\":true,\"f\":false,\"n\":null,\"s\":\"x\",\"none\":null,"
			    "\"a\":[1,\"\"],\"o\":{}},null]");
}

static void strings_are_quoted_and_made_valid(void **state)
{
	static const struct {
		const char *value, *text;
	} cases[] = {
		{"a\"b\\c/", "\"a\\\"b\\\\c/\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x1b\x7f", "\"\\u0001\\u001b\\u007f\""},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		 "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
		/* alone, cut short, too long for what it says, surrogate, past the end */
		{"\x80", "\"\xef\xbf\xbd\""},
		{"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xf0\x9f\x98", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xe0\x80\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xff"
		 "a",
		 "\"\xef\xbf\xbd"
		 "a\""},
		{"\xc3"
		 "a",
		 "\"\xef\xbf\xbd"
		 "a\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_JSON struct json j = {0};

		json_text(&j, NULL, cases[i].value);
		assert_string_equal(j.text.data, cases[i].text);
	}
}

static void keys_are_quoted_too(void **state)
{
	AUTO_JSON struct json j = {0};

	(void)state;
	json_object_begin(&j, NULL);
	json_u64(&j, "a\"b", 1);
	json_object_end(&j);
	assert_string_equal(j.text.data, "{\"a\\\"b\":1}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_and_brackets_take_care_of_themselves),
		cmocka_unit_test(strings_are_quoted_and_made_valid),
		cmocka_unit_test(keys_are_quoted_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
