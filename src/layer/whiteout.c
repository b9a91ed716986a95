#include "layer/extract.h"
#include "layer/settle.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * Whiteouts of the OCI image layer specification, as overlayfs knows them without privilege: a
 * character device 0/0 hides a name, the attribute user.overlay.opaque all that lower layers
 * have in a folder.
 */

#define PREFIX ".wh."
#define META_PREFIX ".wh..wh."
#define OPAQUE ".wh..wh..opq"
#define OPAQUE_XATTR "user.overlay.opaque"

static int refuse(const struct extract *x, const char *why, struct err *err)
{
	char say[NAME_SAY_MAX];

	return err_set(err, "the entry '%s' of the layer %s", name_say(x->name.path, say), why);
}

static int set_opaque(struct extract *x, int fd, const char *path, struct err *err)
{
	char say[NAME_SAY_MAX];

	x->opaques++;
	if (fsetxattr(fd, OPAQUE_XATTR, "y", 1, 0) == 0)
		return 0;
	(void)err_sys(err, "hide what lower layers have in '%s'", name_say(path, say));
	return err_hint(err, "the file system of devbox's data must take attributes of users "
			     "(user.*), as ext4, xfs, btrfs, and tmpfs since Linux 6.6 do");
}

static int take_opaque(struct extract *x, struct err *err)
{
	struct folder *folder =
		folders_enter(&x->folders, x->name.path, x->name.parent_len, err);

	if (!folder)
		return -1;
	x->name.path[x->name.parent_len] = '\0';
	return set_opaque(x, folder->fd, x->name.path, err);
}

static int remember(struct extract *x, struct err *err)
{
	if (x->whiteouts.len + x->name.len + 1 > WHITEOUT_BYTES_MAX)
		return err_set(err, "the layer hides more than %d MiB of names",
			       WHITEOUT_BYTES_MAX >> 20);
	buf_add(&x->whiteouts, x->name.path, x->name.len + 1);
	return 0;
}

/* Whether a folder on the way is called like a whiteout. */
static bool is_inside(const struct name *name, const char *prefix)
{
	const char *at = name->path;
	const char *end = name->path + name->parent_len;

	while (at < end) {
		if (strncmp(at, prefix, strlen(prefix)) == 0)
			return true;
		at += strcspn(at, "/") + 1;
	}
	return false;
}

int whiteout_take(struct extract *x, struct err *err)
{
	const char *base = name_base(&x->name);
	const char *hidden = base + strlen(PREFIX);

	/* Those that aufs kept for itself mean nothing elsewhere, and what is in them neither.
	 */
	if (is_inside(&x->name, META_PREFIX))
		return 1;
	if (is_inside(&x->name, PREFIX))
		return refuse(x, "lies in a whiteout", err);
	if (!str_starts(base, PREFIX))
		return 0;
	if (str_eq(base, OPAQUE))
		return take_opaque(x, err) < 0 ? -1 : 1;
	if (str_starts(base, META_PREFIX))
		return 1;
	if (!*hidden || str_eq(hidden, ".") || str_eq(hidden, ".."))
		return refuse(x, "is a whiteout of no name", err);
	return remember(x, err) < 0 ? -1 : 1;
}

/* Return: 1 when @fd or a folder above it is opaque, 0, or -1 with errno. */
static int is_below_opaque(const struct extract *x, int fd)
{
	AUTO_CLOSE int at = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat root, st;

	if (at < 0 || fstat(x->folders.stack[0].fd, &root) < 0)
		return -1;
	for (;;) {
		char value;
		int up;

		if (fgetxattr(at, OPAQUE_XATTR, &value, 1) == 1)
			return 1;
		if (fstat(at, &st) < 0)
			return -1;
		if (st.st_dev == root.st_dev && st.st_ino == root.st_ino)
			return 0;
		up = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return -1;
		(void)close(at);
		at = up;
	}
}

