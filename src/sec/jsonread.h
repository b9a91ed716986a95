#ifndef SEC_JSONREAD_H
#define SEC_JSONREAD_H

#include "util/err.h"
#include "util/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reading a JSON text member by member while knowing where each member stands. Jansson keeps no
 * positions, so the path from the top is remembered, and the text is searched for it when a
 * position is asked for.
 */

#define JSONREAD_DEPTH_MAX 8

/**
 * struct jsonread - one text being read
 * @file:	its name for messages; borrowed
 * @text, @len:	the text, NUL-terminated, already accepted by jansson; borrowed
 * @warnings:	gets "file:line:column: text"; borrowed
 * @steps:	the path to the value in hand: a key, or an index where key is NULL
 * @item_key, @item, @item_offset: where an item of the array below the first key was last seen,
 * and
 * @lines:	how far lines have been counted, so that a walk along a long array stays linear
 */
struct jsonread {
	const char *file;
	const char *text;
	size_t len;
	struct strv *warnings;
	struct jsonread_step {
		const char *key;
		size_t index;
	} steps[JSONREAD_DEPTH_MAX];
	size_t depth;
	const char *item_key;
	size_t item;
	size_t item_offset;
	struct jsonread_lines {
		size_t offset;
		size_t start;
		int line;
	} lines;
};

void jsonread_enter(struct jsonread *r, const char *key);
void jsonread_enter_item(struct jsonread *r, size_t index);
void jsonread_leave(struct jsonread *r);

/** jsonread_line() - 1-based line of the value in hand, 0 when it is not found. */
int jsonread_line(struct jsonread *r);

/** jsonread_fail() - make an error that names the place of the value in hand. Return: -1. */
int jsonread_fail(struct jsonread *r, struct err *err, const char *format, ...)
	ERR_PRINTF(3, 4);

/** jsonread_warn() - add a warning that names the place of the value in hand. */
void jsonread_warn(struct jsonread *r, const char *format, ...) ERR_PRINTF(2, 3);

/**
 * jsonread_object() - @value is an object with no members but @known (NULL-terminated); others
 * are warned of Return: 0 or -1.
 */
int jsonread_object(struct jsonread *r, const json_t *value, const char *const *known,
		    struct err *err);

/** jsonread_string() - member @key of @object. *out is NULL when it is missing or null.
 * Borrowed. */
int jsonread_string(struct jsonread *r, const json_t *object, const char *key, const char **out,
		    struct err *err);

/** jsonread_u64() - member @key of @object, exact up to 2^64-1. *out_found is false when it is
 * missing or null. */
int jsonread_u64(struct jsonread *r, const json_t *object, const char *key, bool *out_found,
		 uint64_t *out, struct err *err);

/** jsonread_array() - member @key of @object. *out is NULL when it is missing or null.
 * Borrowed. */
int jsonread_array(struct jsonread *r, const json_t *object, const char *key, json_t **out,
		   struct err *err);

/** jsonread_strings() - member @key, an array of strings, appended to @out. */
int jsonread_strings(struct jsonread *r, const json_t *object, const char *key,
		     struct strv *out, struct err *err);

/** jsonread_parse() - the text of @r as jansson values, integers as reals (jsonread_u64() is
 * exact). */
int jsonread_parse(const struct jsonread *r, json_t **out, struct err *err);

#endif
