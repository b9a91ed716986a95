#include "state/record.h"
#include "util/cleanup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read can be written, and then reads the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_FREE char *first = NULL;
	AUTO_FREE char *second = NULL;
	struct record record;
	struct err err;

	if (record_parse(text, &record, &err) < 0)
		return 0;
	first = record_format(&record);
	record_done(&record);

	if (record_parse(first, &record, &err) < 0)
		abort();
	second = record_format(&record);
	record_done(&record);
	if (!str_eq(first, second))
		abort();
	return 0;
}
