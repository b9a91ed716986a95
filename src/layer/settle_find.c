#include "layer/settle_find.h"

#include "layer/name.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define OPAQUE_XATTR "user.overlay.opaque"

/* What one layer says. */
enum look {
	LOOK_ABSENT,
	LOOK_COVERED, /* something else is there, or what is below is hidden */
	LOOK_LISTED,
	LOOK_MARKED,
	LOOK_MARKED_LAST, /* and what is below is hidden */
};

bool settle_is_marked(int fd, const char *name)
{
	char value;

	return fgetxattr(fd, name, &value, 1) == 1;
}

int settle_open(const struct settle *settle, size_t index, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/diff", settle->ids[index]);
	int fd = openat(settle->layers_fd, path, DIR_FLAGS);

	return fd < 0 ? err_sys(err, "open layer '%s'", settle->ids[index]) : fd;
}

/* The next component of *path, which moves on; false at the end. */
static bool next_part(const char **path, char part[NAME_MAX + 1])
{
	size_t len = strcspn(*path, "/");

	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(part, *path, len);
	part[len] = '\0';
	*path += len + ((*path)[len] == '/');
	return true;
}

static int fail_on(const char *path, struct err *err)
{
	int code = errno;
	char say[NAME_SAY_MAX];

	return err_code(err, code, "open the folder '%s' of a layer", name_say(path, say));
}

/*
 * Overlayfs puts folders of the same name together, and follows nothing. *fd, the layer's
 * folder, becomes that of @path when it is there. Return: enum look, or -1.
 */
static int look(int *fd, const char *path, struct err *err)
{
	const char *rest = path;
	bool is_hidden = false;
	char part[NAME_MAX + 1];

	while (next_part(&rest, part)) {
		int next;

		is_hidden |= settle_is_marked(*fd, OPAQUE_XATTR);
		next = openat(*fd, part, DIR_FLAGS);
		if (next < 0 && errno == ENOENT)
			return is_hidden ? LOOK_COVERED : LOOK_ABSENT;
		if (next < 0 && (errno == ENOTDIR || errno == ELOOP))
			return LOOK_COVERED;
		if (next < 0)
			return fail_on(path, err);
		(void)close(*fd);
		*fd = next;
	}
	if (!settle_is_marked(*fd, SETTLE_MARK))
		return LOOK_LISTED;
	return is_hidden ? LOOK_MARKED_LAST : LOOK_MARKED;
}

int settle_find(const struct settle *settle, const char *path, int *out_fd, struct err *err)
{
	AUTO_CLOSE int top = -1;

	for (size_t i = settle->count; i > 0; i--) {
		AUTO_CLOSE int fd = settle_open(settle, i - 1, err);
		int found = fd < 0 ? -1 : look(&fd, path, err);

		if (found < 0)
			return -1;
		if (found == LOOK_LISTED) {
			*out_fd = steal_fd(&fd);
			return top < 0 ? SETTLE_COVERED : SETTLE_LISTED;
		}
		if (top < 0 && (found == LOOK_MARKED || found == LOOK_MARKED_LAST))
			top = steal_fd(&fd);
		if (found == LOOK_COVERED || found == LOOK_MARKED_LAST)
			break;
	}
	*out_fd = steal_fd(&top);
	return *out_fd < 0 ? SETTLE_NONE : SETTLE_NEW;
}
