#include "config_fixture.h"

static void wrong_values_are_refused(void **state)
{
	static const struct refusal table[] = {
		{"healthcheck: {}",
		 "1:14: healthcheck: there is no probe | one of 'test', 'tcp', "
		 "'http' and 'file', or 'disable: true'"},
		{"healthcheck: {tcp: 1, file: /x}", "1:29: healthcheck.file: there is another "
						    "probe | one of 'test', 'tcp', 'http' and "
						    "'file'"},
		{"healthcheck: {tcp: 0}",
		 "1:20: healthcheck.tcp must be a port from 1 to 65535, not '0'"},
		{"healthcheck: {test: [true]}",
		 "1:21: healthcheck.test must be a command, or a list that begins with CMD, "
		 "CMD-SHELL or NONE, not a list"},
		{"healthcheck: {http: 'http://example.org/'}",
		 "1:21: healthcheck.http must be a page of the box such as "
		 "'http://localhost:8080/health' or '8080/health', not 'http://example.org/'"},
		{"healthcheck: {http: '80/a b'}",
		 "1:21: healthcheck.http must be a page of the box such as "
		 "'http://localhost:8080/health' or '8080/health', not '80/a b'"},
		{"healthcheck: {http: /x}",
		 "1:21: healthcheck.http must be a page of the box such as "
		 "'http://localhost:8080/health' or '8080/health', not '/x'"},
		{"healthcheck: {tcp: 1, interval: 0s}",
		 "1:33: healthcheck.interval must be more than 0"},
		{"healthcheck: {tcp: 1, timeout: 2 d}",
		 "1:32: healthcheck.timeout must be a duration such as '500ms' or '10s', at "
		 "most "
		 "a day, not '2 d'"},
		{"healthcheck: {tcp: 1, retries: 0}",
		 "1:32: healthcheck.retries must be a number from 1 to 1000, not '0'"},
		{"healthcheck: {tcp: 1, retrys: 1}",
		 "1:23: unknown key 'retrys' in 'healthcheck' | did you mean 'retries'?"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static struct spec good(struct desk *desk, const char *yaml)
{
	return desk_good(desk, yaml);
}

static void commands_are_those_of_compose(void **state)
{
	static const struct {
		const char *yaml, *last;
		size_t count;
	} lines[] = {
		{"healthcheck: {test: a b}\n", "a b", 3},
		{"healthcheck: {test: [CMD-SHELL, a b]}\n", "a b", 3},
		{"healthcheck: {test: [CMD, a, b c]}\n", "b c", 2},
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct spec spec = good(*state, lines[i].yaml);

		assert_int_equal(spec.health.kind, HEALTH_TEST);
		assert_int_equal(spec.health.argv.count, lines[i].count);
		assert_string_equal(spec.health.argv.items[lines[i].count - 1], lines[i].last);
		spec_done(&spec);
	}
}

static void no_probe_is_none(void **state)
{
	static const char *const none[] = {
		"healthcheck: {test: [NONE]}\n",
		"healthcheck: {disable: true}\n",
		"healthcheck: {tcp: 80, disable: true}\n",
		"healthcheck:\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct spec spec = good(*state, none[i]);

		assert_int_equal(spec.health.kind, HEALTH_NONE);
		spec_done(&spec);
	}
}

static void pages_are_a_port_and_a_path(void **state)
{
	static const struct {
		const char *yaml, *path;
		unsigned int port;
	} lines[] = {
		{"healthcheck: {http: 'http://localhost/'}\n", "/", 80},
		{"healthcheck: {http: 'http://localhost'}\n", "/", 80},
		{"healthcheck: {http: 'http://127.0.0.1:81/a?b=c'}\n", "/a?b=c", 81},
		{"healthcheck: {http: 'http://[::1]:82'}\n", "/", 82},
		{"healthcheck: {http: 83}\n", "/", 83},
		{"healthcheck: {http: 84/x/y}\n", "/x/y", 84},
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct spec spec = good(*state, lines[i].yaml);

		assert_int_equal(spec.health.kind, HEALTH_HTTP);
		assert_int_equal(spec.health.port, lines[i].port);
		assert_string_equal(spec.health.path, lines[i].path);
		spec_done(&spec);
	}
}

static void times_have_defaults(void **state)
{
	struct spec spec = good(*state, "healthcheck: {tcp: 5432, timeout: 250ms}\n");

	assert_int_equal(spec.health.port, 5432);
	assert_int_equal(spec.health.interval_us, 30000000);
	assert_int_equal(spec.health.timeout_us, 250000);
	assert_int_equal(spec.health.start_interval_us, 1000000);
	assert_int_equal(spec.health.start_period_us, 0);
	assert_int_equal(spec.health.retries, 3);
	spec_done(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_values_are_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(commands_are_those_of_compose, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(no_probe_is_none, desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(pages_are_a_port_and_a_path, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(times_have_defaults, desk_make, desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
