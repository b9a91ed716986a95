#include "image/buildfiles.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define FILES_MAX 1000000
#define DEPTH_MAX 128
#define FOLDER_MAX 200000

struct walk {
	struct file_hashes *hashes;
	struct build_files *files;
	int depth;
};

void build_files_done(struct build_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		free(files->items[i].content);
	}
	free(files->items);
	strv_done(&files->hidden);
	*files = (struct build_files){0};
}

static int add(struct build_files *files, const char *path, enum build_file_kind kind,
	       uint64_t size, const char *content, struct err *err)
{
	if (files->count == FILES_MAX)
		return err_set(err, "more than %d files", FILES_MAX);
	if ((files->count & (files->count - 1)) == 0)
		files->items = xrealloc(files->items, (files->count ? 2 * files->count : 1) *
							      sizeof(*files->items));
	files->items[files->count++] = (struct build_file){
		.path = xstrdup(path), .kind = kind, .size = size, .content = xstrdup(content)};
	return 0;
}

static int add_regular(struct walk *w, int dir_fd, const char *name, const char *path,
		       struct err *err)
{
	AUTO_CLOSE int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char hex[SHA256_HEX_MAX];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_code(err, EAGAIN, "'%s' was replaced while it was read", path);
	if (file_hashes_get(w->hashes, fd, path, hex, err) < 0)
		return -1;
	return add(w->files, path, st.st_mode & 0100 ? BUILD_EXECUTABLE : BUILD_FILE,
		   (uint64_t)st.st_size, hex, err);
}

static int add_link(struct walk *w, int dir_fd, const char *name, const char *path,
		    struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, "read link '%s'", path);
	target[n] = '\0';
	return add(w->files, path, BUILD_LINK, (uint64_t)n, target, err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes @fd. */
static int list_folder(int fd, const char *path, struct strv *out_names, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		(void)close(fd);
		return err_sys(err, "read folder '%s'", path);
	}
	while ((errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (out_names->count == FOLDER_MAX)
			return err_set(err, "folder '%s' has more than %d files", path,
				       FOLDER_MAX);
		strv_add(out_names, entry->d_name);
	}
	if (errno)
		return err_sys(err, "read folder '%s'", path);
	if (out_names->count)
		qsort(out_names->items, out_names->count, sizeof(char *), compare_names);
	return 0;
}

static int add_entry(struct walk *w, int dir_fd, const char *name, const char *path,
		     struct err *err);

static int add_folder(struct walk *w, int dir_fd, const char *name, const char *path,
		      struct err *err)
{
	AUTO_CLOSE int fd =
		openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_STRV struct strv names = {0};

	if (fd < 0)
		return err_sys(err, "read folder '%s'", path);
	if (w->depth == DEPTH_MAX)
		return err_set(err, "folder '%s' is more than %d deep", path, DEPTH_MAX);
	if (add(w->files, path, BUILD_FOLDER, 0, "", err) < 0 ||
	    list_folder(fcntl(fd, F_DUPFD_CLOEXEC, 0), path, &names, err) < 0)
		return -1;
	w->depth++;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *below = path_join(path, names.items[i]);

		if (add_entry(w, fd, names.items[i], below, err) < 0)
			return -1;
	}
	w->depth--;
	return 0;
}

static int add_entry(struct walk *w, int dir_fd, const char *name, const char *path,
		     struct err *err)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "look at '%s'", path);
	if (S_ISREG(st.st_mode))
		return add_regular(w, dir_fd, name, path, err);
	if (S_ISLNK(st.st_mode))
		return add_link(w, dir_fd, name, path, err);
	if (!S_ISDIR(st.st_mode))
		return add(w->files, path, BUILD_OTHER, 0, "", err);
	/* What git keeps there changes with every look at it. */
	if (w->depth && strcmp(name, ".git") == 0) {
		strv_add(&w->files->hidden, path);
		return 0;
	}
	return add_folder(w, dir_fd, name, path, err);
}

int build_files_read(const char *workspace, const char *path, struct file_hashes *hashes,
		     struct build_files *files, struct err *err)
{
	AUTO_FREE char *real_workspace = realpath(workspace, NULL);
	AUTO_FREE char *real = realpath(path, NULL);
	const char *shown = path + strlen(workspace);
	struct walk w = {.hashes = hashes, .files = files};

	shown = *shown ? shown + 1 : ".";
	if (!real_workspace)
		return err_sys(err, "workspace '%s'", workspace);
	if (!real) {
		(void)err_sys(err, "'%s'", shown);
		return err_hint(err, err->code == ENOENT ? "make it first, or take it out"
							 : "may you read it?");
	}
	if (!path_is_below(real, real_workspace)) {
		(void)err_set(err, "'%s' is a link out of the workspace", shown);
		return err_hint(err, "boxes write to the workspace, so one may have made the "
				     "link; copy what it means into the workspace");
	}
	return add_entry(&w, AT_FDCWD, real, shown, err);
}
