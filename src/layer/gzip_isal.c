#ifdef HAVE_ISAL

#include "layer/decoder.h"
#include "util/str.h"

#include <isa-l.h>
#include <stdlib.h>

/* gzip's members by ISA-L, which checks their trailers itself. */

struct state {
	struct gzip gzip;
	struct inflate_state isal;
};

static void *state_open(void)
{
	return xmalloc(sizeof(struct state));
}

static void begin(void *arg)
{
	struct state *s = arg;

	isal_inflate_init(&s->isal);
	s->isal.crc_flag = ISAL_GZIP_NO_HDR_VER;
}

static const char *words(int result)
{
	switch (result) {
	case ISAL_INVALID_BLOCK:
		return "invalid block";
	case ISAL_INVALID_SYMBOL:
		return "invalid code";
	case ISAL_INVALID_LOOKBACK:
		return "invalid distance too far back";
	case ISAL_INCORRECT_CHECKSUM:
		return "wrong checksum";
	default:
		return "not deflate";
	}
}

static int step(void *arg, struct input *in, struct output *out, struct err *err)
{
	struct state *s = arg;
	int result;

	s->isal.next_in = in->data + in->at;
	s->isal.avail_in = (uint32_t)input_left(in);
	s->isal.next_out = out->data + out->len;
	s->isal.avail_out = (uint32_t)(out->size - out->len);
	result = isal_inflate(&s->isal);
	if (result < 0)
		return err_set(err, "the gzip data are damaged: %s", words(result));

	in->at = in->len - s->isal.avail_in;
	out->len = out->size - s->isal.avail_out;
	return s->isal.block_state == ISAL_BLOCK_FINISH;
}

static int next(void *arg, struct input *in, struct output *out, struct err *err)
{
	static const struct gzip_body body = {begin, step};
	struct state *s = arg;

	return gzip_next(&s->gzip, &body, s, in, out, err);
}

const struct decoder decoder_isal = {state_open, next, free};

#else
/* Without ISA-L this file is empty, which ISO C forbids. */
typedef int gzip_isal_is_empty;
#endif
