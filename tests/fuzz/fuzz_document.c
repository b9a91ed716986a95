#include "image/document.h"
#include "image/reference.h"
#include "util/cleanup.h"

#include <stdlib.h>

/* Whatever a registry answers: digests that may become file names, and errors that may be
 * shown. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const struct descriptor *item)
{
	if (!digest_check(item->digest) || !item->media_type ||
	    item->size > UINT64_C(1) << 40 ||
	    (item->platform.os && !item->platform.architecture))
		abort();
}

static void choose(const struct document *document, const char *platform, const char *name)
{
	struct platform wanted = {0};
	const struct descriptor *chosen;
	struct err err = {0};

	if (platform_parse(platform, &wanted, &err) < 0)
		abort();
	chosen = document_choose(document, &wanted, name, &err);
	if (!chosen && (!*err.message || !str_is_printable(err.message)))
		abort();
	if (chosen && (chosen < document->items || chosen >= document->items + document->count))
		abort();
	platform_done(&wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {
		NULL, "application/vnd.oci.image.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json; charset=utf-8"};
	struct document document;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct err err = {0};

		if (document_parse((const char *)data, size, types[i], &document, &err) < 0) {
			if (!*err.message || !str_is_printable(err.message))
				abort();
			continue;
		}
		for (size_t j = 0; j < document.count; j++)
			check_item(&document.items[j]);
		if (document.kind == DOCUMENT_MANIFEST) {
			if (document.count > DOCUMENT_LAYERS_MAX)
				abort();
			check_item(&document.config);
		} else {
			choose(&document, "linux/amd64/v3", NULL);
			choose(&document, "linux/arm/v7", "app");
		}
		document_done(&document);
	}
	return 0;
}
