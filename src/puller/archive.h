#ifndef PULLER_ARCHIVE_H
#define PULLER_ARCHIVE_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The members of a tar file and where they lie in it, so that they can be read in any order. */

/** struct archive_member - @path: clean and relative; @link: of a symbolic link, its target as
 * a clean path in the archive; NULL for files */
struct archive_member {
	char *path;
	char *link;
	uint64_t offset;
	uint64_t size;
};

/** struct archive_index - @fd: what @offset counts in; owned */
struct archive_index {
	int fd;
	struct archive_member *members;
	size_t count;
};

/**
 * archive_open() - read the headers of @path
 * @dir_fd:	a folder with room: a compressed archive is unpacked into a file there, which
 *has no name Folders, devices and hard links are left out, names that lead out of it refused.
 */
int archive_open(const char *path, int dir_fd, struct archive_index *out_index,
		 struct err *err);
/** archive_find() - the file at @path, through one symbolic link at most; NULL: none. */
const struct archive_member *archive_find(const struct archive_index *index, const char *path);
void archive_done(struct archive_index *index);

/** archive_clean() - @path of a link below @dir ("": top) made relative to the top, without
 * "." and ".."; NULL when it leads out. free() it. */
char *archive_clean(const char *dir, const char *path);

#endif
