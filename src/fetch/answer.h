#ifndef FETCH_ANSWER_H
#define FETCH_ANSWER_H

#include "fetch/challenge.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* The head of an HTTP answer, as far as a registry's means something, and the texts in it. */

/** enum answer_range - what Content-Range said */
enum answer_range { RANGE_NONE, RANGE_GOOD, RANGE_BROKEN };

/**
 * struct answer - `= {0}` is none; owned
 * @status:	0 until a status line came
 * @length:	Content-Length, -1: not said
 * @retry_after_s: -1: not said
 * @first, @last, @total: of Content-Range, with RANGE_GOOD
 */
struct answer {
	int status;
	int64_t length;
	int64_t retry_after_s;
	enum answer_range range;
	uint64_t first;
	uint64_t last;
	uint64_t total;
	struct challenges challenges;
	struct strv warnings;
	char *media_type; /* without parameters, lower case */
	char *encoding;   /* Content-Encoding, NULL when there is none or identity */
	char *digest;     /* Docker-Content-Digest, as it came */
	char *location;
};
void answer_done(struct answer *answer);

/**
 * answer_line() - take in one line of the head, as it came (with its end of line)
 * @now:	a date in Retry-After is from here
 * A status line begins a new answer (after a redirection, or 100).
 */
void answer_line(struct answer *answer, const char *line, size_t len, time_t now);

/**
 * answer_parse_range() - "bytes FIRST-LAST/TOTAL" and nothing else (RFC 9110, 14.4)
 * Return: 0, or -1 with the outputs untouched.
 */
int answer_parse_range(const char *value, uint64_t *out_first, uint64_t *out_last,
		       uint64_t *out_total);
/** answer_parse_retry() - Retry-After in seconds from @now, by number or date; -1: neither. */
int64_t answer_parse_retry(const char *value, time_t now);
/** answer_parse_warning() - the words of a "299 - \"words\"" (RFC 7234, 5.5). free() them;
 * NULL: another warning. */
char *answer_parse_warning(const char *value);

/**
 * answer_words() - what the body of an answer that refuses says, in one line for people
 * @out_code:	the registry's code ("MANIFEST_UNKNOWN"), NULL when it gave none; free() it
 * "CODE: message" of the first error of the distribution specification's JSON; else the first
 * 50 characters of a text; "" of nothing. free() it.
 */
char *answer_words(const char *body, size_t len, char **out_code);

/** foreign_text() - printable copy of at most @max bytes of somebody else's text: control
 * characters and what is no UTF-8 become spaces, spaces fold. free() it. */
char *foreign_text(const char *text, size_t len, size_t max);

#endif
