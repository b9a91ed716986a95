#include "layer/inflate.h"

#include "layer/decoder.h"
#include "util/str.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct inflate {
	struct input input;
	enum inflate_gzip gzip;
	const struct decoder *decoder; /* NULL until the first bytes were seen */
	void *state;
	bool is_over;
	uint64_t trailing;
};

bool inflate_has_isal(void)
{
#ifdef HAVE_ISAL
	return true;
#else
	return false;
#endif
}

/* Until the descriptor has something for us. */
static int input_wait(const struct input *in, struct err *err)
{
	struct pollfd fds[2] = {{.fd = in->fd, .events = POLLIN},
				{.fd = in->stop_fd, .events = POLLIN}};

	if (in->is_file || in->stop_fd < 0)
		return 0;
	while (poll(fds, 2, -1) < 0) {
		if (errno != EINTR)
			return err_sys(err, "wait for the layer's data");
	}
	return fds[1].revents ? err_code(err, ECANCELED, "read the layer's data") : 0;
}

static int input_read(struct input *in, struct err *err)
{
	ssize_t n;

	do {
		if (input_wait(in, err) < 0)
			return -1;
		n = read(in->fd, in->data + in->len, INPUT_BYTES - in->len);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return err_sys(err, "read the layer's data");

	in->is_over = n == 0;
	in->len += (size_t)n;
	atomic_fetch_add_explicit(&in->taken, (uint64_t)n, memory_order_relaxed);
	return 0;
}

int input_need(struct input *in, size_t want, struct err *err)
{
	if (input_left(in) >= want)
		return 0;

	memmove(in->data, in->data + in->at, input_left(in));
	in->len -= in->at;
	in->at = 0;
	while (in->len < want && !in->is_over) {
		if (input_read(in, err) < 0)
			return -1;
	}
	return 0;
}

static int plain_next(void *state, struct input *in, struct output *out, struct err *err)
{
	(void)state;
	while (out->len < out->size) {
		size_t n = out->size - out->len;

		if (input_need(in, 1, err) < 0)
			return -1;
		if (n > input_left(in))
			n = input_left(in);
		if (n == 0) {
			out->is_over = true;
			return 0;
		}
		memcpy(out->data + out->len, in->data + in->at, n);
		in->at += n;
		out->len += n;
	}
	return 0;
}

static void *plain_open(void)
{
	return NULL;
}

static const struct decoder decoder_plain = {plain_open, plain_next, free};

static bool is_zstd(const unsigned char *data)
{
	static const unsigned char frame[] = {0x28, 0xb5, 0x2f, 0xfd};
	static const unsigned char skippable[] = {0x2a, 0x4d, 0x18};

	return memcmp(data, frame, sizeof(frame)) == 0 ||
	       ((data[0] & 0xf0) == 0x50 &&
		memcmp(data + 1, skippable, sizeof(skippable)) == 0);
}

static const struct decoder *gzip_decoder(enum inflate_gzip gzip)
{
#ifdef HAVE_ISAL
	if (gzip != INFLATE_ZLIB)
		return &decoder_isal;
#else
	(void)gzip;
#endif
	return &decoder_zlib;
}

static int choose(struct inflate *in, struct err *err)
{
	const unsigned char *data;

	if (input_need(&in->input, 4, err) < 0)
		return -1;
	data = in->input.data + in->input.at;

	in->decoder = &decoder_plain;
	if (input_left(&in->input) >= 2 && data[0] == 0x1f && data[1] == 0x8b)
		in->decoder = gzip_decoder(in->gzip);
	else if (input_left(&in->input) >= 4 && is_zstd(data))
		in->decoder = &decoder_zstd;
	in->state = in->decoder->open();
	return 0;
}

/* Zeros pad a blob to a block of a tape; anything else has no meaning. */
static int drain(struct inflate *in, struct err *err)
{
	struct input *input = &in->input;

	for (;;) {
		if (input_need(input, 1, err) < 0)
			return -1;
		if (input_left(input) == 0)
			return 0;
		for (; input->at < input->len; input->at++)
			in->trailing += input->data[input->at] != 0;
	}
}

int inflate_next(struct inflate *in, void *block, size_t size, size_t *out_len, struct err *err)
{
	struct output out = {.data = block, .size = size};

	if (!in->decoder && choose(in, err) < 0)
		return -1;
	if (!in->is_over && in->decoder->next(in->state, &in->input, &out, err) < 0)
		return -1;
	if (out.is_over) {
		in->is_over = true;
		if (drain(in, err) < 0)
			return -1;
	}
	*out_len = out.len;
	return 0;
}

struct inflate *inflate_new(int fd, int stop_fd, enum inflate_gzip gzip)
{
	struct inflate *in = xmalloc(sizeof(*in));
	struct stat st;

	in->gzip = gzip;
	in->input.fd = fd;
	in->input.stop_fd = stop_fd;
	in->input.is_file =
		fstat(fd, &st) < 0 || S_ISREG(st.st_mode); /* < 0: read() will say why */
	in->input.data = xmalloc(INPUT_BYTES);
	return in;
}

void inflate_free(struct inflate *in)
{
	if (!in)
		return;
	if (in->decoder)
		in->decoder->close(in->state);
	free(in->input.data);
	free(in);
}

uint64_t inflate_taken(const struct inflate *in)
{
	return atomic_load_explicit(&in->input.taken, memory_order_relaxed);
}

uint64_t inflate_trailing(const struct inflate *in)
{
	return in->trailing;
}
