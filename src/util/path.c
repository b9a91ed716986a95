#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * System calls only: this file runs after clone and is part of devbox-init.
 *
 * The walk opens one name at a time, O_PATH | O_NOFOLLOW, below a descriptor it holds. A
 * symbolic link is read through the descriptor that was just opened and its text put in front
 * of what is left of the path; "..", which the kernel would resolve by where a folder lies now,
 * is a walk from the root along the names that led here. So nobody who swaps a name while we
 * look can lead us out of the root: each step either finds a child of a folder inside, or
 * fails. A magic link of /proc is but its text here, which means something below the root; the
 * kernel interface refuses it with ELOOP.
 */

/* What a step returns that neither opened the last name nor failed. */
#define GO_ON (-2)
#define MAX_LINKS 40
/* Each round loses against a rename somewhere; after so many something is wrong. */
#define MAX_RETRIES 128
/* Each ".." opens the way down again: links full of them would keep us for minutes. */
#define MAX_OPENS 20000
#define PARENT_MODE 0755
#define FILE_MODE 0644

enum make { MAKE_NOTHING, MAKE_DIR, MAKE_FILE };

struct want {
	int flags;
	mode_t mode;
	enum make make; /* what a missing last name becomes; its parents are made too */
};

struct walk {
	int root_fd;             /* borrowed */
	int fd;                  /* the folder reached */
	unsigned links;          /* followed so far */
	unsigned opens;          /* in all attempts */
	char done[PATH_MAX];     /* the names from the root to fd: "a/b", no links, no ".." */
	char rest[PATH_MAX];     /* what is left to resolve */
	char name[NAME_MAX + 1]; /* the name in hand */
	bool is_last;
	bool must_be_dir; /* is_last, and a slash follows */
};

static bool is_walk_forced;

void path_force_walk(bool on)
{
	is_walk_forced = on;
}

static void close_keeping_errno(int fd)
{
	int code = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = code;
}

static int fail(int code)
{
	errno = code;
	return -1;
}

/* Descriptor @fd replaces the folder reached. */
static void move_to(struct walk *w, int fd)
{
	close_keeping_errno(w->fd);
	w->fd = fd;
}

static int open_dir(int dir_fd, const char *name)
{
	return openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int to_root(struct walk *w)
{
	int fd = open_dir(w->root_fd, ".");

	if (fd < 0)
		return -1;
	move_to(w, fd);
	w->done[0] = '\0';
	return 0;
}

/* Up one folder: from the root again, by name. A name that is another thing now is EAGAIN:
 * start over. */
static int to_parent(struct walk *w)
{
	char *last = strrchr(w->done, '/');
	char *from;
	int fd;

	w->done[last ? last - w->done : 0] = '\0';
	fd = open_dir(w->root_fd, ".");
	for (from = w->done; fd >= 0 && *from;) {
		char *slash = strchr(from, '/');
		int next;

		w->opens++;
		if (slash)
			*slash = '\0';
		next = open_dir(fd, from);
		if (slash)
			*slash = '/';
		close_keeping_errno(fd);
		fd = next;
		from = slash ? slash + 1 : from + strlen(from);
	}
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? fail(EAGAIN)
									     : -1;
	move_to(w, fd);
	return 0;
}

/* Into the folder @fd, called w->name; takes @fd. */
static int to_child(struct walk *w, int fd)
{
	size_t done = strlen(w->done);
	size_t len = strlen(w->name);

	if (done + 1 + len >= sizeof(w->done)) {
		close_keeping_errno(fd);
		return fail(ENAMETOOLONG);
	}
	if (done)
		w->done[done++] = '/';
	memcpy(w->done + done, w->name, len + 1);
	move_to(w, fd);
	return 0;
}

/* Take the next name off w->rest. Return: 1, 0 when none is left, or -1. */
static int next_name(struct walk *w)
{
	const char *start = w->rest;
	const char *end, *next;

	while (*start == '/')
		start++;
	if (!*start)
		return 0;

	end = start;
	while (*end && *end != '/')
		end++;
	if (end - start > NAME_MAX)
		return fail(ENAMETOOLONG);
	memcpy(w->name, start, (size_t)(end - start));
	w->name[end - start] = '\0';

	next = end;
	while (*next == '/')
		next++;
	w->is_last = !*next;
	w->must_be_dir = w->is_last && next != end;
	memmove(w->rest, next, strlen(next) + 1);
	return 1;
}

/* The link @fd stands where the name in hand was: its text goes in front of the rest. */
static int follow_link(struct walk *w, int fd)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(fd, "", text, sizeof(text));
	size_t len, rest = strlen(w->rest);

	if (n < 0)
		return -1;
	if (n == 0)
		return fail(ENOENT);
	if (++w->links > MAX_LINKS)
		return fail(ELOOP);

	len = (size_t)n;
	if (len + 1 + rest >= sizeof(w->rest) || len == sizeof(text))
		return fail(ENAMETOOLONG);
	memmove(w->rest + len + 1, w->rest, rest + 1);
	memcpy(w->rest, text, len);
	if (w->is_last && !w->must_be_dir)
		w->rest[len] = '\0';
	else
		w->rest[len] = '/';
	return text[0] == '/' ? to_root(w) : 0;
}

