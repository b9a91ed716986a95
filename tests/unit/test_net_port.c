#include "net/port.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* "tcp 127.0.0.1:8080>80 " for each, "damaged" when it is; free() it. */
static char *read_ports(const char *text)
{
	AUTO_FREE struct net_port *ports = NULL;
	struct buf out = {0};
	char address[NET_ADDRESS_MAX];
	size_t count = 0;

	if (net_ports_parse(text, &ports, &count) < 0)
		return xstrdup("damaged");
	buf_puts(&out, "");
	for (size_t i = 0; i < count; i++)
		buf_printf(&out, "%s %s:%u>%u ", net_protocol_name(ports[i].protocol),
			   net_address_text(&ports[i].host, address),
			   net_address_port(&ports[i].host), ports[i].box_port);
	return buf_take(&out);
}

static void lines_of_a_plan_are_ports(void **state)
{
	static const struct {
		const char *text, *ports;
	} table[] = {
		{"", ""},
		{"bind 'a'\nport tcp 127.0.0.1 8080 80\nlimit x 1\n", "tcp 127.0.0.1:8080>80 "},
		{"port udp ::1 53 53", "udp ::1:53>53 "},
		{"port tcp 0.0.0.0 0 80\n", "tcp 0.0.0.0:0>80 "},
		{"port tcp 127.0.0.1 0 80-81\n", "tcp 127.0.0.1:0>80 tcp 127.0.0.1:0>81 "},
		{"port tcp 127.0.0.1 65534-65535 1-2\n",
		 "tcp 127.0.0.1:65534>1 tcp 127.0.0.1:65535>2 "},
		{"port tcp 127.0.0.1 80", "damaged"},
		{"port tcp 127.0.0.1 80 80 80", "damaged"},
		{"port sctp 127.0.0.1 80 80", "damaged"},
		{"port tcp localhost 80 80", "damaged"},
		{"port tcp 127.0.0.1 80-82 80-81", "damaged"},
		{"port tcp 127.0.0.1 82-80 82-80", "damaged"},
		{"port tcp 127.0.0.1 0-1 80-81", "damaged"},
		{"port tcp 127.0.0.1 80 0", "damaged"},
		{"port tcp 127.0.0.1 65536 80", "damaged"},
		{"port tcp 127.0.0.1 80 -80", "damaged"},
		{"port tcp 127.0.0.1 1-65535 1-65535", "damaged"},
		{"port ", "damaged"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *ports = read_ports(table[i].text);

		assert_string_equal(ports, table[i].ports);
	}
}

static void a_url_suits_the_port(void **state)
{
	static const struct {
		const char *address;
		uint16_t host, box;
		const char *url;
	} table[] = {
		{"127.77.3.1", 3000, 3000, "http://127.77.3.1:3000"},
		{"127.77.3.1", 8080, 80, "http://127.77.3.1:8080"},
		{"127.77.3.1", 8443, 443, "https://127.77.3.1:8443"},
		{"127.77.3.1", 5432, 5432, "127.77.3.1:5432"},
		{"::1", 3000, 3000, "http://[::1]:3000"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *url =
			net_port_url(table[i].address, table[i].host, table[i].box);

		assert_string_equal(url, table[i].url);
	}
}

/* Never an address where the machine has something of its own. */
static void a_project_has_an_address_of_its_own(void **state)
{
	struct in_addr last = {0};

	(void)state;
	for (unsigned i = 0; i < 70000; i++) {
		uint32_t address = ntohl(net_loopback_address("/home/dev/shop", i).s_addr);

		assert_int_equal(address >> 24, 127);
		assert_int_not_equal(address >> 16 & 255, 0);
		assert_int_not_equal(address >> 16 & 255, 255);
		assert_int_equal(address & 255, 1);
		assert_int_not_equal(address, last.s_addr);
		last.s_addr = address;
	}
	assert_int_equal(net_loopback_address("/home/dev/shop", 0).s_addr,
			 net_loopback_address("/home/dev/shop", 0).s_addr);
	assert_int_not_equal(net_loopback_address("/home/dev/shop", 0).s_addr,
			     net_loopback_address("/home/dev/shop2", 0).s_addr);
}

static void loopback_is_told_from_the_rest(void **state)
{
	static const struct {
		const char *address;
		bool is_loopback;
	} table[] = {
		{"127.0.0.1", true},
		{"127.255.0.9", true},
		{"0.0.0.0", false},
		{"10.0.0.1", false},
		{"::1", true},
		{"::", false},
		{"fe80::1", false},
		{"::ffff:127.0.0.1", true},
		{"::ffff:10.0.0.1", false},
	};
	struct sockaddr_storage address;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(net_address_set(table[i].address, 1, &address), 0);
		assert_int_equal(net_address_is_loopback(&address), table[i].is_loopback);
	}
	assert_int_equal(net_address_set("localhost", 1, &address), -1);
	assert_int_equal(net_address_set("[::1]", 1, &address), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_a_plan_are_ports),
		cmocka_unit_test(a_url_suits_the_port),
		cmocka_unit_test(a_project_has_an_address_of_its_own),
		cmocka_unit_test(loopback_is_told_from_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
