#include "config/parts.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_FREE char *result = NULL;
	AUTO_STRV struct strv env = {0};
	struct interpolation in = {.env = &env, .budget = 10000};
	struct err err = {0};
	size_t offset = SIZE_MAX;

	strv_add(&env, "A=value");
	strv_add(&env, "E=");
	if (interpolate_text(&in, text, &result, &offset, &err) < 0) {
		if (offset > strlen(text) || !*err.message)
			abort();
		return 0;
	}
	if (strlen(result) > 10000 || (!strchr(text, '$') && strcmp(text, result) != 0))
		abort();
	return 0;
}
