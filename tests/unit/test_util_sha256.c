#include "util/sha256.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void digests_are_those_of_the_standard(void **state)
{
	static const struct {
		const char *text;
		const char *hex;
	} cases[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	char hex[SHA256_HEX_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		sha256_text(cases[i].text, strlen(cases[i].text), hex);
		assert_string_equal(hex, cases[i].hex);
	}
}

static void a_copy_goes_on_by_itself(void **state)
{
	struct sha256 one, two;
	char hex_one[SHA256_HEX_MAX], hex_two[SHA256_HEX_MAX], want[SHA256_HEX_MAX];

	(void)state;
	sha256_begin(&one);
	sha256_add(&one, "a", 1);
	two = one;
	sha256_add(&one, "bc", 2);
	sha256_add(&two, "xy", 2);
	sha256_end(&one, hex_one);
	sha256_end(&two, hex_two);
	sha256_text("abc", 3, want);
	assert_string_equal(hex_one, want);
	sha256_text("axy", 3, want);
	assert_string_equal(hex_two, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_the_standard),
		cmocka_unit_test(a_copy_goes_on_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
