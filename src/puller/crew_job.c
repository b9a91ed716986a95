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
	(void)err_code(err, EBADMSG, "layer '%s' unpacks to '%.64s', but its image says '%s'",
		       crew_name(job), got, job->diff_id);
	return err_hint(err, "the image was put together wrongly; whoever made it has to make "
			     "it again");
}

static void add_warnings(struct crew *crew, const struct layer_job *job, struct strv *warnings)
{
	const struct layer_result *r = &job->result.unpacked;
	char digits[TEXT_SHORT_MAX];

	if (r->devices > 0)
		strv_addf(warnings, "%llu device nodes left out, '%s' first",
			  (unsigned long long)r->devices, r->device_path);
	if (r->foreign > 0)
		strv_addf(warnings,
			  "%llu files with owners beyond the subordinate ids, '%s' first",
			  (unsigned long long)r->foreign, r->foreign_path);
	if (r->xattrs > 0)
		strv_addf(warnings, "%llu extended attributes left out, '%s' first",
			  (unsigned long long)r->xattrs, r->xattr_name);
	(void)text_short(crew_name(job), digits);
	for (size_t i = 0; i < warnings->count; i++)
		report_warn(crew->report, "layer %s: %s", digits, warnings->items[i]);
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

static int publish(struct crew *crew, struct layer_job *job, struct err *err)
{
	const struct layer_result *r = &job->result.unpacked;
	AUTO_FREE char *digest = job->feed.fd >= 0 && job->feed.digest[0]
					 ? xasprintf("sha256:%s", job->feed.digest)
					 : xstrdup(job->digest ? job->digest : "");
	struct layer_meta meta = {
		.id = job->id,
		.digest = digest,
		.blob_bytes = job->size,
		.bytes = r->bytes,
		.tar_bytes = r->tar_bytes,
		.entries = r->entries,
		.first_uid = job->result.first_uid,
	};
	int rc;

	add_warnings(crew, job, &meta.warnings);
	rc = layer_work_publish(crew->store, &job->work, &meta, &crew->lease, err);
	strv_done(&meta.warnings);
	return rc;
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
	if (!job->diff_id && rename_work(crew, job, &is_there, err) < 0)
		return -1;
	if (is_there) {
		layer_work_drop(crew->store, &job->work);
		if (layer_lease_add(&crew->lease, crew->store, job->id, err) < 0)
			return -1;
	} else if (publish(crew, job, err) < 0) {
		return err_wrap(err, "layer '%s'", crew_name(job));
	}
	crew->fetched += job->size;
	job->state = JOB_DONE;
	tell(crew, job, PULLER_UNPACKED, job->size);
	transfer_end(job->transfer);
	job->transfer = NULL;
	feed_end(&job->feed);
	return 0;
}

/* Of two errors the one that explains the other. */
static int explain(const struct layer_job *job, enum transfer_state state,
		   const struct err *stream_err, struct err *err)
{
	const struct err *worker_err = &job->result.err;
	bool worker_failed = job->has_result && job->result.kind != WORKER_UNPACKED;

	*err = state == TRANSFER_FAILED && !(stream_err->code == EPIPE && worker_failed)
		       ? *stream_err
		       : *worker_err;
	return err_wrap(err, "layer '%s'", crew_name(job));
}

int crew_step(struct crew *crew, struct layer_job *job, struct err *err)
{
	struct err stream_err = {0};
	enum transfer_state state;

	if (job->feed.buffer)
		feed_step(&job->feed);
	while (!job->has_result && worker_read(&job->worker, &job->result) > 0)
		job->has_result = job->result.kind != WORKER_PROGRESS;
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
	transfer_end(job->transfer);
	job->transfer = NULL;
	feed_end(&job->feed);
	worker_end(&job->worker);
	layer_work_drop(crew->store, &job->work);
}
