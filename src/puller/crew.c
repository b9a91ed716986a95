#include "puller/crew.h"

#include "puller/crew_job.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/statvfs.h>

#define AT_ONCE_MIN 2
#define AT_ONCE_MAX 4
#define TICK_MS 250
#define TICK_ELSEWHERE_MS 20
/* What unpacked files take for each compressed byte, about; 7/2 of it. */
#define UNPACKED(bytes) ((bytes) / 2 * 7)

/* One more than there are cores: some wait for the disk or the network. */
static size_t at_once(void)
{
	cpu_set_t cores;
	int count;

	CPU_ZERO(&cores);
	if (sched_getaffinity(0, sizeof(cores), &cores) < 0)
		return AT_ONCE_MIN;
	count = CPU_COUNT(&cores) + 1;
	return count < AT_ONCE_MIN   ? AT_ONCE_MIN
	       : count > AT_ONCE_MAX ? AT_ONCE_MAX
				     : (size_t)count;
}

static int check_space(const struct crew *crew, uint64_t size, struct err *err)
{
	char need[STR_SIZE_MAX], have[STR_SIZE_MAX];
	struct statvfs fs;
	uint64_t room;

	if (fstatvfs(crew->store->fd, &fs) < 0)
		return err_sys(err, "ask for the room in '%s'", crew->store->dir);
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (UNPACKED(size) <= room)
		return 0;
	(void)err_set(err, "the image needs about %s in '%s', where %s is free",
		      str_format_size(UNPACKED(size), need), crew->store->dir,
		      str_format_size(room, have));
	err->code = ENOSPC;
	return err_hint(err, "'devbox prune' throws away what is not used");
}

/* The first job of the same layer, which may stand in an image twice. */
static struct layer_job *same_before(const struct crew *crew, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (crew->jobs[index].diff_id &&
		    str_eq(crew->jobs[i].diff_id, crew->jobs[index].diff_id))
			return &crew->jobs[i];
	}
	return NULL;
}

static int begin(struct crew *crew, const char *name, struct err *err)
{
	uint64_t size = 0;

	for (size_t i = 0; i < crew->count; i++) {
		struct layer_job *job = &crew->jobs[i];

		job->work = (struct layer_work){.dir_fd = -1, .diff_fd = -1, .lock_fd = -1};
		job->worker.socket = job->publish_fd = -1;
		job->feed.fd = -1;
	}
	for (size_t i = 0; i < crew->count; i++) {
		if (!same_before(crew, i) &&
		    !(crew->jobs[i].diff_id &&
		      layer_exists(crew->store, digest_hex(crew->jobs[i].diff_id))))
			size += crew->jobs[i].size;
	}
	report_begin(crew->report, name, crew->count, size);
	for (size_t i = 0; i < crew->count; i++) {
		if (same_before(crew, i))
			crew->jobs[i].state = JOB_DONE;
		else
			crew_find(crew, &crew->jobs[i]);
	}
	return check_space(crew, size, err);
}

static size_t count_state(const struct crew *crew, enum job_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < crew->count; i++)
		count += crew->jobs[i].state == state;
	return count;
}

/* The largest first, so that none is left alone at the end; then those that others make. */
static struct layer_job *next_job(const struct crew *crew, enum job_state state)
{
	struct layer_job *best = NULL;

	for (size_t i = 0; i < crew->count; i++) {
		struct layer_job *job = &crew->jobs[i];

		if (job->state == state && (!best || job->size > best->size))
			best = job;
	}
	return best;
}

static int start_jobs(struct crew *crew, size_t limit, struct err *err)
{
	struct layer_job *job;

	if (count_state(crew, JOB_PUBLISHES) >= AT_ONCE_MAX)
		return 0;
	while (count_state(crew, JOB_RUNS) < limit &&
	       (job = next_job(crew, JOB_WAITS)) != NULL) {
		if (crew_start(crew, job, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < crew->count && count_state(crew, JOB_RUNS) < limit; i++) {
		if (crew->jobs[i].state == JOB_ELSEWHERE &&
		    crew_start(crew, &crew->jobs[i], err) < 0)
			return -1;
	}
	return 0;
}

static int interrupted(const struct crew *crew, struct err *err)
{
	if (crew->report->is_gone)
		return err_code(err, EINTR, "nobody waits for the image any more");
	if (signals_came(crew->signals))
		return err_code(err, EINTR, "stopped");
	return 0;
}

/* For each worker its socket and its pipe; while there are AT_ONCE_MAX to be published no
 * worker is started. */
#define FDS_MAX (2 + 4 * AT_ONCE_MAX)

static size_t list_fds(const struct crew *crew, struct pollfd fds[FDS_MAX])
{
	size_t count = 0;

	fds[count++] = (struct pollfd){.fd = crew->report->fd, .events = POLLIN};
	fds[count++] = (struct pollfd){.fd = crew->signals->fd, .events = POLLIN};
	for (size_t i = 0; i < crew->count && count + 2 <= FDS_MAX; i++) {
		const struct layer_job *job = &crew->jobs[i];

		if (job->state == JOB_PUBLISHES)
			fds[count++] = (struct pollfd){.fd = job->publish_fd, .events = POLLIN};
		if (job->state != JOB_RUNS)
			continue;
		if (!job->has_result)
			fds[count++] =
				(struct pollfd){.fd = job->worker.socket, .events = POLLIN};
		if (job->feed.buffer && job->feed.state == FEED_RUNS)
			fds[count++] =
				(struct pollfd){.fd = job->feed.out_fd, .events = POLLOUT};
	}
	return count;
}

static int wait_for_something(struct crew *crew, struct err *err)
{
	struct pollfd fds[FDS_MAX];
	size_t count = list_fds(crew, fds);
	int timeout = count_state(crew, JOB_ELSEWHERE) ? TICK_ELSEWHERE_MS : TICK_MS;

	if (crew->fetch) {
		if (fetch_wait(crew->fetch, fds, count, timeout, err) < 0)
			return -1;
	} else if (poll(fds, count, timeout) < 0 && errno != EINTR) {
		return err_sys(err, "wait for the layers");
	}
	/* devbox sends nothing: readable means closed. */
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		crew->report->is_gone = true;
	return interrupted(crew, err);
}

static int run(struct crew *crew, struct err *err)
{
	const size_t limit = at_once();

	while (count_state(crew, JOB_DONE) < crew->count) {
		if (start_jobs(crew, limit, err) < 0 || wait_for_something(crew, err) < 0)
			return -1;
		for (size_t i = 0; i < crew->count; i++) {
			if ((crew->jobs[i].state == JOB_RUNS ||
			     crew->jobs[i].state == JOB_PUBLISHES) &&
			    crew_step(crew, &crew->jobs[i], err) < 0)
				return -1;
		}
	}
	return 0;
}

/* What is true of a layer is true of the same layer elsewhere in the image. */
static void copy_to_same(struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++) {
		const struct layer_job *first = same_before(crew, i);

		if (!first)
			continue;
		memcpy(crew->jobs[i].id, first->id, sizeof(first->id));
		crew->jobs[i].tar_bytes = first->tar_bytes;
		crew->jobs[i].was_here = true;
	}
}

int crew_run(struct crew *crew, const char *name, struct err *err)
{
	if (begin(crew, name, err) < 0 || run(crew, err) < 0) {
		for (size_t i = 0; i < crew->count; i++)
			crew_drop(crew, &crew->jobs[i]);
		return -1;
	}
	copy_to_same(crew);
	return 0;
}

void crew_done(struct crew *crew)
{
	layer_lease_done(&crew->lease);
}
