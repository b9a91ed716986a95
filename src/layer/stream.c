#include "layer/stream.h"

#include "util/str.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct block {
	unsigned char *data;
	size_t len;
};

struct stream {
	struct inflate *inflate;
	struct stream_limits limits;
	int stop_fd;
	pthread_t thread;

	/* The thread's until it has ended. */
	struct sha256 hash;
	uint64_t bytes;
	struct err err;

	/* Under the lock. Blocks [first, first + count) are full; the first may be in the
	 * caller's hands. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct block blocks[STREAM_BLOCKS];
	size_t first;
	size_t count;
	bool is_held;
	bool is_over;
	bool is_failed;
	bool is_stopped;
};

/* Return: a block to fill, or NULL when nobody wants it any more. */
static struct block *wait_for_room(struct stream *s)
{
	struct block *block = NULL;

	(void)pthread_mutex_lock(&s->lock);
	while (s->count == STREAM_BLOCKS && !s->is_stopped)
		(void)pthread_cond_wait(&s->changed, &s->lock);
	if (!s->is_stopped)
		block = &s->blocks[(s->first + s->count) % STREAM_BLOCKS];
	(void)pthread_mutex_unlock(&s->lock);
	return block;
}

static void publish(struct stream *s, bool has_block, bool is_over, bool is_failed)
{
	(void)pthread_mutex_lock(&s->lock);
	s->count += has_block;
	s->is_over = is_over;
	s->is_failed = is_failed;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

static int check_ratio(struct stream *s)
{
	uint64_t taken = inflate_taken(s->inflate);
	uint64_t most;

	if (__builtin_mul_overflow(taken, s->limits.ratio, &most) ||
	    __builtin_add_overflow(most, s->limits.slack, &most))
		return 0;
	if (s->bytes <= most)
		return 0;
	return err_set(&s->err,
		       "%llu compressed bytes have become %llu, more than %llu times as much",
		       (unsigned long long)taken, (unsigned long long)s->bytes,
		       (unsigned long long)s->limits.ratio);
}

/* Return: 1 when there is more, 0 at the end, or -1. */
static int fill(struct stream *s, struct block *block)
{
	if (!block->data)
		block->data = xmalloc(STREAM_BLOCK_BYTES);
	if (inflate_next(s->inflate, block->data, STREAM_BLOCK_BYTES, &block->len, &s->err) < 0)
		return -1;
	if (block->len == 0)
		return 0;
	sha256_add(&s->hash, block->data, block->len);
	s->bytes += block->len;
	return check_ratio(s) < 0 ? -1 : 1;
}

static void *work(void *arg)
{
	struct stream *s = arg;

	for (;;) {
		struct block *block = wait_for_room(s);
		int result;

		if (!block) {
			(void)err_code(&s->err, ECANCELED, "read the layer's data");
			publish(s, false, true, true);
			return NULL;
		}
		result = fill(s, block);
		publish(s, result > 0, result <= 0, result < 0);
		if (result <= 0)
			return NULL;
	}
}

ssize_t stream_take(struct stream *s, const void **out_data)
{
	ssize_t len = -1;

	(void)pthread_mutex_lock(&s->lock);
	if (s->is_held) {
		s->first = (s->first + 1) % STREAM_BLOCKS;
		s->count--;
		s->is_held = false;
		(void)pthread_cond_signal(&s->changed);
	}
	while (s->count == 0 && !s->is_over)
		(void)pthread_cond_wait(&s->changed, &s->lock);
	if (s->count > 0) {
		*out_data = s->blocks[s->first].data;
		len = (ssize_t)s->blocks[s->first].len;
		s->is_held = true;
	} else if (!s->is_failed) {
		*out_data = NULL;
		len = 0;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return len;
}

uint64_t stream_taken(const struct stream *s)
{
	return inflate_taken(s->inflate);
}

static void stream_free(struct stream *s)
{
	for (size_t i = 0; i < STREAM_BLOCKS; i++)
		free(s->blocks[i].data);
	inflate_free(s->inflate);
	if (s->stop_fd >= 0)
		(void)close(s->stop_fd);
	(void)pthread_mutex_destroy(&s->lock);
	(void)pthread_cond_destroy(&s->changed);
	free(s);
}

int stream_start(int fd, enum inflate_gzip gzip, const struct stream_limits *limits,
		 struct stream **out_stream, struct err *err)
{
	struct stream *s = xmalloc(sizeof(*s));
	int code;

	s->limits = *limits;
	sha256_begin(&s->hash);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->changed, NULL);
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->inflate = inflate_new(fd, s->stop_fd, gzip);

	code = s->stop_fd < 0 ? errno : pthread_create(&s->thread, NULL, work, s);
	if (code != 0) {
		stream_free(s);
		return err_code(err, code, "start a thread to uncompress the layer");
	}
	*out_stream = s;
	return 0;
}

int stream_end(struct stream *s, struct stream_total *out_total, struct err *err)
{
	uint64_t one = 1;
	bool is_failed;

	if (!s)
		return 0;
	(void)pthread_mutex_lock(&s->lock);
	s->is_stopped = true;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
	if (write(s->stop_fd, &one, sizeof(one)) < 0)
		(void)err_sys(err,
			      "stop the thread that uncompresses"); /* not reached: empty */
	(void)pthread_join(s->thread, NULL);

	is_failed = s->is_failed;
	if (is_failed) {
		*err = s->err;
	} else if (out_total) {
		sha256_end(&s->hash, out_total->hex);
		out_total->bytes = s->bytes;
		out_total->trailing = inflate_trailing(s->inflate);
	}
	stream_free(s);
	return is_failed ? -1 : 0;
}
