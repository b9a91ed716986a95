#include "net/filter_rules.h"
#include "net/port.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void a_name_has_one_spelling(void **state)
{
	static const struct {
		const char *text, *name;
	} table[] = {
		{"Example.ORG", "example.org"},
		{"example.org.", "example.org"},
		{"a_b-c.x1", "a_b-c.x1"},
		{"localhost", "localhost"},
		{"", NULL},
		{".", NULL},
		{"a..b", NULL},
		{".a", NULL},
		{"a b", NULL},
		{"a/b", NULL},
		{"a:80", NULL},
		{"a@b", NULL},
		{"127.0.0.1", NULL},
		{"0x7f.1", NULL},
		{"evil.0x7f", NULL},
		{"2130706433", NULL},
		{"[::1]", NULL},
		{"b\xc3\xbc.de", NULL},
	};
	char name[FILTER_NAME_MAX];
	char long_text[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		int rc = filter_name(table[i].text, strlen(table[i].text), name);

		assert_int_equal(rc, table[i].name ? 0 : -1);
		if (rc == 0)
			assert_string_equal(name, table[i].name);
	}
	memset(long_text, 'a', sizeof(long_text));
	assert_int_equal(filter_name(long_text, 63, name), 0);
	assert_int_equal(filter_name(long_text, 64, name), -1);
	for (size_t i = 50; i < sizeof(long_text); i += 50)
		long_text[i] = '.';
	assert_int_equal(filter_name(long_text, 253, name), 0);
	assert_int_equal(filter_name(long_text, 254, name), -1);
	assert_int_equal(filter_name("a\0b", 3, name), -1);
}

static void rules_let_through_what_they_name(void **state)
{
	static const struct {
		const char *name;
		uint16_t port;
		bool is_allowed;
	} table[] = {
		{"example.org", 443, true},      {"example.org", 80, true},
		{"example.org", 8080, false},    {"www.example.org", 443, false},
		{"xexample.org", 443, false},    {"db.example.org", 5432, true},
		{"db.example.org", 443, false},  {"a.wild.net", 443, true},
		{"a.b.wild.net", 80, true},      {"wild.net", 443, false},
		{"evilwild.net", 443, false},    {"a.wild.net.evil.com", 443, false},
		{"x.deep.wild.net", 8443, true}, {"x.deep.wild.net", 443, true},
		{"deep.wild.net", 8443, false},  {".wild.net", 443, false},
	};
	AUTO_STRV struct strv allow = {0};
	uint16_t ports[FILTER_PORTS_MAX];
	struct filter_rules rules;

	(void)state;
	strv_add(&allow, "Example.org");
	strv_add(&allow, "db.example.org:5432");
	strv_add(&allow, "*.wild.net");
	strv_add(&allow, "*.deep.wild.net:8443");
	assert_int_equal(filter_rules_parse(&allow, &rules), 0);
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (filter_allows(&rules, table[i].name, table[i].port) != table[i].is_allowed)
			fail_msg("%s:%u", table[i].name, table[i].port);
	assert_int_equal(filter_ports(&rules, "example.org", ports), 2);
	assert_int_equal(filter_ports(&rules, "x.deep.wild.net", ports), 3);
	assert_int_equal(filter_ports(&rules, "db.example.org", ports), 1);
	assert_int_equal(ports[0], 5432);
	assert_int_equal(filter_ports(&rules, "evil.com", ports), 0);
	filter_rules_done(&rules);
}

static void damaged_rules_are_refused(void **state)
{
	static const char *const table[] = {
		"",        "*",      "*.",      "a:",    "a:0",
		"a:65536", "a:80:1", "1.2.3.4", "a.*.b", "http://a"};
	struct filter_rules rules;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_STRV struct strv allow = {0};

		strv_add(&allow, table[i]);
		if (filter_rules_parse(&allow, &rules) == 0)
			fail_msg("'%s' was taken", table[i]);
	}
}

static void private_addresses_are_not_of_the_internet(void **state)
{
	static const struct {
		const char *address;
		bool is_public;
	} table[] = {
		{"1.1.1.1", true},
		{"9.255.255.255", true},
		{"11.0.0.0", true},
		{"172.15.0.1", true},
		{"172.32.0.1", true},
		{"192.167.1.1", true},
		{"100.128.0.1", true},
		{"0.0.0.0", false},
		{"10.1.2.3", false},
		{"100.64.0.1", false},
		{"127.0.0.1", false},
		{"127.127.1.0", false},
		{"169.254.169.254", false},
		{"172.16.0.1", false},
		{"172.31.255.255", false},
		{"192.168.1.1", false},
		{"224.0.0.1", false},
		{"255.255.255.255", false},
		{"2606:4700::1111", true},
		{"::", false},
		{"::1", false},
		{"fe80::1", false},
		{"fd00::1", false},
		{"ff02::1", false},
		{"::ffff:10.0.0.1", false},
		{"::ffff:1.1.1.1", true},
		{"64:ff9b::10.0.0.1", false},
		{"64:ff9b::1.1.1.1", true},
		{"2002:0a00:0001::", false},
		{"2002:0101:0101::", true},
		{"2001:0:1::", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sockaddr_storage address;

		assert_int_equal(net_address_set(table[i].address, 1, &address), 0);
		if (filter_is_public((const struct sockaddr *)&address) != table[i].is_public)
			fail_msg("%s", table[i].address);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_one_spelling),
		cmocka_unit_test(rules_let_through_what_they_name),
		cmocka_unit_test(damaged_rules_are_refused),
		cmocka_unit_test(private_addresses_are_not_of_the_internet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
