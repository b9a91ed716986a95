#ifndef CLI_INDENT_H
#define CLI_INDENT_H

#include "util/str.h"

/** json_indent() - compact JSON as util/json.h writes it, one member a line. */
void json_indent(const char *json, struct buf *out);

#endif
