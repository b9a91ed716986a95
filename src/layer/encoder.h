#ifndef LAYER_ENCODER_H
#define LAYER_ENCODER_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Between the files of blob. */

/** struct encoded - compressed bytes so far; give() takes them away when they are many */
struct encoded {
	int (*give)(void *arg, const void *data, size_t len, struct err *err);
	void *arg;
	unsigned char *data; /* ENCODED_BYTES of room */
};
#define ENCODED_BYTES (128 * 1024)

/**
 * struct encoder - one compression
 * @open:	NULL when there is no memory
 * @add:	compress @len bytes; @is_last: and end
 */
struct encoder {
	void *(*open)(void);
	int (*add)(void *state, const void *data, size_t len, bool is_last, struct encoded *out,
		   struct err *err);
	void (*close)(void *state);
};

extern const struct encoder encoder_plain;
extern const struct encoder encoder_zstd;
/* The fastest there is. */
extern const struct encoder encoder_gzip;

#endif
