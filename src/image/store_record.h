#ifndef IMAGE_STORE_RECORD_H
#define IMAGE_STORE_RECORD_H

#include "util/err.h"
#include "util/str.h"

#include <stddef.h>

/* The small JSON files of the store, each an object whose members are those of a structure. */

enum record_kind {
	RECORD_TEXT,  /* char *, never NULL */
	RECORD_MAYBE, /* char *, null when NULL */
	RECORD_LIST,  /* struct strv */
	RECORD_U32,
	RECORD_U64,
	RECORD_I64,
};

/** struct record_field - one member of a file and of its structure */
struct record_field {
	const char *key;
	enum record_kind kind;
	size_t offset;
};

/** store_record_format() - @fields (ended by an empty one) of @object as one JSON text. free()
 * it. */
char *store_record_format(const struct record_field *fields, const void *object);
/** store_record_parse() - the way back, into an empty @object. Unknown members are left alone;
 * on failure record_clear() is the caller's. */
int store_record_parse(const struct record_field *fields, const char *text, void *object,
		       struct err *err);
/** record_clear() - free what the texts and lists hold. */
void record_clear(const struct record_field *fields, void *object);

extern const struct record_field record_layer[];
extern const struct record_field record_image[];
extern const struct record_field record_ref[];
extern const struct record_field record_build[];

#endif
