#include "layer/extract.h"
#include "layer/settle.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NEW_FILE (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int extract_fail(const struct extract *x, const char *what, struct err *err)
{
	int code = errno;
	char say[NAME_SAY_MAX];

	(void)err_code(err, code, "%s '%s' of the layer", what, name_say(x->name.path, say));
	if (code == ENOSPC || code == EDQUOT)
		return err_hint(err, "make room on the disk; devbox prune removes what is not "
				     "used");
	return -1;
}

/* --- data --- */

static int write_piece(int fd, const struct tar_piece *piece)
{
	size_t done = 0;

	while (done < piece->len) {
		ssize_t n = pwrite(fd, (const char *)piece->data + done, piece->len - done,
				   (off_t)(piece->offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* What no data came for, in the middle or at the end, is a hole. */
static int write_data(struct extract *x, int fd, struct err *err)
{
	struct tar_piece piece;
	uint64_t end = 0;
	int result;

	if (x->entry.size == 0)
		return 0;
	while ((result = tar_reader_data(x->tar, &piece, err)) > 0) {
		char say[NAME_SAY_MAX];

		if (piece.len > x->entry.size || piece.offset > x->entry.size - piece.len)
			return err_set(err,
				       "the entry '%s' of the layer has more data than it "
				       "says",
				       name_say(x->name.path, say));
		if (write_piece(fd, &piece) < 0)
			return extract_fail(x, "write", err);
		if (piece.offset + piece.len > end)
			end = piece.offset + piece.len;
	}
	if (result < 0)
		return -1;
	if (end < x->entry.size && ftruncate(fd, (off_t)x->entry.size) < 0)
		return extract_fail(x, "write", err);
	return 0;
}

static int set_time(struct extract *x, int fd, struct err *err)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry_mtime(&x->entry)};

	return futimens(fd, times) < 0 ? extract_fail(x, "set the time of", err) : 0;
}

/* --- kinds of entries; each makes @name in @folder --- */

static int make_file(struct extract *x, const struct folder *folder, const char *name,
		     struct err *err)
{
	mode_t mode = x->entry.mode & 0777;
	AUTO_CLOSE int fd = openat(folder->fd, name, NEW_FILE, mode);

	if (fd < 0 && errno == EEXIST) {
		if (folders_clear_name(&x->folders, folder, name, err) < 0)
			return -1;
		fd = openat(folder->fd, name, NEW_FILE, mode);
	}
	if (fd < 0)
		return extract_fail(x, "make", err);
	if (write_data(x, fd, err) < 0 || attributes_set(x, fd, folder, true, err) < 0)
		return -1;
	return set_time(x, fd, err);
}

/* A folder that is there keeps what is in it. Return: 1 when it is new, 0, or -1. */
static int make_or_keep(struct extract *x, const struct folder *folder, const char *name,
			struct err *err)
{
	mode_t mode = x->entry.mode & 0777;
	struct stat st;

	if (mkdirat(folder->fd, name, mode) == 0)
		return 1;
	if (errno == EEXIST && fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		if (folders_clear_name(&x->folders, folder, name, err) < 0)
			return -1;
		if (mkdirat(folder->fd, name, mode) == 0)
			return 1;
	}
	return extract_fail(x, "make the folder", err);
}

/* What follows is most often in it: it stays open. */
static int make_folder(struct extract *x, struct folder *folder, const char *name,
		       struct err *err)
{
	int is_new = make_or_keep(x, folder, name, err);
	AUTO_CLOSE int fd = -1;

	if (is_new < 0)
		return -1;
	fd = openat(folder->fd, name, DIR_FLAGS);
	if (fd < 0)
		return extract_fail(x, "open the folder", err);
	if (!is_new && x->folders.implied > 0)
		(void)fremovexattr(fd, SETTLE_MARK);
	if (attributes_set(x, fd, folder, is_new, err) < 0)
		return -1;

	folder = folders_push(&x->folders, steal_fd(&fd), x->name.path, x->name.len, err);
	if (!folder)
		return -1;
	folder->mtime = entry_mtime(&x->entry);
	return 0;
}

static int make_symlink(struct extract *x, const struct folder *folder, const char *name,
			struct err *err)
{
	const char *target = x->entry.symlink;
	int result = symlinkat(target, folder->fd, name);

	if (result < 0 && errno == EEXIST) {
		if (folders_clear_name(&x->folders, folder, name, err) < 0)
			return -1;
		result = symlinkat(target, folder->fd, name);
	}
	if (result < 0)
		return extract_fail(x, "make the link", err);
	return attributes_set_at(x, folder, name, err);
}

static int make_fifo(struct extract *x, const struct folder *folder, const char *name,
		     struct err *err)
{
	mode_t mode = S_IFIFO | (x->entry.mode & 0777);
	int result = mknodat(folder->fd, name, mode, 0);

	if (result < 0 && errno == EEXIST) {
		if (folders_clear_name(&x->folders, folder, name, err) < 0)
			return -1;
		result = mknodat(folder->fd, name, mode, 0);
	}
	if (result < 0)
		return extract_fail(x, "make the pipe", err);
	return attributes_set_at(x, folder, name, err);
}

/* Nobody without privilege may make one. 0/0 would even be a whiteout. */
static int skip_device(struct extract *x)
{
	if (x->result.devices++ == 0)
		(void)name_say(x->name.path, x->result.device_path);
	return 0;
}

/* --- hard links --- */

static int no_target(const struct extract *x, struct err *err)
{
	char from[NAME_SAY_MAX], to[NAME_SAY_MAX];

	return err_set(err,
		       "the hard link '%s' of the layer is to '%s', which is not in the layer",
		       name_say(x->name.path, from), name_say(x->entry.hard_link, to));
}

static bool is_same_file(int dir_fd, const char *name, const struct stat *st)
{
	struct stat other;

	return fstatat(dir_fd, name, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
	       other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* The folder of the target, resolved below the layer's; itself it is not followed. */
static int open_target_folder(struct extract *x, struct name *target, struct err *err)
{
	int fd;

	if (name_set(target, x->entry.hard_link, err) < 0)
		return -1;
	if (target->len == 0)
		return no_target(x, err);
	if (target->parent_len)
		target->path[target->parent_len] = '\0';
	fd = path_open_in_root(x->folders.stack[0].fd, target->parent_len ? target->path : ".",
			       O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? no_target(x, err) : fd;
}

/* Some archives repeat the data with each link. They go into the file that is there. */
static int write_again(struct extract *x, const struct folder *folder, const char *name,
		       const struct stat *st, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (x->entry.size == 0 || !S_ISREG(st->st_mode))
		return 0;
	fd = openat(folder->fd, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return extract_fail(x, "open", err);
	if (write_data(x, fd, err) < 0 || attributes_set(x, fd, folder, false, err) < 0)
		return -1;
	return set_time(x, fd, err);
}

static int make_hard_link(struct extract *x, const struct folder *folder, const char *name,
			  struct err *err)
{
	struct name target;
	AUTO_CLOSE int target_fd = open_target_folder(x, &target, err);
	const char *base = name_base(&target);
	struct stat st;

	if (target_fd < 0)
		return -1;
	if (fstatat(target_fd, base, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
		return no_target(x, err);
	if (is_same_file(folder->fd, name, &st))
		return write_again(x, folder, name, &st, err);
	if (linkat(target_fd, base, folder->fd, name, 0) < 0) {
		if (errno != EEXIST)
			return extract_fail(x, "make the hard link", err);
		if (folders_clear_name(&x->folders, folder, name, err) < 0)
			return -1;
		if (linkat(target_fd, base, folder->fd, name, 0) < 0)
			return errno == ENOENT ? no_target(x, err)
					       : extract_fail(x, "make the hard link", err);
	}
	return write_again(x, folder, name, &st, err);
}

/* --- one entry --- */

/* The layer's folder itself. */
static int take_root(struct extract *x, struct err *err)
{
	struct folder *root;
	struct stat st;

	if (x->entry.hard_link || !S_ISDIR(x->entry.mode))
		return err_set(err, "an entry of the layer has the name of its root, but is no "
				    "folder");
	root = folders_enter(&x->folders, "", 0, err);
	if (root)
		(void)fremovexattr(root->fd, SETTLE_MARK);
	if (!root || attributes_set(x, root->fd, root, false, err) < 0)
		return -1;
	if (fstat(root->fd, &st) < 0)
		return extract_fail(x, "look at the root", err);
	root->mtime = entry_mtime(&x->entry);
	root->gid = st.st_gid;
	root->has_setgid = (st.st_mode & S_ISGID) != 0;
	return 0;
}

/* Of images that can be read lazily: they describe the archive, not the image. */
static bool is_index(const struct name *name)
{
	return name->parent_len == 0 && (str_eq(name->path, "stargz.index.json") ||
					 str_eq(name->path, ".prefetch.landmark") ||
					 str_eq(name->path, ".no.prefetch.landmark"));
}

static int refuse_kind(const struct extract *x, struct err *err)
{
	char say[NAME_SAY_MAX];

	return err_set(err, "the entry '%s' of the layer is of no known kind",
		       name_say(x->name.path, say));
}

static int make_entry(struct extract *x, struct err *err)
{
	const char *name = name_base(&x->name);
	struct folder *folder =
		folders_enter(&x->folders, x->name.path, x->name.parent_len, err);

	if (!folder)
		return -1;
	if (x->entry.hard_link)
		return make_hard_link(x, folder, name, err);
	switch (x->entry.mode & S_IFMT) {
	case S_IFREG:
		return make_file(x, folder, name, err);
	case S_IFDIR:
		return make_folder(x, folder, name, err);
	case S_IFLNK:
		return x->entry.symlink ? make_symlink(x, folder, name, err)
					: refuse_kind(x, err);
	case S_IFIFO:
		return make_fifo(x, folder, name, err);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFSOCK:
		return skip_device(x);
	default:
		return refuse_kind(x, err);
	}
}

static int check_limits(struct extract *x, struct err *err)
{
	struct layer_result *r = &x->result;
	char say[NAME_SAY_MAX];

	if (++r->entries > x->limits.entries)
		return err_set(err, "the layer has more than %llu entries",
			       (unsigned long long)x->limits.entries);
	if (x->entry.size > x->limits.file_bytes)
		return err_set(err,
			       "the file '%s' of the layer is larger than the limit of %llu "
			       "bytes",
			       name_say(x->name.path, say),
			       (unsigned long long)x->limits.file_bytes);
	r->bytes += x->entry.size;
	if (r->bytes > x->limits.bytes)
		return err_set(err,
			       "the files of the layer are larger than the limit of %llu "
			       "bytes",
			       (unsigned long long)x->limits.bytes);
	return 0;
}

int extract_entry(struct extract *x, struct err *err)
{
	int taken;

	if (name_set(&x->name, x->entry.path, err) < 0 || check_limits(x, err) < 0)
		return -1;
	if (x->name.len == 0)
		return take_root(x, err);
	if (is_index(&x->name))
		return 0;
	taken = whiteout_take(x, err);
	if (taken != 0)
		return taken < 0 ? -1 : 0;
	return make_entry(x, err);
}
