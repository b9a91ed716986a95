#ifndef FETCH_HTTP_H
#define FETCH_HTTP_H

#include "fetch/answer.h"
#include "fetch/certs.h"
#include "util/str.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One HTTP exchange: a question, and an answer whose body goes into a buffer or, bit by bit, to
 * somebody. It runs in a multi handle, beside others. libcurl is behind this header only.
 */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST };
enum http_take { HTTP_TAKEN, HTTP_LATER, HTTP_STOP };

/** struct http_net - what all exchanges have in common; borrowed */
struct http_net {
	CURLM *multi;
	const struct strv *env; /* for proxies */
	int64_t connect_ms;
	int64_t stall_ms;
};

/**
 * struct http_ask - a question; borrowed for http_begin() alone, but for @certs and @arg
 * @user, @password, @bearer: shown to the host of @url, and to no other that it redirects to
 * @from:	ask for the bytes from here on (Range), 0: for all
 * @max:	bytes of a body that goes into a buffer
 * @is_insecure: whatever certificate is good
 * @is_plain:	redirections may lead to plain HTTP
 * @begin:	the head of a good answer (2xx) is there; non-zero ends the exchange
 * @take:	some of its body; HTTP_LATER: the same comes again after http_resume()
 */
struct http_ask {
	const char *url;
	enum http_method method;
	const char *accept;
	const char *form;
	const char *user;
	const char *password;
	const char *bearer;
	uint64_t from;
	size_t max;
	bool is_insecure;
	bool is_plain;
	const struct certs *certs;
	int (*begin)(void *arg, const struct answer *answer);
	enum http_take (*take)(void *arg, const char *data, size_t len);
	void *arg;
};

/**
 * struct http - the exchange and, when @is_done, what came of it
 * @code:	CURLE_OK: there is an answer, whatever its status
 * @body:	of a refusal its beginning
 * @is_too_long: the body was longer than ask.max
 * @is_stopped: begin or take ended it
 */
struct http {
	const struct http_net *net;
	CURL *easy;
	struct curl_slist *headers;
	struct http_ask ask;
	struct answer answer;
	struct buf body;
	CURLcode code;
	char reason[CURL_ERROR_SIZE];
	long os_error; /* errno of a connection that did not come about, or 0 */
	bool is_done;
	bool is_too_long;
	bool is_stopped;
	bool is_begun;
	bool is_paused;
	bool is_tls;  /* the question's address is https */
	bool has_tls; /* the two agreed on keys */
	long redirects;
	char *server; /* host that answered last, after a redirection */
	uint64_t received;
	uint64_t refused;
	struct {
		int64_t since_ms;
		int64_t seen_ms;
		uint64_t received;
	} pace;
};

/** now_ms() - CLOCK_MONOTONIC. */
int64_t now_ms(void);

/** http_begin() - ask. Never fails: what is wrong comes as the answer does. */
struct http *http_begin(const struct http_net *net, const struct http_ask *ask);
/** http_resume() - take() has room again. */
void http_resume(struct http *http);
/** http_watch() - end an exchange that does not get on: less than 1000 bytes a second, over
 * net.stall_ms, unless it is us who hold it back. */
void http_watch(struct http *http, int64_t now);
/** http_free() - whatever its state. Accepts NULL. */
void http_free(struct http *http);
/** http_collect() - mark exchanges that ended. */
void http_collect(CURLM *multi);

#endif
