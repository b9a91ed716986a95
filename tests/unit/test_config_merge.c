#include "config_fixture.h"

/* What devbox.yaml and devbox.local.yaml make together, as YAML. */
static void profiles_merge_as_compose_says(void **state)
{
	static const struct {
		const char *base;
		const char *over;
		const char *result;
	} table[] = {
		{"name: a\nuser: root\n", "name: b\n", "name: b\nuser: root\n"},
		{"name: a\n", "user: root\n", "name: a\nuser: root\n"},
		{"name: a\n", "", "name: a\n"},
		/* maps deep */
		{"workspace: {source: ., target: /a}\n", "workspace: {target: /b}\n",
		 "workspace:\n  source: .\n  target: /b\n"},
		{"ulimits: {nofile: {soft: 1, hard: 2}, core: 0}\n",
		 "ulimits: {nofile: {hard: 3}}\n",
		 "ulimits:\n  nofile:\n    soft: 1\n    hard: 3\n  core: 0\n"},
		{"ulimits: {nofile: {soft: 1, hard: 2}}\n", "ulimits: {nofile: 9}\n",
		 "ulimits:\n  nofile: 9\n"},
		/* lists append, and what is there already stays one */
		{"cap_add: [A, B]\n", "cap_add: [C, A]\n", "cap_add:\n  - A\n  - B\n  - C\n"},
		{"dns: 1.1.1.1\n", "dns: [2.2.2.2]\n", "dns:\n  - 1.1.1.1\n  - 2.2.2.2\n"},
		{"env_file: a\n", "env_file: b\n", "env_file:\n  - a\n  - b\n"},
		{"env_file: [a]\n", "env_file: [{path: a, required: false}]\n",
		 "env_file:\n  - path: a\n    required: false\n"},
		{"env_pass: [A]\n", "env_pass:\n", "env_pass:\n  - A\n"},
		/* a command replaces the one below */
		{"command: [a, b]\n", "command: [c]\n", "command:\n  - c\n"},
		{"entrypoint: a b\n", "entrypoint: []\n", "entrypoint: []\n"},
		/* pairs by name */
		{"environment: {A: 1, B: 2}\n", "environment: {B: 3, C: 4}\n",
		 "environment:\n  A: 1\n  B: 3\n  C: 4\n"},
		{"environment: {A: 1, B: }\n", "environment: [A=3, C]\n",
		 "environment:\n  - A=3\n  - B\n  - C\n"},
		{"environment: [A=1, B=2]\n", "environment: {B: 3}\n",
		 "environment:\n  - A=1\n  - B=3\n"},
		{"environment: {dns: a, command: b}\n", "environment: {dns: c}\n",
		 "environment:\n  dns: c\n  command: b\n"},
		{"sysctls: [net.a=1]\n", "sysctls: {net.a: 2}\n", "sysctls:\n  - net.a=2\n"},
		{"extra_hosts: {a: 1.1.1.1}\n", "extra_hosts: ['a:2.2.2.2']\n",
		 "extra_hosts:\n  - a=1.1.1.1\n  - a:2.2.2.2\n"},
		/* mounts by target */
		{"volumes: ['a:/a', 'b:/b:ro']\n", "volumes: ['./c:/b', 'd:/d']\n",
		 "volumes:\n  - a:/a\n  - ./c:/b\n  - d:/d\n"},
		{"volumes: ['a:/a']\n", "volumes: [{type: tmpfs, target: /a}]\n",
		 "volumes:\n  - type: tmpfs\n    target: /a\n"},
		{"tmpfs: /a:size=1m\n", "tmpfs: [/b, /a]\n", "tmpfs:\n  - /a\n  - /b\n"},
		{"devices: [/dev/a]\n", "devices: ['/dev/b:/dev/a']\n",
		 "devices:\n  - /dev/b:/dev/a\n"},
		{"blkio_config: {device_read_bps: [{path: /dev/a, rate: 1m}]}\n",
		 "blkio_config: {device_read_bps: [{path: /dev/a, rate: 2m}, {path: /dev/b, "
		 "rate: 3m}]}\n",
		 "blkio_config:\n  device_read_bps:\n    - path: /dev/a\n      rate: 2m\n"
		 "    - path: /dev/b\n      rate: 3m\n"},
		/* tags */
		{"dns: [1.1.1.1]\n", "dns: !override [2.2.2.2]\n", "dns:\n  - 2.2.2.2\n"},
		{"environment: {A: 1}\n", "environment: !override {B: 2}\n",
		 "environment:\n  B: 2\n"},
		{"name: a\nmem_limit: 2g\n", "mem_limit: !reset null\n", "name: a\n"},
		{"environment: {A: 1, B: 2}\n", "environment: {A: !reset x}\n",
		 "environment:\n  B: 2\n"},
		{"name: a\n", "user: !reset root\nenvironment: {A: !reset 1, B: 2}\n",
		 "name: a\nenvironment:\n  B: 2\n"},
		{"environment: {A: 1}\n", "environment: !override {B: !reset 2, C: 3}\n",
		 "environment:\n  C: 3\n"},
		{"name: !override a\n", "", "name: a\n"},
		{"name: a\nuser: root\n", "name: !reset null\nuser: !reset null\n", "{}\n"},
		/* a wrong kind on top is there for the checks to see */
		{"name: a\n", "name: [b]\n", "name:\n  - b\n"},
		{"name: a\n", "name:\n", "name: null\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *text = NULL;

		desk_write(*state, "devbox.yaml", table[i].base);
		desk_write(*state, "devbox.local.yaml", table[i].over);
		text = desk_print(*state, false);
		assert_string_equal(text, table[i].result);
	}
}

static void a_value_keeps_the_place_it_was_written_at(void **state)
{
	const struct desk *desk = *state;
	struct err err = {0};
	struct spec spec;

	desk_write(desk, "devbox.yaml",
		   "cpus: 1\nmem_limit: 1g\nvolumes:\n  - a:/a\n  - b:/b\n");
	desk_write(desk, "devbox.local.yaml", "# mine\nmem_limit:   2g\nvolumes: ['c:/b']\n");
	assert_int_equal(desk_spec(desk, &spec, &err), 0);
	assert_string_equal(spec.limits.cpus_milli.at.file, "devbox.yaml");
	assert_int_equal(spec.limits.cpus_milli.at.line, 1);
	assert_string_equal(spec.limits.mem_limit_bytes.at.file, "devbox.local.yaml");
	assert_int_equal(spec.limits.mem_limit_bytes.at.line, 2);
	assert_int_equal(spec.limits.mem_limit_bytes.at.column, 14);
	assert_string_equal(spec.volumes[0].at.file, "devbox.yaml");
	assert_int_equal(spec.volumes[0].at.line, 4);
	assert_string_equal(spec.volumes[1].at.file, "devbox.local.yaml");
	assert_string_equal(spec.volumes[1].source, "c");
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(profiles_merge_as_compose_says, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(a_value_keeps_the_place_it_was_written_at,
						desk_make, desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
