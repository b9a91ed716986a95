#include "config_fixture.h"

static void services_are_specs_in_the_order_of_what_they_wait_for(void **state)
{
	struct desk *desk = *state;
	struct spec spec =
		desk_good(desk, "services:\n"
				"  web: {image: rootfs:/r, depends_on: [db, job]}\n"
				"  db: {ip: 10.1.2.30, profiles: [x, y]}\n"
				"  job:\n"
				"    depends_on: {db: }\n"
				"    command: a b\n"
				"depends_on:\n"
				"  job: {condition: service_completed_successfully}\n");

	assert_int_equal(spec.service_count, 3);
	assert_string_equal(spec.services[0].service, "db");
	assert_string_equal(spec.services[1].service, "job");
	assert_string_equal(spec.services[2].service, "web");
	assert_int_equal(spec.services[0].service_index, 1);
	assert_int_equal(spec.services[0].service_at.line, 3);
	assert_int_equal(spec.services[0].service_at.column, 3);
	assert_string_equal(spec.services[0].service_at.file, "devbox.yaml");
	assert_int_equal(spec.services[0].network.address, 0x0a01021e);
	assert_int_equal(spec.services[0].profiles.count, 2);
	assert_int_equal(spec.services[1].command.items.count, 2);
	assert_string_equal(spec.services[2].hostname.value, "web");
	assert_string_equal(spec.services[2].image.value, "rootfs:/r");
	assert_int_equal(spec.services[2].dependency_count, 2);
	assert_int_equal(spec.dependency_count, 1);
	assert_int_equal(spec.dependencies[0].kind, DEPENDS_COMPLETED);
	assert_ptr_equal(spec_service(&spec, "job"), &spec.services[1]);
	assert_null(spec_service(&spec, "dev"));
	spec_done(&spec);
}

static void a_service_has_no_part_of_the_workspace_and_no_home_of_the_project(void **state)
{
	struct desk *desk = *state;
	struct spec spec = desk_good(desk, "services:\n"
					   "  a: {image: rootfs:/r, volumes: [\".:/src\"]}\n"
					   "  b:\n");

	assert_null(spec.services[0].workspace.source);
	assert_int_equal(spec.services[0].home, HOME_IMAGE);
	assert_int_equal(spec.services[0].forward_mode, FORWARD_OFF);
	assert_int_equal(spec.services[1].home, HOME_TMPFS);
	assert_string_equal(spec.services[1].image.value, "host");
	assert_int_equal(spec.forward_mode, FORWARD_AUTO);
	spec_done(&spec);
}

static void what_cannot_be_is_refused_where_it_stands(void **state)
{
	static const struct refusal table[] = {
		{"services: [a]", "1:11: services must be a map of NAME: KEYS, not a list"},
		{"services: {dev: }", "1:12: a service cannot be named 'dev'"},
		{"services: {Db: }",
		 "1:12: services: 'Db' is no name of a service | at most 40 "
		 "lower case letters, digits, '_' and '-', a letter or digit "
		 "first"},
		{"services:\n  a: {home: tmpfs}",
		 "2:7: a service has no key 'home' | it belongs to the top of the profile"},
		{"services:\n  a: {comand: x}",
		 "2:7: unknown key 'comand' | did you mean 'command'?"},
		{"services:\n  a: {restart: always}",
		 "2:7: key 'restart' is not built yet | remove it, or rename it to 'x-restart' "
		 "to keep it for later"},
		{"services:\n  a: {cpus: x}",
		 "2:13: cpus must be a number of processors such as '2' or '1.5', at least "
		 "0.01, with at most three decimals, not 'x'"},
		{"services:\n  a: {ip: x}",
		 "2:11: ip must be an IPv4 address such as '10.77.0.11', not 'x'"},
		{"services:\n  a: {network: {mtu: 1500}}",
		 "2:22: a service has no key 'network.mtu' | the network is that of the "
		 "project: it belongs to the top of the profile"},
		{"services:\n  a: {network: {host: true}}",
		 "2:23: a service has no key 'network.host' | the network is that of the "
		 "project: it belongs to the top of the profile"},
		{"services: {a: }\nnetwork: {backend: pasta}",
		 "2:20: network.backend 'pasta' connects one box, and with services there are "
		 "several | slirp4netns connects several"},
		{"services:\n  a: {depends_on: [b]}",
		 "2:20: depends_on: there is no service 'b'"},
		{"services: {data: }\ndepends_on: [dta]",
		 "2:14: depends_on: there is no service 'dta' | did you mean 'data'?"},
		{"services:\n  a: {depends_on: [b]}\n  b: {depends_on: [c]}\n  c: {depends_on: "
		 "[b]}",
		 "4:20: depends_on: services wait for each other: b -> c -> b | one of them "
		 "has "
		 "to start without another"},
		{"services:\n  a: {depends_on: [a]}",
		 "2:20: depends_on: services wait for each other: a -> a | one of them has to "
		 "start without another"},
		{"services: {a: }\ndepends_on: [a, a]", "2:17: depends_on: 'a' is there twice"},
		{"services: {a: }\ndepends_on: {a: {condition: service_healthy}}",
		 "2:17: depends_on: service 'a' has no healthcheck | without one it is never "
		 "healthy: give it a 'healthcheck', or wait for 'service_started'"},
		{"services: {a: }\ndepends_on: {a: {required: false}}",
		 "2:18: unknown key 'required' in 'depends_on' | see devbox.yaml(5); keys of "
		 "your own begin with 'x-'"},
		{"profiles: [x]", "1:1: unknown key 'profiles' | see devbox.yaml(5); keys of "
				  "your own begin with 'x-'"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void keys_of_their_own_are_dropped_and_files_merge(void **state)
{
	struct desk *desk = *state;
	struct spec spec;

	desk_write(desk, "devbox.local.yaml", "services: {a: {environment: {B: 2}}}\n");
	spec = desk_good(desk,
			 "services:\n  x-common: 1\n  a: {x-a: 1, environment: {A: 1}}\n");
	assert_int_equal(spec.service_count, 1);
	assert_int_equal(spec.services[0].environment.count, 2);
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			services_are_specs_in_the_order_of_what_they_wait_for, desk_make,
			desk_remove),
		cmocka_unit_test_setup_teardown(
			a_service_has_no_part_of_the_workspace_and_no_home_of_the_project,
			desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_is_refused_where_it_stands,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(keys_of_their_own_are_dropped_and_files_merge,
						desk_make, desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
