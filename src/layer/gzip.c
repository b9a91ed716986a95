#include "layer/decoder.h"

#include <stdint.h>

/* The frame around deflate (RFC 1952), the same for both who undo it. */

#define FLAG_HEADER_CRC 0x02
#define FLAG_EXTRA 0x04
#define FLAG_NAME 0x08
#define FLAG_COMMENT 0x10
#define FLAG_RESERVED 0xe0
#define HEADER_BYTES 10

static int cut_short(struct err *err)
{
	return err_set(err, "the gzip data end too early");
}

static int skip(struct input *in, size_t count, struct err *err)
{
	while (count > 0) {
		size_t n = count;

		if (input_need(in, 1, err) < 0)
			return -1;
		if (input_left(in) == 0)
			return cut_short(err);
		if (n > input_left(in))
			n = input_left(in);
		in->at += n;
		count -= n;
	}
	return 0;
}

/* A name or comment, up to its NUL: nobody asks for it. */
static int skip_text(struct input *in, struct err *err)
{
	unsigned char c;

	do {
		if (input_need(in, 1, err) < 0)
			return -1;
		if (input_left(in) == 0)
			return cut_short(err);
		c = in->data[in->at++];
	} while (c != 0);
	return 0;
}

static int skip_extra(struct input *in, struct err *err)
{
	size_t len;

	if (input_need(in, 2, err) < 0)
		return -1;
	if (input_left(in) < 2)
		return cut_short(err);
	len = in->data[in->at] | (size_t)in->data[in->at + 1] << 8;
	return skip(in, 2 + len, err);
}

static int read_header(struct input *in, struct err *err)
{
	const unsigned char *head = in->data + in->at;
	unsigned flags;

	if (input_left(in) < HEADER_BYTES)
		return cut_short(err);
	flags = head[3];
	if (head[2] != 8 || (flags & FLAG_RESERVED))
		return err_set(err, "the gzip data have an unknown header");
	in->at += HEADER_BYTES;

	if ((flags & FLAG_EXTRA) && skip_extra(in, err) < 0)
		return -1;
	if ((flags & FLAG_NAME) && skip_text(in, err) < 0)
		return -1;
	if ((flags & FLAG_COMMENT) && skip_text(in, err) < 0)
		return -1;
	/* The CRC of the header guards nothing that is used. */
	return flags & FLAG_HEADER_CRC ? skip(in, 2, err) : 0;
}

/* Between two members. What is no member after the first one ends the data. */
static int begin_member(struct gzip *gzip, struct input *in, struct output *out,
			struct err *err)
{
	if (input_need(in, HEADER_BYTES, err) < 0)
		return -1;
	if (gzip->had_member &&
	    (input_left(in) < 2 || in->data[in->at] != 0x1f || in->data[in->at + 1] != 0x8b)) {
		out->is_over = true;
		return 0;
	}
	if (read_header(in, err) < 0)
		return -1;
	gzip->is_inside = true;
	gzip->had_member = true;
	return 0;
}

/* Return: as gzip_body's step. */
static int step_member(const struct gzip_body *body, void *state, struct input *in,
		       struct output *out, struct err *err)
{
	size_t at, len = out->len;
	int result;

	if (input_need(in, 1, err) < 0)
		return -1;
	at = in->at;
	result = body->step(state, in, out, err);
	if (result != 0 || in->at != at || out->len != len)
		return result;
	if (input_left(in) == 0)
		return cut_short(err);
	return err_set(err, "the gzip data are damaged");
}

int gzip_next(struct gzip *gzip, const struct gzip_body *body, void *state, struct input *in,
	      struct output *out, struct err *err)
{
	while (out->len < out->size) {
		int result;

		if (!gzip->is_inside) {
			if (begin_member(gzip, in, out, err) < 0)
				return -1;
			if (out->is_over)
				return 0;
			body->begin(state);
		}
		result = step_member(body, state, in, out, err);
		if (result < 0)
			return -1;
		if (result > 0)
			gzip->is_inside = false;
	}
	return 0;
}
