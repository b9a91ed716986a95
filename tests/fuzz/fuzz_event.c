#include "state/event.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(struct event *event)
{
	struct json j = {0};

	event_put(event, &j);
	event_done(event);
	return buf_take(&j.text);
}

/* What is read can be written, and then reads the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *first = NULL;
	AUTO_FREE char *second = NULL;
	struct event event;

	if (event_parse((const char *)data, size, &event) < 0)
		return 0;
	first = text_of(&event);
	if (event_parse(first, strlen(first), &event) < 0)
		abort();
	second = text_of(&event);
	if (!str_eq(first, second))
		abort();
	return 0;
}
