#include "layer/decoder.h"
#include "util/str.h"

#include <stdlib.h>
#include <zstd.h>

/* A frame may ask for so much memory: 2^27 bytes, what zstd itself takes unasked. */
#define WINDOW_LOG_MAX 27
#define MAGIC_BYTES 4

struct state {
	ZSTD_DStream *zstd;
	bool is_inside; /* of a frame */
	bool had_frame;
};

static void *state_open(void)
{
	struct state *s = xmalloc(sizeof(*s));

	s->zstd = ZSTD_createDStream();
	if (s->zstd)
		(void)ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	return s;
}

static void state_close(void *arg)
{
	struct state *s = arg;

	(void)ZSTD_freeDStream(s->zstd);
	free(s);
}

static bool is_frame(const struct input *in)
{
	const unsigned char *p = in->data + in->at;
	uint32_t magic;

	if (input_left(in) < MAGIC_BYTES)
		return false;
	magic = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return magic == ZSTD_MAGICNUMBER ||
	       (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

static int step(struct state *s, struct input *in, struct output *out, struct err *err)
{
	ZSTD_inBuffer from = {in->data + in->at, input_left(in), 0};
	ZSTD_outBuffer to = {out->data + out->len, out->size - out->len, 0};
	size_t result = ZSTD_decompressStream(s->zstd, &to, &from);

	if (ZSTD_isError(result))
		return err_set(err, "the zstd data are damaged: %s", ZSTD_getErrorName(result));
	in->at += from.pos;
	out->len += to.pos;
	s->is_inside = result != 0;
	if (result != 0 && from.pos == 0 && to.pos == 0)
		return input_left(in) == 0 ? err_set(err, "the zstd data end too early")
					   : err_set(err, "the zstd data are damaged");
	return 0;
}

static int next(void *arg, struct input *in, struct output *out, struct err *err)
{
	struct state *s = arg;

	if (!s->zstd)
		return err_set(err, "no memory for zstd");
	while (out->len < out->size) {
		if (input_need(in, s->is_inside ? 1 : MAGIC_BYTES, err) < 0)
			return -1;
		if (!s->is_inside && s->had_frame && !is_frame(in)) {
			out->is_over = true;
			return 0;
		}
		s->had_frame = true;
		if (step(s, in, out, err) < 0)
			return -1;
	}
	return 0;
}

const struct decoder decoder_zstd = {state_open, next, state_close};
