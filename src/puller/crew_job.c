#include "puller/crew_job.h"

#include "puller/text.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20)
#define PROGRESS_MS 100

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

const char *crew_name(const struct layer_job *job)
{
	return job->digest ? job->digest : job->diff_id ? job->diff_id : job->key;
}

static void tell(struct crew *crew, struct layer_job *job, enum puller_layer state,
		 uint64_t done)
{
	report_layer(crew->report, (size_t)(job - crew->jobs), state, crew_name(job), done,
		     job->size);
}

void crew_find(struct crew *crew, struct layer_job *job)
{
	struct layer_meta meta;
	struct err ignored;
	const char *id;

	if (!job->diff_id)
		return;
	id = digest_hex(job->diff_id);
	if (layer_meta_read(crew->store, id, &meta, &ignored) < 0)
		return;
	if (layer_lease_add(&crew->lease, crew->store, id, &ignored) == 0) {
		(void)snprintf(job->id, sizeof(job->id), "%s", id);
		job->tar_bytes = meta.tar_bytes;
		job->was_here = true;
		job->state = JOB_DONE;
		tell(crew, job, PULLER_HERE, 0);
	}
	layer_meta_done(&meta);
}

static int give_up(void *arg)
{
	(void)arg;
	return 1;
}

/* Return: 1 there is work to do, 0 there is none for now. */
static int begin_work(struct crew *crew, struct layer_job *job, struct err *err)
{
	const char *id = job->diff_id ? digest_hex(job->diff_id) : job->key;
	bool is_there = false;

	if (layer_work_begin(crew->store, id, give_up, NULL, &job->work, &is_there, err) < 0) {
		if (err->code != EINTR)
			return -1;
		if (job->state != JOB_ELSEWHERE)
			tell(crew, job, PULLER_ELSEWHERE, 0);
		job->state = JOB_ELSEWHERE;
		return 0;
	}
	if (!is_there)
		return 1;
	/* When somebody threw it away again it waits for its turn as before. */
	job->state = JOB_WAITS;
	crew_find(crew, job);
	return 0;
}

static int start_worker(const struct crew *crew, struct layer_job *job, int stream_fd,
			struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/tmp/%s/diff", crew->store->dir, job->work.name);
	const struct sandbox sandbox = {
		.userns_fd = crew->userns_fd,
		.path = path,
		.dir_fd = job->work.diff_fd,
		.stream_fd = stream_fd,
	};

	return worker_unpack(&sandbox, &job->worker, err);
}

/* Takes @out_fd. */
static int start_stream(struct crew *crew, struct layer_job *job, int out_fd, struct err *err)
{
	struct descriptor blob = {.size = job->size};

	if (job->fd >= 0) {
		feed_begin(&job->feed, job->fd, job->offset, job->size,
			   job->digest ? digest_hex(job->digest) : NULL, out_fd);
		return 0;
	}
	blob.digest = (char *)(uintptr_t)job->digest;
	return fetch_begin(crew->fetch, crew->reference, &blob, out_fd, &job->transfer, err);
}

int crew_start(struct crew *crew, struct layer_job *job, struct err *err)
{
	AUTO_CLOSE int read_fd = -1;
	int has_work = begin_work(crew, job, err);
	int ends[2];

	if (has_work <= 0)
		return has_work;
	job->state = JOB_RUNS;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	read_fd = ends[0];
	/* Where the limit of the user is reached it stays small, and works. */
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	if (start_worker(crew, job, read_fd, err) < 0) {
		(void)close(ends[1]);
		return -1;
	}
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	if (start_stream(crew, job, ends[1], err) < 0)
		return -1;
	tell(crew, job, PULLER_FETCHES, 0);
	return 0;
}

/* --- what comes of it --- */

static uint64_t bytes_so_far(const struct layer_job *job)
{
	return job->transfer ? transfer_bytes(job->transfer) : job->feed.done;
}

static void tell_progress(struct crew *crew, struct layer_job *job)
{
	uint64_t bytes = bytes_so_far(job);
	int64_t now = now_ms();

	if (bytes == job->told_bytes || now - job->told_ms < PROGRESS_MS)
		return;
	job->told_bytes = bytes;
	job->told_ms = now;
	tell(crew, job, PULLER_FETCHES, bytes);
}

static enum transfer_state stream_state(const struct layer_job *job, struct err *err)
{
	if (job->transfer)
		return transfer_state(job->transfer, err);
	if (job->feed.state == FEED_FAILED)
		*err = job->feed.err;
	return (enum transfer_state)job->feed.state;
}

