#ifndef LAYER_INFLATE_H
#define LAYER_INFLATE_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of a blob, uncompressed: gzip (RFC 1952, any number of members, each checked
 * against its CRC and length), zstd (RFC 8878, any number of frames) or as they are. Which one,
 * its first bytes tell; what the registry said of it does not matter.
 */

/** enum inflate_gzip - who undoes deflate; both give the same bytes, ISA-L twice as fast */
enum inflate_gzip { INFLATE_FASTEST, INFLATE_ISAL, INFLATE_ZLIB };
/** inflate_has_isal() - ISA-L was there when this was built; without it zlib does its work. */
bool inflate_has_isal(void);

struct inflate;

/**
 * inflate_new() - over the descriptor @fd, borrowed
 * @stop_fd:	reading gives up with ECANCELED when this gets readable; -1: never
 */
struct inflate *inflate_new(int fd, int stop_fd, enum inflate_gzip gzip);
void inflate_free(struct inflate *in);

/**
 * inflate_next() - fill @block with the next @size bytes; fewer only at the end, then 0
 * @err:	what is wrong with the data, or with reading them
 *
 * At the end all of @fd was read.
 */
int inflate_next(struct inflate *in, void *block, size_t size, size_t *out_len,
		 struct err *err);

/** inflate_taken() - bytes read from the descriptor so far; any thread may ask. */
uint64_t inflate_taken(const struct inflate *in);
/** inflate_trailing() - bytes other than 0 after the last member or frame, which mean nothing;
 * known at the end. */
uint64_t inflate_trailing(const struct inflate *in);

#endif
