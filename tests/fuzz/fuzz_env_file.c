#include "config/fill.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An env file, and the same bytes as a command line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_STRV struct strv caller = {0};
	AUTO_STRV struct strv env = {0};
	AUTO_STRV struct strv words = {0};
	struct err err = {0};

	strv_add(&caller, "A=value");
	if (env_file_parse(&caller, text, ".env", &env, &err) < 0 &&
	    (!*err.message || err.line < 1))
		abort();
	for (size_t i = 0; i < env.count; i++)
		if (!strchr(env.items[i], '='))
			abort();
	if (words_split(text, &words, &err) < 0 && words.count)
		abort();
	return 0;
}