static int wrong_diff_id(const struct layer_job *job, const char *got, struct err *err)
{
	(void)err_set(err, "layer '%s' unpacks to 'sha256:%.64s', but its image says '%s'",
		      crew_name(job), got, job->diff_id);
	err->code = EBADMSG;
	return err_hint(err, "the image is damaged or was put together wrongly: get it again, "
			     "or have it made again");
}

/*
 * A layer whose name is known only now: the folder goes to the name that it has, which others
 * may have made meanwhile.
 */
static int rename_work(struct crew *crew, struct layer_job *job, bool *out_is_there,
		       struct err *err)
{
	struct layer_work named, folder = job->work;

	if (layer_work_begin(crew->store, job->id, NULL, NULL, &named, out_is_there, err) < 0)
		return -1;
	if (*out_is_there)
		return 0;
	job->work = named;
	job->work.name = folder.name;
	job->work.dir_fd = folder.dir_fd;
	job->work.diff_fd = folder.diff_fd;
	folder.name = named.name;
	folder.dir_fd = named.dir_fd;
	folder.diff_fd = named.diff_fd;
	layer_work_drop(crew->store, &folder);
	return 0;
}

static void end_streams(struct layer_job *job)
{
	transfer_end(job->transfer);
	job->transfer = NULL;
	feed_end(&job->feed);
}

static int finish(struct crew *crew, struct layer_job *job, struct err *err)
{
	const struct layer_result *r = &job->result.unpacked;
	AUTO_FREE char *whole = xasprintf("sha256:%s", r->diff_id);
	bool is_there = false;

	if (!digest_check(whole) || (job->diff_id && strcmp(job->diff_id, whole) != 0))
		return wrong_diff_id(job, r->diff_id, err);
	(void)snprintf(job->id, sizeof(job->id), "%s", r->diff_id);
	job->tar_bytes = r->tar_bytes;
	end_streams(job);
	if (!job->diff_id && rename_work(crew, job, &is_there, err) < 0)
		return -1;
	if (!is_there)
		return crew_publish(crew, job, err);
	layer_work_drop(crew->store, &job->work);
	return crew_published(crew, job, err);
}

/* Of two errors the one that explains the other. */
static int explain(const struct layer_job *job, enum transfer_state state,
		   const struct err *stream_err, struct err *err)
{
	const struct err *worker_err = &job->result.err;
	bool worker_failed = job->has_result && job->result.kind != WORKER_UNPACKED;

	if (state == TRANSFER_FAILED && !(stream_err->code == EPIPE && worker_failed)) {
		*err = *stream_err;
		/* A transfer says which layer of which image it is. */
		return job->transfer ? -1 : err_wrap(err, "layer '%s'", crew_name(job));
	}
	*err = *worker_err;
	(void)err_wrap(err, "layer '%s'", crew_name(job));
	if (err->hint[0])
		return -1;
	if (err->code == ENOSPC || err->code == EDQUOT)
		return err_hint(err, "'devbox prune' throws away what is not used");
	return err_hint(err, "whoever made the image has to make it again");
}

int crew_published(struct crew *crew, struct layer_job *job, struct err *err)
{
	if (layer_lease_add(&crew->lease, crew->store, job->id, err) < 0)
		return -1;
	crew->fetched += job->size;
	job->state = JOB_DONE;
	tell(crew, job, PULLER_UNPACKED, job->size);
	return 0;
}

int crew_step(struct crew *crew, struct layer_job *job, struct err *err)
{
	struct err stream_err = {0};
	enum transfer_state state;

	if (job->state == JOB_PUBLISHES)
		return crew_publish_step(crew, job, err);
	if (job->feed.buffer)
		feed_step(&job->feed);
	if (!job->has_result)
		job->has_result = worker_read(&job->worker, &job->result) > 0;
	state = stream_state(job, &stream_err);
	/* EPIPE: the worker says why in a moment. */
	if (state == TRANSFER_FAILED && (job->has_result || stream_err.code != EPIPE))
		return explain(job, state, &stream_err, err);
	if (job->has_result && job->result.kind != WORKER_UNPACKED)
		return explain(job, state, &stream_err, err);
	if (job->has_result && state == TRANSFER_DONE)
		return finish(crew, job, err);
	if (state == TRANSFER_RUNS)
		tell_progress(crew, job);
	return 0;
}

void crew_drop(struct crew *crew, struct layer_job *job)
{
	end_streams(job);
	worker_end(&job->worker);
	crew_publish_end(job);
	layer_work_drop(crew->store, &job->work);
}
