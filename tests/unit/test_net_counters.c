#include "net/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char head[] =
	"Inter-|   Receive                                                |  Transmit\n"
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets "
	"errs drop fifo colls carrier compressed\n";

static void interfaces_are_added_up_but_for_loopback(void **state)
{
	char text[1024];
	struct net_counters c;

	(void)state;
	(void)strcpy(text, head);
	(void)strcat(text, "    lo: 1000 10 0 0 0 0 0 0 1000 10 0 0 0 0 0 0\n"
			   "  tap0:  500  5 0 2 0 0 0 0  700  7 0 3 0 0 0 0\n"
			   "  eth1:18446744073709551000 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
	net_counters_parse(text, &c);
	assert_int_equal(c.received_bytes, UINT64_C(18446744073709551500));
	assert_int_equal(c.received_packets, 6);
	assert_int_equal(c.received_dropped, 2);
	assert_int_equal(c.sent_bytes, 701);
	assert_int_equal(c.sent_packets, 8);
	assert_int_equal(c.sent_dropped, 3);
}

static void what_is_no_line_of_it_counts_nothing(void **state)
{
	struct net_counters c;

	(void)state;
	net_counters_parse("", &c);
	assert_int_equal(c.received_bytes, 0);
	net_counters_parse("tap0: 1 2 3\ntap1:\n:\ntap2: 1 1 1 1 1 1 1 1 1 1 1 x 1\ntap3", &c);
	assert_int_equal(c.received_bytes, 0);
	assert_int_equal(c.sent_packets, 0);
}

static void those_of_a_process_are_read(void **state)
{
	struct net_counters c;

	(void)state;
	assert_int_equal(net_counters_read(getpid(), &c), 0);
	assert_int_equal(net_counters_read(4194303, &c), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces_are_added_up_but_for_loopback),
		cmocka_unit_test(what_is_no_line_of_it_counts_nothing),
		cmocka_unit_test(those_of_a_process_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
