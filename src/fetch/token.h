#ifndef FETCH_TOKEN_H
#define FETCH_TOKEN_H

#include "util/err.h"

#include <stddef.h>
#include <stdint.h>

/* What a token server is asked and what it answers (the distribution project's token
 * authentication, and OAuth 2 with a refresh token). */

#define TOKEN_BODY_MAX (1024U * 1024)

/** struct token_question - borrowed; @service, @account, @identity may be NULL. @scope: one or
 * several, a space between them */
struct token_question {
	const char *realm;
	const char *service;
	const char *scope;
	const char *account;
	const char *identity;
};
/** token_url() - for GET. free() it. */
char *token_url(const struct token_question *question);
/** token_form() - for POST to the realm itself, with @identity. free() it. */
char *token_form(const struct token_question *question);

/**
 * token_parse() - the server's answer
 * @out_token:	what to show the registry; printable ASCII. free() it
 * @out_seconds: how long it is good: 60 at least
 */
int token_parse(const char *text, size_t len, char **out_token, int64_t *out_seconds,
		struct err *err);

#endif
