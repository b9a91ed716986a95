#include "fetch/token.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void question_is_escaped(void **state)
{
	const struct token_question question = {
		.realm = "https://a/token",
		.service = "my, registry",
		.scope = "repository:a/b:pull  repository:c:pull",
		.account = "u&x",
		.identity = "id+token=",
	};
	AUTO_FREE char *url = token_url(&question);
	AUTO_FREE char *form = token_form(&question);

	(void)state;
	assert_string_equal(url,
			    "https://a/token?service=my%2C%20registry&scope=repository%3Aa%2Fb"
			    "%3Apull&scope=repository%3Ac%3Apull&account=u%26x");
	assert_string_equal(
		form, "grant_type=refresh_token&client_id=devbox&service=my%2C%20registry&"
		      "scope=repository%3Aa%2Fb%3Apull%20%20repository%3Ac%3Apull&"
		      "refresh_token=id%2Btoken%3D");
}

static void question_goes_on_after_one_in_the_realm(void **state)
{
	const struct token_question question = {.realm = "https://a/t?x=1", .scope = "s"};
	AUTO_FREE char *url = token_url(&question);

	(void)state;
	assert_string_equal(url, "https://a/t?x=1&scope=s");
}

static void answer_gives_token_and_time(void **state)
{
	static const struct {
		const char *text, *token;
		int64_t seconds;
	} cases[] = {
		{"{\"token\":\"abc\",\"expires_in\":300}", "abc", 300},
		{"{\"access_token\":\"abc\"}", "abc", 60},
		{"{\"access_token\":\"other\",\"token\":\"abc\"}", "abc", 60},
		{"{\"token\":\"\",\"access_token\":\"abc\",\"expires_in\":5}", "abc", 60},
		{"{\"token\":\"abc\",\"expires_in\":-5}", "abc", 60},
		{"{\"token\":\"abc\",\"expires_in\":\"300\"}", "abc", 60},
		{"{\"token\":\"abc\",\"expires_in\":1e30}", "abc", 24 * 60 * 60},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *token = NULL;
		int64_t seconds = 0;
		struct err err = {0};

		assert_int_equal(token_parse(cases[i].text, strlen(cases[i].text), &token,
					     &seconds, &err),
				 0);
		assert_string_equal(token, cases[i].token);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static void answer_without_a_sound_token_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"<html>",
		"[]",
		"{}",
		"{\"token\":7}",
		"{\"token\":\"\"}",
		"{\"token\":\"a b\"}",
		"{\"token\":\"a\\r\\nX-Header: y\"}",
		"{\"token\":\"\xc3\xa4\"}",
		"{\"token\":\"a\",\"token\":\"b\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *token = NULL;
		int64_t seconds = 7;
		struct err err = {0};

		assert_int_equal(
			token_parse(cases[i], strlen(cases[i]), &token, &seconds, &err), -1);
		assert_null(token);
		assert_int_equal(seconds, 7);
		assert_true(*err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_is_escaped),
		cmocka_unit_test(question_goes_on_after_one_in_the_realm),
		cmocka_unit_test(answer_gives_token_and_time),
		cmocka_unit_test(answer_without_a_sound_token_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
