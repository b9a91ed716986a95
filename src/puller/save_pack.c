#include "puller/save.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT_ONCE 2
#define TICK_MS 250

static int start(const struct saving *saving, struct packed *packed, struct err *err)
{
	AUTO_FREE char *path = layer_dir(&saving->puller->store, packed->id);
	AUTO_CLOSE int dir_fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct sandbox sandbox = {
		.userns_fd = saving->puller->options.userns_fd,
		.path = path,
		.dir_fd = dir_fd,
		.is_read_only = true,
		.stream_fd = packed->fd,
	};

	if (dir_fd < 0)
		return err_sys(err, "open '%s'", path);
	return worker_pack(&sandbox, saving->puller->options.compression, &packed->worker, err);
}

/* The worker's word for the digest: what is read back from the file is looked at by whoever
 * loads it. */
static int take(const struct saving *saving, struct packed *packed, struct err *err)
{
	size_t index = (size_t)(packed - saving->packed);
	struct worker_message message;

	if (worker_read(&packed->worker, &message) == 0)
		return 0;
	if (message.kind != WORKER_PACKED) {
		*err = message.err;
		return err_wrap(err, "pack layer '%s'", packed->id);
	}
	packed->what = message.packed;
	packed->digest = xasprintf("sha256:%s", message.packed.digest);
	packed->diff_id = xasprintf("sha256:%s", message.packed.diff_id);
	if (!digest_check(packed->digest) || !digest_check(packed->diff_id))
		return err_set(err, "pack layer '%s': the worker gave no digest", packed->id);
	packed->is_done = true;
	report_layer(&saving->puller->report, index, PULLER_UNPACKED, packed->id,
		     packed->what.blob_bytes, packed->what.blob_bytes);
	return 0;
}

static void tell(const struct saving *saving, const struct packed *packed)
{
	struct stat st;

	if (fstat(packed->fd, &st) == 0)
		report_layer(&saving->puller->report, (size_t)(packed - saving->packed),
			     PULLER_FETCHES, packed->id, (uint64_t)st.st_size, 0);
}

static int wait_and_take(struct saving *saving, size_t begin, size_t end, struct err *err)
{
	struct report *report = &saving->puller->report;
	struct pollfd fds[AT_ONCE + 2] = {
		{.fd = report->fd, .events = POLLIN},
		{.fd = saving->signals.fd, .events = POLLIN},
	};
	size_t count = 2;

	for (size_t i = begin; i < end; i++) {
		if (saving->packed[i].worker.pid > 0 && count < ARRAY_LEN(fds))
			fds[count++] = (struct pollfd){.fd = saving->packed[i].worker.socket,
						       .events = POLLIN};
	}
	if (poll(fds, count, TICK_MS) < 0 && errno != EINTR)
		return err_sys(err, "wait for the layers");
	if (report->is_gone || fds[0].revents)
		return err_code(err, EINTR, "nobody waits for the image any more");
	if (signals_came(&saving->signals))
		return err_code(err, EINTR, "stopped");
	for (size_t i = begin; i < end; i++) {
		if (saving->packed[i].worker.pid == 0)
			continue;
		if (take(saving, &saving->packed[i], err) < 0)
			return -1;
		if (!saving->packed[i].is_done)
			tell(saving, &saving->packed[i]);
	}
	return 0;
}

int save_pack(struct saving *saving, struct err *err)
{
	size_t started = 0, running = 0, done;

	do {
		while (started < saving->packed_count && running < AT_ONCE) {
			if (start(saving, &saving->packed[started++], err) < 0)
				return -1;
			running++;
		}
		if (running > 0 && wait_and_take(saving, 0, started, err) < 0)
			return -1;
		running = done = 0;
		for (size_t i = 0; i < started; i++) {
			done += saving->packed[i].is_done;
			running += !saving->packed[i].is_done;
		}
	} while (done < saving->packed_count);
	return 0;
}
