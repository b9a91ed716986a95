#ifndef PULLER_SETTLE_H
#define PULLER_SETTLE_H

#include "puller/puller.h"

/**
 * settle_layers() - add the layer on top that says what folders are which layers do not list
 * (layer/settle.h), when there has to be one
 * @layers:	of an image, bottom first; leased
 * @lease:	gets the one that is added
 */
int settle_layers(struct puller *puller, struct strv *layers, struct layer_lease *lease,
		  struct err *err);

#endif
