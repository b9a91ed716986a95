#include "layer/folders.h"

#include "layer/name.h"
#include "layer/settle.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PARENT_MODE 0755
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static int fail_on(const char *path, const char *what, struct err *err)
{
	char say[NAME_SAY_MAX];

	return err_sys(err, "%s '%s'", what, name_say(path, say));
}

static int restore_time(const struct folder *folder)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, folder->mtime};

	return futimens(folder->fd, times);
}

static int leave_top(struct folders *f, struct err *err)
{
	struct folder *top = &f->stack[--f->count];
	int result = restore_time(top);

	if (result < 0)
		(void)fail_on(f->path, "set the time of", err);
	if (f->count > 0)
		(void)close(top->fd);
	return result;
}

static struct folder *top_of(struct folders *f)
{
	return &f->stack[f->count - 1];
}

static bool is_prefix(const struct folders *f, const struct folder *folder, const char *path,
		      size_t len)
{
	if (folder->len > len || memcmp(f->path, path, folder->len) != 0)
		return false;
	return folder->len == 0 || folder->len == len || path[folder->len] == '/';
}

/* The stack is full: an ancestor that is not needed now makes room. It was left alone since the
 * next one was entered, so its time is as it will be. */
static int make_room(struct folders *f, struct err *err)
{
	int result;

	if (f->count < FOLDERS_OPEN)
		return 0;
	result = restore_time(&f->stack[1]);
	if (result < 0)
		(void)fail_on(f->path, "set the time of a folder above", err);
	(void)close(f->stack[1].fd);
	memmove(&f->stack[1], &f->stack[2], (FOLDERS_OPEN - 2) * sizeof(f->stack[0]));
	f->count--;
	return result;
}

struct folder *folders_push(struct folders *f, int fd, const char *path, size_t len,
			    struct err *err)
{
	struct folder *folder;
	struct stat st;

	if (fstat(fd, &st) < 0 || make_room(f, err) < 0) {
		(void)fail_on(path, "look at", err);
		(void)close(fd);
		return NULL;
	}
	if (path != f->path)
		memcpy(f->path, path, len);
	f->path[len] = '\0';
	folder = &f->stack[f->count++];
	*folder = (struct folder){.fd = fd,
				  .len = len,
				  .mtime = st.st_mtim,
				  .gid = st.st_gid,
				  .has_setgid = (st.st_mode & S_ISGID) != 0};
	return folder;
}

/* What to do about a folder that is not there. */
enum missing { MISSING_LEAVE, MISSING_MAKE, MISSING_REPLACE };

/* Make a folder @name in the one on top; what is in its way is no folder nor a link to one.
 * Return: 1; 0 when something is, and stays, in the way; or -1. */
static int make_missing(struct folders *f, const char *name, enum missing missing,
			struct err *err)
{
	int dir_fd = top_of(f)->fd;

	if (mkdirat(dir_fd, name, PARENT_MODE) == 0)
		return 1;
	if (errno == EEXIST && missing == MISSING_MAKE)
		return 0;
	if (errno == EEXIST && unlinkat(dir_fd, name, 0) == 0) {
		f->is_stale = true;
		if (mkdirat(dir_fd, name, PARENT_MODE) == 0)
			return 1;
	}
	return fail_on(f->path, "make the folder", err);
}

static bool is_missing(int code)
{
	return code == ENOENT || code == ENOTDIR || code == ELOOP;
}

/* One more folder: f->path is its path, NUL-terminated, the one on top its parent; which, when
 * it *is_new, is empty. Return: as make_missing(). */
static int enter_next(struct folders *f, size_t len, enum missing missing, bool *is_new,
		      struct err *err)
{
	const char *name = f->path + top_of(f)->len + (top_of(f)->len ? 1 : 0);
	int fd = -1;

	if (!*is_new) {
		fd = path_open_in_root(f->stack[0].fd, f->path, DIR_FLAGS, 0);
		*is_new = fd < 0 && is_missing(errno);
	}
	if (*is_new) {
		int result = make_missing(f, name, missing, err);

		if (result <= 0)
			return result;
		fd = openat(top_of(f)->fd, name, DIR_FLAGS | O_NOFOLLOW);
		/* Where there are no attributes it stays what it is. */
		if (fd >= 0 && fsetxattr(fd, SETTLE_MARK, "y", 1, 0) == 0)
			f->implied++;
	}
	if (fd < 0)
		return fail_on(f->path, "open the folder", err);
	return folders_push(f, fd, f->path, len, err) ? 1 : -1;
}

/* Folder by folder from the one on top, down to f->path. Return: as make_missing(). */
static int enter_each(struct folders *f, size_t len, enum missing missing, struct err *err)
{
	bool is_new = false;
	int result = 1;

	while (result > 0 && top_of(f)->len < len) {
		size_t at = top_of(f)->len + (top_of(f)->len ? 1 : 0);
		size_t end = at + strcspn(f->path + at, "/");
		char slash = f->path[end];

		f->path[end] = '\0';
		result = enter_next(f, end, missing, &is_new, err);
		f->path[end] = slash;
	}
	return result;
}

/* Leave what is not on the way to @path; put the path into f->path. */
static int approach(struct folders *f, const char *path, size_t len, struct err *err)
{
	while (f->count > 1 && (f->is_stale || !is_prefix(f, top_of(f), path, len))) {
		if (leave_top(f, err) < 0)
			return -1;
	}
	f->is_stale = false;
	memcpy(f->path, path, len);
	f->path[len] = '\0';
	return 0;
}

/* Return: 1 when it is on top; 0 when it is not there; or -1. */
static int enter(struct folders *f, const char *path, size_t len, enum missing missing,
		 struct err *err)
{
	int fd;

	if (approach(f, path, len, err) < 0)
		return -1;
	if (top_of(f)->len == len)
		return 1;
	fd = path_open_in_root(f->stack[0].fd, f->path, DIR_FLAGS, 0);
	if (fd >= 0)
		return folders_push(f, fd, f->path, len, err) ? 1 : -1;
	if (!is_missing(errno))
		return fail_on(f->path, "open the folder", err);
	return missing == MISSING_LEAVE ? 0 : enter_each(f, len, missing, err);
}

struct folder *folders_enter(struct folders *f, const char *path, size_t len, struct err *err)
{
	return enter(f, path, len, MISSING_REPLACE, err) > 0 ? top_of(f) : NULL;
}

int folders_find(struct folders *f, const char *path, size_t len, bool make,
		 struct folder **out_folder, struct err *err)
{
	int result = enter(f, path, len, make ? MISSING_MAKE : MISSING_LEAVE, err);

	if (result < 0)
		return -1;
	*out_folder = result > 0 ? top_of(f) : NULL;
	return 0;
}

int folders_clear_name(struct folders *f, const struct folder *folder, const char *name,
		       struct err *err)
{
	f->is_stale = true;
	return remove_tree(folder->fd, name) < 0 ? fail_on(name, "replace", err) : 0;
}

int folders_begin(struct folders *f, int fd, struct err *err)
{
	f->count = 0;
	f->is_stale = false;
	f->implied = 0;
	return folders_push(f, fd, "", 0, err) ? 0 : -1;
}

int folders_end(struct folders *f, struct err *err)
{
	int result = 0;

	while (f->count > 0)
		result |= leave_top(f, err);
	return result;
}
