#include "image/collect.h"

#include "image/collect_private.h"
#include "image/store_private.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DIGITS "0123456789"

/* "<pid>-<n>": what store_new_dir() made. Others in tmp/ have owners of their own. */
static bool is_work(const char *name)
{
	size_t pid = strspn(name, DIGITS);
	size_t n = pid && name[pid] == '-' ? strspn(name + pid + 1, DIGITS) : 0;

	return n && !name[pid + 1 + n];
}

/* Return: what is at @path, locked, -1 when somebody works in it or it went. */
static int lock_dead(const struct image_store *store, const char *path, int flags)
{
	AUTO_CLOSE int fd =
		openat(store->fd, path, flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || !store_is_at(store, path, fd))
		return -1;
	return steal_fd(&fd);
}

static int sweep_one(const struct image_store *store, const char *name, bool dry_run,
		     struct collected *collected, struct err *err)
{
	AUTO_FREE char *path = path_join(TMP_DIR, name);
	AUTO_CLOSE int fd = -1;

	if (str_starts(name, WORK_LOCK)) {
		fd = lock_dead(store, path, 0);
		if (fd >= 0 && !dry_run)
			(void)unlinkat(store->fd, path, 0);
		return 0;
	}
	if (!is_work(name))
		return 0;
	fd = lock_dead(store, path, O_DIRECTORY);
	if (fd < 0)
		return 0;
	collected_add(collected, 0, "unfinished work of process %.*s",
		      (int)strspn(name, DIGITS), name);
	return dry_run ? 0 : store_trash(store, path, err);
}

int sweep_tmp(const struct image_store *store, bool dry_run, struct collected *collected,
	      struct err *err)
{
	AUTO_STRV struct strv names = {0};

	if (store_list(store, TMP_DIR, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (sweep_one(store, names.items[i], dry_run, collected, err) < 0)
			return -1;
	/* A record is written under the lock, which is ours. */
	if (!dry_run)
		(void)unlinkat(store->fd, DRAFT_FILE, 0);
	return 0;
}

int sweep_trash_list(const struct image_store *store, struct collected *collected,
		     struct err *err)
{
	AUTO_STRV struct strv names = {0};

	if (store_list(store, TRASH_DIR, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = xasprintf(TRASH_DIR "/%s/meta", names.items[i]);
		struct layer_meta meta = {0};
		struct err ignored;

		(void)store_get_record(store, path, record_layer, &meta, &ignored);
		collected_add(collected, meta.bytes, "trash %s", names.items[i]);
		layer_meta_done(&meta);
	}
	return 0;
}

int sweep_trash(const struct image_store *store, const struct collect_options *options,
		struct err *err)
{
	AUTO_STRV struct strv names = {0};

	if (!options->remove_tree)
		return 0;
	if (store_list(store, TRASH_DIR, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(TRASH_DIR, names.items[i]);
		AUTO_FREE char *absolute = path_join(store->dir, path);
		/* Of two who collect at once one removes it. */
		AUTO_CLOSE int fd = lock_dead(store, path, O_DIRECTORY);
		struct err error;

		if (fd >= 0 && options->remove_tree(options->arg, absolute, &error) < 0)
			log_warn("%s", error.message);
	}
	return 0;
}

int image_sweep(const struct image_store *store,
		int (*remove_tree)(void *arg, const char *path, struct err *err), void *arg,
		struct err *err)
{
	const struct collect_options options = {.remove_tree = remove_tree, .arg = arg};
	struct collected collected = {0};
	AUTO_CLOSE int lock = store_lock(store, err);
	int result;

	if (lock < 0)
		return -1;
	result = sweep_tmp(store, false, &collected, err);
	collected_done(&collected);
	(void)close(steal_fd(&lock));
	return result < 0 ? -1 : sweep_trash(store, &options, err);
}
