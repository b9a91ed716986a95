#include "puller/crew_job.h"

#include "puller/text.h"
#include "util/cleanup.h"
#include "util/proc.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Publishing a layer waits until the disk has it, seconds for a large one; so that the others
 * go on meanwhile, a process of its own does it.
 */

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

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Or a pipe to a worker would not end while this process has its end, too. */
static void keep_only(int *fds, size_t count)
{
	unsigned int next = 3;

	qsort(fds, count, sizeof(*fds), by_number);
	for (size_t i = 0; i < count; i++) {
		if ((unsigned int)fds[i] > next)
			(void)syscall(SYS_close_range, next, (unsigned int)fds[i] - 1, 0);
		next = (unsigned int)fds[i] + 1;
	}
	(void)syscall(SYS_close_range, next, ~0U, 0);
}

__attribute__((noreturn)) static void publish(const struct crew *crew, struct layer_work *work,
					      const struct layer_meta *meta, int out_fd)
{
	int fds[] = {crew->store->fd, work->dir_fd, work->diff_fd, work->lock_fd, out_fd};
	struct err why = {0};

	keep_only(fds, ARRAY_LEN(fds));
	if (layer_work_publish(crew->store, work, meta, NULL, &why) == 0)
		_exit(0);
	(void)!write(out_fd, &why, sizeof(why));
	_exit(1);
}

/* The other process has it, and unlocks it for both: our descriptors are all that is left. */
static void forget(struct layer_work *work)
{
	cleanup_close(&work->lock_fd);
	cleanup_close(&work->diff_fd);
	cleanup_close(&work->dir_fd);
	free(work->name);
	free(work->id);
	*work = (struct layer_work){.dir_fd = -1, .diff_fd = -1, .lock_fd = -1};
}

static int start(struct crew *crew, struct layer_job *job, const struct layer_meta *meta,
		 struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	job->publisher = fork();
	if (job->publisher == 0)
		publish(crew, &job->work, meta, ends[1]);
	(void)close(ends[1]);
	if (job->publisher < 0) {
		(void)close(ends[0]);
		job->publisher = 0;
		return err_sys(err, "start a process for a layer");
	}
	job->publish_fd = ends[0];
	job->state = JOB_PUBLISHES;
	forget(&job->work);
	return 0;
}

int crew_publish(struct crew *crew, struct layer_job *job, struct err *err)
{
	const struct layer_result *r = &job->result.unpacked;
	AUTO_FREE char *digest = job->feed.digest[0] ? xasprintf("sha256:%s", job->feed.digest)
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
	rc = start(crew, job, &meta, err);
	strv_done(&meta.warnings);
	return rc;
}

int crew_publish_step(struct crew *crew, struct layer_job *job, struct err *err)
{
	struct pollfd readable = {.fd = job->publish_fd, .events = POLLIN};
	struct err why;
	ssize_t n;
	int status;

	if (poll(&readable, 1, 0) <= 0)
		return 0;
	n = read(job->publish_fd, &why, sizeof(why));
	status = proc_wait(job->publisher);
	job->publisher = 0;
	crew_publish_end(job);
	if (status == 0)
		return crew_published(crew, job, err);
	if (n == (ssize_t)sizeof(why)) {
		*err = why;
	} else {
		(void)err_set(err, "the process that publishes it ended without a word");
		(void)err_hint(err, "try again; what is already here is not fetched twice");
	}
	return err_wrap(err, "layer '%s'", crew_name(job));
}

/* It is about to be done, and half of it is of no use to anybody. */
void crew_publish_end(struct layer_job *job)
{
	if (job->publisher > 0)
		(void)proc_wait(job->publisher);
	job->publisher = 0;
	cleanup_close(&job->publish_fd);
	job->publish_fd = -1;
}
