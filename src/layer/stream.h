#ifndef LAYER_STREAM_H
#define LAYER_STREAM_H

#include "layer/inflate.h"
#include "util/err.h"
#include "util/sha256.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * A blob uncompressed and hashed by a thread of its own, in blocks that wait for the caller.
 * Bounded: when STREAM_BLOCKS blocks wait, the thread does too.
 */

#define STREAM_BLOCK_BYTES (256 * 1024)
#define STREAM_BLOCKS 16

/** struct stream_limits - fail when there are more bytes than @ratio times what was read, plus
 * @slack */
struct stream_limits {
	uint64_t ratio;
	uint64_t slack;
};

/** struct stream_total - what was in it; plain memory */
struct stream_total {
	char hex[SHA256_HEX_MAX]; /* SHA-256 of the uncompressed bytes */
	uint64_t bytes;
	uint64_t trailing; /* inflate_trailing() */
};

struct stream;

/** stream_start() - @fd is borrowed until stream_end(). */
int stream_start(int fd, enum inflate_gzip gzip, const struct stream_limits *limits,
		 struct stream **out_stream, struct err *err);

/**
 * stream_take() - the next block; valid until the next call
 *
 * Return: its length, 0 at the end, -1 when the thread failed: stream_end() says why.
 */
ssize_t stream_take(struct stream *stream, const void **out_data);

/** stream_taken() - compressed bytes read so far. */
uint64_t stream_taken(const struct stream *stream);

/**
 * stream_end() - stop the thread, wait for it, and free all; accepts NULL
 * @out_total:	may be NULL; written when all was read
 * @err:	why the thread failed; ECANCELED when it was stopped in the middle
 */
int stream_end(struct stream *stream, struct stream_total *out_total, struct err *err);

#endif
