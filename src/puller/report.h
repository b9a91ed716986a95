#ifndef PULLER_REPORT_H
#define PULLER_REPORT_H

#include "puller/message.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct report - the way to devbox. @is_gone: nobody listens any more. */
struct report {
	int fd;
	bool is_gone;
};

/** report_begin() - @total bytes are to be fetched for the @count layers of @name. */
void report_begin(struct report *report, const char *name, size_t count, uint64_t total);
void report_layer(struct report *report, size_t index, enum puller_layer state,
		  const char *digest, uint64_t done, uint64_t total);
void report_note(struct report *report, const char *text);
void report_warn(struct report *report, const char *format, ...) ERR_PRINTF(2, 3);
/** report_done() - the last message; or report_failed(). */
void report_done(struct report *report, const char *image, size_t layers, size_t were_here,
		 uint64_t fetched);
void report_failed(struct report *report, const struct err *err);

#endif
