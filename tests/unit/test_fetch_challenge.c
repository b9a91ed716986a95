#include "fetch/challenge.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(const char *actual, const char *expected)
{
	if (expected)
		assert_string_equal(actual, expected);
	else
		assert_null(actual);
}

static void bearer_challenge_is_taken_apart(void **state)
{
	static const struct {
		const char *value, *realm, *service, *scope, *error;
	} cases[] = {
		{"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
		 "scope=\"repository:library/debian:pull\"",
		 "https://auth.docker.io/token", "registry.docker.io",
		 "repository:library/debian:pull", NULL},
		{"bEARER ReAlM=\"https://a/\" , SCOPE=\"repository:a:pull,push\"", "https://a/",
		 NULL, "repository:a:pull,push", NULL},
		{"Bearer realm = \"https://a/\",,error=insufficient_scope", "https://a/", NULL,
		 NULL, "insufficient_scope"},
		{"Bearer realm=\"a \\\"b\\\" \\\\\",service=\"\"", "a \"b\" \\", "", NULL,
		 NULL},
		{"Bearer service=x", NULL, "x", NULL, NULL},
		{"Bearer realm=first,realm=second,unknown=1", "first", NULL, NULL, NULL},
		{"Negotiate, Digest realm=\"x, Bearer realm=y\",nonce=n, Bearer realm=z", "z",
		 NULL, NULL, NULL},
		{"Negotiate YII=, Bearer realm=z", "z", NULL, NULL, NULL},
		{"Basic realm=\"b\", Bearer realm=z, Basic realm=c", "z", NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_CHALLENGES struct challenges all = {0};
		const struct challenge *bearer;

		challenges_add(&all, cases[i].value);
		bearer = challenges_find(&all, "bearer");
		assert_non_null(bearer);
		assert_text(bearer->realm, cases[i].realm);
		assert_text(bearer->service, cases[i].service);
		assert_text(bearer->scope, cases[i].scope);
		assert_text(bearer->error, cases[i].error);
	}
}

static void challenges_of_several_headers_add_up(void **state)
{
	AUTO_CHALLENGES struct challenges all = {0};

	(void)state;
	challenges_add(&all, "Basic realm=\"a\"");
	challenges_add(&all, "Bearer realm=\"b\"");
	assert_int_equal(all.count, 2);
	assert_string_equal(challenges_find(&all, "basic")->realm, "a");
	assert_string_equal(challenges_find(&all, "bearer")->realm, "b");
	assert_null(challenges_find(&all, "digest"));
}

static void broken_challenge_is_left_out_and_those_before_it_stay(void **state)
{
	static const char *const cases[] = {
		"Basic, Bearer realm=\"no end",
		"Basic, Bearer realm=\"a\"b",
		"Basic, =",
		"Basic, Bearer realm=a b",
		"Basic, \"quoted\"",
		"Basic, Bearer@realm=x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_CHALLENGES struct challenges all = {0};

		challenges_add(&all, cases[i]);
		assert_int_equal(all.count, 1);
		assert_non_null(challenges_find(&all, "basic"));
	}
}

static void no_more_challenges_are_kept_than_fit(void **state)
{
	AUTO_CHALLENGES struct challenges all = {0};

	(void)state;
	for (size_t i = 0; i < 100; i++)
		challenges_add(&all, "Basic, Digest");
	assert_int_equal(all.count, CHALLENGES_MAX);
}

static void header_of_nothing_is_no_challenge(void **state)
{
	AUTO_CHALLENGES struct challenges all = {0};

	(void)state;
	challenges_add(&all, "");
	challenges_add(&all, " , ,\t");
	assert_int_equal(all.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bearer_challenge_is_taken_apart),
		cmocka_unit_test(challenges_of_several_headers_add_up),
		cmocka_unit_test(broken_challenge_is_left_out_and_those_before_it_stay),
		cmocka_unit_test(no_more_challenges_are_kept_than_fit),
		cmocka_unit_test(header_of_nothing_is_no_challenge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
