#ifndef PULLER_PLAIN_H
#define PULLER_PLAIN_H

#include "util/err.h"

#include <stdint.h>

/** What plain_make() gives an archive beyond the ratio. */
#define PLAIN_FREE (UINT64_C(1) << 30)

/**
 * plain_make() - when the file *@fd is compressed (gzip, zstd, xz, bzip2), unpack it into a
 * file without a name in the folder @dir_fd, and make *@fd that file; at its beginning either
 * way
 * @free_bytes:	it may become 200 times as large as it is, and this
 * @err:	EFBIG for one that becomes larger
 */
int plain_make(int *fd, int dir_fd, uint64_t free_bytes, struct err *err);

/** plain_temporary() - a file without a name in @dir_fd. Return: descriptor, or -1. */
int plain_temporary(int dir_fd, struct err *err);

#endif
