#ifndef SEC_JSONPLACE_H
#define SEC_JSONPLACE_H

#include "sec/jsonread.h"

#include <stddef.h>

/**
 * struct jsonplace - where a value begins
 * @offset:	in bytes
 * @line, @column: 1-based; the column counts bytes
 */
struct jsonplace {
	size_t offset;
	int line;
	int column;
};

/**
 * jsonplace_find() - where the value in hand begins
 * The text must be valid JSON. Return: 0, or -1 when there is no such value (a key written with
 * escapes is not found either).
 */
int jsonplace_find(struct jsonread *r, struct jsonplace *out);

#endif
