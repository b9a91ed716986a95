#include "tui/settings.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_MS 60000

static const char *const themes[] = {"default", "light", "contrast", "mono", NULL};
static const char *const scales[] = {"one", "limit", "host", NULL};
static const char *const memories[] = {"working-set", "current", "anon", NULL};

static const struct {
	const char *name;
	size_t at;
} flags[] = {
	{"invert", offsetof(struct settings, invert)},
	{"group", offsetof(struct settings, group)},
	{"mouse", offsetof(struct settings, mouse)},
	{"wrap", offsetof(struct settings, wrap)},
	{"times", offsetof(struct settings, times)},
	{"zoom", offsetof(struct settings, zoom)},
	{"ascii", offsetof(struct settings, ascii)},
	{"plain", offsetof(struct settings, plain)},
};

void settings_init(struct settings *settings)
{
	*settings = (struct settings){
		.sort = COLUMN_CPU,
		.mouse = true,
		.columns = columns_default(),
		.interval_ms = 1000,
	};
}

static int find_word(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (str_eq(words[i], word))
			return i;
	return -1;
}

const char *theme_name(enum theme theme)
{
	return themes[theme];
}

int theme_parse(const char *name)
{
	return find_word(themes, name);
}

static bool *flag_at(struct settings *settings, size_t i)
{
	return (bool *)((char *)settings + flags[i].at);
}

static int set_columns(struct settings *settings, char *value)
{
	uint32_t columns = 0;
	const char *word;

	while ((word = strsep(&value, " \t"))) {
		const int column = *word ? column_parse(word) : 0;

		if (!*word)
			continue;
		if (column < 0)
			return -1;
		columns |= 1U << column;
	}
	settings->columns = columns | 1U << COLUMN_NAME;
	return 0;
}

static int set_word(struct settings *settings, const char *name, char *value)
{
	uint64_t us;
	int word;

	if (str_eq(name, "theme") && (word = find_word(themes, value)) >= 0)
		settings->theme = (enum theme)word;
	else if (str_eq(name, "cpu") && (word = find_word(scales, value)) >= 0)
		settings->cpu_scale = (enum cpu_scale)word;
	else if (str_eq(name, "memory") && (word = find_word(memories, value)) >= 0)
		settings->memory_kind = (enum memory_kind)word;
	else if (str_eq(name, "sort") && (word = column_parse(value)) >= 0)
		settings->sort = (enum column)word;
	else if (str_eq(name, "interval") && str_to_duration_us(value, &us) == 0 &&
		 us >= INTERVAL_MIN_MS * 1000 && us <= INTERVAL_MAX_MS * 1000)
		settings->interval_ms = (int)(us / 1000);
	else if (!str_eq(name, "columns") || set_columns(settings, value) < 0)
		return -1;
	return 0;
}

static bool is_name(const char *name)
{
	static const char *const words[] = {"theme",    "cpu",     "memory", "sort",
					    "interval", "columns", NULL};

	return find_word(words, name) >= 0;
}

static int set_one(struct settings *settings, const char *name, char *value, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (!str_eq(flags[i].name, name))
			continue;
		if (!str_eq(value, "on") && !str_eq(value, "off"))
			return err_set(err, "'%s' is on or off, not '%s'", name, value);
		*flag_at(settings, i) = str_eq(value, "on");
		return 0;
	}
	if (!is_name(name))
		return err_set(err, "unknown setting '%s'", name);
	if (set_word(settings, name, value) < 0)
		return err_set(err, "'%s' cannot be '%s'", name, value);
	return 0;
}

static int parse_line(char *line, struct settings *settings, struct keymap *keys,
		      struct err *err)
{
	char *equals = strchr(line, '=');
	char *name, *value;

	/* The key itself may be '='. */
	if (!equals)
		return err_set(err, "'%s' is not NAME = VALUE", line);
	*equals = '\0';
	name = str_trim(line);
	value = str_trim(equals + 1);
	if (str_starts(name, "key "))
		return keymap_set(keys, str_trim(name + 4), value, err);
	return set_one(settings, name, value, err);
}

int settings_parse(const char *text, struct settings *settings, struct keymap *keys,
		   struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *rest = copy, *line;
	int number = 0, result = 0;

	while ((line = strsep(&rest, "\n"))) {
		struct err wrong = {0};

		number++;
		line = str_trim(line);
		if (!*line || *line == '#' || parse_line(line, settings, keys, &wrong) == 0)
			continue;
		wrong.line = number;
		if (result == 0)
			*err = wrong;
		result = -1;
	}
	return result;
}

char *settings_format(const struct settings *settings)
{
	struct settings copy = *settings;
	struct buf text = {0};

	buf_puts(&text, "# What was chosen in the dashboard; it writes this file.\n");
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		buf_printf(&text, "%s = %s\n", flags[i].name,
			   *flag_at(&copy, i) ? "on" : "off");
	buf_printf(&text, "theme = %s\ncpu = %s\nmemory = %s\nsort = %s\ninterval = %dms\n",
		   themes[settings->theme], scales[settings->cpu_scale],
		   memories[settings->memory_kind], column_name(settings->sort),
		   settings->interval_ms);
	buf_puts(&text, "columns =");
	for (int i = 0; i < COLUMN_COUNT; i++)
		if (settings->columns & 1U << i)
			buf_printf(&text, " %s", column_name((enum column)i));
	buf_putc(&text, '\n');
	return buf_take(&text);
}
