#ifndef LAYER_FOLDERS_H
#define LAYER_FOLDERS_H

#include "util/err.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/*
 * The folders on the way to the entry in hand, open, so that an entry in the same folder as the
 * one before costs no look-up. A path is resolved as if the layer's folder were "/"
 * (util/path.h): links in it that somebody planted lead nowhere else.
 *
 * To put something into a folder changes its time. A folder that is left gets the time back
 * which it had when it was entered: so the times of folders are right whatever the order of the
 * entries, and nothing has to be remembered until the end.
 */

#define FOLDERS_OPEN 16

/** struct folder - an open one; @gid and @has_setgid say what is made in it inherits */
struct folder {
	int fd;
	size_t len; /* of its path in folders.path */
	struct timespec mtime;
	gid_t gid;
	bool has_setgid;
};

/**
 * struct folders - @stack[0] is the layer's folder, each next one lies below the one before
 * @is_stale:	something was removed: what a path means may have changed, look up all again
 */
struct folders {
	struct folder stack[FOLDERS_OPEN];
	size_t count;
	bool is_stale;
	size_t implied; /* made because something lies in them, and marked: settle.h */
	char path[PATH_MAX];
};

/** folders_begin() - @fd: the layer's folder, borrowed. */
int folders_begin(struct folders *folders, int fd, struct err *err);
/** folders_end() - leave all. The last error counts for nothing but times. */
int folders_end(struct folders *folders, struct err *err);

/**
 * folders_enter() - the folder called by the first @len bytes of @path (struct name's)
 *
 * What is missing is made, 0755, and marked (layer/settle.h); what is there but no folder, nor
 * a link to one, makes way. Return: the folder on top, valid until the next call; NULL: @err.
 */
struct folder *folders_enter(struct folders *folders, const char *path, size_t len,
			     struct err *err);

/**
 * folders_find() - the same, but what is in the way stays
 * @make:	what is missing is made
 * @out_folder:	NULL when it is not there
 */
int folders_find(struct folders *folders, const char *path, size_t len, bool make,
		 struct folder **out_folder, struct err *err);

/** folders_push() - @fd, which is taken, is the folder of that path and lies in the one on top.
 */
struct folder *folders_push(struct folders *folders, int fd, const char *path, size_t len,
			    struct err *err);

/** folders_clear_name() - remove what is called @name in @folder, with all that is in it. */
int folders_clear_name(struct folders *folders, const struct folder *folder, const char *name,
		       struct err *err);

/** remove_tree() - @name in @dir_fd and all that is in it, however deep. Return: 0 or -1 with
 * errno. */
int remove_tree(int dir_fd, const char *name);

#endif
