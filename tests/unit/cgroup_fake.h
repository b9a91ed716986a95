#ifndef TESTS_CGROUP_FAKE_H
#define TESTS_CGROUP_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cgroup/cgroup.h"
#include "util/cleanup.h"
#include "util/path.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

/* A folder of regular files that plays /proc or a cgroup, and a real group where there is one.
 */

static inline char *fake_root(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = xasprintf("%s/cgroup-test-XXXXXX", tmp ? tmp : "/tmp");

	assert_non_null(mkdtemp(path));
	return path;
}

static inline int fake_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void fake_remove(char **root)
{
	if (*root)
		(void)nftw(*root, fake_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(*root);
}

#define AUTO_FAKE __attribute__((cleanup(fake_remove)))

static inline void fake_file(const char *root, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(root, name);
	AUTO_FREE char *dir = xstrdup(path);
	AUTO_CLOSE int fd = -1;

	*strrchr(dir, '/') = '\0';
	assert_int_equal(path_mkdirs(dir, 0755), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static inline char *fake_read(const char *root, const char *name)
{
	AUTO_FREE char *path = path_join(root, name);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[4096] = "";

	if (fd < 0)
		return NULL;
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	return xstrdup(text);
}

static inline void assert_file(const char *root, const char *name, const char *text)
{
	AUTO_FREE char *found = fake_read(root, name);

	assert_non_null(found);
	assert_string_equal(found, text);
}

static inline int fake_open(const char *root)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* A group that this process may make others in; skips the test where there is none. */
static inline void real_place(struct cgroup_place *out)
{
	struct err err = {0};

	if (cgroup_place_find("", getenv("XDG_RUNTIME_DIR"), out, &err) < 0)
		fail_msg("%s", err.message);
	if (out->method != CGROUP_SUBTREE) {
		print_message("no cgroup of our own: %s\n", out->why);
		cgroup_place_done(out);
		skip();
	}
}

#endif
