#ifndef TESTS_PULLER_FOLDER_H
#define TESTS_PULLER_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/str.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

/* A folder for one test. */

static inline char *folder_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = xasprintf("%s/puller-test-XXXXXX", tmp ? tmp : "/tmp");

	assert_non_null(mkdtemp(path));
	return path;
}

static inline int folder_remove_one(const char *path, const struct stat *st, int type,
				    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void folder_remove(char **path)
{
	if (*path)
		(void)nftw(*path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(*path);
}

#define AUTO_FOLDER __attribute__((cleanup(folder_remove)))

static inline char *folder_file(const char *folder, const char *name, const void *data,
				size_t len)
{
	char *path = path_join(folder, name);
	struct err err;

	assert_int_equal(fd_write_file(AT_FDCWD, path, data, len, 0644, &err), 0);
	return path;
}

#endif
