#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_vector_ends_with_null(void **state)
{
	AUTO_STRV struct strv v = {0};
	AUTO_STRV struct strv more = {0};

	(void)state;
	strv_add(&more, "c");
	strv_add(&v, "a");
	strv_take(&v, xstrdup("b"));
	strv_add_all(&v, &more);
	strv_addf(&v, "%d", 4);
	assert_int_equal(v.count, 4);
	assert_string_equal(v.items[2], "c");
	assert_string_equal(v.items[3], "4");
	assert_null(v.items[4]);
	assert_true(strv_has(&v, "b"));
	assert_false(strv_has(&v, "B"));
}

static void a_vector_may_be_added_to_itself(void **state)
{
	AUTO_STRV struct strv v = {0};

	(void)state;
	strv_add(&v, "a");
	strv_add(&v, "b");
	strv_add_all(&v, &v);
	assert_int_equal(v.count, 4);
	assert_string_equal(v.items[3], "b");
}

static void done_leaves_an_empty_vector(void **state)
{
	struct strv v = {0};

	(void)state;
	strv_done(&v);
	strv_add(&v, "a");
	strv_done(&v);
	assert_null(v.items);
	assert_int_equal(v.count, 0);
}

static void env_is_read_and_replaced_by_whole_names(void **state)
{
	AUTO_STRV struct strv env = {0};

	(void)state;
	strv_add(&env, "PATHS=no");
	env_set(&env, "PATH", "/bin");
	env_set(&env, "EMPTY", "");
	assert_string_equal(env_get(&env, "PATH"), "/bin");
	assert_string_equal(env_get(&env, "EMPTY"), "");
	assert_null(env_get(&env, "PAT"));

	env_set(&env, "PATH", "/usr/bin");
	assert_int_equal(env.count, 3);
	assert_string_equal(env.items[1], "PATH=/usr/bin");
}

static void env_removes_what_is_set_to_null(void **state)
{
	AUTO_STRV struct strv env = {0};

	(void)state;
	env_set(&env, "A", "1");
	env_set(&env, "B", "2");
	env_set(&env, "A", NULL);
	env_set(&env, "C", NULL);
	assert_int_equal(env.count, 1);
	assert_string_equal(env.items[0], "B=2");
	assert_null(env.items[1]);
}

static void a_buffer_grows_and_stays_terminated(void **state)
{
	AUTO_BUF struct buf b = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	buf_puts(&b, "x");
	buf_putc(&b, 'y');
	buf_add(&b, "", 1);
	assert_int_equal(b.len, 10 + 90 * 2 + 900 * 3 + 1000 + 3);
	assert_memory_equal(b.data + b.len - 3, "xy\0", 4);
}

static void taking_leaves_an_empty_buffer(void **state)
{
	struct buf b = {0};
	char *text = buf_take(&b);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	buf_puts(&b, "abc");
	text = buf_take(&b);
	assert_string_equal(text, "abc");
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vector_ends_with_null),
		cmocka_unit_test(a_vector_may_be_added_to_itself),
		cmocka_unit_test(done_leaves_an_empty_vector),
		cmocka_unit_test(env_is_read_and_replaced_by_whole_names),
		cmocka_unit_test(env_removes_what_is_set_to_null),
		cmocka_unit_test(a_buffer_grows_and_stays_terminated),
		cmocka_unit_test(taking_leaves_an_empty_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
