#ifndef TUI_SETTINGS_H
#define TUI_SETTINGS_H

#include "tui/columns.h"
#include "tui/keymap.h"
#include "util/err.h"

#include <stdbool.h>

/* What a user chose, kept from one time to the next. */

enum theme { THEME_DEFAULT, THEME_LIGHT, THEME_CONTRAST, THEME_MONO, THEME_COUNT };
enum cpu_scale { CPU_OF_ONE, CPU_OF_LIMIT, CPU_OF_HOST, CPU_SCALE_COUNT };
enum memory_kind { MEMORY_WORKING_SET, MEMORY_CURRENT, MEMORY_ANON, MEMORY_KIND_COUNT };

struct settings {
	enum column sort;
	bool invert, group, mouse, wrap, times, zoom;
	bool ascii, plain;
	uint32_t columns; /* bits of enum column */
	enum theme theme;
	enum cpu_scale cpu_scale;
	enum memory_kind memory_kind;
	int interval_ms;
};

void settings_init(struct settings *settings);

/**
 * settings_parse() - "name = value" lines; '#' begins a remark, "key ACTION = KEYS" a key
 * @err:	the first line that is wrong, by its number; the others count nevertheless
 */
int settings_parse(const char *text, struct settings *settings, struct keymap *keys,
		   struct err *err);

/** settings_format() - what settings_parse() reads, without keys. free() it. */
char *settings_format(const struct settings *settings);

const char *theme_name(enum theme theme);
/** theme_parse() - Return: the theme, or -1. */
int theme_parse(const char *name);

#endif
