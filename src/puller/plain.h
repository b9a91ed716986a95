#ifndef PULLER_PLAIN_H
#define PULLER_PLAIN_H

#include "util/err.h"

/** plain_make() - when the file *@fd is compressed (gzip, zstd, xz, bzip2), unpack it into a
 * file without a name in the folder @dir_fd, and make *@fd that file; at its beginning either
 * way */
int plain_make(int *fd, int dir_fd, struct err *err);

/** plain_temporary() - a file without a name in @dir_fd. Return: descriptor, or -1. */
int plain_temporary(int dir_fd, struct err *err);

#endif
