#include "box/child.h"

#include "mnt/api.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What is made in the box's root, and what is mounted there. System calls only.
 *
 * Most names are new, and follow others of the same folder. So the folder of the last name
 * stays open, and a name that could just be made in it needs no look at where it lies: it is
 * where we put it, and nobody else is in the box yet. Whatever was there already - a link
 * perhaps - is taken the long way, through util/path.h.
 */

static void forget_parent(struct child *child)
{
	if (child->parent_fd >= 0)
		(void)close(child->parent_fd);
	child->parent_fd = -1;
}

void child_leave_root(struct child *child)
{
	forget_parent(child);
	(void)close(child->root_fd);
	child->root_fd = -1;
}

/* The last name of @path; NULL where only the long way will do. */
static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : NULL;

	return name && name[strspn(name, ".")] ? name : NULL;
}

/* The folder that @name, the end of @path, lies in. It must be there. */
static int open_parent(struct child *child, const char *path, const char *name)
{
	char parent[4096];
	size_t len = (size_t)(name - path);

	if (child->parent_fd >= 0 && child->parent_len == len &&
	    memcmp(child->parent, path, len) == 0)
		return child->parent_fd;
	forget_parent(child);
	if (len >= sizeof(parent)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(parent, path, len);
	parent[len] = '\0';
	child->parent_fd = path_open_in_root(child->root_fd, parent, O_PATH | O_DIRECTORY, 0);
	child->parent = path;
	child->parent_len = len;
	return child->parent_fd;
}

/* The way that does for everything. */
static int attach_anywhere(struct child *child, int mount_fd, const struct step *step)
{
	int target;
	int rc;

	/* It may be mounted over what is remembered. */
	forget_parent(child);
	target = path_target_in_root(child->root_fd, step->target, step->is_dir);
	if (target < 0)
		return -1;
	rc = mnt_move(mount_fd, target);
	(void)close(target);
	return rc;
}

int child_attach(struct child *child, int mount_fd, const struct step *step)
{
	const char *name = last_name(step->target);
	int parent = name ? open_parent(child, step->target, name) : -1;
	int rc;

	if (parent < 0)
		return attach_anywhere(child, mount_fd, step);
	rc = step->is_dir ? mkdirat(parent, name, 0755)
			  : mknodat(parent, name, S_IFREG | 0644, 0);
	if (rc < 0)
		return attach_anywhere(child, mount_fd, step);
	return mnt_move_to(mount_fd, parent, name);
}

static int dir_anywhere(struct child *child, const struct step *step)
{
	int fd = path_mkdir_in_root(child->root_fd, step->target, 0755);
	char name[32];

	if (fd < 0)
		return -1;
	if (step->uid != 0 || step->gid != 0) {
		if (fchownat(fd, "", step->uid, step->gid, AT_EMPTY_PATH) < 0)
			return -1;
	}
	child_format_fd(name, fd);
	if (step->mode != 0755 && chmod(name, step->mode) < 0)
		return -1;
	return close(fd);
}

int child_dir(struct child *child, const struct step *step)
{
	const char *name = last_name(step->target);
	int parent = name ? open_parent(child, step->target, name) : -1;

	if (parent < 0 || mkdirat(parent, name, 0755) < 0)
		return dir_anywhere(child, step);
	if ((step->uid != 0 || step->gid != 0) &&
	    fchownat(parent, name, step->uid, step->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	return step->mode == 0755 ? 0 : fchmodat(parent, name, step->mode, 0);
}

static int symlink_anywhere(struct child *child, const struct step *step)
{
	char parent[4096];
	const char *name = strrchr(step->target, '/');
	size_t len = name ? (size_t)(name - step->target) : 0;
	int dir;
	int rc;

	if (len >= sizeof(parent)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(parent, step->target, len);
	parent[len] = '\0';
	dir = path_mkdir_in_root(child->root_fd, len ? parent : ".", 0755);
	if (dir < 0)
		return -1;
	rc = symlinkat(step->data, dir, name ? name + 1 : step->target);
	if (rc < 0 && errno == EEXIST)
		rc = 0;
	(void)close(dir);
	return rc;
}

int child_symlink(struct child *child, const struct step *step)
{
	const char *name = last_name(step->target);
	int parent = name ? open_parent(child, step->target, name) : -1;

	if (parent < 0)
		return symlink_anywhere(child, step);
	return symlinkat(step->data, parent, name) < 0 && errno != EEXIST ? -1 : 0;
}
