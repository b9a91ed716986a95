#include "net/filter_parse.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define QUERY "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define NAME "\3WwW\7example\3org\0"
#define ASKS_A "\0\1\0\1"

static const uint8_t plain[] = QUERY NAME ASKS_A;
#define PLAIN_LEN (sizeof(plain) - 1)

static void a_question_is_read(void **state)
{
	struct dns_question q;

	(void)state;
	assert_int_equal(dns_parse(plain, PLAIN_LEN, &q), DNS_OK);
	assert_string_equal(q.name, "www.example.org");
	assert_string_equal(q.shown, "WwW.example.org");
	assert_int_equal(q.type, DNS_TYPE_A);
	assert_int_equal(q.end, PLAIN_LEN);
}

static void an_answer_holds_the_question_and_an_address(void **state)
{
	static const uint8_t wanted[] =
		"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" NAME ASKS_A
		"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\x7f\x7f\x01\x05";
	struct in_addr address;
	struct dns_question q;
	uint8_t out[DNS_ANSWER_MAX];

	(void)state;
	memcpy(&address, "\x7f\x7f\x01\x05", 4);
	assert_int_equal(dns_parse(plain, PLAIN_LEN, &q), DNS_OK);
	assert_int_equal(dns_answer(plain, &q, DNS_OK, &address, out), sizeof(wanted) - 1);
	assert_memory_equal(out, wanted, sizeof(wanted) - 1);
	assert_int_equal(dns_answer(plain, &q, DNS_NO_NAME, NULL, out), PLAIN_LEN);
	assert_int_equal(out[3], 0x80 | DNS_NO_NAME);
	assert_int_equal(out[7], 0);
}

static void odd_names_are_no_host_names(void **state)
{
	static const uint8_t space[] = QUERY "\3a b\0" ASKS_A;
	static const uint8_t dot[] = QUERY "\3a.b\3org\0" ASKS_A;
	static const uint8_t root[] = QUERY "\0" ASKS_A;
	static const uint8_t chaos[] = QUERY NAME "\0\1\0\3";
	struct dns_question q;

	(void)state;
	assert_int_equal(dns_parse(space, sizeof(space) - 1, &q), DNS_OK);
	assert_string_equal(q.name, "");
	assert_string_equal(q.shown, "a?b");
	assert_int_equal(dns_parse(dot, sizeof(dot) - 1, &q), DNS_OK);
	assert_string_equal(q.name, "");
	assert_int_equal(dns_parse(root, sizeof(root) - 1, &q), DNS_OK);
	assert_string_equal(q.name, "");
	assert_int_equal(dns_parse(chaos, sizeof(chaos) - 1, &q), DNS_OK);
	assert_string_equal(q.name, "");
}

static void what_is_no_question_gets_no_address(void **state)
{
	static const uint8_t pointer[] = QUERY "\xc0\x0c" ASKS_A;
	static const uint8_t label[] = QUERY "\x40";
	uint8_t changed[PLAIN_LEN];
	uint8_t names[400] = QUERY;
	uint8_t out[DNS_ANSWER_MAX];
	struct dns_question q;

	(void)state;
	for (size_t len = 0; len < PLAIN_LEN; len++) {
		AUTO_FREE uint8_t *copy = xmalloc(len + !len);

		memcpy(copy, plain, len);
		assert_int_equal(dns_parse(copy, len, &q), len < 12 ? -1 : DNS_FORMAT);
	}
	assert_int_equal(dns_answer(plain, &q, DNS_FORMAT, NULL, out), 12);
	assert_int_equal(dns_parse(pointer, sizeof(pointer) - 1, &q), DNS_FORMAT);
	assert_int_equal(dns_parse(label, sizeof(label) - 1, &q), DNS_FORMAT);
	memcpy(changed, plain, PLAIN_LEN);
	changed[2] |= 0x80; /* an answer, of which there would be no end */
	assert_int_equal(dns_parse(changed, PLAIN_LEN, &q), -1);
	changed[2] = 0x28; /* an update */
	assert_int_equal(dns_parse(changed, PLAIN_LEN, &q), DNS_NOT_DONE);
	memcpy(changed, plain, PLAIN_LEN);
	changed[5] = 2;
	assert_int_equal(dns_parse(changed, PLAIN_LEN, &q), DNS_FORMAT);
	for (size_t i = 12; i < 12 + 64 * 5; i++)
		names[i] = (i - 12) % 64 ? 'a' : 63;
	assert_int_equal(dns_parse(names, sizeof(names), &q), DNS_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_read),
		cmocka_unit_test(an_answer_holds_the_question_and_an_address),
		cmocka_unit_test(odd_names_are_no_host_names),
		cmocka_unit_test(what_is_no_question_gets_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
