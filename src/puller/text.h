#ifndef PULLER_TEXT_H
#define PULLER_TEXT_H

#include <stddef.h>

/* Texts of strangers, before a terminal sees them. */

/** text_clean() - end @text within its @size bytes, and put '?' for control characters but '\n'
 */
void text_clean(char *text, size_t size);

#define TEXT_SHORT_MAX 13
/** text_short() - the first 12 digits of a digest, with or without "sha256:" */
const char *text_short(const char *digest, char out[TEXT_SHORT_MAX]);

#endif
