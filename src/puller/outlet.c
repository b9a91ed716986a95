#include "puller/outlet.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 65536

/*
 * @path: of the result; @dir_fd: the folder that is the result, or that it goes into
 * @archive: NULL: a folder; @fd: what it is written to, @part: its name in the folder until it
 * is whole; @written: names
 */
struct outlet {
	char *path;
	char *part;
	int dir_fd;
	const struct signals *signals;
	struct archive *archive;
	int fd;
	struct strv written;
	struct strv folders; /* of the archive, each with its slash */
};

static int is_empty(int dir_fd, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(err, "read the folder");
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return err_code(err, EEXIST, "it must be a new or an empty folder");
	}
	return 0;
}

int outlet_folder(const char *path, const struct signals *signals, struct outlet **out_outlet,
		  struct err *err)
{
	struct outlet *outlet;
	int fd;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, "make folder '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open folder '%s'", path);
	if (is_empty(fd, err) < 0) {
		(void)close(fd);
		return err_wrap(err, "'%s'", path);
	}
	outlet = xmalloc(sizeof(*outlet));
	*outlet = (struct outlet){
		.path = xstrdup(path), .dir_fd = fd, .signals = signals, .fd = -1};
	*out_outlet = outlet;
	return 0;
}

static const char *name_of(const struct outlet *outlet)
{
	const char *slash = strrchr(outlet->path, '/');

	return slash ? slash + 1 : outlet->path;
}

static int open_target(struct outlet *outlet, struct err *err)
{
	AUTO_FREE char *folder = NULL;
	AUTO_FREE char *part = NULL;
	char *slash;

	if (strcmp(outlet->path, "-") == 0) {
		outlet->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return outlet->fd < 0 ? err_sys(err, "standard output") : 0;
	}
	folder = xstrdup(outlet->path);
	slash = strrchr(folder, '/');
	if (slash)
		slash[1] = '\0';
	outlet->dir_fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (outlet->dir_fd < 0)
		return err_sys(err, "open the folder of '%s'", outlet->path);
	part = xasprintf(".%s.%d", name_of(outlet), (int)getpid());
	outlet->fd = openat(outlet->dir_fd, part,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (outlet->fd < 0)
		return err_sys(err, "make a file beside '%s'", outlet->path);
	outlet->part = STEAL(part);
	return 0;
}

static int fail(struct outlet *outlet, struct err *err)
{
	const char *why = archive_error_string(outlet->archive);

	return err_set(err, "write '%s'%s%s", outlet->path, why ? ": " : "", why ? why : "");
}

int outlet_archive(const char *path, const struct signals *signals, struct outlet **out_outlet,
		   struct err *err)
{
	struct outlet *outlet = xmalloc(sizeof(*outlet));

	*outlet = (struct outlet){
		.path = xstrdup(path), .dir_fd = -1, .signals = signals, .fd = -1};
	if (open_target(outlet, err) < 0) {
		outlet_close(outlet);
		return -1;
	}
	outlet->archive = archive_write_new();
	if (!outlet->archive ||
	    archive_write_set_format_pax_restricted(outlet->archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(outlet->archive, 1) != ARCHIVE_OK ||
	    archive_write_open_fd(outlet->archive, outlet->fd) != ARCHIVE_OK) {
		(void)err_set(err, "write '%s'", path);
		outlet_close(outlet);
		return -1;
	}
	*out_outlet = outlet;
	return 0;
}

/* Some readers give a folder without a header of its own to root, which only root can. */
static int put_parents(struct outlet *outlet, const char *name, struct err *err)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *folder = xstrndup(name, (size_t)(slash - name) + 1);
		struct archive_entry *entry;
		int rc;

		if (strv_has(&outlet->folders, folder))
			continue;
		entry = archive_entry_new();
		archive_entry_set_pathname(entry, folder);
		archive_entry_set_filetype(entry, AE_IFDIR);
		archive_entry_set_perm(entry, 0755);
		archive_entry_set_mtime(entry, 0, 0);
		rc = archive_write_header(outlet->archive, entry);
		archive_entry_free(entry);
		if (rc < ARCHIVE_WARN)
			return fail(outlet, err);
		strv_add(&outlet->folders, folder);
	}
	return 0;
}

