#ifndef IMAGE_DOCUMENT_JSON_H
#define IMAGE_DOCUMENT_JSON_H

#include "util/err.h"
#include "util/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Members of the JSON documents of images, which strangers wrote: each with its type checked
 * and its place in messages; private to the room. Null is as good as missing.
 */

#define DOC_PLACE_MAX 64
#define DOC_WORD_MAX 96
/* So many values a document may hold: jansson takes up to a hundred times the text. */
#define DOC_VALUES_MAX 100000U

/**
 * struct doc - where one is
 * @what:	"manifest", for messages
 * @place:	the object in hand, "layers[3]"; "" at the top
 */
struct doc {
	const char *what;
	char place[DOC_PLACE_MAX];
};

static inline void doc_decref(json_t **value)
{
	json_decref(*value);
}
#define AUTO_DECREF __attribute__((cleanup(doc_decref)))

/** doc_load() - @text as an object; json_decref() it. */
int doc_load(const struct doc *d, const char *text, size_t len, json_t **out, struct err *err);

/** doc_enter() - the place of the object in hand. */
void doc_enter(struct doc *d, const char *format, ...) ERR_PRINTF(2, 3);

/** doc_fail() - "manifest: 'layers[3].size' FORMAT…". @key may be NULL. Return: -1. */
int doc_fail(const struct doc *d, const char *key, struct err *err, const char *format, ...)
	ERR_PRINTF(4, 5);

/** doc_clean() - foreign text for a message: short, without control characters. Return: @out.
 */
const char *doc_clean(const char *text, char out[DOC_WORD_MAX]);

/** doc_string() and others - member @key of @object; NULL (or the value that was there) when it
 * is missing. Borrowed. */
int doc_string(const struct doc *d, const json_t *object, const char *key, const char **out,
	       struct err *err);
int doc_object(const struct doc *d, const json_t *object, const char *key, json_t **out,
	       struct err *err);
int doc_array(const struct doc *d, const json_t *object, const char *key, json_t **out,
	      struct err *err);
int doc_bool(const struct doc *d, const json_t *object, const char *key, bool *out,
	     struct err *err);
/** doc_size() - it must be there, from 0 to @max. */
int doc_size(const struct doc *d, const json_t *object, const char *key, uint64_t max,
	     uint64_t *out, struct err *err);
/** doc_digest() - it must be there, and digest_check() says yes. */
int doc_digest(const struct doc *d, const json_t *object, const char *key, const char **out,
	       struct err *err);
/** doc_check_digest() - that @text is a digest that we take; @key for the message. */
int doc_check_digest(const struct doc *d, const char *key, const char *text, struct err *err);
/** doc_copy() - as doc_string(), a copy, NULL for an empty one too; what was there is freed. */
int doc_copy(const struct doc *d, const json_t *object, const char *key, char **out,
	     struct err *err);
/** doc_strings() - an array of strings, appended to @out. */
int doc_strings(const struct doc *d, const json_t *object, const char *key, struct strv *out,
		struct err *err);
/** doc_keys() - the names of an object's members, appended to @out. */
int doc_keys(const struct doc *d, const json_t *object, const char *key, struct strv *out,
	     struct err *err);

#endif
