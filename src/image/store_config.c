#include "image/store.h"

#include "util/cleanup.h"

#include <stdint.h>

int image_read_config(const struct image_store *store, const struct image *image,
		      struct image_config *out_config, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	if (blob_read(store, image->config_digest, &text, &len, err) < 0 ||
	    image_config_parse(text, len, SIZE_MAX, out_config, err) < 0)
		return err_wrap(err, "config of image '%s'", image->id);
	return 0;
}
