#ifndef LAYER_SEEN_H
#define LAYER_SEEN_H

#include <stddef.h>
#include <sys/stat.h>

/** struct seen - files with several names, and the first of these; `= {0}` is empty */
struct seen {
	struct seen_file *files; /* hashed by device and inode, open addressing */
	size_t size;             /* a power of two */
	size_t count;
};

/** seen_before() - the first path under which the file @st was seen, owned by @seen; NULL: this
 * is the first time, @path is remembered. */
const char *seen_before(struct seen *seen, const struct stat *st, const char *path);
void seen_done(struct seen *seen);

#endif
