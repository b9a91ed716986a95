#include "config_fixture.h"

static void wrong_values_are_refused(void **state)
{
	static const struct refusal table[] = {
		{"network_mode: service:db\n", "1:15: network_mode: there is no service 'db'"},
		{"network_mode: \"service:\"\nservices: {a: }\n",
		 "1:15: network_mode: there is no service ''"},
		{"network_mode: service:b\nservices: {a: , b: {network_mode: host}}\n",
		 "1:15: network_mode: service 'b' has no network to share | only one of "
		 "network_mode 'project' has"},
		{"services: {a: {network_mode: 'service:b'}, b: {depends_on: [a]}}\n",
		 "1:61: depends_on: services wait for each other: a -> b -> a | one of them "
		 "has to start without another"},
		{"services:\n  b:\n  a: {network_mode: 'service:b', sysctls: {net.a: 1}}\n",
		 "3:51: sysctls: 'net.a' cannot be set with network_mode 'service:NAME' | the "
		 "network is that of service 'b': set it there"},
		{"network_mode: bridge\n",
		 "1:15: network_mode must be 'project', 'host', 'none', 'filtered', "
		 "'service:NAME' or 'macvlan', not 'bridge'"},
		{"network_mode: non\n",
		 "1:15: network_mode must be 'project', 'host', 'none', 'filtered', "
		 "'service:NAME' or 'macvlan', not 'non' | did you mean 'none'?"},
		{"dns: one\n", "1:6: dns must be an IP address, or a list of these, not 'one'"},
		{"dns: [1.1.1.1, 256.1.1.1]\n",
		 "1:16: dns must be an IP address, or a list of these, not '256.1.1.1'"},
		{"dns: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4]\n",
		 "1:34: dns: more than 3 servers | the resolver reads the first 3 and ignores "
		 "the others"},
		{"dns: {a: b}\n", "1:6: dns must be a text or a list, not a map"},
		{"dns_search: a b\n",
		 "1:13: dns_search must be a domain, or a list of these, not 'a b'"},
		{"extra_hosts: [db]\n", "1:15: extra_hosts must be a map of NAME: ADDRESS, or "
					"a list of NAME=ADDRESS, not 'db'"},
		{"extra_hosts: ['db:']\n", "1:15: extra_hosts: '' is not an IP address"},
		{"extra_hosts: [a_b=1.1.1.1]\n", "1:15: extra_hosts: 'a_b' is not a host name"},
		{"extra_hosts: {db: here}\n", "1:19: extra_hosts: 'here' is not an IP address"},
		{"extra_hosts: {db: host-gateway}\n",
		 "1:19: extra_hosts: 'host-gateway' would lead to the host's own services, "
		 "which "
		 "the box does not reach | at the top of the profile, 'network: {host: true}' "
		 "lets the boxes reach them"},
		{"services: {a: {extra_hosts: ['db=host-gateway']}}\n",
		 "1:30: extra_hosts: 'host-gateway' would lead to the host's own services, "
		 "which "
		 "the box does not reach | at the top of the profile, 'network: {host: true}' "
		 "lets the boxes reach them"},
		{"network_mode: none\nextra_hosts: {db: host-gateway}\n",
		 "2:19: extra_hosts: there is no 'host-gateway' with network_mode 'none'"},
		{"network_mode: filtered\nextra_hosts: {db: host-gateway}\n",
		 "2:19: extra_hosts: there is no 'host-gateway' with network_mode 'filtered' | "
		 "network: {allow: ['host.devbox:PORT'], host: true} lets a service of the "
		 "host "
		 "through"},
		{"services: {a: {}}\nnetwork_mode: service:a\nextra_hosts: {db: 10.0.0.1}\n",
		 "3:14: extra_hosts has no effect with network_mode 'service:a' | both have "
		 "one "
		 "/etc/hosts: give it to service 'a'"},
		{"network_mode: macvlan\nnetwork: {backend: pasta}\n",
		 "2:20: network.backend 'pasta' connects one box, and with network_mode "
		 "'macvlan' there is room for several | slirp4netns connects several"},
		{"extra_hosts: {db: }\n", "1:15: extra_hosts has no value | it takes a map of "
					  "NAME: ADDRESS; without one, remove the key"},
		{"extra_hosts: {db: [1.1.1.1, {a: b}]}\n",
		 "1:29: extra_hosts must be an address, not a map"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void values_are_kept(void **state)
{
	struct spec spec =
		desk_good(*state, "network_mode: none\ndns: [1.1.1.1, '2001:db8::1']\n"
				  "dns_search: example.org\n"
				  "extra_hosts:\n  - db=10.0.0.1\n  - db:10.0.0.2\n"
				  "  - 'six:::1'\n  - 'six=[::2]'\n");

	assert_int_equal(spec.network_mode, NET_NONE);
	assert_int_equal(spec.network_mode_at.line, 1);
	assert_int_equal(spec.dns.count, 2);
	assert_string_equal(spec.dns_search.items[0], "example.org");
	assert_int_equal(spec.extra_hosts.count, 4);
	assert_string_equal(spec.extra_hosts.items[0], "10.0.0.1 db");
	assert_string_equal(spec.extra_hosts.items[1], "10.0.0.2 db");
	assert_string_equal(spec.extra_hosts.items[2], "::1 six");
	assert_string_equal(spec.extra_hosts.items[3], "::2 six");
	spec_done(&spec);

	spec = desk_good(*state, "network_mode: macvlan\nnetwork: {host: true}\n"
				 "extra_hosts: {a: host-gateway}\n");
	assert_int_equal(spec.network_mode, NET_PROJECT);
	assert_true(spec.is_macvlan && spec_has_bridge(&spec));
	assert_string_equal(spec.extra_hosts.items[0], "host-gateway a");
	spec_done(&spec);

	spec = desk_good(*state, "extra_hosts: {a: 10.0.0.1, b: ['::1', 10.0.0.2]}\n");
	assert_int_equal(spec.extra_hosts.count, 3);
	assert_string_equal(spec.extra_hosts.items[1], "::1 b");
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_values_are_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(values_are_kept, desk_make, desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
