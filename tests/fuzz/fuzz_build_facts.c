#include "image/buildkey.h"

#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A record of the store against a step whose command is that text: whatever is compared, what a
 * step writes of itself is no different from it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_STRV struct strv env = {0};
	const struct build_facts facts = {
		.parent = "sha256:0",
		.command = text,
		.env = &env,
		.working_dir = "/",
		.user = "root",
		.platform = "linux/amd64",
	};
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *words = NULL;
	AUTO_FREE char *none = NULL;

	strv_addf(&env, "A=%s", text);
	words = build_facts_differ(text, &facts);
	(void)build_facts_are_of(text, "shop", "1");
	own = build_facts_text(&facts, "shop", "1");
	none = build_facts_differ(own, &facts);
	if (none || !build_facts_are_of(own, "shop", "1"))
		abort();
	return 0;
}
