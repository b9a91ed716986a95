#include "net/rtnl.h"

#include "net/net.h"
#include "util/cleanup.h"
#include "util/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* What went wrong, for the exit status of a child. */
#define CHECK(claim)                                                                         \
	do {                                                                                 \
		if (!(claim)) {                                                              \
			(void)fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #claim, \
				      err.message);                                          \
			return 1;                                                            \
		}                                                                            \
	} while (0)

static int address_of(const char *name, struct sockaddr_in *out)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFADDR, &request) < 0)
		return -1;
	memcpy(out, &request.ifr_addr, sizeof(*out));
	return 0;
}

/* A socket of the current network that hears port 4000. */
static int open_ear(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(4000)};
	const struct timeval patience = {.tv_sec = 10};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)bind(fd, (const struct sockaddr *)&any, sizeof(any));
	return fd;
}

/* A new network, connected to the bridge in @bridge_ns. Return: its ear. */
static int add_box(int bridge_ns, const char *port, uint32_t address, struct err *err)
{
	struct rtnl_link veth = {.name = port, .peer = "eth0", .mtu = 9000};
	AUTO_CLOSE int inner_ns = -1;
	AUTO_CLOSE int outer = -1;
	AUTO_CLOSE int inner = -1;
	const unsigned char mac[RTNL_MAC] = {2, 0, 0, 0, 0, (unsigned char)address};

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	inner_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	inner = rtnl_open(err);
	if (setns(bridge_ns, CLONE_NEWNET) < 0)
		return -1;
	outer = rtnl_open(err);
	veth.peer_ns = inner_ns;
	memcpy(veth.mac, mac, sizeof(mac));
	if (rtnl_add_veth(outer, &veth, err) < 0 ||
	    rtnl_set_up(outer, port, "br0", 0, err) < 0 ||
	    rtnl_add_station(outer, port, mac, err) < 0 ||
	    rtnl_stop_flood(outer, port, err) < 0 || setns(inner_ns, CLONE_NEWNET) < 0 ||
	    rtnl_add_address(inner, "eth0", address, 24, err) < 0 ||
	    rtnl_set_up(inner, "eth0", NULL, 0, err) < 0 ||
	    rtnl_add_gateway(inner, 0x0a4d0002, err) < 0)
		return -1;
	return open_ear();
}

static int two_boxes(void)
{
	const struct sockaddr_in second = {.sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(0x0a4d000c),
					   .sin_port = htons(4000)};
	const struct sockaddr_in outside = {.sin_family = AF_INET,
					    .sin_addr.s_addr = htonl(0x01020304),
					    .sin_port = htons(4000)};
	AUTO_CLOSE int bridge_ns = -1;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int ear1 = -1;
	AUTO_CLOSE int ear2 = -1;
	struct sockaddr_in own = {0};
	struct err err = {0};
	char byte = 'x';

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return 77;
	bridge_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	fd = rtnl_open(&err);
	CHECK(rtnl_add_bridge(fd, "br0", 9000, &err) == 0);
	CHECK(rtnl_add_bridge(fd, "br0", 9000, &err) == -1 && err.code == EEXIST);
	CHECK(rtnl_set_up(fd, "none", "br0", 0, &err) == -1);
	ear1 = add_box(bridge_ns, "v1", 0x0a4d000b, &err);
	CHECK(ear1 >= 0);
	CHECK(setns(bridge_ns, CLONE_NEWNET) == 0);
	ear2 = add_box(bridge_ns, "v2", 0x0a4d000c, &err);
	CHECK(ear2 >= 0);
	CHECK(address_of("eth0", &own) == 0 && own.sin_addr.s_addr == htonl(0x0a4d000c));
	CHECK(sendto(ear1, &byte, 1, 0, (const struct sockaddr *)&second, sizeof(second)) == 1);
	CHECK(recv(ear2, &byte, 1, 0) == 1);
	/* There is a way to the outside, though nobody is there. */
	CHECK(sendto(ear2, &byte, 1, 0, (const struct sockaddr *)&outside, sizeof(outside)) ==
	      1);
	return 0;
}

static void boxes_on_a_bridge_reach_each_other(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(two_boxes());
	assert_int_equal(proc_exit_code(proc_wait(pid)), 0);
}

static void nested_attributes_hold_what_was_put_into_them(void **state)
{
	const char body[4] = "abc";
	struct rtnl message;
	size_t outer, inner;
	const unsigned char *bytes = (const unsigned char *)message.bytes;

	(void)state;
	rtnl_begin(&message, 16, 0, body, sizeof(body));
	outer = rtnl_nest(&message, 1);
	inner = rtnl_nest(&message, 2);
	rtnl_put(&message, 3, "xyz", 3);
	rtnl_end(&message, inner);
	rtnl_end(&message, outer);
	assert_int_equal(message.header.nlmsg_len, 16 + 4 + 4 + 4 + 7);
	assert_int_equal(outer, 20);
	assert_int_equal(bytes[outer], 15);
	assert_int_equal(bytes[inner], 11);
	assert_int_equal(bytes[inner + 4], 7);
	assert_memory_equal(&bytes[inner + 8], "xyz", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boxes_on_a_bridge_reach_each_other),
		cmocka_unit_test(nested_attributes_hold_what_was_put_into_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
