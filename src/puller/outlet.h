#ifndef PULLER_OUTLET_H
#define PULLER_OUTLET_H

#include "puller/signals.h"
#include "util/err.h"

#include <stddef.h>
#include <stdint.h>

/* Where saved files go: a folder, or a tar archive in a file or on standard output. */
struct outlet;

/** outlet_folder() - @path is new, or empty. @signals: writing ends with EINTR when one came.
 */
int outlet_folder(const char *path, const struct signals *signals, struct outlet **out_outlet,
		  struct err *err);
/** outlet_archive() - @path: "-" is standard output; a file appears when all is written. */
int outlet_archive(const char *path, const struct signals *signals, struct outlet **out_outlet,
		   struct err *err);

/** outlet_text() / outlet_file() - one file @name, a relative path; one that was written before
 * is left as it is */
int outlet_text(struct outlet *outlet, const char *name, const char *text, struct err *err);
int outlet_file(struct outlet *outlet, const char *name, int fd, uint64_t size,
		struct err *err);

/** outlet_finish() - all of it is there now. */
int outlet_finish(struct outlet *outlet, struct err *err);
/** outlet_close() - without outlet_finish() an archive never was. Accepts NULL. */
void outlet_close(struct outlet *outlet);

#endif
