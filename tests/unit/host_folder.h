#ifndef TEST_HOST_FOLDER_H
#define TEST_HOST_FOLDER_H

#include "host/examine.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/str.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A folder of its own for a test that wants to show the code another /etc, /dev or /proc/sys.
 */

static inline char *folder_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = xasprintf("%s/host-test-XXXXXX", tmp ? tmp : "/tmp");

	assert_non_null(mkdtemp(path));
	return path;
}

/** folder_write() - make @name with its parents below @folder, holding @text. */
static inline void folder_write(const char *folder, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(folder, name);
	char *slash = strrchr(path, '/');
	struct err err = {0};

	*slash = '\0';
	assert_int_equal(path_mkdirs(path, 0755), 0);
	*slash = '/';
	if (fd_write_file(AT_FDCWD, path, text, strlen(text), 0644, &err) < 0)
		fail_msg("%s", err.message);
}

static inline void folder_remove(char **path)
{
	if (*path)
		examine_remove_tree(AT_FDCWD, *path);
	free(*path);
}
#define AUTO_FOLDER __attribute__((cleanup(folder_remove)))

#endif
