#include "layer/settle.h"

#include "layer/blob.h"
#include "layer/name.h"
#include "layer/packxattr.h"
#include "layer/settle_find.h"
#include "layer/tarwrite.h"
#include "util/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* So much may be said of folders that nobody listed. */
#define PATHS_MAX 1000000
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct work {
	const struct settle *settle;
	struct strv paths; /* to be said, each with those above it */
	struct blob *blob;
	uint64_t entries;
};

static int fail_on(const char *path, const char *what, struct err *err)
{
	int code = errno;
	char say[NAME_SAY_MAX];

	return err_code(err, code, "%s the folder '%s' of a layer", what, name_say(path, say));
}

/* --- which --- */

/* With the slash at the end of those above it. */
static void add_path(struct work *w, const char *path)
{
	for (size_t at = strcspn(path, "/"); path[at]; at += 1 + strcspn(path + at + 1, "/"))
		strv_take(&w->paths, xstrndup(path, at));
	strv_add(&w->paths, path);
}

static bool is_folder(int dir_fd, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int list_folders(int fd, const char *path, struct strv *queue, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = fdopendir(fd);
	const struct dirent *d;

	if (!dir) {
		(void)close(fd);
		return fail_on(path, "read", err);
	}
	while ((errno = 0, d = readdir(dir))) {
		if (str_eq(d->d_name, ".") || str_eq(d->d_name, "..") ||
		    !is_folder(dirfd(dir), d))
			continue;
		strv_take(queue, xasprintf("%s%s%s", path, *path ? "/" : "", d->d_name));
	}
	return errno ? fail_on(path, "read", err) : 0;
}

/* One that is marked is said when a layer below lists it. */
static int judge(struct work *w, int fd, const char *path, struct err *err)
{
	AUTO_CLOSE int found_fd = -1;
	int found;

	if (!settle_is_marked(fd, SETTLE_MARK))
		return 0;
	found = settle_find(w->settle, path, &found_fd, err);
	if (found < 0)
		return -1;
	if (found == SETTLE_LISTED)
		add_path(w, path);
	return w->paths.count > PATHS_MAX
		       ? err_set(err, "the layers do not list more than %d of their folders",
				 PATHS_MAX)
		       : 0;
}

/* All folders of a layer, by their paths, so that few are open however deep it is. */
static int walk(struct work *w, int diff_fd, struct err *err)
{
	AUTO_STRV struct strv queue = {0};

	strv_add(&queue, ".");
	for (size_t i = 0; i < queue.count; i++) {
		const char *path = i ? queue.items[i] : "";
		int fd = openat(diff_fd, queue.items[i], DIR_FLAGS);

		if (fd < 0)
			return fail_on(path, "open", err);
		if (i > 0 && judge(w, fd, path, err) < 0) {
			(void)close(fd);
			return -1;
		}
		if (list_folders(fd, path, &queue, err) < 0)
			return -1;
	}
	return 0;
}

/* Nobody minds its time: that of one which is not listed is when it was unpacked. */
static int judge_root(struct work *w, struct err *err)
{
	AUTO_CLOSE int top = settle_open(w->settle, w->settle->count - 1, err);
	AUTO_CLOSE int found_fd = -1;
	struct stat is, should;
	int found = top < 0 ? -1 : settle_find(w->settle, "", &found_fd, err);

	if (found != SETTLE_LISTED)
		return found < 0 ? -1 : 0;
	if (fstat(top, &is) < 0 || fstat(found_fd, &should) < 0)
		return err_sys(err, "look at the root of a layer");
	if (is.st_mode != should.st_mode || is.st_uid != should.st_uid ||
	    is.st_gid != should.st_gid)
		strv_add(&w->paths, "");
	return 0;
}

/* --- what --- */

static uint32_t id_inside(const struct work *w, uint32_t id)
{
	return id >= w->settle->first_id ? id - w->settle->first_id : 0;
}

static int put(struct work *w, const char *path, struct err *err)
{
	AUTO_FREE char *name = xasprintf("%s/", *path ? path : ".");
	AUTO_BUF struct buf xattrs = {0};
	AUTO_BUF struct buf out = {0};
	AUTO_CLOSE int fd = -1;
	struct tar_item item = {.path = name, .type = TAR_FOLDER, .xattrs = &xattrs};
	bool is_opaque = false;
	struct stat st;

	if (settle_find(w->settle, path, &fd, err) < 0)
		return -1;
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return fail_on(path, "look at", err);
	if (packxattr_read(fd, path, &xattrs, &is_opaque, err) < 0)
		return -1;
	item.mode = st.st_mode & 07777;
	item.uid = id_inside(w, st.st_uid);
	item.gid = id_inside(w, st.st_gid);
	item.mtime = st.st_mtim;
	if (item.mtime.tv_sec < 0)
		item.mtime = (struct timespec){0};
	tar_header(&out, &item);
	return blob_add(w->blob, out.data, out.len, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those above first, each once. */
static int put_all(struct work *w, struct err *err)
{
	AUTO_BUF struct buf end = {0};

	strv_add(&w->paths, "");
	qsort(w->paths.items, w->paths.count, sizeof(*w->paths.items), by_name);
	for (size_t i = 0; i < w->paths.count; i++) {
		if (i > 0 && str_eq(w->paths.items[i], w->paths.items[i - 1]))
			continue;
		if (put(w, w->paths.items[i], err) < 0)
			return -1;
	}
	tar_end(&end);
	return blob_add(w->blob, end.data, end.len, err);
}

static int find_all(struct work *w, struct err *err)
{
	/* Below the lowest there is nothing. */
	for (size_t i = 1; i < w->settle->count; i++) {
		AUTO_CLOSE int fd = settle_open(w->settle, i, err);

		if (fd < 0)
			return -1;
		if (settle_is_marked(fd, SETTLE_MARK_INSIDE) && walk(w, fd, err) < 0)
			return -1;
	}
	return judge_root(w, err);
}

int layer_settle(const struct settle *settle, int out_fd, struct layer_packed *out_packed,
		 struct err *err)
{
	struct work w = {.settle = settle};
	int result = settle->count ? find_all(&w, err) : 0;

	if (result == 0 && w.paths.count == 0) {
		*out_packed = (struct layer_packed){0};
	} else if (result == 0) {
		w.blob = blob_new(out_fd, LAYER_PLAIN, err);
		result = w.blob && put_all(&w, err) == 0 ? blob_end(w.blob, out_packed, err)
							 : -1;
		blob_free(w.blob);
	}
	strv_done(&w.paths);
	return result;
}
