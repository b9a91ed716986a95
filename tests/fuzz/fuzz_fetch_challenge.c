#include "fetch/challenge.h"
#include "fetch/realm.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a server may say in WWW-Authenticate: a challenge has a scheme, and a realm that we
 * would ask is one that libcurl sees as we do. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_CHALLENGES struct challenges all = {0};
	struct err err = {0};

	challenges_add(&all, text);
	challenges_add(&all, text);
	if (all.count > CHALLENGES_MAX)
		abort();
	for (size_t i = 0; i < all.count; i++) {
		const struct challenge *challenge = &all.items[i];
		AUTO_FREE char *host = NULL;

		if (!*challenge->scheme || !challenges_find(&all, challenge->scheme))
			abort();
		if (!challenge->realm)
			continue;
		host = realm_host(challenge->realm);
		if (realm_check(challenge->realm, "registry.example.com", false, &err) == 0 &&
		    (!host || strncasecmp(challenge->realm, "https:", 6) != 0 ||
		     str_starts(host, "169.254.")))
			abort();
		(void)realm_is_related(challenge->realm, "registry.example.com");
	}
	return 0;
}
