#ifndef PULLER_FEED_H
#define PULLER_FEED_H

#include "util/err.h"
#include "util/sha256.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A blob of a local file on its way into a pipe, hashed as it goes; what fetch.h's transfers
 * are for registries.
 */

enum feed_state { FEED_RUNS, FEED_DONE, FEED_FAILED };

/**
 * struct feed - @digest after FEED_DONE: hexadecimal SHA-256 of what was there
 * @fd:		borrowed; read with pread(2), so many feeds can share it
 * @out_fd:	write end of a pipe, non-blocking; owned, -1 when it is closed
 */
struct feed {
	enum feed_state state;
	int fd;
	int out_fd;
	uint64_t at;
	uint64_t left;
	uint64_t done;
	struct sha256 hash;
	char expected[SHA256_HEX_MAX];
	char digest[SHA256_HEX_MAX];
	struct err err;
	unsigned char *buffer;
	size_t begin, end;
};

/** feed_begin() - @digest: hexadecimal, NULL: whatever it is. @out_fd is taken. */
void feed_begin(struct feed *feed, int fd, uint64_t offset, uint64_t size, const char *digest,
		int out_fd);
/** feed_step() - as much as the pipe takes now. */
void feed_step(struct feed *feed);
void feed_end(struct feed *feed);

#endif