static int begin_member(struct outlet *outlet, const char *name, uint64_t size, struct err *err)
{
	struct archive_entry *entry;
	int rc;

	if (put_parents(outlet, name, err) < 0)
		return -1;
	entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, 0, 0);
	rc = archive_write_header(outlet->archive, entry);
	archive_entry_free(entry);
	return rc < ARCHIVE_WARN ? fail(outlet, err) : 0;
}

/* Return: descriptor of a new file below the folder, parents made. */
static int make_file(const struct outlet *outlet, const char *name, struct err *err)
{
	AUTO_FREE char *parent = xstrdup(name);
	int fd;

	for (char *slash = strchr(parent, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(outlet->dir_fd, parent, 0755) < 0 && errno != EEXIST)
			return err_sys(err, "make folder '%s/%s'", outlet->path, parent);
		*slash = '/';
	}
	fd = openat(outlet->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, "make '%s/%s'", outlet->path, name);
	return fd;
}

static int put(const struct outlet *outlet, int fd, const void *data, size_t len)
{
	if (outlet->archive)
		return archive_write_data(outlet->archive, data, len) == (la_ssize_t)len ? 0
											 : -1;
	return fd_write_all(fd, data, len);
}

static int copy(const struct outlet *outlet, int out_fd, int fd, uint64_t size)
{
	static char buffer[BLOCK];
	uint64_t at = 0;

	while (at < size) {
		size_t want = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		ssize_t n = pread(fd, buffer, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (signals_came(outlet->signals)) {
			errno = EINTR;
			return -1;
		}
		if (n <= 0 || put(outlet, out_fd, buffer, (size_t)n) < 0)
			return -1;
		at += (uint64_t)n;
	}
	return 0;
}

/* @text, or @size bytes of @fd. */
static int add(struct outlet *outlet, const char *name, const char *text, int fd, uint64_t size,
	       struct err *err)
{
	AUTO_CLOSE int out_fd = -1;
	int rc;

	if (strv_has(&outlet->written, name))
		return 0;
	strv_add(&outlet->written, name);
	if (outlet->archive) {
		if (begin_member(outlet, name, size, err) < 0)
			return -1;
	} else {
		out_fd = make_file(outlet, name, err);
		if (out_fd < 0)
			return -1;
	}
	rc = text ? put(outlet, out_fd, text, (size_t)size) : copy(outlet, out_fd, fd, size);
	if (rc < 0)
		return outlet->archive ? fail(outlet, err)
				       : err_sys(err, "write '%s/%s'", outlet->path, name);
	return 0;
}

int outlet_text(struct outlet *outlet, const char *name, const char *text, struct err *err)
{
	return add(outlet, name, text, -1, strlen(text), err);
}

int outlet_file(struct outlet *outlet, const char *name, int fd, uint64_t size, struct err *err)
{
	return add(outlet, name, NULL, fd, size, err);
}

int outlet_finish(struct outlet *outlet, struct err *err)
{
	if (!outlet->archive)
		return 0;
	if (archive_write_close(outlet->archive) != ARCHIVE_OK)
		return fail(outlet, err);
	if (outlet->part &&
	    renameat(outlet->dir_fd, outlet->part, outlet->dir_fd, name_of(outlet)) < 0)
		return err_sys(err, "make '%s'", outlet->path);
	free(outlet->part);
	outlet->part = NULL;
	return 0;
}

void outlet_close(struct outlet *outlet)
{
	if (!outlet)
		return;
	if (outlet->archive)
		(void)archive_write_free(outlet->archive);
	if (outlet->part)
		(void)unlinkat(outlet->dir_fd, outlet->part, 0);
	cleanup_close(&outlet->fd);
	cleanup_close(&outlet->dir_fd);
	strv_done(&outlet->written);
	strv_done(&outlet->folders);
	free(outlet->part);
	free(outlet->path);
	free(outlet);
}
