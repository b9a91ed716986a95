#include "fetch/transfer.h"

#include "fetch/job.h"
#include "util/cleanup.h"
#include "util/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* As much as this since it was last asked for, and it counts as getting on. */
#define PROGRESS_BYTES (64U * 1024)
#define BLOB_ACCEPT "application/octet-stream, */*;q=0.5"

/**
 * struct transfer - @job comes first: it is how the loop knows it
 * @fd:		-1 when it is over
 * @received:	bytes hashed and handed to the pipe or to @pending
 * @skip:	of the present answer, that we already have
 * @asked_from:	the present question's; @start: @received when it was asked
 */
struct transfer {
	struct job job;
	int fd;
	char *digest;
	uint64_t size;
	uint64_t received;
	uint64_t skip;
	uint64_t asked_from;
	uint64_t start;
	bool has_no_range;
	struct sha256 hash;
	struct buf pending;
	size_t pending_at;
};

static struct transfer *transfer_of(struct job *job)
{
	return (struct transfer *)job;
}

static void trouble_set(struct trouble *trouble, enum trouble_kind kind, int code,
			const char *hint)
{
	trouble->kind = kind;
	trouble->after_ms = -1;
	trouble->tries = 0;
	trouble->err.code = code;
	if (hint)
		(void)err_hint(&trouble->err, "%s", hint);
}

static void close_pipe(struct transfer *transfer)
{
	int fd = steal_fd(&transfer->fd);

	if (fd >= 0)
		(void)close(fd);
}

static uint64_t blob_from(struct job *job)
{
	struct transfer *transfer = transfer_of(job);

	transfer->asked_from = transfer->has_no_range ? 0 : transfer->received;
	transfer->start = transfer->received;
	return transfer->asked_from;
}

static int refuse_size(struct job *job, uint64_t length)
{
	(void)err_set(&job->trouble.err,
		      "fetch %s: registry '%s' has %llu bytes of it, but the image says %llu",
		      job->what, job->session->host, (unsigned long long)length,
		      (unsigned long long)transfer_of(job)->size);
	trouble_set(&job->trouble, TROUBLE_PLACE, EBADMSG,
		    "the image is broken: push it again");
	return -1;
}

static int refuse_range(struct job *job)
{
	(void)err_set(&job->trouble.err,
		      "fetch %s: registry '%s' sent another part than was asked for", job->what,
		      job->session->host);
	trouble_set(&job->trouble, TROUBLE_RETRY, EPROTO, NULL);
	job->trouble.after_ms = 0;
	transfer_of(job)->has_no_range = true;
	return -1;
}

static int blob_begin(struct job *job, const struct answer *answer)
{
	struct transfer *transfer = transfer_of(job);

	if (answer->status == 206) {
		if (transfer->asked_from == 0 || answer->range != RANGE_GOOD ||
		    answer->first != transfer->asked_from || answer->total != transfer->size)
			return refuse_range(job);
		transfer->skip = 0;
		return 0;
	}
	if (answer->status != 200) {
		(void)err_set(&job->trouble.err,
			      "fetch %s: registry '%s' answers HTTP status %d", job->what,
			      job->session->host, answer->status);
		trouble_set(&job->trouble, TROUBLE_PLACE, EPROTO, NULL);
		return -1;
	}
	if (answer->length >= 0 && (uint64_t)answer->length != transfer->size)
		return refuse_size(job, (uint64_t)answer->length);
	transfer->skip = transfer->received;
	return 0;
}

