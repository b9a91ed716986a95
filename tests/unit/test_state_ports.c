#include "state/ports.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *words(const struct port_list *list)
{
	struct buf out = {0};

	buf_puts(&out, "");
	for (size_t i = 0; i < list->count; i++)
		buf_printf(&out, "%s/%s/%s/%u/%u ", port_kind_name(list->items[i].kind),
			   list->items[i].protocol, list->items[i].address,
			   list->items[i].host_port, list->items[i].box_port);
	return buf_take(&out);
}

static void what_is_saved_is_loaded(void **state)
{
	char dir[] = "/tmp/devbox-ports-XXXXXX";
	struct port_list list = {0};
	AUTO_FREE char *got = NULL;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(port_list_load(dir, "dev", &list, &err), 0);
	assert_int_equal(list.count, 0);
	port_list_add(&list, PORT_PUBLISHED, "udp", "::1", 53, 5353);
	port_list_add(&list, PORT_FORWARDED, "tcp", "127.77.3.1", 3000, 3000);
	port_list_add(&list, PORT_BLOCKED, "tcp", "127.77.3.1", 80, 80);
	assert_int_equal(port_list_save(dir, "dev", &list, &err), 0);
	port_list_done(&list);
	assert_int_equal(port_list_load(dir, "dev", &list, &err), 0);
	got = words(&list);
	assert_string_equal(got, "published/udp/::1/53/5353 "
				 "forwarded/tcp/127.77.3.1/3000/3000 "
				 "blocked/tcp/127.77.3.1/80/80 ");
	port_list_done(&list);
	port_list_remove(dir, "dev");
	assert_int_equal(port_list_load(dir, "dev", &list, &err), 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(rmdir(dir), 0);
}

static void lines_that_make_no_sense_are_left_out(void **state)
{
	struct port_list list;
	AUTO_FREE char *got = NULL;

	(void)state;
	port_list_parse("published tcp 1.2.3.4 1 2\nother tcp 1.2.3.4 1 2\n"
			"published sctp 1.2.3.4 1 2\npublished tcp 1.2.3.4 1\n"
			"published tcp 1.2.3.4 1 2 3\npublished tcp 1.2.3.4 65536 2\n"
			"published tcp \x1b[2J 1 2\npublished tcp  1 2\n\n \npublished",
			&list);
	got = words(&list);
	assert_string_equal(got, "published/tcp/1.2.3.4/1/2 ");
	port_list_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(lines_that_make_no_sense_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
