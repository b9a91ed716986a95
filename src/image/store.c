#include "image/store.h"

#include "image/store_private.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES 6000
#define LOCK_PAUSE_NS 5000000L
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define HEX_DIGITS 64

static int make_dirs(int fd, const char *dir, struct err *err)
{
	static const char *const names[] = {"blobs",  BLOBS_DIR,  LAYERS_DIR, IMAGES_DIR,
					    REFS_DIR, BUILDS_DIR, TMP_DIR,    TRASH_DIR};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (mkdirat(fd, names[i], 0700) < 0 && errno != EEXIST)
			return err_sys(err, "make folder '%s/%s'", dir, names[i]);
	return 0;
}

int image_store_open(const char *data_dir, bool create, struct image_store *out_store,
		     struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (create && path_mkdirs(data_dir, 0700) < 0)
		return err_sys(err, "make folder '%s'", data_dir);
	fd = open(data_dir, DIR_FLAGS);
	if (fd < 0)
		return err_sys(err, "open the store '%s'", data_dir);
	if (create && make_dirs(fd, data_dir, err) < 0)
		return -1;
	/* The last that is made. */
	if (!create && faccessat(fd, TRASH_DIR, F_OK, 0) < 0)
		return err_sys(err, "no image was ever stored in '%s'", data_dir);

	*out_store = (struct image_store){.dir = xstrdup(data_dir), .fd = steal_fd(&fd)};
	return 0;
}

void image_store_close(struct image_store *store)
{
	if (!store->dir)
		return;
	free(store->dir);
	(void)close(store->fd);
	*store = (struct image_store){.fd = -1};
}

int store_lock(const struct image_store *store, struct err *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	AUTO_CLOSE int fd =
		openat(store->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(err, "open lock '%s/lock'", store->dir);
	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return steal_fd(&fd);
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, "lock '%s/lock'", store->dir);
		(void)nanosleep(&pause, NULL);
	}
	(void)err_set(err, "the store '%s' is being changed by another devbox", store->dir);
	err->code = EWOULDBLOCK;
	return err_hint(err, "wait until it is done, or look for one that was stopped (^Z)");
}

bool store_is_at(const struct image_store *store, const char *path, int fd)
{
	struct stat held, there;

	return fstat(fd, &held) == 0 &&
	       fstatat(store->fd, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

/*
 * The kernel's own stamps move by milliseconds at once, and who collects garbage asks which of
 * two files is the newer one.
 */
static int stamp(int fd)
{
	struct timespec times[2];

	(void)clock_gettime(CLOCK_REALTIME, &times[0]);
	times[1] = times[0];
	return futimens(fd, times);
}

static int write_draft(const struct image_store *store, const char *text, size_t len)
{
	AUTO_CLOSE int fd = -1;

	/* Left over by a writer that was killed. */
	(void)unlinkat(store->fd, DRAFT_FILE, 0);
	fd = openat(store->fd, DRAFT_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	return fd_write_all(fd, text, len) < 0 || stamp(fd) < 0 ? -1 : fsync(fd);
}

int store_put(const struct image_store *store, const char *path, const char *text, size_t len,
	      struct err *err)
{
	AUTO_FREE char *parent = xstrdup(path);

	if (write_draft(store, text, len) < 0) {
		(void)err_sys(err, "write '%s/%s'", store->dir, path);
		(void)unlinkat(store->fd, DRAFT_FILE, 0);
		return -1;
	}
	if (renameat(store->fd, DRAFT_FILE, store->fd, path) < 0)
		return err_sys(err, "replace '%s/%s'", store->dir, path);
	*strrchr(parent, '/') = '\0';
	return store_sync_dir(store, parent, err);
}

int store_put_record(const struct image_store *store, const char *path,
		     const struct record_field *fields, const void *object, struct err *err)
{
	AUTO_FREE char *text = store_record_format(fields, object);

	return store_put(store, path, text, strlen(text), err);
}

int store_get_record(const struct image_store *store, const char *path,
		     const struct record_field *fields, void *object, struct err *err)
{
	AUTO_FREE char *text = NULL;

	if (fd_read_file(store->fd, path, DOCUMENT_MAX, &text, err) < 0)
		return -1;
	if (store_record_parse(fields, text, object, err) == 0)
		return 0;
	record_clear(fields, object);
	(void)err_wrap(err, "'%s/%s'", store->dir, path);
	err->code = EBADMSG;
	return err_hint(err, "the disk may be at fault; remove the file");
}

int store_sync_dir(const struct image_store *store, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = openat(store->fd, path, DIR_FLAGS);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(err, "write folder '%s/%s'", store->dir, path);
	return 0;
}

/*
 * Return: the new folder, locked; -1 with errno, EAGAIN when somebody who collects garbage took
 * it before we had locked it.
 */
static int lock_new_dir(const struct image_store *store, const char *path)
{
	AUTO_CLOSE int fd = openat(store->fd, path, DIR_FLAGS | O_NOFOLLOW);

	if (fd < 0) {
		errno = errno == ENOENT ? EAGAIN : errno;
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !store_is_at(store, path, fd)) {
		errno = EAGAIN;
		return -1;
	}
	return steal_fd(&fd);
}

int store_new_dir(const struct image_store *store, const char *parent, char **out_name,
		  struct err *err)
{
	for (unsigned int n = 0;; n++) {
		AUTO_FREE char *name = xasprintf("%d-%u", (int)getpid(), n);
		AUTO_FREE char *path = path_join(parent, name);
		int fd;

		if (mkdirat(store->fd, path, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return err_sys(err, "make folder '%s/%s'", store->dir, path);
		}
		fd = lock_new_dir(store, path);
		if (fd >= 0) {
			*out_name = STEAL(name);
			return fd;
		}
		if (errno != EAGAIN)
			return err_sys(err, "lock '%s/%s'", store->dir, path);
	}
}

int store_trash(const struct image_store *store, const char *path, struct err *err)
{
	for (unsigned int n = 0;; n++) {
		AUTO_FREE char *to = xasprintf(TRASH_DIR "/%d-%u", (int)getpid(), n);

		if (renameat(store->fd, path, store->fd, to) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY)
			return err_sys(err, "throw away '%s/%s'", store->dir, path);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int store_list(const struct image_store *store, const char *path, struct strv *out_names,
	       struct err *err)
{
	AUTO_STRV struct strv names = {0};
	AUTO_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;
	int fd = openat(store->fd, path, DIR_FLAGS);

	if (fd < 0)
		return err_sys(err, "open folder '%s/%s'", store->dir, path);
	dir = fdopendir(fd);
	if (!dir) {
		(void)err_sys(err, "read folder '%s/%s'", store->dir, path);
		(void)close(fd);
		return -1;
	}

	while ((errno = 0, entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			strv_add(&names, entry->d_name);
	if (errno)
		return err_sys(err, "read folder '%s/%s'", store->dir, path);
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), compare);
	*out_names = names;
	names = (struct strv){0};
	return 0;
}

bool key_check(const char *key)
{
	return strlen(key) == HEX_DIGITS && strspn(key, "0123456789abcdef") == HEX_DIGITS;
}

bool layer_id_check(const char *id)
{
	return key_check(str_starts(id, "b-") ? id + 2 : id);
}
