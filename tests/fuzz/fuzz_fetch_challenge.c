#include "fetch/challenge.h"
#include "fetch/realm.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By the resolver's reading of numbers. */
static bool is_of_this_network(char *host)
{
	struct in_addr ip;

	host[strcspn(host, ":")] = '\0';
	if (!inet_aton(host, &ip))
		return false;
	ip.s_addr = ntohl(ip.s_addr);
	return ip.s_addr >> 16 == 0xa9fe || ip.s_addr >> 24 == 127 || ip.s_addr >> 24 == 10;
}

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
		     is_of_this_network(host)))
			abort();
		(void)realm_is_related(challenge->realm, "registry.example.com");
	}
	return 0;
}
