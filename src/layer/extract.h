#ifndef LAYER_EXTRACT_H
#define LAYER_EXTRACT_H

#include "layer/folders.h"
#include "layer/layer.h"
#include "layer/name.h"
#include "layer/tarread.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Entries of an archive into the layer's folder. Nothing is ever opened or made by a path of
 * the archive: its parent is looked up as if the layer's folder were "/" (layer/folders.h), and
 * the last component is made in it exclusively, without following. What is there already makes
 * way first, so that nobody writes through a link, symbolic or hard; only folders stay.
 *
 * Everything that is in the folder is of this layer. So what a whiteout hides can be told when
 * all entries are there, whatever their order: nothing of its own layer, but a folder of its
 * own layer becomes opaque.
 */

/* So much may be said of what is to be hidden. */
#define WHITEOUT_BYTES_MAX (32 * 1024 * 1024)

struct extract {
	struct tar_reader *tar;
	struct folders folders;
	struct layer_limits limits;
	uint32_t id_count;
	uid_t uid; /* ours: what we make belongs to */
	gid_t gid;
	struct buf whiteouts; /* paths, each with its NUL */
	uint64_t opaques;
	struct layer_result result;

	/* The entry in hand. */
	struct name name;
	struct tar_entry entry;
};

/** extract_entry() - put @x->entry into the folder. @err: names it. */
int extract_entry(struct extract *x, struct err *err);

/* --- whiteout.c --- */

/** whiteout_take() - a name that means something is hidden, not made
 * Return: 1 when @x->name is one and was dealt with, 0 when it is an ordinary one, or -1. */
int whiteout_take(struct extract *x, struct err *err);
/** whiteout_finish() - hide what was to be hidden; after the last entry. */
int whiteout_finish(struct extract *x, struct err *err);

/* --- attributes.c --- */

/** struct owner - of the entry in hand, as it is in this user namespace */
struct owner {
	uid_t uid;
	gid_t gid;
};
/** owner_of() - counts those beyond the map. */
struct owner owner_of(struct extract *x);

/** attributes_set() - owner, mode and extended attributes of an open file or folder
 * @is_new:	it was made with its mode, in @folder, and is ours: the rest is what is missing
 */
int attributes_set(struct extract *x, int fd, const struct folder *folder, bool is_new,
		   struct err *err);
/** attributes_set_at() - owner and time of a link, pipe: @name in @folder. */
int attributes_set_at(struct extract *x, const struct folder *folder, const char *name,
		      struct err *err);
/** entry_mtime() - as a file system can have it. */
struct timespec entry_mtime(const struct tar_entry *entry);

/** extract_fail() - err_sys() with the name of the entry in hand. */
int extract_fail(const struct extract *x, const char *what, struct err *err);

#endif
