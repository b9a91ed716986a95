#ifndef LAYER_SETTLE_FIND_H
#define LAYER_SETTLE_FIND_H

#include "layer/settle.h"

/* What the layers of an image say of one folder; between the files of settle. */

enum settle_found {
	SETTLE_NONE,    /* no layer has it */
	SETTLE_COVERED, /* the topmost that has it lists it: that is what is seen */
	SETTLE_NEW,     /* none that counts lists it */
	SETTLE_LISTED,  /* one below the topmost lists it: that is what should be seen */
};

/**
 * settle_find() - look for the folder @path ("": the root) in all layers, from the top
 * @out_fd:	of the folder that says what it is; -1 with SETTLE_NONE
 * Return: enum settle_found, or -1.
 */
int settle_find(const struct settle *settle, const char *path, int *out_fd, struct err *err);

/** settle_open() - the folder of layer @index. Return: descriptor or -1. */
int settle_open(const struct settle *settle, size_t index, struct err *err);

#endif
