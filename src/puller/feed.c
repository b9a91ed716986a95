#include "puller/feed.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)256 * 1024)

void feed_begin(struct feed *feed, int fd, uint64_t offset, uint64_t size, const char *digest,
		int out_fd)
{
	*feed = (struct feed){.state = FEED_RUNS,
			      .fd = fd,
			      .out_fd = out_fd,
			      .at = offset,
			      .left = size,
			      .buffer = xmalloc(CHUNK)};
	if (digest)
		(void)snprintf(feed->expected, sizeof(feed->expected), "%s", digest);
	sha256_begin(&feed->hash);
}

static void close_pipe(struct feed *feed)
{
	cleanup_close(&feed->out_fd);
	feed->out_fd = -1;
}

static void fail(struct feed *feed)
{
	feed->state = FEED_FAILED;
	close_pipe(feed);
}

static void finish(struct feed *feed)
{
	sha256_end(&feed->hash, feed->digest);
	if (feed->expected[0] && strcmp(feed->expected, feed->digest) != 0) {
		(void)err_set(&feed->err, "blob 'sha256:%s' has the digest 'sha256:%s'",
			      feed->expected, feed->digest);
		feed->err.code = EBADMSG;
		(void)err_hint(&feed->err, "the file was damaged; make it again");
		fail(feed);
		return;
	}
	feed->state = FEED_DONE;
	close_pipe(feed);
}

static bool fill(struct feed *feed)
{
	size_t want = feed->left < CHUNK ? (size_t)feed->left : CHUNK;
	ssize_t n = pread(feed->fd, feed->buffer, want, (off_t)feed->at);

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		if (n < 0)
			(void)err_sys(&feed->err, "read a blob");
		else
			(void)err_set(&feed->err,
				      "the file ends %llu bytes before the blob does",
				      (unsigned long long)feed->left);
		fail(feed);
		return false;
	}
	sha256_add(&feed->hash, feed->buffer, (size_t)n);
	feed->at += (uint64_t)n;
	feed->left -= (uint64_t)n;
	feed->begin = 0;
	feed->end = (size_t)n;
	return true;
}

/* Return: false when the pipe is full, or gone. */
static bool drain(struct feed *feed)
{
	ssize_t n = write(feed->out_fd, feed->buffer + feed->begin, feed->end - feed->begin);

	if (n >= 0) {
		feed->begin += (size_t)n;
		feed->done += (uint64_t)n;
		return true;
	}
	if (errno == EINTR)
		return true;
	if (errno == EAGAIN)
		return false;
	(void)err_sys(&feed->err, "hand on a blob");
	fail(feed);
	return false;
}

void feed_step(struct feed *feed)
{
	/* At most a pipe full, so that others get their turn. */
	for (int i = 0; i < 8 && feed->state == FEED_RUNS; i++) {
		if (feed->begin < feed->end) {
			if (!drain(feed))
				return;
		} else if (feed->left > 0) {
			if (!fill(feed))
				return;
		} else {
			finish(feed);
		}
	}
}

void feed_end(struct feed *feed)
{
	if (!feed->buffer)
		return;
	close_pipe(feed);
	free(feed->buffer);
	feed->buffer = NULL;
}
