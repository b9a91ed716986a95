#include "layer/blob.h"

#include "layer/encoder.h"
#include "util/fd.h"
#include "util/str.h"

#include <stdlib.h>
#include <string.h>

/* What is compressed at once. */
#define GATHER_BYTES (128 * 1024)

struct blob {
	int out_fd;
	const struct encoder *encoder;
	void *state;
	struct encoded encoded;
	unsigned char *gathered;
	size_t gathered_len;
	struct sha256 diff_hash;
	struct sha256 blob_hash;
	struct layer_packed packed;
};

static int give(void *arg, const void *data, size_t len, struct err *err)
{
	struct blob *b = arg;

	sha256_add(&b->blob_hash, data, len);
	b->packed.blob_bytes += len;
	if (b->out_fd >= 0 && fd_write_all(b->out_fd, data, len) < 0)
		return err_sys(err, "write the layer");
	return 0;
}

static void *plain_open(void)
{
	return xmalloc(1);
}

static int plain_add(void *state, const void *data, size_t len, bool is_last,
		     struct encoded *out, struct err *err)
{
	(void)state;
	(void)is_last;
	return len ? out->give(out->arg, data, len, err) : 0;
}

const struct encoder encoder_plain = {plain_open, plain_add, free};

static const struct encoder *choose(enum layer_compression compression)
{
	switch (compression) {
	case LAYER_GZIP:
		return &encoder_gzip;
	case LAYER_ZSTD:
		return &encoder_zstd;
	case LAYER_PLAIN:
	default:
		return &encoder_plain;
	}
}

struct blob *blob_new(int out_fd, enum layer_compression compression, struct err *err)
{
	struct blob *b = xmalloc(sizeof(*b));

	b->out_fd = out_fd;
	b->encoder = choose(compression);
	b->state = b->encoder->open();
	if (!b->state) {
		free(b);
		(void)err_set(err, "no memory to compress the layer");
		return NULL;
	}
	b->encoded = (struct encoded){.give = give, .arg = b, .data = xmalloc(ENCODED_BYTES)};
	b->gathered = xmalloc(GATHER_BYTES);
	sha256_begin(&b->diff_hash);
	sha256_begin(&b->blob_hash);
	return b;
}

void blob_free(struct blob *b)
{
	if (!b)
		return;
	b->encoder->close(b->state);
	free(b->encoded.data);
	free(b->gathered);
	free(b);
}

static int flush(struct blob *b, bool is_last, struct err *err)
{
	size_t len = b->gathered_len;

	b->gathered_len = 0;
	sha256_add(&b->diff_hash, b->gathered, len);
	b->packed.tar_bytes += len;
	return b->encoder->add(b->state, b->gathered, len, is_last, &b->encoded, err);
}

int blob_add(struct blob *b, const void *data, size_t len, struct err *err)
{
	const unsigned char *at = data;

	while (len > 0) {
		size_t n = GATHER_BYTES - b->gathered_len;

		if (n > len)
			n = len;
		memcpy(b->gathered + b->gathered_len, at, n);
		b->gathered_len += n;
		at += n;
		len -= n;
		if (b->gathered_len == GATHER_BYTES && flush(b, false, err) < 0)
			return -1;
	}
	return 0;
}

int blob_end(struct blob *b, struct layer_packed *out_packed, struct err *err)
{
	if (flush(b, true, err) < 0)
		return -1;
	sha256_end(&b->diff_hash, b->packed.diff_id);
	sha256_end(&b->blob_hash, b->packed.digest);
	*out_packed = b->packed;
	return 0;
}
