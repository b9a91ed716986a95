#include "config_fixture.h"

#define FORM                                                                                   \
	" is not [ADDRESS:][HOST:]PORT[/PROTOCOL] | '8080:80' leads port 8080 of the host to " \
	"port 80 of the box, '8000-8010:8000-8010' eleven of them, '[::1]:53:53/udp' says "    \
	"which address and protocol"

static void wrong_values_are_refused(void **state)
{
	static const struct refusal table[] = {
		{"ports: 8080:80\n", "1:8: ports must be a list, not '8080:80'"},
		{"ports: ['']\n", "1:9: ports is empty; it must be 'HOST:BOX' or a map"},
		{"ports: [http]\n", "1:9: ports: 'http'" FORM},
		{"ports: [{target: 80, published: x}]\n",
		 "1:33: ports.published must be a port, or a range such as '8000-8010', not "
		 "'x'"},
		{"ports: ['0']\n", "1:9: ports: '0'" FORM},
		{"ports: ['65536:1']\n", "1:9: ports: '65536:1'" FORM},
		{"ports: [':80']\n", "1:9: ports: ':80'" FORM},
		{"ports: ['80:']\n", "1:9: ports: '80:'" FORM},
		{"ports: ['::1:80:80']\n", "1:9: ports: '::1:80:80'" FORM},
		{"ports: ['81-80:81-80']\n", "1:9: ports: '81-80:81-80'" FORM},
		{"ports: ['1.2.3:80:80']\n",
		 "1:9: ports: '1.2.3' is not an address of the host"},
		{"ports: ['localhost:80:80']\n",
		 "1:9: ports: 'localhost' is not an address of the host"},
		{"ports: ['80:80/sctp']\n",
		 "1:9: ports: protocol 'sctp' is not one of 'tcp' and 'udp'"},
		{"ports: ['80-82:80-81']\n",
		 "1:9: ports: 80-82 and 80-81 are not as many "
		 "ports | ranges on both sides have the same length"},
		{"ports: ['80:80-81']\n", "1:9: ports: 80 and 80-81 are not as many ports | "
					  "ranges on both sides have the same length"},
		{"ports: [{published: 80}]\n",
		 "1:9: ports: 'target' is missing | it is the port in the box"},
		{"ports: [{target: 80, mode: host}]\n",
		 "1:22: unknown key 'mode' in 'ports' | see devbox.yaml(5); keys of your own "
		 "begin with 'x-'"},
		{"ports: [{target: 80, host_ip: here}]\n",
		 "1:31: ports: 'here' is not an address of the host"},
		{"ports: ['8080:80', '8080:81']\n",
		 "1:20: ports: port 8080 of the host twice | it is also at devbox.yaml:1"},
		{"ports: ['8080-8090:80-90', '8085:1']\n",
		 "1:28: ports: port 8085 of the host twice | it is also at devbox.yaml:1"},
		{"ports: ['1-1024:1-1024', '2000:2000']\n",
		 "1:26: ports: more than 1024 ports"},
		{"network_mode: host\nports: ['80:80']\n",
		 "2:9: ports: has no effect with network_mode 'host' | with network_mode "
		 "'host' ports are the host's as they are, with 'none' the box has none to "
		 "publish"},
		{"network_mode: none\nforward_ports: auto\n",
		 "2:16: forward_ports has no effect with network_mode 'none' | with "
		 "network_mode 'host' ports are the host's as they are, with 'none' the box "
		 "has none to publish"},
		{"forward_ports: yes\n", "1:16: forward_ports must be 'auto', 'off', or a list "
					 "of ports and ranges, not 'yes'"},
		{"forward_ports: [http]\n", "1:17: forward_ports must be 'auto', 'off', or a "
					    "list of ports and ranges, not 'http'"},
		{"forward_ports: {a: b}\n", "1:16: forward_ports must be 'auto', 'off', or a "
					    "list of ports and ranges, not a map"},
		/* The same number is another port. */
		{"ports: ['53:53', '53:53/udp', '127.0.0.2:53:53', '0:53']\n",
		 "1:50: ports: '0:53'" FORM},
		{"ports: ['53:53', '53:53/udp', '127.0.0.2:53:53', '53', '53']\n", "fine"},
		{"network_mode: none\nforward_ports: off\n", "fine"},
		{"network_mode: filtered\nports: ['80:80']\nforward_ports: auto\n", "fine"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

/* "127.0.0.1 8080>80 x1 tcp" */
static char *words(const struct spec_port *port)
{
	return xasprintf("%s %u>%u x%u %s", port->address, port->host_first, port->box_first,
			 port->count, port->is_udp ? "udp" : "tcp");
}

static void ports_are_kept(void **state)
{
	static const char *const want[] = {
		"127.0.0.1 8080>80 x1 tcp",    "127.0.0.1 0>3000 x1 tcp",
		"0.0.0.0 8080>80 x1 tcp",      "::1 5353>53 x1 udp",
		"127.0.0.1 5000>6000 x11 tcp", "127.0.0.2 0>80 x1 tcp",
		"127.0.0.1 0>7000 x2 tcp",     "10.0.0.1 5000>80 x1 udp",
		"127.0.0.1 9000>9100 x10 tcp", "127.0.0.1 0>81 x1 tcp",
	};
	struct spec spec =
		desk_good(*state, "ports:\n  - 8080:80\n  - 3000\n  - 0.0.0.0:8080:80\n"
				  "  - '[::1]:5353:53/udp'\n  - 5000-5010:6000-6010\n"
				  "  - '127.0.0.2::80'\n  - 7000-7001\n"
				  "  - {target: 80, published: 5000, host_ip: 10.0.0.1, "
				  "protocol: udp}\n"
				  "  - {target: 9100-9109, published: 9000-9009}\n"
				  "  - {target: 81}\n");

	assert_int_equal(spec.port_count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		AUTO_FREE char *got = words(&spec.ports[i]);

		assert_string_equal(got, want[i]);
	}
	assert_int_equal(spec.ports[1].at.line, 3);
	spec_done(&spec);
}

static void listeners_are_forwarded_unless_told_otherwise(void **state)
{
	struct spec spec = desk_good(*state, "image: host\n");

	assert_int_equal(spec.forward_mode, FORWARD_AUTO);
	spec_done(&spec);
	spec = desk_good(*state, "forward_ports: off\n");
	assert_int_equal(spec.forward_mode, FORWARD_OFF);
	spec_done(&spec);
	spec = desk_good(*state, "forward_ports: []\n");
	assert_int_equal(spec.forward_mode, FORWARD_OFF);
	spec_done(&spec);
	spec = desk_good(*state, "forward_ports: [3000, 8000-8010]\n");
	assert_int_equal(spec.forward_mode, FORWARD_LIST);
	assert_int_equal(spec.forward_count, 2);
	assert_int_equal(spec.forwards[0].last, 3000);
	assert_int_equal(spec.forwards[1].first, 8000);
	assert_int_equal(spec.forwards[1].last, 8010);
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_values_are_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(ports_are_kept, desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(listeners_are_forwarded_unless_told_otherwise,
						desk_make, desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
