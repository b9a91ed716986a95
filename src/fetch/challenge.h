#ifndef FETCH_CHALLENGE_H
#define FETCH_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a registry wants to be shown: the value of WWW-Authenticate (RFC 9110, 11.3). One header
 * may hold several challenges, and a header may come several times.
 */

#define CHALLENGES_MAX 8

/** struct challenge - one of them; owned. Texts are NULL when not said. @scheme: lower case */
struct challenge {
	char *scheme;
	char *realm;
	char *service;
	char *scope;
	char *error;
};
void challenge_done(struct challenge *challenge);

/** struct challenges - `= {0}` is none */
struct challenges {
	struct challenge items[CHALLENGES_MAX];
	size_t count;
};
/** challenges_add() - those of one header value; what cannot be understood, and all after it,
 * is left out. */
void challenges_add(struct challenges *challenges, const char *value);
/** challenges_find() - the first of this scheme ("bearer", "basic"), or NULL. */
const struct challenge *challenges_find(const struct challenges *challenges,
					const char *scheme);
void challenges_done(struct challenges *challenges);
#define AUTO_CHALLENGES __attribute__((cleanup(challenges_done)))

#endif
