#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include "util/err.h"

/*
 * The log sink: the one piece of global state. Library code says what is worth knowing through
 * it (a note the user should see although nothing failed, or detail under -v); cli decides
 * where it goes.
 */
enum log_level { LOG_LEVEL_NOTE, LOG_LEVEL_WARN, LOG_LEVEL_DEBUG };
typedef void log_sink(void *arg, enum log_level level, const char *text);

/** log_to() - set the sink; NULL drops everything. */
void log_to(log_sink *sink, void *arg);
void log_note(const char *format, ...) ERR_PRINTF(1, 2);
void log_warn(const char *format, ...) ERR_PRINTF(1, 2);
void log_debug(const char *format, ...) ERR_PRINTF(1, 2);

#endif
