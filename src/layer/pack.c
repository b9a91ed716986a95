#include "layer/blob.h"
#include "layer/layer.h"
#include "layer/name.h"
#include "layer/packxattr.h"
#include "layer/seen.h"
#include "layer/settle.h"
#include "layer/tarwrite.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
#define READ_BYTES (128 * 1024)
#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

struct pack {
	struct blob *blob;
	struct seen seen;
	struct buf out; /* headers on their way */
	char *data;
	char path[PATH_MAX + 16]; /* of the entry in hand, and a slash or a whiteout's prefix */
	size_t len;
	unsigned depth;
};

static int fail_on(const struct pack *p, const char *what, struct err *err)
{
	int code = errno;
	char say[NAME_SAY_MAX];

	return err_code(err, code, "%s '%s'", what, name_say(p->path, say));
}

static int cannot(const struct pack *p, const char *why, struct err *err)
{
	char say[NAME_SAY_MAX];

	return err_set(err, "'%s' %s", name_say(p->path, say), why);
}

static int put(struct pack *p, const struct tar_item *item, struct err *err)
{
	p->out.len = 0;
	tar_header(&p->out, item);
	return blob_add(p->blob, p->out.data, p->out.len, err);
}

/* What hides something is an empty file of nobody in particular. */
static int put_mark(struct pack *p, const char *path, struct err *err)
{
	struct tar_item item = {.path = path, .type = TAR_FILE, .mode = 0644};

	return put(p, &item, err);
}

static struct tar_item item_of(const struct pack *p, const struct stat *st, enum tar_type type)
{
	const struct timespec epoch = {0};

	return (struct tar_item){.path = p->path,
				 .type = type,
				 .mode = st->st_mode & 07777,
				 .uid = st->st_uid,
				 .gid = st->st_gid,
				 .mtime = st->st_mtim.tv_sec < 0 ? epoch : st->st_mtim,
				 .device = st->st_rdev};
}

/* Exactly the bytes that the header said. */
static int put_data(struct pack *p, int fd, uint64_t size, struct err *err)
{
	static const char zeros[TAR_BLOCK];
	uint64_t left = size;

	while (left > 0) {
		size_t want = left < READ_BYTES ? (size_t)left : READ_BYTES;
		ssize_t n = read(fd, p->data, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_on(p, "read", err);
		if (n == 0)
			return cannot(p, "became shorter while it was read", err);
		if (blob_add(p->blob, p->data, (size_t)n, err) < 0)
			return -1;
		left -= (uint64_t)n;
	}
	return blob_add(p->blob, zeros, TAR_PADDING(size), err);
}

static int put_file(struct pack *p, int dir_fd, const char *name, struct err *err)
{
	AUTO_CLOSE int fd = openat(dir_fd, name, OPEN_FLAGS);
	AUTO_BUF struct buf xattrs = {0};
	struct tar_item item;
	bool is_opaque = false;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_on(p, "open", err);
	if (!S_ISREG(st.st_mode))
		return cannot(p, "became something else while it was read", err);
	if (packxattr_read(fd, p->path, &xattrs, &is_opaque, err) < 0)
		return -1;
	item = item_of(p, &st, TAR_FILE);
	item.size = (uint64_t)st.st_size;
	item.xattrs = &xattrs;
	return put(p, &item, err) < 0 ? -1 : put_data(p, fd, item.size, err);
}

static int put_symlink(struct pack *p, int dir_fd, const char *name, const struct stat *st,
		       struct err *err)
{
	struct tar_item item = item_of(p, st, TAR_SYMLINK);
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target));

	if (n < 0 || n == (ssize_t)sizeof(target))
		return fail_on(p, "read the link", err);
	target[n] = '\0';
	item.link = target;
	return put(p, &item, err);
}

static int put_whiteout(struct pack *p, const char *name, struct err *err)
{
	size_t before = p->len - strlen(name);

	if (strlen(WHITEOUT) + strlen(name) > NAME_MAX)
		return cannot(p, "has a name too long to be said to be removed", err);
	memmove(p->path + before + strlen(WHITEOUT), name, strlen(name) + 1);
	memcpy(p->path + before, WHITEOUT, strlen(WHITEOUT));
	return put_mark(p, p->path, err);
}

static int put_special(struct pack *p, const char *name, const struct stat *st, struct err *err)
{
	struct tar_item item = item_of(p, st, TAR_PIPE);

	if (S_ISCHR(st->st_mode) && st->st_rdev == 0)
		return put_whiteout(p, name, err);
	if (S_ISSOCK(st->st_mode))
		return 0; /* means nothing without who listens */
	if (S_ISCHR(st->st_mode))
		item.type = TAR_CHAR;
	if (S_ISBLK(st->st_mode))
		item.type = TAR_BLOCK_DEVICE;
	return put(p, &item, err);
}