/* Return: how much went into the pipe, or -1 with errno. */
static ssize_t write_some(const struct transfer *transfer, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(transfer->fd, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Return: 1 when nothing is left, 0 when the pipe is full, -1 with errno. */
static int flush(struct transfer *transfer)
{
	struct buf *pending = &transfer->pending;
	ssize_t n = write_some(transfer, pending->data + transfer->pending_at,
			       pending->len - transfer->pending_at);

	if (n < 0)
		return -1;
	transfer->pending_at += (size_t)n;
	if (transfer->pending_at < pending->len)
		return 0;
	pending->len = 0;
	transfer->pending_at = 0;
	return 1;
}

static void refuse_pipe(struct job *job)
{
	(void)err_sys(&job->trouble.err, "fetch %s: hand it on", job->what);
	trouble_set(&job->trouble, TROUBLE_END, job->trouble.err.code, NULL);
}

static enum http_take blob_take(struct job *job, const char *data, size_t len)
{
	struct transfer *transfer = transfer_of(job);
	const size_t known = len < transfer->skip ? len : (size_t)transfer->skip;
	ssize_t written;

	if (transfer->pending.len)
		return HTTP_LATER;
	transfer->skip -= known;
	data += known;
	len -= known;
	if (len > transfer->size - transfer->received) {
		(void)refuse_size(job, transfer->received + len);
		return HTTP_STOP;
	}
	sha256_add(&transfer->hash, data, len);
	transfer->received += len;
	written = write_some(transfer, data, len);
	if (written < 0) {
		refuse_pipe(job);
		return HTTP_STOP;
	}
	if ((size_t)written < len)
		buf_add(&transfer->pending, data + written, len - (size_t)written);
	return HTTP_TAKEN;
}

static bool blob_is_whole(const struct job *job)
{
	const struct transfer *transfer = (const struct transfer *)job;

	return transfer->received == transfer->size;
}

static bool blob_gets_on(struct job *job)
{
	const struct transfer *transfer = transfer_of(job);

	return transfer->received - transfer->start >= PROGRESS_BYTES;
}

static int blob_check(struct job *job, struct trouble *out)
{
	struct transfer *transfer = transfer_of(job);
	struct sha256 hash = transfer->hash;
	char hex[SHA256_HEX_MAX];

	if (transfer->received < transfer->size) {
		(void)err_set(&out->err, "fetch %s: registry '%s' sent only %llu of %llu bytes",
			      job->what, job->session->host,
			      (unsigned long long)transfer->received,
			      (unsigned long long)transfer->size);
		trouble_set(out, TROUBLE_RETRY, EBADMSG, "the image is broken: push it again");
		return -1;
	}
	sha256_end(&hash, hex);
	if (strcmp(hex, digest_hex(transfer->digest)) != 0) {
		(void)err_set(&out->err,
			      "fetch %s: it is damaged: sha256:%s came instead of %s",
			      job->what, hex, transfer->digest);
		trouble_set(
			out, TROUBLE_END, EBADMSG,
			"the registry, or something in between, changes it: try again, or push "
			"the image again");
		return -1;
	}
	return transfer->pending.len ? 1 : 0;
}

static void blob_over(struct job *job)
{
	close_pipe(transfer_of(job));
	buf_done(&transfer_of(job)->pending);
	http_free(STEAL(job->http));
	job->fetch->has_ended = true;
}

static const struct job_kind blob_kind = {
	.is_blob = true,
	.from = blob_from,
	.begin = blob_begin,
	.take = blob_take,
	.check = blob_check,
	.is_whole = blob_is_whole,
	.gets_on = blob_gets_on,
	.over = blob_over,
};

size_t transfers_blocked(const struct fetch *fetch, int *out_fds)
{
	size_t count = 0;

	for (struct job *job = fetch->jobs; job; job = job->next) {
		if (job->kind != &blob_kind || job_is_over(job) ||
		    !transfer_of(job)->pending.len)
			continue;
		if (out_fds)
			out_fds[count] = transfer_of(job)->fd;
		count++;
	}
	return count;
}

void transfers_flush(struct fetch *fetch)
{
	for (struct job *job = fetch->jobs; job; job = job->next) {
		int state;

		if (job->kind != &blob_kind || job_is_over(job) ||
		    !transfer_of(job)->pending.len)
			continue;
		state = flush(transfer_of(job));
		if (state < 0) {
			/* The reader went away, or the like: nothing else helps. */
			refuse_pipe(job);
			job_give_up(job);
		} else if (state > 0 && job->http) {
			http_resume(job->http);
		}
	}
}

int fetch_begin(struct fetch *fetch, const struct reference *reference,
		const struct descriptor *blob, int out_fd, struct transfer **out_transfer,
		struct err *err)
{
	AUTO_CLOSE int fd = out_fd;
	AUTO_FREE char *what = NULL;
	AUTO_FREE char *tail = NULL;
	struct job_want want = {.kind = &blob_kind, .reference = reference};
	struct transfer *transfer;

	if (!digest_check(blob->digest))
		return err_set(err, "fetch a layer of '%s': its digest is none",
			       reference->text);
	what = xasprintf("layer %.12s of '%s'", digest_hex(blob->digest), reference->text);
	tail = xasprintf("blobs/%s", blob->digest);
	want.what = what;
	want.tail = tail;
	want.accept = BLOB_ACCEPT;
	transfer = xmalloc(sizeof(*transfer));
	if (job_begin(fetch, &transfer->job, &want, err) < 0) {
		free(transfer);
		return -1;
	}
	transfer->fd = steal_fd(&fd);
	transfer->digest = xstrdup(blob->digest);
	transfer->size = blob->size;
	sha256_begin(&transfer->hash);
	*out_transfer = transfer;
	return 0;
}

enum transfer_state transfer_state(const struct transfer *transfer, struct err *err)
{
	if (transfer->job.state == JOB_DONE)
		return TRANSFER_DONE;
	if (transfer->job.state != JOB_FAILED)
		return TRANSFER_RUNS;
	*err = transfer->job.err;
	return TRANSFER_FAILED;
}

uint64_t transfer_bytes(const struct transfer *transfer)
{
	return transfer->received;
}

void transfer_end(struct transfer *transfer)
{
	if (!transfer)
		return;
	close_pipe(transfer);
	job_end(&transfer->job);
	buf_done(&transfer->pending);
	free(transfer->digest);
	free(transfer);
}

void transfers_drop(struct fetch *fetch)
{
	while (fetch->jobs)
		transfer_end(transfer_of(fetch->jobs));
}
