#include "fetch/answer.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110. */
#define THEN 784111777

static void range_is_taken_when_it_is_exactly_one(void **state)
{
	uint64_t first = 0, last = 0, total = 0;

	(void)state;
	assert_int_equal(answer_parse_range("bytes 5-9/10", &first, &last, &total), 0);
	assert_int_equal(first, 5);
	assert_int_equal(last, 9);
	assert_int_equal(total, 10);
	assert_int_equal(answer_parse_range("Bytes 0-0/1", &first, &last, &total), 0);
}

static void range_that_is_anything_else_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"bytes",
		"bytes */10",
		"bytes 5-9/*",
		"bytes 9-5/10",
		"bytes 5-10/10",
		"bytes=5-9/10",
		"bytes -5-9/10",
		"bytes +5-9/10",
		"bytes 5-9/10,",
		"bytes 5-9/10 ",
		"bytes  5-9/10",
		"bytes 5 -9/10",
		"items 5-9/10",
		"bytes 0x5-9/10",
		"bytes 5-9",
		"bytes 5-9/10, 5",
		"bytes 5-9/10\t",
		"bytes 5-/10",
		"bytes 5--9/10",
		"bytes 0-18446744073709551616/18446744073709551617",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t first = 77, last = 77, total = 77;

		assert_int_equal(answer_parse_range(cases[i], &first, &last, &total), -1);
		assert_int_equal(first + last + total, 231);
	}
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	static const struct {
		const char *value;
		int64_t expected;
	} cases[] = {
		{"0", 0},
		{"120", 120},
		{"99999999999999", INT32_MAX},
		{"Sun, 06 Nov 1994 08:49:37 GMT", 37},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 37},
		{"Sun Nov  6 08:49:37 1994", 37},
		{"Sat, 05 Nov 1994 08:49:37 GMT", 0},
		{"", -1},
		{"-1", -1},
		{"1.5", -1},
		{"20 s", -1},
		{"soon", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(answer_parse_retry(cases[i].value, THEN - 37),
				 cases[i].expected);
}

static void warning_gives_its_words(void **state)
{
	AUTO_FREE char *words = answer_parse_warning("299 - \"it \\\"ends\\\" \x1b[1msoon\"");
	AUTO_FREE char *open = answer_parse_warning("299 host \"no end");

	(void)state;
	assert_string_equal(words, "it \"ends\" [1msoon");
	assert_string_equal(open, "no end");
	assert_null(answer_parse_warning("110 - \"stale\""));
	assert_null(answer_parse_warning("299 -"));
	assert_null(answer_parse_warning(""));
}

static void foreign_text_is_printable(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"plain", "plain"},
		{"", ""},
		{"\x1b[31mred\x07", "[31mred"},
		{" a \r\n\t b ", "a b"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		 "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		/* 8-bit CSI; overlong; surrogate; cut off; turned writing. */
		{"a\xc2\x9b"
		 "1mb",
		 "a 1mb"},
		{"a\xc0\xaf", "a"},
		{"a\xed\xa0\x80", "a"},
		{"a\xe2\x82", "a"},
		{"a\xe2\x80\xae"
		 "b",
		 "a b"},
		{"\x7f\xff", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *text = foreign_text(cases[i].text, strlen(cases[i].text), 100);

		assert_string_equal(text, cases[i].expected);
	}
}

static void foreign_text_is_cut_between_characters(void **state)
{
	AUTO_FREE char *text = foreign_text("abc\xe2\x82\xac", 6, 5);

	(void)state;
	assert_string_equal(text, "abc");
}

