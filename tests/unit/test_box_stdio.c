#include "box/stdio.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void keep(void *arg, const char *data, size_t len)
{
	buf_add(arg, data, len);
}

static void a_sink_gets_both_streams_in_order(void **state)
{
	AUTO_BUF struct buf text = {0};
	struct pollfd polls[STDIO_POLLS];
	struct stdio stdio;
	struct err err;
	char byte;

	(void)state;
	assert_int_equal(stdio_open_sink(keep, &text, &stdio, &err), 0);
	assert_int_equal(read(stdio.theirs[0], &byte, 1), 0);
	assert_int_equal(write(stdio.theirs[1], "one ", 4), 4);
	assert_int_equal(write(stdio.theirs[2], "two ", 4), 4);
	stdio_prepare_poll(&stdio, polls);
	assert_int_equal(polls[0].fd, -1);
	assert_int_equal(poll(polls, STDIO_POLLS, 0), 1);
	stdio_copy(&stdio, polls);
	assert_string_equal(text.data, "one two ");
	assert_int_equal(write(stdio.theirs[2], "three", 5), 5);
	stdio_started(&stdio);
	stdio_close(&stdio);
	assert_string_equal(text.data, "one two three");
	assert_int_equal(stdio.ours[1], -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sink_gets_both_streams_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
