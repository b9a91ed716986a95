#ifndef FETCH_TROUBLE_H
#define FETCH_TROUBLE_H

#include "fetch/http.h"
#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Why an exchange did not give what it was for: words for the user, and what to do next. */

/** enum trouble_kind - ask again; ask elsewhere (a mirror, the registry itself); give up */
enum trouble_kind { TROUBLE_RETRY, TROUBLE_PLACE, TROUBLE_END };

/** struct trouble - plain memory. @after_ms: when to ask again, -1: as often as it failed;
 * @tries: how often to ask at all, 0: as often as others */
struct trouble {
	enum trouble_kind kind;
	int64_t after_ms;
	unsigned tries;
	struct err err;
};

/**
 * struct trouble_about - what it was for; borrowed
 * @what:	"'docker.io/library/debian:12'", "layer 0123456789ab of '…'"
 * @host:	registry as people name it
 * @wire:	server that was asked
 * @user, @origin: the login that was shown and the file it is from; NULL: none
 * @is_blob:	the question was for a blob
 * @stall_ms:	how long nothing came, when nothing came
 */
struct trouble_about {
	const char *what;
	const char *host;
	const char *wire;
	const char *user;
	const char *origin;
	bool is_blob;
	int64_t stall_ms;
};

/** trouble_of_transport() - there was no answer (http.code). */
void trouble_of_transport(const struct trouble_about *about, const struct http *http,
			  struct trouble *out);
/** trouble_of_status() - the answer is not one of those that were asked for. */
void trouble_of_status(const struct trouble_about *about, const struct http *http,
		       struct trouble *out);
/** trouble_of_login() - the answer is 401 or 403 although we showed what we have. */
void trouble_of_login(const struct trouble_about *about, const struct http *http,
		      struct trouble *out);
/** trouble_of_encoding() - the body came encoded, which nobody asked for. */
void trouble_of_encoding(const struct trouble_about *about, const struct answer *answer,
			 struct trouble *out);

/** trouble_pause_ms() - before the next question: Retry-After, or @base_ms doubled for each of
 * @failures, at most a minute, with jitter. */
int64_t trouble_pause_ms(const struct trouble *trouble, unsigned failures, int64_t base_ms);

/** transport_is_no_tls() - the server may speak plain HTTP where we tried TLS. */
bool transport_is_no_tls(const struct http *http);

#endif
