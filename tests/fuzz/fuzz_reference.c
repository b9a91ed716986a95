#include "image/reference.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <stdlib.h>
#include <string.h>

/* Canonical and short forms mean the same as what was read, and nothing leads out of a name. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_again(const char *text, const struct reference *first)
{
	AUTO_REFERENCE struct reference ref = {0};
	struct err err;

	if (reference_parse(text, NULL, &ref, &err) < 0 || !str_eq(ref.text, first->text) ||
	    ref.source != first->source)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_REFERENCE struct reference ref = {0};
	AUTO_FREE char *words = NULL;
	struct err err = {0};

	if (reference_parse(text, "/base", &ref, &err) < 0) {
		if (!*err.message || !str_is_printable(err.message))
			abort();
		return 0;
	}
	if (ref.digest && (!digest_check(ref.digest) || strlen(digest_hex(ref.digest)) != 64))
		abort();
	if (ref.path && *ref.path != '/')
		abort();
	if (ref.source == IMAGE_REGISTRY &&
	    (!*ref.host || !*ref.repository || !(ref.tag || ref.digest) ||
	     strlen(ref.host) + 1 + strlen(ref.repository) > 255 ||
	     strstr(ref.repository, "..") || strpbrk(ref.host, "/@ ")))
		abort();
	parse_again(ref.text, &ref);
	words = reference_short(&ref);
	parse_again(words, &ref);
	return 0;
}
