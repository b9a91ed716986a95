#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "util/err.h"
#include "util/log.h"
#include "util/str.h"

#include <stdbool.h>

/** report_error() - an error as the user reads it: "FILE:LINE:COL: error: …" or "devbox: …",
 * and the hint. */
void report_error(const struct err *err, bool colour, struct buf *out);
/** report_log() - a line of the log sink as the user reads it. */
void report_log(enum log_level level, const char *text, bool colour, struct buf *out);
/** report_colour() - whether @when ("auto", "always", "never") means colours on @fd. */
bool report_colour(const char *when, int fd);

/** text_put_clean() - @text without what a terminal would obey: control characters become '?',
 * newline and tab excepted. */
void text_put_clean(struct buf *out, const char *text);
/** text_put_plain() - one line of a program's output for a terminal: escape sequences are left
 * out, other control characters shown as ^X. */
void text_put_plain(struct buf *out, const char *text);

#endif
