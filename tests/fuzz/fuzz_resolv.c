#include "net/net.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever resolv.conf(5) holds: what comes out is printable lines that come out the same
 * again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct strv none = {0};
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_FREE char *once = net_resolv_conf(text, &none, &none, false);
	AUTO_FREE char *twice = net_resolv_conf(once, &none, &none, false);

	for (const char *p = once; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\n') || *p == 0x7f)
			abort();
	if (strcmp(once, twice) != 0)
		abort();
	return 0;
}
