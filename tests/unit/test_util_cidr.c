#include "util/cidr.h"

#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void networks_are_read_and_written(void **state)
{
	static const char *const good[] = {"10.77.0.0/24", "0.0.0.0/0", "255.255.255.255/32",
					   "10.77.0.9/24"};
	char text[CIDR_TEXT_MAX];
	struct cidr c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(cidr_parse(good[i], &c), 0);
		assert_string_equal(cidr_text(&c, text), good[i]);
	}
}

static void what_is_no_network_is_refused_and_leaves_the_output_alone(void **state)
{
	static const char *const bad[] = {"",
					  "/",
					  "/24",
					  "10.0.0.0",
					  "10.0.0.0/",
					  "10.0.0.0/33",
					  "10.0.0.0/-1",
					  "10.0.0.0/+1",
					  "10.0.0.0/ 8",
					  "10.0.0.0/8/8",
					  "10.0.0/24",
					  "10.0.0.256/24",
					  "fd00::/64",
					  "100.100.100.100100/24",
					  " 10.0.0.0/24"};
	struct cidr c = {7, 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(cidr_parse(bad[i], &c), -1);
	assert_int_equal(c.base, 7);
	assert_int_equal(c.bits, 7);
}

static void a_network_knows_its_addresses(void **state)
{
	const struct cidr all = {0, 0}, net = {0x0a4d0009, 24}, one = {0x0a4d0009, 32};

	(void)state;
	assert_int_equal(cidr_first(&net), 0x0a4d0000);
	assert_int_equal(cidr_last(&net), 0x0a4d00ff);
	assert_true(cidr_holds(&net, 0x0a4d00ff));
	assert_false(cidr_holds(&net, 0x0a4d0100));
	assert_false(cidr_holds(&net, 0x0a4cffff));
	assert_int_equal(cidr_last(&all), 0xffffffff);
	assert_int_equal(cidr_first(&one), cidr_last(&one));
}

static void networks_overlap_that_share_an_address(void **state)
{
	const struct cidr wide = {0x0a000000, 8}, net = {0x0a4d0000, 24};
	const struct cidr next = {0x0a4d0100, 24}, all = {0, 0};

	(void)state;
	assert_true(cidr_overlaps(&wide, &net));
	assert_true(cidr_overlaps(&net, &wide));
	assert_true(cidr_overlaps(&net, &net));
	assert_true(cidr_overlaps(&all, &net));
	assert_false(cidr_overlaps(&net, &next));
	assert_false(cidr_overlaps(&next, &net));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_are_read_and_written),
		cmocka_unit_test(what_is_no_network_is_refused_and_leaves_the_output_alone),
		cmocka_unit_test(a_network_knows_its_addresses),
		cmocka_unit_test(networks_overlap_that_share_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
