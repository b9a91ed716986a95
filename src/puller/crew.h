#ifndef PULLER_CREW_H
#define PULLER_CREW_H

#include "fetch/fetch.h"
#include "image/store.h"
#include "puller/feed.h"
#include "puller/report.h"
#include "puller/signals.h"
#include "puller/worker.h"

#include <stdbool.h>

/* Bringing the layers of one image into the store, several at once. */

enum job_state {
	JOB_WAITS,
	JOB_ELSEWHERE, /* another process makes this layer */
	JOB_RUNS,
	JOB_PUBLISHES,
	JOB_DONE,
};

/**
 * struct layer_job - one layer; texts are borrowed
 * @digest:	of the blob, "sha256:…"; NULL: whatever it is (docker-archive:, tar:)
 * @diff_id:	"sha256:…"; NULL: whatever it is (tar:), and then
 * @key:	64 hexadecimal digits by which others know that the same is being unpacked
 * @fd, @offset: where the blob is; -1: in the registry
 * @id:		of the layer, when it is done; @tar_bytes: its size uncompressed
 * @was_here:	nothing had to be done
 */
struct layer_job {
	const char *digest;
	const char *diff_id;
	const char *key;
	uint64_t size;
	int fd;
	uint64_t offset;

	char id[SHA256_HEX_MAX];
	uint64_t tar_bytes;
	bool was_here;

	enum job_state state;
	struct layer_work work;
	struct worker worker;
	struct transfer *transfer;
	struct feed feed;
	pid_t publisher; /* 0: none */
	int publish_fd;
	bool has_result;
	struct worker_message result;
	uint64_t told_bytes;
	int64_t told_ms;
};

/**
 * struct crew - @fetch, @reference: for jobs of a registry
 * @lease:	of all layers that are done
 * @fetched:	bytes that went through
 */
struct crew {
	const struct image_store *store;
	struct report *report;
	struct fetch *fetch;
	const struct reference *reference;
	int userns_fd;
	const struct signals *signals;
	struct layer_job *jobs;
	size_t count;
	struct layer_lease lease;
	uint64_t fetched;
};

/**
 * crew_run() - until all jobs are done, or one failed and all that was begun is dropped
 * @name:	for the reader of the report
 * @err:	ENOSPC before anything is fetched when it cannot fit; EINTR after a signal, or
 *		when nobody listens to the report any more
 */
int crew_run(struct crew *crew, const char *name, struct err *err);
void crew_done(struct crew *crew);

#endif
