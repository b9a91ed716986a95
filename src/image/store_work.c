#include "image/store.h"

#include "image/store_private.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 20000000L
#define DIFF_MODE 0755
#define LAYER_IS_THERE (-2)

static char *lock_path(const char *id)
{
	return xasprintf(TMP_DIR "/" WORK_LOCK "%s", id);
}

static char *work_path(const struct layer_work *work)
{
	return xasprintf(TMP_DIR "/%s", work->name);
}

/* Whoever waits for the lock finds that it is no longer at its name. */
static void unlock(const struct image_store *store, const char *id, int fd)
{
	AUTO_FREE char *path = lock_path(id);

	(void)unlinkat(store->fd, path, 0);
	/* By name: a forked child may hold the same open file. */
	(void)flock(fd, LOCK_UN);
	(void)close(fd);
}

/* Return: the lock of @id, -1 with errno; EWOULDBLOCK when somebody else has it. */
static int try_lock(const struct image_store *store, const char *id)
{
	AUTO_FREE char *path = lock_path(id);
	AUTO_CLOSE int fd =
		openat(store->fd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	if (!store_is_at(store, path, fd)) {
		errno = EINTR;
		return -1;
	}
	return steal_fd(&fd);
}

static int pause_or_give_up(int (*poll)(void *arg), void *arg)
{
	const struct timespec pause = {.tv_nsec = WAIT_NS};

	if (poll)
		return poll(arg);
	(void)nanosleep(&pause, NULL);
	return 0;
}

/* Return: the lock of @id, -1 with *err, or LAYER_IS_THERE. */
static int wait_lock(const struct image_store *store, const char *id, int (*poll)(void *arg),
		     void *arg, struct err *err)
{
	for (;;) {
		int fd, why;

		if (layer_exists(store, id))
			return LAYER_IS_THERE;
		fd = try_lock(store, id);
		why = errno;
		/* Published before we had the lock. */
		if (fd >= 0 && layer_exists(store, id)) {
			unlock(store, id, fd);
			return LAYER_IS_THERE;
		}
		if (fd >= 0)
			return fd;
		if (why == EINTR)
			continue;
		if (why != EWOULDBLOCK)
			return err_code(err, why, "lock layer '%s' in '%s'", id, store->dir);
		if (pause_or_give_up(poll, arg))
			return err_code(err, EINTR, "wait for layer '%s'", id);
	}
}

/* Takes @lock_fd on success. */
static int make_work(const struct image_store *store, const char *id, int lock_fd,
		     struct layer_work *out_work, struct err *err)
{
	struct layer_work work = {.lock_fd = lock_fd, .diff_fd = -1};

	work.dir_fd = store_new_dir(store, TMP_DIR, &work.name, err);
	if (work.dir_fd < 0)
		return -1;
	work.id = xstrdup(id);
	if (mkdirat(work.dir_fd, "diff", DIFF_MODE) == 0)
		work.diff_fd = openat(work.dir_fd, "diff",
				      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* Whatever the umask says. */
	if (work.diff_fd < 0 || fchmod(work.diff_fd, DIFF_MODE) < 0) {
		(void)err_sys(err, "make folder '%s/" TMP_DIR "/%s/diff'", store->dir,
			      work.name);
		work.lock_fd = -1;
		layer_work_drop(store, &work);
		return -1;
	}
	*out_work = work;
	return 0;
}

/* NOLINTNEXTLINE(readability-function-size): how to wait, and two results. */
int layer_work_begin(const struct image_store *store, const char *id, int (*poll)(void *arg),
		     void *arg, struct layer_work *out_work, bool *out_done, struct err *err)
{
	int fd;

	if (!layer_id_check(id)) {
		(void)err_set(err, "'%.80s' is not the id of a layer", id);
		err->code = EINVAL;
		return -1;
	}
	fd = wait_lock(store, id, poll, arg, err);
	if (fd == -1)
		return -1;
	if (fd == LAYER_IS_THERE) {
		*out_work = (struct layer_work){.dir_fd = -1, .diff_fd = -1, .lock_fd = -1};
		*out_done = true;
		return 0;
	}
	if (make_work(store, id, fd, out_work, err) < 0) {
		unlock(store, id, fd);
		return -1;
	}
	*out_done = false;
	return 0;
}

static void work_end(const struct image_store *store, struct layer_work *work)
{
	if (work->lock_fd >= 0)
		unlock(store, work->id, work->lock_fd);
	if (work->diff_fd >= 0)
		(void)close(work->diff_fd);
	if (work->dir_fd >= 0)
		(void)close(work->dir_fd);
	free(work->name);
	free(work->id);
	*work = (struct layer_work){.dir_fd = -1, .diff_fd = -1, .lock_fd = -1};
}

void layer_work_drop(const struct image_store *store, struct layer_work *work)
{
	AUTO_FREE char *path = NULL;
	struct err ignored;

	if (!work->name)
		return;
	path = work_path(work);
	/* What stays in tmp/ is found by who collects garbage, too. */
	(void)store_trash(store, path, &ignored);
	work_end(store, work);
}

static int write_meta(const struct layer_work *work, const struct layer_meta *meta,
		      struct err *err)
{
	AUTO_FREE char *text = store_record_format(record_layer, meta);

	return fd_write_file(work->dir_fd, "meta", text, strlen(text), 0600, err);
}

/* The lock of the store is held: nobody collects between the rename and the lease. */
static int rename_and_lease(const struct image_store *store, struct layer_work *work,
			    struct layer_lease *lease, struct err *err)
{
	AUTO_FREE char *from = work_path(work);
	AUTO_FREE char *to = xasprintf(LAYERS_DIR "/%s", work->id);
	struct err ignored;

	/* Nothing of ours is without its record: somebody was at it by hand. */
	if (!layer_exists(store, work->id))
		(void)store_trash(store, to, &ignored);
	/* The folder that is ours: diff belongs to an id of the boxes, and may be closed to us.
	 */
	if (renameat(store->fd, from, store->fd, to) < 0)
		return err_sys(err, "publish layer '%s'", work->id);
	if (store_sync_dir(store, LAYERS_DIR, err) < 0)
		return -1;
	(void)flock(work->dir_fd, LOCK_UN);
	return lease ? layer_lease_add(lease, store, work->id, err) : 0;
}

static int publish(const struct image_store *store, struct layer_work *work,
		   const struct layer_meta *meta, struct layer_lease *lease, struct err *err)
{
	AUTO_CLOSE int lock = -1;

	if (!str_eq(meta->id, work->id)) {
		(void)err_set(err, "layer '%s' is published as '%s'", work->id, meta->id);
		err->code = EINVAL;
		return -1;
	}
	if (write_meta(work, meta, err) < 0)
		return err_wrap(err, "layer '%s'", work->id);
	/* One for all its files, before it has a name. */
	if (syncfs(work->dir_fd) < 0)
		return err_sys(err, "write layer '%s' to disk", work->id);
	lock = store_lock(store, err);
	return lock < 0 ? -1 : rename_and_lease(store, work, lease, err);
}

int layer_work_publish(const struct image_store *store, struct layer_work *work,
		       const struct layer_meta *meta, struct layer_lease *lease,
		       struct err *err)
{
	if (publish(store, work, meta, lease, err) < 0) {
		layer_work_drop(store, work);
		return -1;
	}
	work_end(store, work);
	return 0;
}
