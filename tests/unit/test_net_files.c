#include "net/net.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct strv none = {0};

static void check_resolv(const char *host, const struct strv *dns, const struct strv *search,
			 bool own_network, const char *expected)
{
	AUTO_FREE char *text =
		net_resolv_conf(host, dns, search, own_network ? "10.0.2.3" : NULL);

	assert_string_equal(text, expected);
}

static void resolver_of_an_own_network_is_its_own(void **state)
{
	(void)state;
	check_resolv("", &none, &none, true, "nameserver 10.0.2.3\n");
	check_resolv("nameserver 127.0.0.53\nnameserver 192.0.2.1\n", &none, &none, true,
		     "nameserver 10.0.2.3\n");
}

static void resolver_of_the_hosts_network_is_the_hosts(void **state)
{
	(void)state;
	check_resolv("", &none, &none, false, "");
	check_resolv("nameserver 192.0.2.1\nnameserver\tfe80::1%eth0 # why\n nameserver ::1\n",
		     &none, &none, false,
		     "nameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver ::1\n");
}

static void search_and_options_of_the_host_are_kept(void **state)
{
	(void)state;
	check_resolv("options edns0 trust-ad\nsearch a.example b.example\noptions ndots:2\n",
		     &none, &none, true,
		     "nameserver 10.0.2.3\nsearch a.example b.example\n"
		     "options edns0 trust-ad ndots:2\n");
}

static void the_last_search_or_domain_counts(void **state)
{
	(void)state;
	check_resolv("search a b\ndomain  c \n", &none, &none, true,
		     "nameserver 10.0.2.3\nsearch c\n");
	check_resolv("domain c\nsearch a\tb\n", &none, &none, true,
		     "nameserver 10.0.2.3\nsearch a b\n");
}

static void what_the_profile_names_wins(void **state)
{
	AUTO_STRV struct strv dns = {0};
	AUTO_STRV struct strv search = {0};

	(void)state;
	strv_add(&dns, "198.51.100.1");
	strv_add(&dns, "2001:db8::1");
	strv_add(&search, "corp.example");
	check_resolv("nameserver 192.0.2.1\nsearch a\n", &dns, &search, true,
		     "nameserver 198.51.100.1\nnameserver 2001:db8::1\nsearch corp.example\n");
	check_resolv("nameserver 192.0.2.1\nsearch a\n", &dns, &none, false,
		     "nameserver 198.51.100.1\nnameserver 2001:db8::1\nsearch a\n");
}

static void garbage_of_the_host_is_left_out(void **state)
{
	(void)state;
	check_resolv(
		"nameserver\nnameserver nonsense\nnameserver fe80::1%\001\nnameserver "
		"1.2.3\nnameserver 1.2.3.4.5\n"
		"nameserver aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		"; comment\n# nameserver 9.9.9.9\nNAMESERVER 9.9.9.9\nsortlist 1.2.3.4\n"
		"search a\033[1m b\noptions\n\n\nnameserver 192.0.2.1",
		&none, &none, false, "nameserver 192.0.2.1\nsearch b\n");
}

static void hosts_name_localhost_and_the_box(void **state)
{
	AUTO_FREE char *text = net_hosts("shop", NULL, NULL, &none);
	AUTO_FREE char *addressed = net_hosts("shop", "10.0.2.100", "10.0.2.2", &none);

	(void)state;
	assert_string_equal(text, "127.0.0.1\tlocalhost\n"
				  "::1\tlocalhost ip6-localhost ip6-loopback\n"
				  "127.0.1.1\tshop\n");
	assert_string_equal(addressed, "127.0.0.1\tlocalhost\n"
				       "::1\tlocalhost ip6-localhost ip6-loopback\n"
				       "10.0.2.100\tshop\n"
				       "10.0.2.2\thost.devbox\n");
}

static void hosts_hold_the_extra_lines_that_are_some(void **state)
{
	AUTO_STRV struct strv extra = {0};
	AUTO_FREE char *text = NULL;

	(void)state;
	strv_add(&extra, "192.0.2.7 db");
	strv_add(&extra, "2001:db8::7  db6 db7");
	strv_add(&extra, "nothing");
	strv_add(&extra, "192.0.2.8 x\n192.0.2.9 y");
	text = net_hosts("shop", NULL, NULL, &extra);
	assert_string_equal(text, "127.0.0.1\tlocalhost\n"
				  "::1\tlocalhost ip6-localhost ip6-loopback\n"
				  "127.0.1.1\tshop\n"
				  "192.0.2.7\tdb\n2001:db8::7\tdb6 db7\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolver_of_an_own_network_is_its_own),
		cmocka_unit_test(resolver_of_the_hosts_network_is_the_hosts),
		cmocka_unit_test(search_and_options_of_the_host_are_kept),
		cmocka_unit_test(the_last_search_or_domain_counts),
		cmocka_unit_test(what_the_profile_names_wins),
		cmocka_unit_test(garbage_of_the_host_is_left_out),
		cmocka_unit_test(hosts_name_localhost_and_the_box),
		cmocka_unit_test(hosts_hold_the_extra_lines_that_are_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
