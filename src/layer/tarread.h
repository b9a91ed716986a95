#ifndef LAYER_TARREAD_H
#define LAYER_TARREAD_H

#include "layer/stream.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The entries of a tar archive: ustar, pax, GNU, with sparse files. Names and link targets are
 * bytes as they stand in the archive, whatever the locale; nothing of them was checked.
 */

/** struct tar_entry - valid until the next one */
struct tar_entry {
	const char *path;
	const char *hard_link; /* target, or NULL */
	const char *symlink;   /* target, or NULL */
	mode_t mode;           /* type and permissions; of a hard link no type */
	int64_t uid;
	int64_t gid;
	uint64_t size; /* with the holes */
	int64_t mtime;
	uint32_t mtime_ns;
};

struct tar_reader;

/**
 * tar_reader_new() - over a stream, borrowed
 * @each:	called at each block, in the caller's thread; -1 ends the reading; may be NULL
 */
struct tar_reader *tar_reader_new(struct stream *stream, int (*each)(void *arg, size_t bytes),
				  void *arg);
void tar_reader_free(struct tar_reader *tar);

/** tar_reader_next() - Return: 1, 0 at the end, or -1. */
int tar_reader_next(struct tar_reader *tar, struct tar_entry *out_entry, struct err *err);

/** struct tar_piece - data of the entry in hand, valid until the next call. Holes lie between
 * pieces. */
struct tar_piece {
	const void *data;
	size_t len;
	uint64_t offset;
};
/** tar_reader_data() - Return: 1, 0 at the end, or -1. */
int tar_reader_data(struct tar_reader *tar, struct tar_piece *out_piece, struct err *err);

/** struct tar_xattr - an extended attribute of the entry in hand, valid until the next entry */
struct tar_xattr {
	const char *name;
	const void *value;
	size_t len;
};
/** tar_reader_has_xattrs() / tar_reader_xattr() - one after the other; false after the last */
bool tar_reader_has_xattrs(struct tar_reader *tar);
bool tar_reader_xattr(struct tar_reader *tar, struct tar_xattr *out_xattr);
/** tar_reader_has_acl() - the entry has an access list in a form of its own. */
bool tar_reader_has_acl(struct tar_reader *tar);

/** tar_reader_drain() - read what follows the end of the archive. Return: 0 or -1. */
int tar_reader_drain(struct tar_reader *tar, struct err *err);

#endif
