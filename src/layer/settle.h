#ifndef LAYER_SETTLE_H
#define LAYER_SETTLE_H

#include "layer/layer.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Folders that a layer does not list, because it only has something in them, are those of the
 * layers below, with their mode, owner, time and attributes. In a layer of overlayfs they must
 * be there, and what is there covers what is below. So they are marked when they are made, and
 * when the layers of an image are known, one more on top of them says what those folders are.
 *
 * The marks are attributes that overlayfs takes for its own: nobody sees them in a box.
 */

/** On a folder that its layer does not list. */
#define SETTLE_MARK "user.overlay.devbox.implied"
/** On the layer's folder: such a folder lies in it. */
#define SETTLE_MARK_INSIDE "user.overlay.devbox.has-implied"

/** settle_is_marked() - @name is on the open folder @fd. */
bool settle_is_marked(int fd, const char *name);

/**
 * struct settle - the layers of an image; borrowed
 * @layers_fd:	the folder in which each has the folder ID/diff
 * @ids:	bottom first
 * @first_id:	this is the id 0 in their files: 0 in the user namespace of the boxes
 */
struct settle {
	int layers_fd;
	const char *const *ids;
	size_t count;
	uint32_t first_id;
};

/**
 * layer_settle() - write the layer that has to lie on top of @settle, an uncompressed archive,
 * to @out_fd
 * @out_packed:	@tar_bytes is 0 when none is needed, and then nothing is written
 */
int layer_settle(const struct settle *settle, int out_fd, struct layer_packed *out_packed,
		 struct err *err);

#endif
