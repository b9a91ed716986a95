#ifndef IMAGE_REFERENCE_NAME_H
#define IMAGE_REFERENCE_NAME_H

#include "image/reference.h"

/* The grammar of names in a registry; private to the room. */

/** reference_name_parse() - [HOST/]REPOSITORY[:TAG][@DIGEST] with Docker's defaults; printable
 * text */
int reference_name_parse(const char *text, struct reference *out_reference, struct err *err);

#endif
