#ifndef UTIL_STR_H
#define UTIL_STR_H

#include "util/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Allocation: running out of memory ends the program (abort); these never return NULL. */

/** xmalloc() - zeroed memory, never NULL; free() it. */
void *xmalloc(size_t size);
/** xrealloc() - realloc that never returns NULL. */
void *xrealloc(void *p, size_t size);
/** xstrdup() - copy of @s (NULL gives NULL); free() it. */
char *xstrdup(const char *s);
/** xstrndup() - copy of at most @n bytes of @s. */
char *xstrndup(const char *s, size_t n);
/** xasprintf() - formatted string; free() it. */
char *xasprintf(const char *format, ...) ERR_PRINTF(1, 2);
char *xvasprintf(const char *format, va_list args) ERR_PRINTF(1, 0);

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/** str_trim() - cut white space at both ends in place. Return: the first kept character in @s.
 */
char *str_trim(char *s);

/**
 * str_to_u64() / str_to_i64() - a whole decimal number and nothing else
 * Leaves *out alone on failure. Return: 0, or -1 (empty, sign, space, other characters,
 * overflow).
 */
int str_to_u64(const char *s, uint64_t *out);
int str_to_i64(const char *s, int64_t *out);

/**
 * str_to_size() - bytes from "512", "512b", "64k", "1.5g", "2gb", "2GiB" (powers of 1024, any
 * case)
 * Return: 0, or -1 with *out untouched.
 */
int str_to_size(const char *s, uint64_t *out);

/**
 * str_to_duration_us() - microseconds from "1m30s", "250ms", "2h", "1.5s", "10us", or a bare
 * number of seconds
 * Return: 0, or -1 with *out untouched.
 */
int str_to_duration_us(const char *s, uint64_t *out);

#define STR_SIZE_MAX 16
/** str_format_size() - "512", "48.3M", "6.0G": at most five characters for people; bytes below
 * 1K are bare. */
const char *str_format_size(uint64_t bytes, char out[STR_SIZE_MAX]);

#define STR_DURATION_MAX 24
/** str_format_duration() - "850ms", "12s", "4m", "2h14m", "3d4h" from microseconds. */
const char *str_format_duration(uint64_t us, char out[STR_DURATION_MAX]);

/**
 * str_nearest() - the candidate a user who typed @word most likely meant
 * @candidates:	NULL-terminated
 *
 * Edit distance with transpositions, at most a third of the word's length (at least 1, at most
 * 3), whatever the case.
 * Return: a member of @candidates or NULL.
 */
const char *str_nearest(const char *word, const char *const *candidates);

/** str_hash() - FNV-1a 64 bit of @len bytes, continuing from @seed (STR_HASH_SEED to begin). */
#define STR_HASH_SEED UINT64_C(0xcbf29ce484222325)
uint64_t str_hash(const void *data, size_t len, uint64_t seed);

/** str_is_printable() - true when @s has no control characters (bytes below 0x20, or 0x7f). */
bool str_is_printable(const char *s);

/** struct strv - a growing vector of owned strings, always NULL-terminated once non-empty; `=
 * {0}` is empty. */
struct strv {
	char **items;
	size_t count;
};
void strv_add(struct strv *v, const char *s); /* copies */
void strv_take(struct strv *v, char *s);      /* takes ownership */
void strv_addf(struct strv *v, const char *format, ...) ERR_PRINTF(2, 3);
void strv_add_all(struct strv *v, const struct strv *other);
bool strv_has(const struct strv *v, const char *s);
void strv_done(struct strv *v);
#define AUTO_STRV __attribute__((cleanup(strv_done)))
/** env_get() / env_set() - "NAME=VALUE" vectors; env_set replaces, value NULL removes. */
const char *env_get(const struct strv *env, const char *name);
void env_set(struct strv *env, const char *name, const char *value);

/** struct buf - a growing byte buffer, NUL-terminated for convenience; `= {0}` is empty. */
struct buf {
	char *data;
	size_t len;
	size_t size;
};
void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) ERR_PRINTF(2, 3);
/** buf_take() - the text, owned by the caller ("" when empty); @b is empty after. */
char *buf_take(struct buf *b);
void buf_done(struct buf *b);
#define AUTO_BUF __attribute__((cleanup(buf_done)))

#endif
