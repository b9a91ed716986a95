#ifndef LAYER_PACKXATTR_H
#define LAYER_PACKXATTR_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>

/**
 * packxattr_read() - extended attributes of an open file or folder that a layer can have
 * @out_records: sorted pax records are appended
 * @out_opaque:	overlayfs shows nothing of lower layers below it
 * @err:	it stands for something elsewhere in the overlay (redirect, metacopy)
 */
int packxattr_read(int fd, const char *path, struct buf *out_records, bool *out_opaque,
		   struct err *err);

#endif
