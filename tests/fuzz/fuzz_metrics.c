#include "api/metrics.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a client says to the server of metrics, and what a user says of its address. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	struct metrics_address address;
	struct metrics_request request;
	struct err err;

	metrics_request_parse((const char *)data, size, &request);
	if (request.status == 200 && !memmem(data, size, "\n", 1))
		abort();
	if (metrics_address_parse(text, &address, &err) == 0) {
		if (!address.path && address.v4 >> 24 != 127)
			abort();
		free(address.path);
	}
	return 0;
}