/* Return: 0, the name may be there now; or -1. */
static int make_name(const struct walk *w, const struct want *want)
{
	int fd;

	if (!w->is_last || want->make == MAKE_DIR) {
		mode_t mode = w->is_last ? want->mode : PARENT_MODE;

		return mkdirat(w->fd, w->name, mode) < 0 && errno != EEXIST ? -1 : 0;
	}
	if (w->must_be_dir)
		return fail(EISDIR);
	fd = openat(w->fd, w->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    want->mode);
	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	(void)close(fd);
	return 0;
}

/* The last name with the caller's flags. EAGAIN: it became a link meanwhile. */
static int open_last(const struct walk *w, const struct want *want)
{
	int flags = want->flags | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	if (w->must_be_dir)
		flags |= O_DIRECTORY;

	fd = openat(w->fd, w->name, flags, want->mode);
	if (fd < 0 && errno == ELOOP && !(want->flags & O_NOFOLLOW))
		return fail(EAGAIN);
	return fd;
}

/* The last name is @fd, O_PATH, and not to be followed; takes @fd. */
static int finish(const struct walk *w, const struct want *want, int fd, const struct stat *st)
{
	int opened;

	if (!(want->flags & O_PATH)) {
		opened = open_last(w, want);
		close_keeping_errno(fd);
		return opened;
	}
	if ((w->must_be_dir || (want->flags & O_DIRECTORY)) && !S_ISDIR(st->st_mode)) {
		(void)close(fd);
		return fail(ENOTDIR);
	}
	return fd;
}

/* The path ended in a folder that is open already: "/", "a/..", "a/." */
static int open_reached(const struct walk *w, const struct want *want)
{
	if (want->flags & O_CREAT)
		return fail(want->flags & O_EXCL ? EEXIST : EISDIR);
	return openat(w->fd, ".", want->flags | O_CLOEXEC);
}

/* A name that is not there. Return: descriptor; GO_ON, it may be there now; or -1. */
static int step_missing(struct walk *w, const struct want *want)
{
	if (want->make != MAKE_NOTHING)
		return make_name(w, want) < 0 ? -1 : GO_ON;
	if (w->is_last && (want->flags & O_CREAT))
		return open_last(w, want);
	return fail(ENOENT);
}

/* Open the name in hand as it is, made if need be. Return: as step(). */
static int look(struct walk *w, const struct want *want, int *out_fd)
{
	for (int tries = 0; tries < MAX_RETRIES; tries++) {
		int fd = openat(w->fd, w->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		int result;

		if (fd >= 0) {
			*out_fd = fd;
			return GO_ON;
		}
		if (errno != ENOENT)
			return -1;
		result = step_missing(w, want);
		if (result != GO_ON)
			return result;
	}
	return fail(EAGAIN);
}

static bool is_to_be_followed(const struct walk *w, const struct want *want)
{
	if (!w->is_last || w->must_be_dir)
		return true;
	if (want->flags & O_NOFOLLOW)
		return false;
	return !((want->flags & O_CREAT) && (want->flags & O_EXCL));
}

/* One name of the path. Return: descriptor of the last one; GO_ON; or -1. */
static int step(struct walk *w, const struct want *want)
{
	struct stat st;
	int fd = -1, result;

	if (++w->opens > MAX_OPENS)
		return fail(ELOOP);
	if (strcmp(w->name, ".") == 0)
		return GO_ON;
	if (strcmp(w->name, "..") == 0)
		return to_parent(w) < 0 ? -1 : GO_ON;
	if (w->must_be_dir && (want->flags & O_CREAT))
		return fail(EISDIR);

	result = look(w, want, &fd);
	if (result != GO_ON)
		return result;
	if (fstat(fd, &st) < 0) {
		close_keeping_errno(fd);
		return -1;
	}

	if (S_ISLNK(st.st_mode) && is_to_be_followed(w, want)) {
		result = follow_link(w, fd) < 0 ? -1 : GO_ON;
		close_keeping_errno(fd);
		return result;
	}
	if (w->is_last)
		return finish(w, want, fd, &st);
	if (!S_ISDIR(st.st_mode)) {
		(void)close(fd);
		return fail(ENOTDIR);
	}
	return to_child(w, fd) < 0 ? -1 : GO_ON;
}

/* One attempt. Return: descriptor, or -1 with EAGAIN when the tree moved under our feet. */
static int walk_once(struct walk *w, const char *path, const struct want *want)
{
	size_t len = strlen(path);
	int result;

	if (len == 0)
		return fail(ENOENT);
	if (len >= sizeof(w->rest))
		return fail(ENAMETOOLONG);
	memcpy(w->rest, path, len + 1);
	w->links = 0;
	if (to_root(w) < 0)
		return -1;

	for (;;) {
		result = next_name(w);
		if (result < 0)
			return -1;
		if (result == 0)
			return open_reached(w, want);
		result = step(w, want);
		if (result != GO_ON)
			return result;
	}
}

static int walk_path(int root_fd, const char *path, const struct want *want)
{
	struct walk w;
	int fd, tries = 0;

	w.root_fd = root_fd;
	w.fd = -1;
	w.opens = 0;
	do {
		fd = walk_once(&w, path, want);
	} while (fd < 0 && errno == EAGAIN && ++tries < MAX_RETRIES);

	close_keeping_errno(w.fd);
	return fd;
}

static int openat2_in(int dir_fd, const char *path, struct open_how *how)
{
	return (int)syscall(SYS_openat2, dir_fd, path, how, sizeof(*how));
}

/* A filter answers EPERM to the whole call; a file may be the reason of it too. */
static bool is_openat2_blocked(int root_fd)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	int fd = openat2_in(root_fd, ".", &how);

	if (fd >= 0)
		(void)close(fd);
	return fd < 0 && (errno == EPERM || errno == ENOSYS);
}

