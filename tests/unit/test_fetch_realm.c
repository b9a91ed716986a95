#include "fetch/realm.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct realm_case {
	const char *realm, *host;
};

static void loopback_is_this_machine_and_nothing_else(void **state)
{
	static const char *const yes[] = {"localhost", "LOCALHOST:5000", "127.0.0.1:5000",
					  "127.8.9.1", "[::1]:5000",     "[::1]"};
	static const char *const no[] = {
		"localhost.example", "128.0.0.1",         "10.0.0.1:5000", "[::2]:5000",
		"[fe80::1]",         "127.0.0.1.example", "127.1",         "0.0.0.0:5000",
		"docker.io",         "[::ffff:127.0.0.1]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(host_is_loopback(yes[i]));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(host_is_loopback(no[i]));
}

static void realm_of_a_proper_registry_is_asked(void **state)
{
	static const struct realm_case cases[] = {
		{"https://auth.docker.io/token", "docker.io"},
		{"https://gitlab.com/jwt/auth", "registry.gitlab.com"},
		{"https://10.0.0.5:5001/token", "10.0.0.6:5000"},
		{"https://8.8.8.8/token", "quay.io"},
		{"https://127.0.0.1:1/token", "localhost:5000"},
		{"https://169.254.1.1/token", "169.254.1.1:5000"},
		{"https://a.b/token?x=y", "a.b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = {0};

		assert_int_equal(realm_check(cases[i].realm, cases[i].host, false, &err), 0);
	}
}

static void realm_that_leads_astray_is_refused(void **state)
{
	static const struct realm_case cases[] = {
		{"http://auth.docker.io/token", "docker.io"},
		{"https://169.254.169.254/latest", "docker.io"},
		{"https://169.254.169.254/latest", "10.0.0.1"},
		{"https://127.0.0.1/token", "docker.io"},
		{"https://localhost/token", "docker.io"},
		{"https://a.localhost/token", "docker.io"},
		{"https://localhost./token", "docker.io"},
		{"https://2130706433/token", "docker.io"},
		{"https://0x7f.1/token", "docker.io"},
		{"https://127.1/token", "docker.io"},
		{"https://0/token", "docker.io"},
		{"https://[::1]/token", "docker.io"},
		{"https://[::ffff:10.0.0.1]/token", "docker.io"},
		{"https://[64:ff9b::a9fe:a9fe]/token", "docker.io"},
		{"https://[fe80::1]/token", "docker.io"},
		{"https://[fd00::1]/token", "docker.io"},
		/* 169.254.169.254 once libcurl has made ASCII of it. */
		{"https://169.254.169.\xef\xbc\x92\xef\xbc\x95\xef\xbc\x94/", "docker.io"},
		{"https://169.254.169.%EF%BC%92%EF%BC%95%EF%BC%94/", "docker.io"},
		{"https://169%2e254.169.254/", "docker.io"},
		{"https://\xe2\x93\x9bocalhost/", "docker.io"},
		{"https://10.1.2.3/token", "docker.io"},
		{"https://172.20.0.1/token", "docker.io"},
		{"https://192.168.1.1/token", "docker.io"},
		{"https://100.64.0.1/token", "docker.io"},
		{"https://224.0.0.1/token", "docker.io"},
		{"https://user:word@auth.docker.io/token", "docker.io"},
		{"file:///etc/passwd", "docker.io"},
		{"ftp://auth.docker.io/", "docker.io"},
		{"gopher://auth.docker.io/", "docker.io"},
		{"auth.docker.io/token", "docker.io"},
		{"https://", "docker.io"},
		{"", "docker.io"},
		{"https://a b/", "docker.io"},
		{"https://a/\r\nX: y", "docker.io"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = {0};

		assert_int_equal(realm_check(cases[i].realm, cases[i].host, false, &err), -1);
		assert_non_null(strstr(err.message, cases[i].host));
		assert_true(str_is_printable(err.message));
	}
}

static void plain_realm_is_asked_for_a_plain_registry(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(realm_check("http://127.0.0.1:1/t", "127.0.0.1:2", true, &err), 0);
	assert_int_equal(realm_check("http://127.0.0.1:1/t", "127.0.0.1:2", false, &err), -1);
	assert_int_equal(realm_check("file:///etc/passwd", "127.0.0.1:2", true, &err), -1);
	assert_int_equal(realm_check("http://169.254.169.254/t", "127.0.0.1:2", true, &err),
			 -1);
}

static void password_stays_in_its_domain(void **state)
{
	static const struct realm_case yes[] = {
		{"https://auth.docker.io/token", "registry-1.docker.io"},
		{"https://gitlab.com/jwt/auth", "registry.gitlab.com:443"},
		{"https://quay.io/v2/auth", "quay.io"},
		{"https://auth.gcr.io/", "eu.gcr.io"},
		{"https://AUTH.Example.CO.UK/", "registry.example.co.uk"},
		{"https://localhost:1/", "localhost:5000"},
		{"https://127.0.0.1:1/", "127.0.0.1:5000"},
		{"https://10.0.0.1:1/", "10.0.0.1:5000"},
		{"https://registry/", "registry:5000"},
	};
	static const struct realm_case no[] = {
		{"https://auth.docker.io.evil.com/token", "registry-1.docker.io"},
		{"https://evildocker.io/token", "registry-1.docker.io"},
		{"https://evil.io/", "quay.io"},
		{"https://evil.co.uk/", "registry.example.co.uk"},
		{"https://10.0.0.2/", "10.0.0.1:5000"},
		{"https://1.2.0.1/", "3.4.0.1"},
		{"https://other/", "registry:5000"},
		{"nonsense", "quay.io"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(realm_is_related(yes[i].realm, yes[i].host));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(realm_is_related(no[i].realm, no[i].host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_this_machine_and_nothing_else),
		cmocka_unit_test(realm_of_a_proper_registry_is_asked),
		cmocka_unit_test(realm_that_leads_astray_is_refused),
		cmocka_unit_test(plain_realm_is_asked_for_a_plain_registry),
		cmocka_unit_test(password_stays_in_its_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
