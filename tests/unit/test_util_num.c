#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct text_case {
	const char *text;
	uint64_t value;
};

typedef int parse_fn(const char *s, uint64_t *out);

#define KIB UINT64_C(1024)
#define US_PER_S UINT64_C(1000000)

static void check_reads(parse_fn *parse, const struct text_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 77;

		if (parse(cases[i].text, &value) < 0)
			fail_msg("'%s' was refused", cases[i].text);
		if (value != cases[i].value)
			fail_msg("'%s' gave %lu", cases[i].text, (unsigned long)value);
	}
}

static void check_refuses(parse_fn *parse, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 77;

		if (parse(texts[i], &value) == 0)
			fail_msg("'%s' was taken as %lu", texts[i], (unsigned long)value);
		assert_int_equal(value, 77);
	}
}

static void u64_reads_a_whole_decimal_number(void **state)
{
	static const struct text_case cases[] = {
		{"0", 0}, {"7", 7}, {"007", 7}, {"18446744073709551615", UINT64_MAX}};

	(void)state;
	check_reads(str_to_u64, cases, ARRAY_LEN(cases));
}

static void u64_refuses_everything_else(void **state)
{
	static const char *const texts[] = {
		"", " 1", "1 ", "+1", "-1", "1x", "0x1", "1.0", "18446744073709551616"};

	(void)state;
	check_refuses(str_to_u64, texts, ARRAY_LEN(texts));
}

static void i64_reads_both_ends_of_its_range(void **state)
{
	int64_t value = 77;

	(void)state;
	assert_int_equal(str_to_i64("9223372036854775807", &value), 0);
	assert_true(value == INT64_MAX);
	assert_int_equal(str_to_i64("-9223372036854775808", &value), 0);
	assert_true(value == INT64_MIN);
	assert_int_equal(str_to_i64("-0", &value), 0);
	assert_true(value == 0);
	assert_int_equal(str_to_i64("9223372036854775808", &value), -1);
	assert_int_equal(str_to_i64("-9223372036854775809", &value), -1);
	assert_int_equal(str_to_i64("--1", &value), -1);
	assert_int_equal(str_to_i64("-", &value), -1);
	assert_true(value == 0);
}

static void size_reads_a_suffix_as_a_power_of_1024(void **state)
{
	static const struct text_case cases[] = {
		{"0", 0},
		{"512", 512},
		{"512b", 512},
		{"512B", 512},
		{"64k", 64 * KIB},
		{"64K", 64 * KIB},
		{"1.5g", 3 * KIB * KIB * KIB / 2},
		{"2gb", 2 * KIB * KIB * KIB},
		{"2GiB", 2 * KIB * KIB * KIB},
		{"2GIB", 2 * KIB * KIB * KIB},
		{"3m", 3 * KIB * KIB},
		{"1t", KIB * KIB * KIB * KIB},
		{"15p", 15 * KIB * KIB * KIB * KIB * KIB},
		{"0.5k", 512},
		{"0.00000000000001k", 0},
		{"18446744073709551615", UINT64_MAX},
	};

	(void)state;
	check_reads(str_to_size, cases, ARRAY_LEN(cases));
}

static void size_leaves_output_alone_on_failure(void **state)
{
	static const char *const texts[] = {"",
					    "k",
					    ".5g",
					    "1.",
					    "1.g",
					    "1.5",
					    "1.5b",
					    "-1k",
					    "1 k",
					    "1kk",
					    "1ib",
					    "1ki",
					    "1q",
					    "1kibx",
					    "0x10",
					    "16384p",
					    "99999999999999999999"};

	(void)state;
	check_refuses(str_to_size, texts, ARRAY_LEN(texts));
}

static void duration_reads_units_from_large_to_small(void **state)
{
	static const struct text_case cases[] = {
		{"0", 0},
		{"30", 30 * US_PER_S},
		{"1.5", 1500000},
		{"1m30s", 90 * US_PER_S},
		{"250ms", 250000},
		{"2h", 7200 * US_PER_S},
		{"1.5s", 1500000},
		{"10us", 10},
		{"1d2h3m4s5ms6us", 93784 * US_PER_S + 5006},
	};

	(void)state;
	check_reads(str_to_duration_us, cases, ARRAY_LEN(cases));
}

static void duration_refuses_what_it_cannot_mean(void **state)
{
	static const char *const texts[] = {"",
					    "s",
					    "1x",
					    "1m30",
					    "1s1m",
					    "1s1s",
					    "-1s",
					    " 1s",
					    "1s ",
					    "1S",
					    "99999999999999999999s",
					    "18446744073709551615",
					    "1e3",
					    "1.s"};

	(void)state;
	check_refuses(str_to_duration_us, texts, ARRAY_LEN(texts));
}

static void sizes_are_at_most_five_characters_for_people(void **state)
{
	static const struct text_case cases[] = {
		{"0", 0},
		{"1023", 1023},
		{"1.0K", 1024},
		{"48.3M", 50646221},
		{"6.0G", 6 * KIB * KIB * KIB},
		{"99.9K", 99 * KIB + 922},
		{"100K", 99 * KIB + 1000},
		{"1023K", 1023 * KIB + 511},
		{"1.0M", 1023 * KIB + 512},
		{"16.0E", UINT64_MAX},
	};
	char out[STR_SIZE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(str_format_size(cases[i].value, out), cases[i].text);
}

static void durations_show_their_two_largest_units(void **state)
{
	static const struct text_case cases[] = {
		{"0ms", 0},
		{"850ms", 850999},
		{"1s", US_PER_S},
		{"12s", 12 * US_PER_S},
		{"4m", 4 * 60 * US_PER_S + 59 * US_PER_S},
		{"2h14m", (2 * 3600 + 14 * 60) * US_PER_S},
		{"2h", 2 * 3600 * US_PER_S},
		{"3d4h", (3 * 24 + 4) * 3600 * US_PER_S},
		{"213503982d8h", UINT64_MAX},
	};
	char out[STR_DURATION_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(str_format_duration(cases[i].value, out), cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64_reads_a_whole_decimal_number),
		cmocka_unit_test(u64_refuses_everything_else),
		cmocka_unit_test(i64_reads_both_ends_of_its_range),
		cmocka_unit_test(size_reads_a_suffix_as_a_power_of_1024),
		cmocka_unit_test(size_leaves_output_alone_on_failure),
		cmocka_unit_test(duration_reads_units_from_large_to_small),
		cmocka_unit_test(duration_refuses_what_it_cannot_mean),
		cmocka_unit_test(sizes_are_at_most_five_characters_for_people),
		cmocka_unit_test(durations_show_their_two_largest_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
