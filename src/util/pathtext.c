#include "util/path.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

char *path_join(const char *a, const char *b)
{
	size_t a_len = strlen(a);

	while (a_len && a[a_len - 1] == '/')
		a_len--;
	while (*b == '/')
		b++;
	if (!*b)
		return a_len || !*a ? xstrndup(a, a_len) : xstrdup("/");
	if (!*a)
		return xstrdup(b);
	return xasprintf("%.*s/%s", (int)a_len, a, b);
}

/* One name onto the clean path in @b: "" is the root, else "/a/b". */
static void add_name(struct buf *b, const char *name, size_t len)
{
	if (len == 0 || (len == 1 && name[0] == '.'))
		return;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		while (b->len && b->data[--b->len] != '/')
			;
		return;
	}
	buf_putc(b, '/');
	buf_add(b, name, len);
}

static void add_names(struct buf *b, const char *path)
{
	while (*path) {
		const char *end = strchrnul(path, '/');

		add_name(b, path, (size_t)(end - path));
		path = *end ? end + 1 : end;
	}
}

char *path_normalize(const char *base, const char *path)
{
	struct buf b = {0};

	if (path[0] != '/')
		add_names(&b, base);
	add_names(&b, path);
	if (b.len == 0)
		buf_putc(&b, '/');
	return buf_take(&b);
}

bool path_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1 && dir[0] == '/')
		return path[0] == '/';
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

bool path_is_same(const char *a, const char *b)
{
	struct stat a_st, b_st;

	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &a_st) == 0 && stat(b, &b_st) == 0 && a_st.st_dev == b_st.st_dev &&
	       a_st.st_ino == b_st.st_ino;
}

static int make_dir(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	/* A file system may say EROFS or EACCES of a folder that is there. */
	if (errno != EEXIST && errno != EROFS && errno != EACCES)
		return -1;

	int code = errno;

	if (stat(path, &st) < 0) {
		errno = code;
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	return 0;
}

int path_mkdirs(const char *path, mode_t mode)
{
	AUTO_FREE char *part = xstrdup(path);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;

	for (char *p = part + 1; *part && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (make_dir(part, mode) < 0)
			return -1;
		*p = '/';
	}
	return make_dir(part, mode);
}
