#include "tui/files.h"
#include "tui/settings.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every format the dashboard reads: of the kernel, and its own settings. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup(size ? (const char *)data : "", size);
	struct reading reading;
	struct settings settings;
	struct keymap keys;
	struct err err;

	reading_unknown(&reading);
	parse_value(text, &reading.memory);
	parse_flat(text, "anon", &reading.anon);
	parse_cpu_max(text, &reading.quota_us, &reading.period_us);
	parse_pressure(text, &reading.pressure[PRESSURE_CPU]);
	parse_io(text, &reading);
	parse_net(text, &reading);
	keymap_init(&keys);
	settings_init(&settings);
	if (settings_parse(text, &settings, &keys, &err) == 0) {
		AUTO_FREE char *again = settings_format(&settings);

		if (settings_parse(again, &settings, &keys, &err) < 0)
			__builtin_trap();
	}
	return 0;
}
