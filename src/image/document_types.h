#ifndef IMAGE_DOCUMENT_TYPES_H
#define IMAGE_DOCUMENT_TYPES_H

#include "util/err.h"

/* Media types of the documents and layers of images; private to the room. */

enum media_kind {
	MEDIA_UNKNOWN,
	MEDIA_ANYTHING, /* says nothing: application/octet-stream and the like */
	MEDIA_INDEX,
	MEDIA_MANIFEST,
	MEDIA_SCHEMA1,
	MEDIA_CONFIG,
	MEDIA_LAYER,
	MEDIA_FOREIGN,
	MEDIA_ENCRYPTED,
};

/** media_kind() - @type without parameters, any case. */
enum media_kind media_kind(const char *type);
/** media_plain() - "application/json" of "Application/JSON; charset=utf-8". free() it. */
char *media_plain(const char *type);

/** document_refuse_schema1() - Return: -1. */
int document_refuse_schema1(struct err *err);

#endif
