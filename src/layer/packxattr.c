#include "layer/packxattr.h"

#include "layer/name.h"
#include "layer/tarwrite.h"
#include "util/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/* The kernel's own limit of a list and of a value. */
#define XATTR_MAX (64 * 1024)
#define OVERLAY "user.overlay."

static int fail_on(const char *path, struct err *err)
{
	char say[NAME_SAY_MAX];

	return err_sys(err, "read the attributes of '%s'", name_say(path, say));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_names(int fd, const char *path, struct strv *names, struct err *err)
{
	ssize_t len = flistxattr(fd, NULL, 0);
	AUTO_FREE char *list = NULL;
	ssize_t at;

	if (len == 0 || (len < 0 && errno == ENOTSUP))
		return 0;
	list = xmalloc(XATTR_MAX);
	len = len < 0 ? len : flistxattr(fd, list, XATTR_MAX);
	if (len < 0)
		return fail_on(path, err);
	for (at = 0; at < len; at += (ssize_t)strlen(list + at) + 1)
		strv_add(names, list + at);
	if (names->count > 1)
		qsort(names->items, names->count, sizeof(*names->items), by_name);
	return 0;
}

static int take_overlay(const char *name, const char *value, size_t len, const char *path,
			bool *out_opaque, struct err *err)
{
	const char *what = name + strlen(OVERLAY);
	char say[NAME_SAY_MAX];

	if (str_eq(what, "opaque"))
		*out_opaque |= len == 1 && value[0] == 'y';
	if (!str_eq(what, "redirect") && !str_eq(what, "metacopy"))
		return 0;
	return err_set(err,
		       "'%s' stands for something in another layer (%s), which cannot be said "
		       "in a layer",
		       name_say(path, say), name);
}

static bool is_kept(const char *name)
{
	return str_starts(name, "user.") || str_eq(name, "security.capability");
}

int packxattr_read(int fd, const char *path, struct buf *out_records, bool *out_opaque,
		   struct err *err)
{
	AUTO_STRV struct strv names = {0};
	AUTO_FREE char *value = NULL;
	size_t i;

	if (list_names(fd, path, &names, err) < 0)
		return -1;
	for (i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		ssize_t len;

		if (!is_kept(name))
			continue;
		if (!value)
			value = xmalloc(XATTR_MAX);
		len = fgetxattr(fd, name, value, XATTR_MAX);
		if (len < 0)
			return fail_on(path, err);
		if (!str_starts(name, OVERLAY))
			tar_add_xattr(out_records, name, value, (size_t)len);
		else if (take_overlay(name, value, (size_t)len, path, out_opaque, err) < 0)
			return -1;
	}
	return 0;
}
