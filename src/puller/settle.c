#include "puller/settle.h"

#include "puller/plain.h"
#include "puller/worker.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Both workers have little to do, and nothing that comes from outside. */
static int await(struct worker *worker, enum worker_kind kind,
		 struct worker_message *out_message, struct err *err)
{
	struct pollfd fd = {.fd = worker->socket, .events = POLLIN};

	do {
		if (poll(&fd, 1, -1) < 0 && errno != EINTR) {
			(void)err_sys(err, "wait for the layers");
			worker_end(worker);
			return -1;
		}
	} while (worker_read(worker, out_message) == 0);
	if (out_message->kind == (uint32_t)kind)
		return 0;
	*err = out_message->err;
	return err_wrap(err, "what layers do not list");
}

/* What the host's root stores nobody else gets to: then it stays in its own namespace, where
 * the ids in the files begin with another one. */
static int write_layer(struct puller *puller, const struct strv *layers, int out_fd,
		       struct layer_packed *out_packed, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/layers", puller->store.dir);
	AUTO_CLOSE int dir_fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const bool is_root = geteuid() == 0;
	const struct sandbox sandbox = {
		.userns_fd = is_root ? -1 : puller->options.userns_fd,
		.path = path,
		.dir_fd = dir_fd,
		.is_read_only = true,
		.stream_fd = out_fd,
	};
	struct worker_message message;
	struct layer_meta meta = {0};
	struct worker worker;
	int rc = 0;

	if (dir_fd < 0)
		return err_sys(err, "open '%s'", path);
	if (is_root)
		rc = layer_meta_read(&puller->store, layers->items[0], &meta, err);
	if (rc == 0)
		rc = worker_settle(&sandbox, layers, meta.first_uid, &worker, err);
	layer_meta_done(&meta);
	if (rc < 0 || await(&worker, WORKER_PACKED, &message, err) < 0)
		return -1;
	*out_packed = message.packed;
	return 0;
}

static int unpack(struct puller *puller, struct layer_work *work, int in_fd,
		  struct worker_message *out_message, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/tmp/%s/diff", puller->store.dir, work->name);
	const struct sandbox sandbox = {
		.userns_fd = puller->options.userns_fd,
		.path = path,
		.dir_fd = work->diff_fd,
		.stream_fd = in_fd,
	};
	struct worker worker;

	if (lseek(in_fd, 0, SEEK_SET) < 0)
		return err_sys(err, "read it again");
	if (worker_unpack(&sandbox, &worker, err) < 0 ||
	    await(&worker, WORKER_UNPACKED, out_message, err) < 0)
		return -1;
	if (strcmp(out_message->unpacked.diff_id, work->id) != 0)
		return err_set(err, "what layers do not list came out as another layer");
	return 0;
}

static int publish(struct puller *puller, struct layer_work *work, int in_fd,
		   struct layer_lease *lease, struct err *err)
{
	struct worker_message message;
	struct layer_meta meta = {.digest = (char[]){""}};
	AUTO_FREE char *id = xstrdup(work->id);
	const struct layer_result *r = &message.unpacked;

	if (unpack(puller, work, in_fd, &message, err) < 0) {
		layer_work_drop(&puller->store, work);
		return -1;
	}
	meta.id = id;
	meta.bytes = r->bytes;
	meta.tar_bytes = r->tar_bytes;
	meta.entries = r->entries;
	meta.first_uid = message.first_uid;
	return layer_work_publish(&puller->store, work, &meta, lease, err);
}

int settle_layers(struct puller *puller, struct strv *layers, struct layer_lease *lease,
		  struct err *err)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *digest = NULL;
	struct layer_packed packed;
	struct layer_work work;
	bool is_there;
	int rc;

	if (layers->count < 2)
		return 0;
	fd = plain_temporary(puller->store.fd, err);
	if (fd < 0 || write_layer(puller, layers, fd, &packed, err) < 0)
		return -1;
	if (packed.tar_bytes == 0)
		return 0;
	digest = xasprintf("sha256:%s", packed.diff_id);
	if (!digest_check(digest))
		return err_set(err, "what layers do not list: the worker gave no digest");
	if (layer_work_begin(&puller->store, packed.diff_id, NULL, NULL, &work, &is_there,
			     err) < 0)
		return -1;
	rc = is_there ? layer_lease_add(lease, &puller->store, packed.diff_id, err)
		      : publish(puller, &work, fd, lease, err);
	if (rc == 0)
		strv_add(layers, packed.diff_id);
	return rc;
}
