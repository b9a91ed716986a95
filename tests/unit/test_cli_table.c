#include "cli/table.h"

#include "cli/indent.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void add(struct table *table, const char *a, const char *b, const char *c)
{
	struct strv *row = table_row(table);

	strv_add(row, a);
	strv_add(row, b);
	if (c)
		strv_add(row, c);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	AUTO_TABLE struct table table = {0};
	AUTO_BUF struct buf text = {0};

	(void)state;
	add(&table, "BOX", "STATE", "UP");
	add(&table, "shop/db", "up", "2h14m");
	table_write(&table, &text);
	assert_string_equal(text.data, "BOX       STATE   UP\n"
				       "shop/db   up      2h14m\n");
}

static void a_remark_at_the_end_widens_nothing(void **state)
{
	AUTO_TABLE struct table table = {0};
	AUTO_BUF struct buf text = {0};

	(void)state;
	add(&table, "BOX", "STATE", "UP");
	add(&table, "shop", "a long remark of the last column", NULL);
	table_write(&table, &text);
	assert_string_equal(text.data, "BOX    STATE   UP\n"
				       "shop   a long remark of the last column\n");
}

static void letters_count_once_however_many_bytes_they_have(void **state)
{
	AUTO_TABLE struct table table = {0};
	AUTO_BUF struct buf text = {0};

	(void)state;
	add(&table, "\xc3\xa4\xc3\xb6", "1", NULL);
	add(&table, "abc", "2", NULL);
	table_write(&table, &text);
	assert_string_equal(text.data, "\xc3\xa4\xc3\xb6    1\nabc   2\n");
}

static void json_is_indented_member_by_member(void **state)
{
	AUTO_BUF struct buf text = {0};

	(void)state;
	json_indent("{\"a\":1,\"b\":[true,null],\"c\":{},\"d\":[],\"e\":\"{,\\\":\\\\\"}\n",
		    &text);
	assert_string_equal(text.data, "{\n"
				       "  \"a\": 1,\n"
				       "  \"b\": [\n"
				       "    true,\n"
				       "    null\n"
				       "  ],\n"
				       "  \"c\": {},\n"
				       "  \"d\": [],\n"
				       "  \"e\": \"{,\\\":\\\\\"\n"
				       "}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(a_remark_at_the_end_widens_nothing),
		cmocka_unit_test(letters_count_once_however_many_bytes_they_have),
		cmocka_unit_test(json_is_indented_member_by_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
