#ifndef LAYER_TARWRITE_H
#define LAYER_TARWRITE_H

#include "util/err.h"
#include "util/str.h"

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/*
 * A tar archive as POSIX.1-2001 has it: a ustar header for each entry, before it a pax header
 * for what ustar cannot say. Made here, byte for byte the same for the same entries. Names are
 * taken for UTF-8, as pax wants them, and never changed.
 */

#define TAR_BLOCK 512
/* Bytes that make data of @size whole blocks. */
#define TAR_PADDING(size) ((size_t)(-(uint64_t)(size) & (TAR_BLOCK - 1)))

enum tar_type {
	TAR_FILE = '0',
	TAR_HARD_LINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_FOLDER = '5',
	TAR_PIPE = '6'
};

/**
 * struct tar_item - one entry; borrowed
 * @path:	that of a folder ends in a slash
 * @link:	target of a link, or NULL
 * @size:	bytes of data that follow
 * @xattrs:	pax records made by tar_add_xattr(), or NULL
 */
struct tar_item {
	const char *path;
	const char *link;
	enum tar_type type;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint64_t size;
	struct timespec mtime;
	dev_t device;
	const struct buf *xattrs;
};

/** tar_add_xattr() - append the record of an extended attribute to @records. */
void tar_add_xattr(struct buf *records, const char *name, const void *value, size_t len);

/** tar_header() - append all that comes before the data of @item to @out. */
void tar_header(struct buf *out, const struct tar_item *item);

/** tar_end() - append what ends an archive to @out. */
void tar_end(struct buf *out);

#endif
