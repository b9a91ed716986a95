#include "host/host.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(const struct host_range *ranges, size_t count, uint32_t self,
		  const char *expected)
{
	AUTO_BUF struct buf text = {0};
	struct host_map map;

	host_map_build(ranges, count, self, &map);
	for (size_t i = 0; i < map.count; i++)
		buf_printf(&text, "%s%u %u %u", i ? ", " : "", map.lines[i].inside,
			   map.lines[i].outside, map.lines[i].count);
	AUTO_FREE char *built = buf_take(&text);
	assert_string_equal(built, expected);
}

static void map_keeps_the_callers_id_and_fills_the_rest(void **state)
{
	static const struct host_range one[] = {{100000, 65536}};

	(void)state;
	check(one, 1, 1001, "0 100000 1001, 1001 1001 1, 1002 101001 64535");
	check(one, 1, 1, "0 100000 1, 1 1 1, 2 100001 65535");
	check(one, 1, 65535, "0 100000 65535, 65535 65535 1, 65536 165535 1");
}

static void map_fills_from_several_ranges_in_order(void **state)
{
	static const struct host_range three[] = {{100000, 500}, {300000, 1000}, {200000, 100}};
	static const struct host_range exact[] = {{100000, 1001}, {300000, 10}};

	(void)state;
	check(three, 3, 1001,
	      "0 100000 500, 500 300000 501, 1001 1001 1, 1002 300501 499, 1501 200000 100");
	check(exact, 2, 1001, "0 100000 1001, 1001 1001 1, 1002 300000 10");
}

static void map_of_a_small_range_leaves_a_hole_before_the_caller(void **state)
{
	static const struct host_range small[] = {{100000, 10}};

	(void)state;
	check(small, 1, 1001, "0 100000 10, 1001 1001 1");
}

static void map_takes_65536_ids_at_most_and_a_high_caller(void **state)
{
	static const struct host_range large[] = {{1000000, 1000000}};

	(void)state;
	check(large, 1, 1001, "0 1000000 1001, 1001 1001 1, 1002 1001001 64535");
	check(large, 1, 200000, "0 1000000 65536, 200000 200000 1");
	check(large, 1, 65536, "0 1000000 65536, 65536 65536 1");
}

static void map_without_ranges_is_the_caller_as_root(void **state)
{
	(void)state;
	check(NULL, 0, 1001, "0 1001 1");
}

static void map_never_holds_the_root_of_the_host(void **state)
{
	static const struct host_range one[] = {{100000, 65536}};
	static const struct host_range with_root[] = {{0, 10}};

	(void)state;
	check(one, 1, 0, "0 100000 65536");
	check(NULL, 0, 0, "");
	check(with_root, 1, 0, "0 1 9");
}

static void map_names_the_callers_id_once_when_it_is_in_his_range(void **state)
{
	static const struct host_range around[] = {{1000, 10}};
	static const struct host_range only[] = {{1001, 1}};

	(void)state;
	check(around, 1, 1001, "0 1000 1, 1 1002 8, 1001 1001 1");
	check(only, 1, 1001, "0 1001 1");
}

static void ids_translate_both_ways(void **state)
{
	static const struct host_range one[] = {{100000, 65536}};
	static const struct {
		uint32_t inside, outside;
	} pairs[] = {
		{0, 100000}, {1000, 101000}, {1001, 1001}, {1002, 101001}, {65536, 165535}};
	struct host_map map;
	uint32_t id = 7;

	(void)state;
	host_map_build(one, 1, 1001, &map);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		assert_true(host_map_to_inside(&map, pairs[i].outside, &id));
		assert_int_equal(id, pairs[i].inside);
		assert_true(host_map_to_outside(&map, pairs[i].inside, &id));
		assert_int_equal(id, pairs[i].outside);
	}
}

static void ids_that_are_not_mapped_are_refused(void **state)
{
	static const struct host_range one[] = {{100000, 65536}};
	struct host_map map;
	uint32_t id = 7;

	(void)state;
	host_map_build(one, 1, 1001, &map);
	assert_false(host_map_to_inside(&map, 0, &id));
	assert_false(host_map_to_inside(&map, 99999, &id));
	assert_false(host_map_to_inside(&map, 165536, &id));
	assert_false(host_map_to_inside(&map, UINT32_MAX, &id));
	assert_false(host_map_to_outside(&map, 65537, &id));
	assert_int_equal(id, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_keeps_the_callers_id_and_fills_the_rest),
		cmocka_unit_test(map_fills_from_several_ranges_in_order),
		cmocka_unit_test(map_of_a_small_range_leaves_a_hole_before_the_caller),
		cmocka_unit_test(map_takes_65536_ids_at_most_and_a_high_caller),
		cmocka_unit_test(map_without_ranges_is_the_caller_as_root),
		cmocka_unit_test(map_never_holds_the_root_of_the_host),
		cmocka_unit_test(map_names_the_callers_id_once_when_it_is_in_his_range),
		cmocka_unit_test(ids_translate_both_ways),
		cmocka_unit_test(ids_that_are_not_mapped_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
