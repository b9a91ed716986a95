#ifndef LAYER_BLOB_H
#define LAYER_BLOB_H

#include "layer/layer.h"
#include "util/err.h"

#include <stddef.h>

/*
 * Bytes of an archive on their way into a blob: hashed, compressed, hashed again, written.
 *
 * gzip is made by ISA-L where there is one, else by zlib: the archive and its digest are the
 * same with both, the blob is not.
 */

struct blob;

/** blob_new() - @out_fd is borrowed; -1: nothing is written, only hashed. NULL: @err. */
struct blob *blob_new(int out_fd, enum layer_compression compression, struct err *err);
void blob_free(struct blob *blob);

int blob_add(struct blob *blob, const void *data, size_t len, struct err *err);
/** blob_end() - the last bytes; the digests. */
int blob_end(struct blob *blob, struct layer_packed *out_packed, struct err *err);

#endif
