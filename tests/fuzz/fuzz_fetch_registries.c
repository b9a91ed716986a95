#include "fetch/registries.h"
#include "fetch/registries_parts.h"
#include "util/cleanup.h"

#include <errno.h>
#include <stdlib.h>

/* Whatever registries.conf holds: places are names of images, errors name the file. */

#define DIGESTED \
	"localhost/x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void resolve(const struct registries *registries, const char *name)
{
	AUTO_REFERENCE struct reference ref = {0};
	struct registry_place *places;
	struct err err = {0};
	size_t count;

	if (reference_parse(name, NULL, &ref, &err) < 0)
		abort();
	if (registries_resolve(registries, &ref, &places, &count, &err) < 0) {
		if (!str_eq(err.file, "r.conf") || err.line < 1)
			abort();
		return;
	}
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *text = xasprintf("%s/%s", places[i].host, places[i].repository);
		AUTO_REFERENCE struct reference place = {0};

		if (reference_parse(text, NULL, &place, &err) < 0 ||
		    !str_eq(place.host, places[i].host) ||
		    !str_eq(place.repository, places[i].repository) ||
		    places[i].is_mirror != (i + 1 < count))
			abort();
	}
	if (count == 0)
		abort();
	registry_places_free(places, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"debian", "a/b:1", "example.com/foo/image",
					    "x.example.com:5000/a", DIGESTED};
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	struct registries *registries = xmalloc(sizeof(*registries));
	struct err err = {0};

	/* Twice: the second time everything is there already. */
	for (int i = 0; i < 2; i++) {
		if (registries_read(registries, "r.conf", text, &err) < 0 &&
		    (!str_eq(err.file, "r.conf") || err.line < 1 || !*err.message ||
		     !str_is_printable(err.message)))
			abort();
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		resolve(registries, names[i]);
	registries_free(registries);
	return 0;
}
