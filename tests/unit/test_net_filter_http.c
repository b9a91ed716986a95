#include "net/filter_parse.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

/* "name:port path body", with what is special of it; "bad" and "more". free() it. */
static char *read_head(const char *text)
{
	struct http_head head;
	int rc = http_parse(text, strlen(text), &head);

	if (rc != PARSE_DONE)
		return xstrdup(rc == PARSE_BAD ? "bad" : "more");
	return xasprintf("%s:%u %.*s %llu%s%s%s", head.name, head.port, (int)head.path_len,
			 head.path, (unsigned long long)head.body,
			 head.is_connect ? " connect" : "", head.is_url ? " url" : "",
			 head.is_chunked ? " chunked" : "");
}

static void requests_say_for_whom_they_are(void **state)
{
	static const struct {
		const char *text, *head;
	} table[] = {
		{"GET / HTTP/1.1\r\nHost: A.org\r\n\r\n", "a.org:0 / 0"},
		{"GET /x?y HTTP/1.0\r\nhost:\ta.org:8080 \r\n\r\nmore", "a.org:8080 /x?y 0"},
		{"GET / HTTP/1.0\r\n\r\n", ":0 / 0"},
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "a:0 * 0"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n", "a:0 / 12"},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		 "a:0 / 0 chunked"},
		{"CONNECT a.org:443 HTTP/1.1\r\nHost: b\r\n\r\n",
		 "a.org:443 a.org:443 0 connect"},
		{"GET http://a.org/x HTTP/1.1\r\nHost: b\r\n\r\n", "a.org:0 /x 0 url"},
		{"GET HTTP://A.org:81 HTTP/1.1\r\nHost: b\r\n\r\n", "a.org:81  0 url"},
		{"GET http://a.org?q HTTP/1.1\r\nHost: b\r\n\r\n", "a.org:0 ?q 0 url"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *head = read_head(table[i].text);

		assert_string_equal(head, table[i].head);
	}
}

static void what_can_be_read_in_two_ways_is_bad(void **state)
{
	static const char *const table[] = {
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\n\n",
		"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n",
		"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
		"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET a HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
		"CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n",
		"CONNECT [::1]:443 HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\n\r\n",
		" / HTTP/1.1\r\n\r\n",
		"GET\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *head = read_head(table[i]);

		if (strcmp(head, "bad") != 0)
			fail_msg("%s: %s", table[i], head);
	}
}

static void every_beginning_wants_more(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	AUTO_FREE char *big = xmalloc(HTTP_HEAD_MAX + 100);
	struct http_head head;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		AUTO_FREE char *copy = xmalloc(len + !len);

		memcpy(copy, text, len);
		assert_int_equal(http_parse(copy, len, &head), PARSE_MORE);
	}
	memset(big, 'a', HTTP_HEAD_MAX + 100);
	memcpy(big, "GET /", 5);
	assert_int_equal(http_parse(big, HTTP_HEAD_MAX - 1, &head), PARSE_MORE);
	assert_int_equal(http_parse(big, HTTP_HEAD_MAX, &head), PARSE_BAD);
}

static void the_server_gets_a_path_and_one_request(void **state)
{
	static const char text[] = "GET http://A.org?q HTTP/1.1\r\nHost: evil.com\r\n"
				   "Accept: x\r\nConnection: keep-alive, accept\r\n"
				   "Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\n"
				   "Proxy-Authorization: Basic x\r\n\r\nrest";
	AUTO_BUF struct buf out = {0};
	struct http_head head;

	(void)state;
	assert_int_equal(http_parse(text, sizeof(text) - 1, &head), PARSE_DONE);
	http_rewrite(text, &head, 8080, &out);
	assert_string_equal(out.data, "GET /?q HTTP/1.1\r\nHost: a.org:8080\r\nAccept: x\r\n"
				      "Connection: close\r\n\r\n");
}

static void http_is_told_from_other_words(void **state)
{
	static const struct {
		const char *text;
		int looks;
	} table[] = {
		{"GET / HTTP/1.1\r\n", PARSE_DONE},
		{"GET /", PARSE_MORE},
		{"G", PARSE_MORE},
		{"SET key value\r\n", PARSE_BAD},
		{"*1\r\n$4\r\nPING\r\n", PARSE_BAD},
		{"SSH-2.0-x\r\n", PARSE_BAD},
		{"EHLO me\r\n", PARSE_BAD},
		{"\x16\3\1", PARSE_BAD},
		{"get / HTTP/1.1\r\n", PARSE_BAD},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (http_looks(table[i].text, strlen(table[i].text)) != table[i].looks)
			fail_msg("%s", table[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_say_for_whom_they_are),
		cmocka_unit_test(what_can_be_read_in_two_ways_is_bad),
		cmocka_unit_test(every_beginning_wants_more),
		cmocka_unit_test(the_server_gets_a_path_and_one_request),
		cmocka_unit_test(http_is_told_from_other_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
