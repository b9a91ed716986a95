#ifndef NET_FILTER_PARSE_H
#define NET_FILTER_PARSE_H

#include "net/filter_rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Private to filter*.c: what a box says, which may be anything. No system calls; all are
 * fuzzed. Those of streams return PARSE_MORE until there is enough of it.
 */
enum { PARSE_BAD = -1, PARSE_DONE = 0, PARSE_MORE = 1 };

/* --- filter_dns.c: questions, RFC 1035 --- */

#define DNS_QUESTION_MAX 512 /* bytes of a message that are looked at */
#define DNS_ANSWER_MAX 320
#define DNS_TTL_S 30
enum { DNS_OK = 0, DNS_FORMAT = 1, DNS_FAILED = 2, DNS_NO_NAME = 3, DNS_NOT_DONE = 4 };
enum { DNS_TYPE_A = 1 };

/**
 * struct dns_question - what is asked
 * @name:	filter_name() of it; "" when it is no host name
 * @shown:	for people: other characters are '?'
 * @end:	of the question in the message
 */
struct dns_question {
	uint16_t type, class;
	char name[FILTER_NAME_MAX];
	char shown[FILTER_NAME_MAX];
	size_t end;
};

/** dns_parse() - Return: DNS_OK, another code to answer with (.end is 12 then), or -1: no
 * answer at all. */
int dns_parse(const uint8_t *data, size_t len, struct dns_question *out_question);
/** dns_answer() - to what dns_parse() read from @query. @address: of an answer, NULL: there is
 * none. Return: its bytes. */
size_t dns_answer(const uint8_t *query, const struct dns_question *question, int code,
		  const struct in_addr *address, uint8_t out[DNS_ANSWER_MAX]);

/* --- filter_tls.c --- */

#define TLS_HELLO_MAX ((size_t)32 * 1024)

/** tls_server_name() - the server name of a ClientHello, "" when it has none. */
int tls_server_name(const uint8_t *data, size_t len, char out_name[FILTER_NAME_MAX]);

/* --- filter_http.c: the head of a request, RFC 9112 --- */

#define HTTP_HEAD_MAX ((size_t)32 * 1024)

/**
 * struct http_head - of a request; texts point into it
 * @len:	bytes, with the empty line
 * @version:	'0' or '1', of HTTP/1
 * @is_connect, @is_url: the target is HOST:PORT, or a URL of http; else it is a path
 * @path, @path_len: the target as a server wants it
 * @name, @port: of the target, or of the Host field; "" when that is none. @port 0: not said
 * @body:	bytes that follow
 * @is_chunked: nobody knows how many
 */
struct http_head {
	size_t len;
	const char *method;
	size_t method_len;
	char version;
	bool is_connect, is_url;
	const char *path;
	size_t path_len;
	char name[FILTER_NAME_MAX];
	uint16_t port;
	uint64_t body;
	bool is_chunked;
};

/** http_looks() - PARSE_DONE: a request of HTTP/1 begins like this. */
int http_looks(const char *data, size_t len);
/** http_parse() - strict: what two programs could read differently is bad. */
int http_parse(const char *data, size_t len, struct http_head *out_head);
/** http_rewrite() - the head for the server: path, Host, and the end after one answer. */
void http_rewrite(const char *data, const struct http_head *head, uint16_t port,
		  struct buf *out);

#endif
