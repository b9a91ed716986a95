#ifndef PULLER_SOURCE_H
#define PULLER_SOURCE_H

#include "image/document.h"
#include "image/reference.h"
#include "puller/archive.h"

/* The files of an image on disk, in a folder or in an archive. */

/** struct piece - a file of it; @fd is borrowed from the source */
struct piece {
	int fd;
	uint64_t offset;
	uint64_t size;
};

/** struct source - @dir_fd: of a folder, else -1 */
struct source {
	const char *path;
	int dir_fd;
	struct archive_index archive;
	int *fds;
	size_t fd_count;
};

/** source_open() - @room_fd: as for archive_open() */
int source_open(const struct reference *reference, int room_fd, struct source *out_source,
		struct err *err);
void source_close(struct source *source);

/** source_find() - a regular file; no links are followed but those of archive_find(). ENOENT.
 */
int source_find(struct source *source, const char *path, struct piece *out_piece,
		struct err *err);
/** source_blob() - of a layout, with the size of the descriptor. */
int source_blob(struct source *source, const struct descriptor *blob, struct piece *out_piece,
		struct err *err);
/** source_read() - all of a file of at most DOCUMENT_MAX bytes. */
int source_read(const struct piece *piece, const char *what, char **out_text, size_t *out_len,
		struct err *err);

#endif
