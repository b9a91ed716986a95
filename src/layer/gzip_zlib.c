#include "layer/decoder.h"
#include "util/str.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* gzip's members by zlib: everywhere, and half as fast as ISA-L. */

#define TRAILER_BYTES 8

struct state {
	struct gzip gzip;
	z_stream z;
	uLong crc;
	uint32_t len;
	bool is_inflated; /* the trailer follows */
};

static void *state_open(void)
{
	struct state *s = xmalloc(sizeof(*s));

	/* Fails for want of memory alone; step() then says that the stream is broken. */
	(void)inflateInit2(&s->z, -MAX_WBITS);
	return s;
}

static void state_close(void *arg)
{
	struct state *s = arg;

	(void)inflateEnd(&s->z);
	free(s);
}

static void begin(void *arg)
{
	struct state *s = arg;

	(void)inflateReset(&s->z);
	s->crc = crc32(0, NULL, 0);
	s->len = 0;
	s->is_inflated = false;
}

static uint32_t le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Return: 1, or -1. */
static int check_trailer(const struct state *s, struct input *in, struct err *err)
{
	const unsigned char *trailer;

	if (input_need(in, TRAILER_BYTES, err) < 0)
		return -1;
	if (input_left(in) < TRAILER_BYTES)
		return err_set(err, "the gzip data end too early");
	trailer = in->data + in->at;
	if (le32(trailer) != s->crc || le32(trailer + 4) != s->len)
		return err_set(err, "the gzip data are damaged: wrong checksum");
	in->at += TRAILER_BYTES;
	return 1;
}

static int step(void *arg, struct input *in, struct output *out, struct err *err)
{
	struct state *s = arg;
	size_t made;
	int result;

	if (s->is_inflated)
		return check_trailer(s, in, err);

	s->z.next_in = in->data + in->at;
	s->z.avail_in = (uInt)input_left(in);
	s->z.next_out = out->data + out->len;
	s->z.avail_out = (uInt)(out->size - out->len);
	result = inflate(&s->z, Z_NO_FLUSH);
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return err_set(err, "the gzip data are damaged: %s",
			       s->z.msg ? s->z.msg : "not deflate");

	in->at = in->len - s->z.avail_in;
	made = out->size - out->len - s->z.avail_out;
	s->crc = crc32(s->crc, out->data + out->len, (uInt)made);
	s->len += (uint32_t)made;
	out->len += made;
	if (result != Z_STREAM_END)
		return 0;
	s->is_inflated = true;
	return check_trailer(s, in, err);
}

static int next(void *arg, struct input *in, struct output *out, struct err *err)
{
	static const struct gzip_body body = {begin, step};
	struct state *s = arg;

	return gzip_next(&s->gzip, &body, s, in, out, err);
}

const struct decoder decoder_zlib = {state_open, next, state_close};
