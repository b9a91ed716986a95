#ifndef SEC_CACHE_H
#define SEC_CACHE_H

#include "sec/filter.h"
#include "util/str.h"

/*
 * Compiled programs on disk. A file holds the program, the key it was made for, and the
 * warnings of the profile, so that they can be said again. Its name is a hash of the key and a
 * small number: profiles whose hashes collide (somebody may have made one for that) get
 * different files.
 */

/**
 * cache_find() - look for the program made for @key
 * @out_path:	where it is, or where it should be written; NULL when @dir cannot be used.
 * free() it. Return: true and *out_filter (with file) and warnings when it was found.
 */
bool cache_find(const char *dir, const struct buf *key, char **out_path,
		struct filter *out_filter, struct strv *warnings);

/** cache_write() - Return: 0 or -1; failing only costs time. */
int cache_write(const char *path, const struct buf *key, const struct filter *filter,
		const struct strv *warnings, struct err *err);

#endif
