#include "image/document.h"
#include "image/reference.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Variables have a name and are there once, layers have digests, errors may be shown. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_config config;
	struct err err = {0};

	if (image_config_parse((const char *)data, size, SIZE_MAX, &config, &err) < 0) {
		if (!*err.message || !str_is_printable(err.message))
			abort();
		return 0;
	}
	for (size_t i = 0; i < config.env.count; i++) {
		const char *value = strchr(config.env.items[i], '=');

		if (!value || value == config.env.items[i])
			abort();
	}
	for (size_t i = 0; i < config.diff_ids.count; i++)
		if (!digest_check(config.diff_ids.items[i]))
			abort();
	if (!config.platform.os || !config.platform.architecture ||
	    config.diff_ids.count > DOCUMENT_LAYERS_MAX ||
	    (config.history_count && !config.history))
		abort();
	image_config_done(&config);
	return 0;
}
