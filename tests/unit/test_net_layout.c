#include "net/layout.h"

#include "util/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct cidr taken[1024];

static struct net_layout choose(const struct net_wish *wish, size_t taken_count)
{
	const struct net_routes routes = {taken, taken_count};
	struct net_layout layout = {0};
	struct err err = {0};

	if (net_layout_choose(wish, &routes, &layout, &err) < 0)
		fail_msg("%s", err.message);
	return layout;
}

static void without_a_wish_it_is_the_usual_network(void **state)
{
	const struct net_wish wish = {0};
	const struct net_layout l = choose(&wish, 0);

	(void)state;
	assert_int_equal(l.subnet.base, 0x0a000200);
	assert_int_equal(l.subnet.bits, 24);
	assert_int_equal(l.gateway, 0x0a000202);
	assert_int_equal(l.dns, 0x0a000203);
	assert_int_equal(l.address, 0x0a000264);
	assert_int_equal(l.mtu, NET_MTU);
	assert_false(l.has_ipv6);
	assert_false(l.reaches_host);
}

static void a_station_has_an_ipv6_address_beside(void **state)
{
	const struct in6_addr six = net_ipv6_of(0x0a00020b);
	char text[INET6_ADDRSTRLEN];

	(void)state;
	assert_string_equal(inet_ntop(AF_INET6, &six, text, sizeof(text)), "fd00::a00:20b");
}

static void a_subnet_in_the_way_of_a_route_is_not_chosen(void **state)
{
	const struct net_wish wish = {0};

	(void)state;
	taken[0] = (struct cidr){0x0a00020f, 32};
	assert_int_equal(choose(&wish, 1).subnet.base, 0x0a000300);
	taken[1] = (struct cidr){0x0a000000, 16};
	taken[2] = (struct cidr){0x0a010000, 16};
	assert_int_equal(choose(&wish, 3).subnet.base, 0xac1c0000);
	taken[0] = (struct cidr){0x0a000000, 8};
	taken[1] = (struct cidr){0xac100000, 12};
	assert_int_equal(choose(&wish, 2).subnet.base, 0xc0a80200);
	taken[2] = (struct cidr){0xc0a80000, 16};
	assert_int_equal(choose(&wish, 3).subnet.base, 0x64400000);
}

static void what_the_profile_names_is_judged(void **state)
{
	const struct net_wish wish = {.subnet = {0x0a4d0000, 16}, .address = 0x0a4d0304};
	const struct net_routes routes = {taken, 1};
	struct net_layout layout = {.mtu = 7};
	struct err err = {0};

	(void)state;
	taken[0] = (struct cidr){0x0a4d4d00, 24};
	assert_int_equal(net_layout_choose(&wish, &routes, &layout, &err), -1);
	assert_int_equal(err.code, EADDRINUSE);
	assert_string_equal(err.message, "subnet 10.77.0.0/16 overlaps 10.77.77.0/24, which "
					 "this machine has a route to");
	assert_string_equal(err.hint, "the box would not reach it: take another, such as "
				      "10.0.2.0/24");
	assert_int_equal(layout.mtu, 7);
	layout = choose(&wish, 0);
	assert_int_equal(layout.gateway, 0x0a4d0002);
	assert_int_equal(layout.address, 0x0a4d0304);
}

static void a_box_that_runs_keeps_its_network(void **state)
{
	struct net_wish wish = {.keep = {0x0a000300, 24}};
	const struct net_routes routes = {taken, 1};
	struct net_layout layout;
	struct err err = {0};

	(void)state;
	taken[0] = (struct cidr){0x0a000000, 8};
	assert_int_equal(choose(&wish, 1).subnet.base, 0x0a000300);
	wish.subnet = (struct cidr){0x0a000300, 24};
	assert_int_equal(choose(&wish, 1).subnet.base, 0x0a000300);
	wish.subnet = (struct cidr){0x0a000000, 16};
	assert_int_equal(net_layout_choose(&wish, &routes, &layout, &err), -1);
}

static void it_is_said_when_there_is_none_left(void **state)
{
	const struct net_wish wish = {0};
	const struct net_routes routes = {taken, 4};
	struct net_layout layout;
	struct err err = {0};

	(void)state;
	taken[0] = (struct cidr){0x0a000000, 8};
	taken[1] = (struct cidr){0xac100000, 12};
	taken[2] = (struct cidr){0xc0a80000, 16};
	taken[3] = (struct cidr){0x64400000, 10};
	assert_int_equal(net_layout_choose(&wish, &routes, &layout, &err), -1);
	assert_int_equal(err.code, EADDRINUSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_wish_it_is_the_usual_network),
		cmocka_unit_test(a_station_has_an_ipv6_address_beside),
		cmocka_unit_test(a_subnet_in_the_way_of_a_route_is_not_chosen),
		cmocka_unit_test(what_the_profile_names_is_judged),
		cmocka_unit_test(a_box_that_runs_keeps_its_network),
		cmocka_unit_test(it_is_said_when_there_is_none_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
