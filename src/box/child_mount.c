#include "box/child.h"

#include "mnt/api.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The steps that mount. Same rules as child.c: system calls only. */

#define UMASK 0022 /* ours, see child_main.c */
#define TEXT_DIR STEP_STAGE_DIR "/text"

static int make_stage(void)
{
	if (mount("tmpfs", STEP_STAGE_DIR, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return -1;
	if (mkdir(STEP_ROOT_DIR, 0755) < 0 || mkdir(STEP_STAGE_DIR "/upper", 0755) < 0)
		return -1;
	if (mkdir(STEP_STAGE_DIR "/work", 0700) < 0)
		return -1;
	return mkdir(TEXT_DIR, 0755);
}

/* Folders are named through descriptors, so that no path needs quoting and no option outgrows
 * its page. */
static size_t put(char *out, size_t at, const char *text)
{
	size_t len = strlen(text);

	memcpy(out + at, text, len);
	return at + len;
}

static size_t put_fd(char *out, size_t at, const char *key, int fd, const char *fallback)
{
	at = put(out, at, key);
	if (fd < 0)
		return put(out, at, fallback);
	return at + child_format_fd(out + at, fd);
}

static int mount_overlay(struct child *child, const struct step *step)
{
	static char options[4096];
	size_t at = 0;
	int i;

	at = put(options, at, "lowerdir=");
	for (i = 0; i < step->lower_count; i++) {
		if (i > 0)
			options[at++] = ':';
		at += child_format_fd(options + at, child->slots[step->lower + i]);
	}
	at = put_fd(options, at, ",upperdir=", step->upper < 0 ? -1 : child->slots[step->upper],
		    STEP_STAGE_DIR "/upper");
	at = put_fd(options, at, ",workdir=", step->work < 0 ? -1 : child->slots[step->work],
		    STEP_STAGE_DIR "/work");
	at = put(options, at, ",userxattr");
	options[at] = '\0';
	/* Without userxattr removing a folder fails and old content shows again: never leave it
	 * out. */
	return mount("overlay", STEP_ROOT_DIR, "overlay", MS_NODEV, options);
}

static int bind_tree(int tree_fd, const char *path)
{
	int target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (target < 0)
		return -1;
	rc = mnt_move(tree_fd, target);
	(void)close(target);
	return rc;
}

static int make_root_read_only(const struct child *child)
{
	return mnt_set(child->root_fd, MOUNT_ATTR_RDONLY, 0);
}

static int open_root(struct child *child)
{
	child->root_fd = open(STEP_ROOT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return child->root_fd < 0 ? -1 : 0;
}

int child_root(struct child *child, const struct step *step)
{
	switch ((int)step->kind) {
	case STEP_STAGE:
		return make_stage();
	case STEP_ROOT_STAGE:
		return mount("tmpfs", STEP_ROOT_DIR, "tmpfs", MS_NOSUID | MS_NODEV,
			     "mode=0755");
	case STEP_ROOT_TREE:
		return bind_tree(child->slots[step->slot], STEP_ROOT_DIR);
	case STEP_ROOT_OVERLAY:
		return mount_overlay(child, step);
	case STEP_ROOT_OPEN:
		return open_root(child);
	case STEP_ROOT_READ_ONLY:
		return make_root_read_only(child);
	default:
		errno = ENOSYS;
		return -1;
	}
}

/* "mode=755,size=64k" to fsconfig(2) calls. */
static int set_options(int fs_fd, const char *data)
{
	char pair[256];

	while (data && *data) {
		const char *end = strchr(data, ',');
		size_t len = end ? (size_t)(end - data) : strlen(data);
		char *equals;

		if (len >= sizeof(pair)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(pair, data, len);
		pair[len] = '\0';
		equals = strchr(pair, '=');
		if (equals)
			*equals = '\0';
		if (mnt_fs_option(fs_fd, pair, equals ? equals + 1 : NULL) < 0)
			return -1;
		data += len + (end ? 1 : 0);
	}
	return 0;
}

int child_fs(struct child *child, const struct step *step)
{
	int fs_fd = mnt_fsopen(step->source);
	int mount_fd;
	int rc;

	if (fs_fd < 0)
		return -1;
	rc = set_options(fs_fd, step->data);
	if (rc == 0)
		rc = mnt_fs_create(fs_fd);
	mount_fd = rc == 0 ? mnt_fsmount(fs_fd, step->attr) : -1;
	(void)close(fs_fd);
	if (mount_fd < 0)
		return -1;

	rc = child_attach(child, mount_fd, step);
	(void)close(mount_fd);
	return rc;
}

int child_bind(struct child *child, const struct step *step)
{
	int fd = child->slots[step->slot];
	int rc;

	if (fd < 0) { /* an optional source that was not there */
		errno = ENOENT;
		return -1;
	}
	rc = child_attach(child, fd, step);
	(void)close(fd);
	child->slots[step->slot] = -1;
	return rc;
}

#define STAGE_NAME_MAX (sizeof(TEXT_DIR) + 16)

/* A name on the stage for what step @index makes there. */
static void name_on_stage(char path[STAGE_NAME_MAX], size_t index)
{
	size_t at = sizeof(TEXT_DIR);

	memcpy(path, TEXT_DIR "/", sizeof(TEXT_DIR));
	do {
		path[at++] = (char)('a' + index % 26);
		index /= 26;
	} while (index > 0);
	path[at] = '\0';
}

/* What was made at @path on the stage, on the step's target. */
static int bind_from_stage(struct child *child, const struct step *step, const char *path)
{
	int fd = mnt_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -1;
	rc = mnt_set(fd, step->attr, 0);
	if (rc == 0)
		rc = child_attach(child, fd, step);
	(void)close(fd);
	return rc;
}

int child_scratch(struct child *child, const struct step *step, size_t index)
{
	char path[STAGE_NAME_MAX];

	name_on_stage(path, index);
	if (mkdir(path, step->mode) < 0 ||
	    ((step->mode & UMASK) && chmod(path, step->mode) < 0))
		return -1;
	if ((step->uid != 0 || step->gid != 0) &&
	    fchownat(AT_FDCWD, path, step->uid, step->gid, 0) < 0)
		return -1;
	return bind_from_stage(child, step, path);
}

int child_text(struct child *child, const struct step *step, size_t index)
{
	char path[STAGE_NAME_MAX];
	size_t len = strlen(step->data);
	int fd;
	int rc;

	name_on_stage(path, index);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, step->mode);
	if (fd < 0)
		return -1;
	rc = write(fd, step->data, len) == (ssize_t)len ? 0 : -1;
	if (rc == 0 && (step->mode & UMASK))
		rc = fchmod(fd, step->mode);
	(void)close(fd);
	return rc < 0 ? -1 : bind_from_stage(child, step, path);
}

/* The thing at `target` if it is there, mounted on itself or hidden. */
static int open_present(const struct child *child, const char *target, struct stat *out_st)
{
	int fd = path_open_in_root(child->root_fd, target, O_PATH | O_NOFOLLOW, 0);

	if (fd >= 0 && fstat(fd, out_st) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int mask_source(const struct child *child, bool is_dir)
{
	struct stat st;
	int fd;

	if (is_dir)
		return mnt_open_tree(AT_FDCWD, TEXT_DIR "/.empty", OPEN_TREE_CLONE | O_CLOEXEC);
	fd = path_open_in_root(child->root_fd, "dev/null", O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return -1;
	/* A root of somebody else's may hold anything there: it must be the real one. */
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != 0x103) {
		(void)close(fd);
		errno = ENOTSUP;
		return -1;
	}
	{
		int tree = mnt_open_tree(fd, "", OPEN_TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH);

		(void)close(fd);
		return tree;
	}
}

/* The tree @fd, read-only, on @target; closes both. */
static int cover(int fd, int target, int recursive)
{
	int rc = -1;

	if (fd >= 0 && mnt_set(fd, MOUNT_ATTR_RDONLY, recursive) == 0)
		rc = mnt_move(fd, target);
	if (fd >= 0)
		(void)close(fd);
	(void)close(target);
	return rc;
}

int child_mask(struct child *child, const struct step *step)
{
	struct stat st;
	int target = open_present(child, step->target, &st);

	if (target < 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISDIR(st.st_mode) && mkdir(TEXT_DIR "/.empty", 0555) < 0 && errno != EEXIST)
		return -1;
	return cover(mask_source(child, S_ISDIR(st.st_mode)), target, 0);
}

int child_read_only(struct child *child, const struct step *step)
{
	struct stat st;
	int target = open_present(child, step->target, &st);
	int fd;

	if (target < 0)
		return errno == ENOENT ? 0 : -1;
	fd = mnt_open_tree(target, "",
			   OPEN_TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	return cover(fd, target, 1);
}

int child_pivot(struct child *child)
{
	if (fchdir(child->root_fd) < 0)
		return -1;
	/* What the host mounts later, somewhere below a tree of ours, stays the host's. */
	if (mount(NULL, ".", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	/* pivot_root(".", "."): the old root lies on top of the new one, then goes. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return -1;
	if (mount(NULL, ".", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    umount2(".", MNT_DETACH) < 0)
		return -1;
	if (chdir("/") < 0)
		return -1;
	child_leave_root(child);
	return 0;
}