static int put_folder(struct pack *p, int fd, struct err *err);

static int put_entry(struct pack *p, int dir_fd, const char *name, struct err *err)
{
	const char *first;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_on(p, "look at", err);
	if (S_ISDIR(st.st_mode)) {
		AUTO_CLOSE int fd = openat(dir_fd, name, OPEN_FLAGS | O_DIRECTORY);

		return fd < 0 ? fail_on(p, "open", err) : put_folder(p, fd, err);
	}
	if (S_ISCHR(st.st_mode) || S_ISSOCK(st.st_mode) || st.st_nlink < 2)
		first = NULL;
	else
		first = seen_before(&p->seen, &st, p->path);
	if (first) {
		struct tar_item item = item_of(p, &st, TAR_HARD_LINK);

		item.link = first;
		return put(p, &item, err);
	}
	if (S_ISREG(st.st_mode))
		return put_file(p, dir_fd, name, err);
	if (S_ISLNK(st.st_mode))
		return put_symlink(p, dir_fd, name, &st, err);
	return put_special(p, name, &st, err);
}

/* --- folders --- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(const struct pack *p, int fd, struct strv *names, struct err *err)
{
	AUTO_CLOSE int own_fd = openat(fd, ".", OPEN_FLAGS | O_DIRECTORY);
	AUTO_CLOSEDIR DIR *dir = own_fd < 0 ? NULL : fdopendir(own_fd);
	const struct dirent *d;

	if (!dir)
		return fail_on(p, "read the folder", err);
	(void)steal_fd(&own_fd);
	while ((errno = 0, d = readdir(dir))) {
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			strv_add(names, d->d_name);
	}
	if (errno)
		return fail_on(p, "read the folder", err);
	if (names->count > 1)
		qsort(names->items, names->count, sizeof(*names->items), by_name);
	return 0;
}

/* p->path is the folder's, with its slash, "" for the layer's. */
static int put_children(struct pack *p, int fd, struct err *err)
{
	AUTO_STRV struct strv names = {0};
	size_t before = p->len;
	size_t i;

	if (read_names(p, fd, &names, err) < 0)
		return -1;
	for (i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		size_t len = strlen(name);

		if (before + len >= PATH_MAX)
			return cannot(p, "holds names longer than 4095 bytes", err);
		memcpy(p->path + before, name, len + 1);
		p->len = before + len;
		if (str_starts(name, WHITEOUT))
			return cannot(p, "has a name that in a layer would remove another",
				      err);
		if (put_entry(p, fd, name, err) < 0)
			return -1;
		p->len = before;
		p->path[before] = '\0';
	}
	return 0;
}

static int put_opaque(struct pack *p, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s" OPAQUE, p->path);

	return put_mark(p, path, err);
}

static int put_folder(struct pack *p, int fd, struct err *err)
{
	AUTO_BUF struct buf xattrs = {0};
	struct tar_item item;
	bool is_opaque = false;
	struct stat st;

	if (p->depth++ > NAME_DEPTH_MAX)
		return cannot(p, "is more than 256 folders deep", err);
	if (fstat(fd, &st) < 0)
		return fail_on(p, "look at", err);
	if (packxattr_read(fd, p->path, &xattrs, &is_opaque, err) < 0)
		return -1;
	if (p->len) {
		p->path[p->len++] = '/';
		p->path[p->len] = '\0';
	}
	item = item_of(p, &st, TAR_FOLDER);
	item.path = p->len ? p->path : "./";
	item.xattrs = &xattrs;
	/* What its layer did not list is that of the layers below. */
	if ((!settle_is_marked(fd, SETTLE_MARK) && put(p, &item, err) < 0) ||
	    (is_opaque && put_opaque(p, err) < 0) || put_children(p, fd, err) < 0)
		return -1;
	p->depth--;
	return 0;
}

int layer_pack(int diff_fd, int out_fd, enum layer_compression compression,
	       struct layer_packed *out_packed, struct err *err)
{
	struct pack p = {.blob = blob_new(out_fd, compression, err)};
	int result = -1;

	if (!p.blob)
		return -1;
	p.data = xmalloc(READ_BYTES);
	if (put_folder(&p, diff_fd, err) == 0) {
		p.out.len = 0;
		tar_end(&p.out);
		if (blob_add(p.blob, p.out.data, p.out.len, err) == 0)
			result = blob_end(p.blob, out_packed, err);
	}
	free(p.data);
	buf_done(&p.out);
	seen_done(&p.seen);
	blob_free(p.blob);
	return result;
}
