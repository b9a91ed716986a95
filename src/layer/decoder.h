#ifndef LAYER_DECODER_H
#define LAYER_DECODER_H

#include "util/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Between the files of inflate. */

#define INPUT_BYTES (256 * 1024)
/* input_need() can be asked for so many. */
#define INPUT_NEED_MAX 16

/** struct input - compressed bytes: data[at..len) are there and not yet used */
struct input {
	int fd;
	int stop_fd;
	unsigned char *data;
	size_t at;
	size_t len;
	bool is_over; /* no more can be read */
	bool is_file; /* never lets us wait */
	_Atomic uint64_t taken;
};

/** input_need() - see that @want bytes are there, or all that is left. */
int input_need(struct input *in, size_t want, struct err *err);

static inline size_t input_left(const struct input *in)
{
	return in->len - in->at;
}

/** struct output - the block to fill; @is_over: the data ended, the rest of the input means
 * nothing */
struct output {
	unsigned char *data;
	size_t size;
	size_t len;
	bool is_over;
};

/** struct decoder - @next fills the block, or as much of it as there is */
struct decoder {
	void *(*open)(void);
	int (*next)(void *state, struct input *in, struct output *out, struct err *err);
	void (*close)(void *state);
};

extern const struct decoder decoder_zlib;
extern const struct decoder decoder_zstd;
#ifdef HAVE_ISAL
extern const struct decoder decoder_isal;
#endif

/**
 * struct gzip_body - what lies between a gzip header and the next one: deflate, CRC and length
 * @step:	use input, give output. Return: 1 when the member is over and was whole, 0 to be
 *		called again, or -1
 */
struct gzip_body {
	void (*begin)(void *state);
	int (*step)(void *state, struct input *in, struct output *out, struct err *err);
};

/** struct gzip - where in a gzip stream we are; `= {0}` begins one */
struct gzip {
	bool is_inside;
	bool had_member;
};
/** gzip_next() - decoder's next for a stream whose members @body undoes. */
int gzip_next(struct gzip *gzip, const struct gzip_body *body, void *state, struct input *in,
	      struct output *out, struct err *err);

#endif