/* The folder of x->name, or the lowest above it that is there. */
static int find_lowest(struct extract *x, struct folder **out_folder, struct err *err)
{
	size_t len = x->name.parent_len;

	for (;;) {
		if (folders_find(&x->folders, x->name.path, len, false, out_folder, err) < 0)
			return -1;
		if (*out_folder)
			return 0;
		while (len > 0 && x->name.path[--len] != '/')
			;
	}
}

/* The folder in which something is to be hidden, made when it is missing; NULL when there is
 * nothing to hide: it is hidden itself, or no folder. */
static int find_folder(struct extract *x, struct folder **out_folder, struct err *err)
{
	struct folder *lowest;
	int is_hidden = 0;

	if (x->opaques) {
		if (find_lowest(x, &lowest, err) < 0)
			return -1;
		is_hidden = is_below_opaque(x, lowest->fd);
	}
	if (is_hidden < 0)
		return extract_fail(x, "look above", err);
	*out_folder = NULL;
	return is_hidden ? 0
			 : folders_find(&x->folders, x->name.path, x->name.parent_len, true,
					out_folder, err);
}

/* What is not there. In an opaque folder nothing is to be hidden: a whiteout itself would be
 * seen. */
static int hide_missing(struct extract *x, const char *name, struct err *err)
{
	struct folder *folder = NULL;
	int code;

	if (find_folder(x, &folder, err) < 0)
		return -1;
	if (!folder || mknodat(folder->fd, name, S_IFCHR, makedev(0, 0)) == 0 ||
	    errno == EEXIST)
		return 0;
	code = errno;
	(void)extract_fail(x, "make the whiteout", err);
	return code == EPERM ? err_hint(err, "Linux 5.8 or newer is needed for layers that "
					     "remove files")
			     : -1;
}

/* A folder of this layer, whose like in lower layers was removed. */
static int hide_below(struct extract *x, const char *name, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct folder *folder;

	if (folders_find(&x->folders, x->name.path, x->name.parent_len, false, &folder, err) <
	    0)
		return -1;
	if (!folder)
		return 0;
	fd = openat(folder->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		/* It is not the one that was removed. */
		(void)fremovexattr(fd, SETTLE_MARK);
		return set_opaque(x, fd, name, err);
	}
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
		       ? 0
		       : extract_fail(x, "open", err);
}

/* First for the folders that are there, then for what is not: it matters to that what is
 * opaque. x->name ends in .wh.NAME. */
static int hide_all(struct extract *x, const char *const *paths, size_t count, bool is_there,
		    struct err *err)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const char *name;

		if (name_set(&x->name, paths[i], err) < 0)
			return -1;
		name = name_base(&x->name) + strlen(PREFIX);
		if ((is_there ? hide_below(x, name, err) : hide_missing(x, name, err)) < 0)
			return -1;
	}
	return 0;
}

static size_t depth_of(const char *path)
{
	size_t depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

static int by_depth(const void *a, const void *b)
{
	const char *one = *(const char *const *)a, *two = *(const char *const *)b;
	size_t depth_one = depth_of(one), depth_two = depth_of(two);

	if (depth_one != depth_two)
		return depth_one < depth_two ? -1 : 1;
	return one < two ? -1 : one > two;
}

/* From the top down: what lies in a folder that is hidden itself has no place to be. */
int whiteout_finish(struct extract *x, struct err *err)
{
	AUTO_FREE const char **paths = NULL;
	size_t at, count = 0;
	int result;

	if (x->whiteouts.len == 0)
		return 0;
	for (at = 0; at < x->whiteouts.len; at++)
		count += x->whiteouts.data[at] == '\0';
	paths = xmalloc(count * sizeof(*paths));
	count = 0;
	for (at = 0; at < x->whiteouts.len; at += strlen(x->whiteouts.data + at) + 1)
		paths[count++] = x->whiteouts.data + at;
	qsort(paths, count, sizeof(*paths), by_depth);

	result = hide_all(x, paths, count, true, err);
	return result < 0 ? -1 : hide_all(x, paths, count, false, err);
}