static void words_of_a_refusal_are_code_and_message(void **state)
{
	static const struct {
		const char *body, *words, *code;
	} cases[] = {
		{"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no \\u001b[1maccess\"}]}",
		 "DENIED: no [1maccess", "DENIED"},
		{"{\"errors\":[{\"code\":\"DENIED\"}]}", "DENIED", "DENIED"},
		{"{\"errors\":[{\"message\":\"why\"}]}", "why", NULL},
		{"{\"errors\":[]}", "", NULL},
		{"{\"errors\":[7]}", "", NULL},
		{"{\"errors\":{}}", "", NULL},
		{"{\"details\":\"incorrect username or password\"}",
		 "incorrect username or password", NULL},
		{"{\"errors\":[{\"code\":7,\"message\":[]}],\"message\":\"other\"}", "other",
		 NULL},
		{"[]", "", NULL},
		{"", "", NULL},
		{"<html>\n<b>502</b>", "<html> <b>502</b>", NULL},
		{"0123456789012345678901234567890123456789012345678901234567890",
		 "01234567890123456789012345678901234567890123456789", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *code = NULL;
		AUTO_FREE char *words =
			answer_words(cases[i].body, strlen(cases[i].body), &code);

		assert_string_equal(words, cases[i].words);
		if (cases[i].code)
			assert_string_equal(code, cases[i].code);
		else
			assert_null(code);
	}
}

static void add_line(struct answer *answer, const char *line)
{
	answer_line(answer, line, strlen(line), THEN);
}

static void head_of_an_answer_is_taken_in(void **state)
{
	struct answer answer = {0};

	(void)state;
	add_line(&answer, "HTTP/1.1 206 Partial Content\r\n");
	add_line(&answer, "Content-Length: 17\r\n");
	add_line(&answer, "CONTENT-TYPE:  Application/JSON; charset=utf-8\r\n");
	add_line(&answer, "content-range: bytes 3-19/20\r\n");
	add_line(&answer, "Content-Encoding: Identity\r\n");
	add_line(&answer, "Docker-Content-Digest: sha256:ab \r\n");
	add_line(&answer, "Retry-After: 9\r\n");
	add_line(&answer, "Warning: 299 - \"w\"\r\n");
	add_line(&answer, "WWW-Authenticate: Basic\r\n");
	add_line(&answer, "no colon\r\n");
	add_line(&answer, "\r\n");
	assert_int_equal(answer.status, 206);
	assert_int_equal(answer.length, 17);
	assert_string_equal(answer.media_type, "application/json");
	assert_int_equal(answer.range, RANGE_GOOD);
	assert_int_equal(answer.first, 3);
	assert_null(answer.encoding);
	assert_string_equal(answer.digest, "sha256:ab");
	assert_int_equal(answer.retry_after_s, 9);
	assert_int_equal(answer.warnings.count, 1);
	assert_int_equal(answer.challenges.count, 1);
	answer_done(&answer);
}

static void second_content_range_makes_both_worthless(void **state)
{
	struct answer answer = {0};

	(void)state;
	add_line(&answer, "HTTP/1.1 206 x");
	add_line(&answer, "Content-Range: bytes 3-19/20");
	add_line(&answer, "Content-Range: bytes 3-19/20");
	assert_int_equal(answer.range, RANGE_BROKEN);
	answer_done(&answer);
}

static void status_line_begins_a_new_answer(void **state)
{
	struct answer answer = {0};

	(void)state;
	add_line(&answer, "HTTP/1.1 307 Temporary Redirect");
	add_line(&answer, "Content-Length: 5");
	add_line(&answer, "Docker-Content-Digest: sha256:ab");
	add_line(&answer, "HTTP/1.1 200 OK");
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.length, -1);
	assert_int_equal(answer.retry_after_s, -1);
	assert_null(answer.digest);
	answer_done(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_is_taken_when_it_is_exactly_one),
		cmocka_unit_test(range_that_is_anything_else_is_refused),
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
		cmocka_unit_test(warning_gives_its_words),
		cmocka_unit_test(foreign_text_is_printable),
		cmocka_unit_test(foreign_text_is_cut_between_characters),
		cmocka_unit_test(words_of_a_refusal_are_code_and_message),
		cmocka_unit_test(head_of_an_answer_is_taken_in),
		cmocka_unit_test(second_content_range_makes_both_worthless),
		cmocka_unit_test(status_line_begins_a_new_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
