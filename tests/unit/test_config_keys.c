#include "config_fixture.h"

static void an_unknown_key_names_the_nearest(void **state)
{
	static const struct refusal table[] = {
		{"name: a\nmem_limt: 2g\n",
		 "2:1: unknown key 'mem_limt' | did you mean 'mem_limit'?"},
		{"memroy: 2g\n", "1:1: unknown key 'memroy' | did you mean 'mem_limit'?"},
		{"env: {A: b}\n", "1:1: unknown key 'env' | did you mean 'environment'?"},
		{"Name: a\n", "1:1: unknown key 'Name' | did you mean 'name'?"},
		{"port: [1]\n", "1:1: unknown key 'port' | did you mean 'ports'?"},
		{"container_name: a\n",
		 "1:1: unknown key 'container_name' | see devbox.yaml(5); keys of your "
		 "own begin with 'x-'"},
		{"blkio_config.weight: 10\n",
		 "1:1: unknown key 'blkio_config.weight' | see devbox.yaml(5); "
		 "keys of your own begin with 'x-'"},
		{"workspace:\n  source: .\n  taget: /work\n",
		 "3:3: unknown key 'taget' in 'workspace' | did you mean 'target'?"},
		{"volumes:\n  - type: bind\n    src: .\n",
		 "3:5: unknown key 'src' in 'volumes' | see devbox.yaml(5); keys of your own "
		 "begin with 'x-'"},
		{"ulimits: {nofile: {sotf: 1}}\n",
		 "1:20: unknown key 'sotf' in 'ulimits' | did you mean 'soft'?"},
		{"blkio_config: {wieght: 1}\n",
		 "1:16: unknown key 'wieght' in 'blkio_config' | did you mean 'weight'?"},
		{"blkio_config: {device_read_bps: [{path: /dev/sda, speed: 1}]}\n",
		 "1:51: unknown key 'speed' in 'blkio_config.device_read_bps' | see "
		 "devbox.yaml(5); keys of "
		 "your own begin with 'x-'"},
		{"\"\\e[31m\": a\n",
		 "1:1: unknown key '?[31m' | see devbox.yaml(5); keys of your own begin "
		 "with 'x-'"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void keys_of_the_user_are_ignored(void **state)
{
	static const struct refusal table[] = {
		{"x-anything: [1, {a: b}]\n", "fine"},
		{"workspace: {source: ., x-note: why}\n", "fine"},
		{"volumes: [{type: tmpfs, target: /t, x-note: why}]\n", "fine"},
		{"blkio_config: {x-note: why}\n", "fine"},
		{"x_anything: 1\n",
		 "1:1: unknown key 'x_anything' | see devbox.yaml(5); keys of your own "
		 "begin with 'x-'"},
	};
	struct spec spec;

	desk_expect(*state, table, ARRAY_LEN(table));

	/* but a variable may have any name */
	spec = desk_good(*state, "environment: {x-a: b}\n");
	assert_string_equal(spec.environment.items[0], "x-a=b");
	spec_done(&spec);
}

static void a_key_that_is_not_built_is_refused_by_name(void **state)
{
	size_t count = 0;

	for (const struct config_key *key = config_keys(); key->name; key++) {
		AUTO_FREE char *yaml = xasprintf("name: a\n%s: {}\n", key->name);
		AUTO_FREE char *words = NULL;
		AUTO_FREE char *expected =
			xasprintf("devbox.yaml:2:1: key '%s' is not built yet | remove it, or "
				  "rename it to 'x-%s' to "
				  "keep it for later",
				  key->name, key->name);

		if (key->is_built || strchr(key->name, '.'))
			continue;
		words = desk_refusal(*state, yaml);
		assert_string_equal(words, expected);
		count++;
	}
	assert_true(count > 0);
}

static void every_built_key_is_read(void **state)
{
	for (const struct config_key *key = config_keys(); key->name; key++) {
		AUTO_FREE char *yaml = xasprintf("%s: [[x], {y: z}]\n", key->name);
		AUTO_FREE char *words = NULL;

		if (!key->is_built || strchr(key->name, '.'))
			continue;
		words = desk_refusal(*state, yaml);
		if (strcmp(words, "fine") == 0)
			fail_msg("%s takes anything", key->name);
	}
}

static void limits_and_ports_are_live(void **state)
{
	static const char *const live[] = {
		"cpus",         "cpu_shares", "cpu_quota",       "cpu_period",    "cpuset",
		"cpuset_mems",  "mem_limit",  "mem_reservation", "memswap_limit", "pids_limit",
		"blkio_config", "ports",      "forward_ports"};
	size_t count = 0;

	(void)state;
	for (const struct config_key *key = config_keys(); key->name; key++) {
		bool is_listed = false;

		assert_true(*key->type && *key->summary);
		for (size_t i = 0; i < ARRAY_LEN(live); i++)
			is_listed |= strcmp(key->name, live[i]) == 0;
		if (!strchr(key->name, '.'))
			assert_int_equal(key->is_live, is_listed);
		count += is_listed;
	}
	assert_int_equal(count, ARRAY_LEN(live));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_unknown_key_names_the_nearest, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(keys_of_the_user_are_ignored, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(a_key_that_is_not_built_is_refused_by_name,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(every_built_key_is_read, desk_make,
						desk_remove),
		cmocka_unit_test(limits_and_ports_are_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
