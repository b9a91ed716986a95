#include "image/store.h"

#include "image/store_private.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define META_FILE "meta"

static int check_id(const char *id, struct err *err)
{
	if (layer_id_check(id))
		return 0;
	(void)err_set(err, "'%.80s' is not the id of a layer", id);
	err->code = EINVAL;
	return -1;
}

void layer_meta_done(struct layer_meta *meta)
{
	record_clear(record_layer, meta);
	*meta = (struct layer_meta){0};
}

bool layer_exists(const struct image_store *store, const char *id)
{
	AUTO_FREE char *path = xasprintf(LAYERS_DIR "/%s/" META_FILE, id);

	return layer_id_check(id) && faccessat(store->fd, path, F_OK, 0) == 0;
}

int layer_meta_read(const struct image_store *store, const char *id,
		    struct layer_meta *out_meta, struct err *err)
{
	AUTO_FREE char *path = xasprintf(LAYERS_DIR "/%s/" META_FILE, id);
	struct layer_meta meta = {0};

	if (check_id(id, err) < 0)
		return -1;
	if (store_get_record(store, path, record_layer, &meta, err) < 0)
		return err_wrap(err, "layer '%s'", id);
	*out_meta = meta;
	return 0;
}

char *layer_dir(const struct image_store *store, const char *id)
{
	return xasprintf("%s/" LAYERS_DIR "/%s/diff", store->dir, id);
}

static void lease_take(struct layer_lease *lease, int fd)
{
	lease->fds = xrealloc(lease->fds, (lease->count + 1) * sizeof(*lease->fds));
	lease->fds[lease->count++] = fd;
}

int layer_lease_add(struct layer_lease *lease, const struct image_store *store, const char *id,
		    struct err *err)
{
	AUTO_FREE char *path = xasprintf(LAYERS_DIR "/%s", id);
	AUTO_CLOSE int fd = -1;

	if (check_id(id, err) < 0)
		return -1;
	fd = openat(store->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "layer '%s'", id);
	/* Exclusive is who publishes or throws away, both only for a moment. */
	while (flock(fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return err_sys(err, "lock layer '%s'", id);
	if (!store_is_at(store, path, fd))
		return err_code(err, ENOENT, "layer '%s' was thrown away", id);
	lease_take(lease, steal_fd(&fd));
	return 0;
}

void layer_lease_done(struct layer_lease *lease)
{
	for (size_t i = 0; i < lease->count; i++)
		(void)close(lease->fds[i]);
	free(lease->fds);
	*lease = (struct layer_lease){0};
}
