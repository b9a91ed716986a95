#include "net/routes.h"

#include "util/cleanup.h"
#include "util/proc.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

/* One route message as the kernel writes it. */
struct packet {
	struct nlmsghdr header;
	struct rtmsg message;
	struct rtattr attribute;
	uint32_t address;
};

static struct packet route(uint32_t address, unsigned char bits, unsigned char type)
{
	return (struct packet){
		.header = {.nlmsg_len = sizeof(struct packet), .nlmsg_type = RTM_NEWROUTE},
		.message = {.rtm_family = AF_INET, .rtm_dst_len = bits, .rtm_type = type},
		.attribute = {.rta_len = RTA_LENGTH(4), .rta_type = RTA_DST},
		.address = htonl(address),
	};
}

static void networks_of_routes_are_listed(void **state)
{
	const struct packet packets[] = {
		route(0, 0, RTN_UNICAST),           route(0x80000000, 1, RTN_UNICAST),
		route(0x0a4d0000, 16, RTN_UNICAST), route(0x0a4e0000, 16, RTN_BLACKHOLE),
		route(0xc0000202, 32, RTN_LOCAL),
	};
	struct net_routes routes = {0};

	(void)state;
	assert_false(net_routes_parse(packets, sizeof(packets), &routes));
	assert_int_equal(routes.count, 2);
	assert_int_equal(routes.items[0].base, 0x0a4d0000);
	assert_int_equal(routes.items[0].bits, 16);
	assert_int_equal(routes.items[1].base, 0xc0000202);
	net_routes_done(&routes);
}

static void a_message_that_is_cut_or_lies_is_no_route(void **state)
{
	const struct nlmsghdr last = {.nlmsg_len = sizeof(last), .nlmsg_type = NLMSG_DONE};
	struct packet packet = route(0x0a4d0000, 16, RTN_UNICAST);
	struct net_routes routes = {0};

	(void)state;
	for (size_t len = 0; len < sizeof(packet); len++)
		(void)net_routes_parse(&packet, len, &routes);
	assert_int_equal(routes.count, 0);
	packet.attribute.rta_len = 200;
	(void)net_routes_parse(&packet, sizeof(packet), &routes);
	packet.attribute.rta_len = 0;
	(void)net_routes_parse(&packet, sizeof(packet), &routes);
	packet = route(0x0a4d0000, 40, RTN_UNICAST);
	(void)net_routes_parse(&packet, sizeof(packet), &routes);
	packet = route(0x0a4d0000, 16, RTN_UNICAST);
	packet.header.nlmsg_len = 4;
	assert_true(net_routes_parse(&packet, sizeof(packet), &routes));
	assert_true(net_routes_parse(&last, sizeof(last), &routes));
	assert_int_equal(routes.count, 0);
	net_routes_done(&routes);
}

static void set(int fd, unsigned long request, uint32_t address)
{
	const struct sockaddr_in in = {.sin_family = AF_INET,
				       .sin_addr = {.s_addr = htonl(address)}};
	struct ifreq ifr = {.ifr_name = "lo"};

	memcpy(&ifr.ifr_addr, &in, sizeof(in));
	if (ioctl(fd, request, &ifr) < 0)
		_exit(2);
}

static int read_in_a_network_of_our_own(void)
{
	const struct cidr used = {0x0a4d0000, 24}, free_one = {0x0a4e0000, 24};
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct net_routes routes;
	struct err err;
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return 1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	set(fd, SIOCSIFADDR, 0x0a4d0009);
	set(fd, SIOCSIFNETMASK, 0xffffff00);
	if (ioctl(fd, SIOCSIFFLAGS, &up) < 0)
		return 3;
	if (net_routes_read(&routes, &err) < 0)
		return 4;
	return net_routes_find(&routes, &used) && !net_routes_find(&routes, &free_one) ? 0 : 5;
}

static void those_of_the_machine_are_read(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(read_in_a_network_of_our_own());
	assert_int_equal(proc_exit_code(proc_wait(pid)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_of_routes_are_listed),
		cmocka_unit_test(a_message_that_is_cut_or_lies_is_no_route),
		cmocka_unit_test(those_of_the_machine_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
