#include "layer/encoder.h"
#include "util/str.h"

#include <stdlib.h>

#ifdef HAVE_ISAL

#include <isa-l.h>

/* The best that ISA-L does, still many times as fast as zlib. */
#define LEVEL 3
#define LEVEL_BYTES ISAL_DEF_LVL3_DEFAULT
#define HIST_BITS 15

struct state {
	struct isal_zstream stream;
	struct isal_gzip_header header;
	unsigned char level[LEVEL_BYTES];
};

static void *open_state(void)
{
	struct state *s = xmalloc(sizeof(*s));

	isal_deflate_init(&s->stream);
	s->stream.level = LEVEL;
	s->stream.level_buf = s->level;
	s->stream.level_buf_size = LEVEL_BYTES;
	s->stream.hist_bits = HIST_BITS;
	s->stream.gzip_flag = IGZIP_GZIP;
	return s;
}

static int add(void *state, const void *data, size_t len, bool is_last, struct encoded *out,
	       struct err *err)
{
	struct isal_zstream *z = &((struct state *)state)->stream;

	z->next_in = (uint8_t *)(uintptr_t)data;
	z->avail_in = (uint32_t)len;
	z->end_of_stream = is_last;
	do {
		size_t made;

		z->next_out = out->data;
		z->avail_out = ENCODED_BYTES;
		if (isal_deflate(z) != COMP_OK)
			return err_set(err, "compress the layer");
		made = ENCODED_BYTES - z->avail_out;
		if (made > 0 && out->give(out->arg, out->data, made, err) < 0)
			return -1;
	} while (z->avail_out == 0 || z->avail_in > 0);
	return 0;
}

static void close_state(void *state)
{
	free(state);
}

#else

#include <zlib.h>

#define GZIP_WRAPPER 16
#define MEMORY_LEVEL 8

static void *open_state(void)
{
	z_stream *z = xmalloc(sizeof(*z));

	if (deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER,
			 MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK)
		return z;
	free(z);
	return NULL;
}

static int add(void *state, const void *data, size_t len, bool is_last, struct encoded *out,
	       struct err *err)
{
	z_stream *z = state;
	int result;

	z->next_in = (Bytef *)(uintptr_t)data;
	z->avail_in = (uInt)len;
	do {
		size_t made;

		z->next_out = out->data;
		z->avail_out = ENCODED_BYTES;
		result = deflate(z, is_last ? Z_FINISH : Z_NO_FLUSH);
		if (result == Z_STREAM_ERROR)
			return err_set(err, "compress the layer");
		made = ENCODED_BYTES - z->avail_out;
		if (made > 0 && out->give(out->arg, out->data, made, err) < 0)
			return -1;
	} while (is_last ? result != Z_STREAM_END : z->avail_out == 0);
	return 0;
}

static void close_state(void *state)
{
	(void)deflateEnd(state);
	free(state);
}

#endif

const struct encoder encoder_gzip = {open_state, add, close_state};
