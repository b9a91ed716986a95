#include "layer/encoder.h"

#include <zstd.h>

static void *open_state(void)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	if (zstd)
		(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	return zstd;
}

static int add(void *state, const void *data, size_t len, bool is_last, struct encoded *out,
	       struct err *err)
{
	ZSTD_inBuffer from = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer to = {out->data, ENCODED_BYTES, 0};

		left = ZSTD_compressStream2(state, &to, &from,
					    is_last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(err, "compress the layer: %s", ZSTD_getErrorName(left));
		if (to.pos > 0 && out->give(out->arg, out->data, to.pos, err) < 0)
			return -1;
	} while (is_last ? left > 0 : from.pos < from.size);
	return 0;
}

static void close_state(void *state)
{
	(void)ZSTD_freeCCtx(state);
}

const struct encoder encoder_zstd = {open_state, add, close_state};
