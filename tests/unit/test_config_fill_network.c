#include "config_fixture.h"

#define HAS_NO_EFFECT(mode)                           \
	" has no effect with network_mode '" mode     \
	"' | it is about the project's own network: " \
	"remove it, or use network_mode 'project'"

static void wrong_values_are_refused(void **state)
{
	static const struct refusal table[] = {
		{"network: yes\n", "1:10: network must be a map with 'subnet', 'backend', "
				   "'mtu', 'ipv6', 'host' or 'allow', not 'yes'"},
		{"network: {mut: 1}\n",
		 "1:11: unknown key 'mut' in 'network' | did you mean 'mtu'?"},
		{"network: {subnet: 10.0.0.0}\n",
		 "1:19: network.subnet must be an IPv4 network such as '10.77.0.0/24', not "
		 "'10.0.0.0'"},
		{"network: {subnet: 10.0.0.0/33}\n",
		 "1:19: network.subnet must be an IPv4 network such as '10.77.0.0/24', not "
		 "'10.0.0.0/33'"},
		{"network: {subnet: 'fd00::/64'}\n",
		 "1:19: network.subnet must be an IPv4 network such as '10.77.0.0/24', not "
		 "'fd00::/64'"},
		{"network: {subnet: 10.0.0.0/26}\n",
		 "1:19: network.subnet: /26 is not from /8 to /25, which is what works"},
		{"network: {subnet: 10.0.0.9/24}\n",
		 "1:19: network.subnet: '10.0.0.9/24' is an address in a network, not a "
		 "network | the network is 10.0.0.0/24"},
		{"network: {subnet: 8.8.8.0/24}\n",
		 "1:19: network.subnet: '8.8.8.0/24' is not a private network | the box would "
		 "not reach whose it is: take one of 10.0.0.0/8, 172.16.0.0/12 or "
		 "192.168.0.0/16"},
		{"network: {subnet: 172.0.0.0/8}\n",
		 "1:19: network.subnet: '172.0.0.0/8' is not a private network | the box "
		 "would not reach whose it is: take one of 10.0.0.0/8, 172.16.0.0/12 or "
		 "192.168.0.0/16"},
		{"network: {mtu: 575}\n", "1:16: network.mtu must be a number of bytes from "
					  "576 to 65520, not '575'"},
		{"network: {mtu: 65521}\n", "1:16: network.mtu must be a number of bytes from "
					    "576 to 65520, not '65521'"},
		{"network: {mtu: 1000, ipv6: true}\n",
		 "1:16: network.mtu 1000 is too small for IPv6 | it needs 1280 bytes"},
		{"network: {ipv6: 6}\n", "1:17: network.ipv6 must be true or false, not '6'"},
		{"network: {host: on}\n", "1:17: network.host must be true or false, not 'on'"},
		{"network: {allow: [a]}\n",
		 "1:18: network.allow has no effect with network_mode 'project' | network_mode "
		 "'filtered' lets through what it names"},
		{"ip: 10.0.2\n", "1:5: ip must be an IPv4 address such as '10.77.0.11', not "
				 "'10.0.2'"},
		{"ip: 8.8.8.8\n", "1:5: ip: '8.8.8.8' is not private | take one of "
				  "10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"},
		{"network: {subnet: 10.77.0.0/24}\nip: 10.78.0.9\n",
		 "2:5: ip: '10.78.0.9' is not in network.subnet 10.77.0.0/24 | 10.77.0.100 "
		 "is, for example"},
		{"ip: 10.77.0.2\n", "1:5: ip: '10.77.0.2' is taken: in subnet 10.77.0.0/24 it "
				    "is for the gateway | 10.77.0.100 is free, for example"},
		{"ip: 10.77.0.3\n",
		 "1:5: ip: '10.77.0.3' is taken: in subnet 10.77.0.0/24 it "
		 "is for the name server | 10.77.0.100 is free, for example"},
		{"ip: 10.77.0.255\n",
		 "1:5: ip: '10.77.0.255' is taken: in subnet 10.77.0.0/24 it "
		 "is for its broadcasts | 10.77.0.100 is free, for example"},
		{"network: {subnet: 10.76.0.0/23}\nip: 10.76.0.255\n", "fine"},
		{"network: {subnet: 10.76.0.0/23}\nip: 10.76.0.0\n",
		 "2:5: ip: '10.76.0.0' is taken: in subnet 10.76.0.0/23 it "
		 "is for the network itself | 10.76.0.100 is free, for example"},
		{"network_mode: none\nip: 10.77.0.9\n", "2:5: ip" HAS_NO_EFFECT("none")},
		{"network_mode: host\nnetwork: {mtu: 1500}\n",
		 "2:16: network.mtu" HAS_NO_EFFECT("host")},
		{"network_mode: host\nnetwork: {host: false}\n",
		 "2:17: network.host" HAS_NO_EFFECT("host")},
		{"network_mode: none\nnetwork: {}\n", "fine"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void hosts_are_names(void **state)
{
	static const char *const wrong[] = {
		"https://a.org", "a.org/x",     "10.0.0.1", "a.org:0",
		"a.org:x",       "a.org:70000", "*",        "a.*.org",
		"*a.org",        "a b",         "a.org:",   "[::1]:80"};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		AUTO_FREE char *text = xasprintf(
			"network_mode: filtered\nnetwork: {allow: ['%s']}\n", wrong[i]);
		AUTO_FREE char *words = desk_refusal(*state, text);
		AUTO_FREE char *wanted = xasprintf(
			"devbox.yaml:2:19: network.allow must be a host such as 'example.org', "
			"'example.org:8443' or '*.example.org', not '%s'",
			wrong[i]);

		if (!str_starts(words, wanted))
			fail_msg("%s", words);
	}
}

static void a_filter_needs_what_it_uses(void **state)
{
	static const struct refusal table[] = {
		{"network_mode: filtered\n", "fine"},
		{"network_mode: filtered\nnetwork: {host: true, allow: []}\n", "fine"},
		{"network_mode: filtered\nnetwork: {mtu: 1500}\n",
		 "2:16: network.mtu" HAS_NO_EFFECT("filtered")},
		{"network_mode: filtered\nip: 10.77.0.9\n",
		 "2:5: ip" HAS_NO_EFFECT("filtered")},
		{"network_mode: none\nnetwork: {allow: [a]}\n",
		 "2:18: network.allow has no effect with network_mode 'none' | network_mode "
		 "'filtered' lets through what it names"},
		{"network_mode: filtered\ndns: 1.1.1.1\n",
		 "1:15: dns has no effect with network_mode 'filtered' | the box has a "
		 "resolver that knows the names of network.allow: remove 'dns'"},
		{"network_mode: filtered\nnetwork: {allow: {a: b}}\n",
		 "2:18: network.allow must be a list, not a map"},
	};
	struct spec spec;

	desk_expect(*state, table, ARRAY_LEN(table));
	spec = desk_good(*state, "network_mode: filtered\n"
				 "network: {allow: [A.org, '*.b.org:8443']}\n");
	assert_int_equal(spec.network_mode, NET_FILTERED);
	assert_int_equal(spec.network.allow.items.count, 2);
	assert_true(strv_has(&spec.network.allow.items, "*.b.org:8443"));
	assert_int_equal(spec.network.allow.at[1].column, 26);
	spec_done(&spec);
}

static void backends_are_named(void **state)
{
	AUTO_FREE char *words = desk_refusal(*state, "network: {backend: slirp}\n");
	struct spec spec = desk_good(*state, "network: {backend: slirp4netns}\n");

	assert_true(str_starts(words, "devbox.yaml:1:20: network.backend must be 'auto'"));
	assert_int_equal(spec.network.backend, BACKEND_SLIRP);
	spec_done(&spec);
	spec = desk_good(*state, "network: {backend: pasta}\n");
	assert_int_equal(spec.network.backend, BACKEND_PASTA);
	spec_done(&spec);
	spec = desk_good(*state, "network: {backend: auto}\n");
	assert_int_equal(spec.network.backend, BACKEND_AUTO);
	spec_done(&spec);
}

static void values_are_kept(void **state)
{
	struct spec spec = desk_good(*state, "network:\n  subnet: 10.77.0.0/16\n  mtu: 1500\n"
					     "  ipv6: true\n  host: true\nip: 10.77.3.4\n");
	const struct spec_network *n = &spec.network;

	assert_int_equal(n->subnet.base, 0x0a4d0000);
	assert_int_equal(n->subnet.bits, 16);
	assert_int_equal(n->subnet_at.line, 2);
	assert_int_equal(n->mtu.value, 1500);
	assert_true(n->has_ipv6);
	assert_true(n->reaches_host);
	assert_int_equal(n->address, 0x0a4d0304);
	spec_done(&spec);
}

static void an_address_alone_has_its_neighbours_for_a_subnet(void **state)
{
	struct spec spec = desk_good(*state, "ip: 192.168.7.9\n");

	assert_int_equal(spec.network.subnet.base, 0xc0a80700);
	assert_int_equal(spec.network.subnet.bits, 24);
	assert_int_equal(spec.network.subnet_at.line, 1);
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_values_are_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(backends_are_named, desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(hosts_are_names, desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(a_filter_needs_what_it_uses, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(values_are_kept, desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(
			an_address_alone_has_its_neighbours_for_a_subnet, desk_make,
			desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