/* Return: descriptor or -1; *out_is_walk when the kernel cannot be asked. */
static int open_by_kernel(int root_fd, const char *path, const struct want *want,
			  bool *out_is_walk)
{
	struct open_how how = {
		.flags = (unsigned)want->flags | O_CLOEXEC,
		.mode = want->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
				? want->mode & 07777
				: 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;

	/* openat2 refuses what open ignores beside O_PATH. */
	if (how.flags & O_PATH)
		how.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	do {
		fd = openat2_in(root_fd, path, &how);
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR) && ++tries < MAX_RETRIES);
	if (fd >= 0)
		return fd;

	/* EAGAIN so often: a rename storm. The walk only minds renames on its own way. */
	if (errno == ENOSYS || errno == EAGAIN)
		*out_is_walk = true;
	else if (errno == EPERM) {
		*out_is_walk = is_openat2_blocked(root_fd);
		errno = EPERM;
	}
	return -1;
}

int path_open_in_root(int root_fd, const char *path, int flags, mode_t mode)
{
	struct want want = {.flags = flags, .mode = mode, .make = MAKE_NOTHING};
	bool is_walk = is_walk_forced;
	int fd = -1;

	if (flags & O_PATH)
		want.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
	if (!is_walk)
		fd = open_by_kernel(root_fd, path, &want, &is_walk);
	return is_walk ? walk_path(root_fd, path, &want) : fd;
}

/*
 * The common case of what is missing: a last name in a folder that is there. Made exclusively
 * and opened without following: a link or a race here is a failure, and the walk's to judge.
 * Return: descriptor or -1.
 */
static int make_last(int root_fd, const char *path, const struct want *want)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char parent[PATH_MAX];
	size_t len = slash ? (size_t)(slash - path) : 0;
	int parent_fd, fd = -1;

	if (!*name || name[0] == '.' || len + 2 > sizeof(parent))
		return -1;
	memcpy(parent, path, len);
	parent[len] = '\0';
	parent_fd = path_open_in_root(root_fd, len ? parent : ".", O_PATH | O_DIRECTORY, 0);
	if (parent_fd < 0)
		return -1;
	if (want->make == MAKE_DIR) {
		if (mkdirat(parent_fd, name, want->mode) == 0)
			fd = open_dir(parent_fd, name);
	} else {
		int made = openat(parent_fd, name,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				  want->mode);

		if (made >= 0 && close(made) == 0)
			fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	}
	(void)close(parent_fd);
	return fd;
}

/* What is there already is opened the fast way, and so is what is only one name short; a walk
 * makes the rest. */
static int open_or_make(int root_fd, const char *path, const struct want *want)
{
	int fd = path_open_in_root(root_fd, path, want->flags, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = is_walk_forced ? -1 : make_last(root_fd, path, want);
	return fd >= 0 ? fd : walk_path(root_fd, path, want);
}

int path_mkdir_in_root(int root_fd, const char *path, mode_t mode)
{
	struct want want = {.flags = O_PATH | O_DIRECTORY, .mode = mode, .make = MAKE_DIR};

	return open_or_make(root_fd, path, &want);
}

int path_target_in_root(int root_fd, const char *path, bool is_dir)
{
	struct want want = {.flags = O_PATH, .mode = FILE_MODE, .make = MAKE_FILE};
	struct stat st = {0};
	int fd;

	if (is_dir)
		return path_mkdir_in_root(root_fd, path, PARENT_MODE);

	fd = open_or_make(root_fd, path, &want);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;

	(void)close(fd);
	return fail(S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
}
