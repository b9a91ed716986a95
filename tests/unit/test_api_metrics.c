#include "api/metrics.h"

#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void addresses_of_this_machine_are_taken(void **state)
{
	static const struct {
		const char *text;
		bool is_v6;
		uint32_t v4;
		uint16_t port;
	} table[] = {
		{"9410", false, 0x7f000001, 9410},
		{":9410", false, 0x7f000001, 9410},
		{"127.0.0.1:0", false, 0x7f000001, 0},
		{"127.9.8.7:65535", false, 0x7f090807, 65535},
		{"localhost:80", false, 0x7f000001, 80},
		{"[::1]:80", true, 0x7f000001, 80},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct metrics_address address;
		struct err err;

		if (metrics_address_parse(table[i].text, &address, &err) < 0)
			fail_msg("%s: %s", table[i].text, err.message);
		assert_null(address.path);
		assert_int_equal(address.is_v6, table[i].is_v6);
		assert_int_equal(address.v4, table[i].v4);
		assert_int_equal(address.port, table[i].port);
	}
}

static void sockets_are_paths(void **state)
{
	struct metrics_address address;
	struct err err;

	(void)state;
	assert_int_equal(metrics_address_parse("unix:a:b", &address, &err), 0);
	assert_string_equal(address.path, "a:b");
	free(address.path);
	assert_int_equal(metrics_address_parse("/run/m.sock", &address, &err), 0);
	assert_string_equal(address.path, "/run/m.sock");
	free(address.path);
}

static void any_other_address_is_refused_by_name(void **state)
{
	static const char *const texts[] = {
		"0.0.0.0:9410", "[::]:9410",     "128.0.0.1:80", "[::ffff:127.0.0.1]:80",
		"example:80",   "127.0.0.1",     "127.0.0.1:",   "127.0.0.1:65536",
		"127.1:80",     "127.0.0.1:80x", "[::1]",        "",
		"unix:",        "localhost",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct metrics_address address;
		struct err err = {0};

		if (metrics_address_parse(texts[i], &address, &err) == 0)
			fail_msg("taken: %s", texts[i]);
		assert_non_null(strstr(err.message, texts[i]));
	}
}

static struct metrics_request parse(const char *text)
{
	struct metrics_request request;

	metrics_request_parse(text, strlen(text), &request);
	return request;
}

static void a_request_is_answered_when_it_is_complete(void **state)
{
	AUTO_FREE char *endless = xmalloc(METRICS_REQUEST_MAX + 1);

	(void)state;
	memset(endless, 'x', METRICS_REQUEST_MAX);
	assert_int_equal(parse("").status, 0);
	assert_int_equal(parse("GET /metrics HTTP/1.1\r\nHost: localhost\r\n").status, 0);
	assert_int_equal(parse("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
	assert_int_equal(parse("GET /metrics?a=b HTTP/1.0\n\n").status, 200);
	assert_int_equal(parse(endless).status, 431);
	assert_int_equal(parse("GET / HTTP/1.1\r\n\r\n").status, 404);
	assert_int_equal(parse("PUT /metrics HTTP/1.1\r\n\r\n").status, 405);
	assert_int_equal(parse("GET /metrics\r\n\r\n").status, 400);
	assert_int_equal(parse("\r\n\r\n").status, 400);
	assert_true(parse("HEAD /metrics HTTP/1.1\r\n\r\n").is_head);
}

static void only_names_of_loopback_are_ours(void **state)
{
	static const struct {
		const char *host;
		int status;
	} table[] = {
		{"localhost", 200},      {"LocalHost:9410", 200}, {"127.0.0.1:9410", 200},
		{"127.1.2.3", 200},      {"[::1]:9410", 200},     {"[::1]", 200},
		{"evil.example", 403},   {"localhost.evil", 403}, {"127.0.0.1.evil", 403},
		{"192.168.0.1:80", 403}, {"[::2]:80", 403},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *text = xasprintf(
			"GET /metrics HTTP/1.1\r\nA: b\r\nhost:  %s\r\n\r\n", table[i].host);

		if (parse(text).status != table[i].status)
			fail_msg("%s: %d", table[i].host, parse(text).status);
	}
}

static void who_accepts_openmetrics_gets_it(void **state)
{
	(void)state;
	assert_int_equal(parse("GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;"
			       "version=1.0.0,text/plain;q=0.5\r\n\r\n")
				 .format,
			 METRICS_OPENMETRICS);
	assert_int_equal(parse("GET /metrics HTTP/1.1\r\nAccept: */*\r\n\r\n").format,
			 METRICS_PROMETHEUS);
}

static struct box_status box(void)
{
	struct box_status status = {
		.name = (char *)"shop/db",
		.project = (char *)"shop",
		.image = (char *)"rootfs:/a \"b\"\\\n\xff\xc3\xa4",
		.network = (char *)"project",
		.state = "up",
		.started_ms = 1500,
	};

	memset(&status.stats, 0xff, sizeof(status.stats));
	status.stats.cpu_usage_us = 61000001;
	status.stats.cpu_quota_us = 150000;
	status.stats.cpu_period_us = 100000;
	status.stats.memory_max = STAT_NO_LIMIT;
	status.stats.memory_current = 100;
	status.stats.memory_inactive_file = 40;
	return status;
}

static void numbers_are_in_the_unit_of_their_name(void **state)
{
	struct box_status status = box();
	const struct box_list list = {&status, 1};
	AUTO_BUF struct buf text = {0};

	(void)state;
	metrics_write(&list, METRICS_OPENMETRICS, &text);
	assert_non_null(strstr(text.data, "\ndevbox_box_cpu_seconds_total{project=\"shop\","
					  "box=\"shop/db\"} 61.000001\n"));
	assert_non_null(strstr(text.data, "devbox_box_cpu_limit_cores{project=\"shop\","
					  "box=\"shop/db\"} 1.500\n"));
	assert_non_null(strstr(text.data, "memory_working_set_bytes{project=\"shop\","
					  "box=\"shop/db\"} 60\n"));
	assert_non_null(strstr(text.data, "start_time_seconds{project=\"shop\","
					  "box=\"shop/db\"} 1.500\n"));
	/* No limit, and not known. */
	assert_null(strstr(text.data, "memory_limit_bytes{"));
	assert_null(strstr(text.data, "oom_kills_total{"));
	assert_null(strstr(text.data, "exit_code{"));
	assert_true(str_ends(text.data, "\n# EOF\n"));
}

static void foreign_text_stays_in_its_quotes(void **state)
{
	struct box_status status = box();
	const struct box_list list = {&status, 1};
	AUTO_BUF struct buf text = {0};

	(void)state;
	metrics_write(&list, METRICS_PROMETHEUS, &text);
	assert_non_null(
		strstr(text.data, "image=\"rootfs:/a \\\"b\\\"\\\\??\xc3\xa4\",network"));
	assert_null(strstr(text.data, "# EOF"));
	assert_non_null(strstr(text.data, "# TYPE devbox_box_cpu_seconds_total counter\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_this_machine_are_taken),
		cmocka_unit_test(sockets_are_paths),
		cmocka_unit_test(any_other_address_is_refused_by_name),
		cmocka_unit_test(a_request_is_answered_when_it_is_complete),
		cmocka_unit_test(only_names_of_loopback_are_ours),
		cmocka_unit_test(who_accepts_openmetrics_gets_it),
		cmocka_unit_test(numbers_are_in_the_unit_of_their_name),
		cmocka_unit_test(foreign_text_stays_in_its_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
