#include "util/cleanup.h"
#include "util/json.h"
#include "util/proc.h"
#include "util/str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNTOUCHED UINT64_C(0x5555)

static void check(int (*parse)(const char *, uint64_t *), const char *text)
{
	uint64_t value = UNTOUCHED;

	if (parse(text, &value) < 0 && value != UNTOUCHED)
		abort();
}

/* What people type as numbers, and what they are shown. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = {"memory", "mem_limit", "image", "network", NULL};
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_JSON struct json json = {0};
	char shown[STR_DURATION_MAX];
	uint64_t value = 0;
	int64_t number;

	check(str_to_u64, text);
	check(str_to_size, text);
	check(str_to_duration_us, text);
	(void)str_to_i64(text, &number);
	(void)signal_from_name(text);
	(void)str_nearest(text, words);
	json_text(&json, NULL, text);

	memcpy(&value, data, size < sizeof(value) ? size : sizeof(value));
	if (strlen(str_format_size(value, shown)) > 5)
		abort();
	(void)str_format_duration(value, shown);
	return 0;
}
