#include "tui/key.h"

#include "tui/text.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	int key;
} names[] = {
	{"Up", TK_UP},         {"Down", TK_DOWN},
	{"Left", TK_LEFT},     {"Right", TK_RIGHT},
	{"PgUp", TK_PAGE_UP},  {"PgDn", TK_PAGE_DOWN},
	{"Home", TK_HOME},     {"End", TK_END},
	{"Ins", TK_INSERT},    {"Del", TK_DELETE},
	{"Enter", TK_ENTER},   {"Tab", TK_TAB},
	{"S-Tab", TK_BACKTAB}, {"Esc", TK_ESC},
	{"Space", ' '},        {"Backspace", TK_BACKSPACE},
};

bool key_is_text(int key)
{
	return key >= 0 && key < KEYS_BEGIN && !text_is_control((uint32_t)key) &&
	       text_width((uint32_t)key) > 0;
}

static int parse_function_key(const char *name)
{
	uint64_t number;

	if ((name[0] != 'F' && name[0] != 'f') || str_to_u64(name + 1, &number) < 0)
		return -1;
	return number >= 1 && number <= 12 ? TK_F1 + (int)number - 1 : -1;
}

int key_parse(const char *name)
{
	const char *end = name + strlen(name);
	const char *at = name;
	uint32_t code;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(name, names[i].name) == 0)
			return names[i].key;
	if (str_starts(name, "C-") && name[2] >= 'a' && name[2] <= 'z' && !name[3])
		return TK_CTRL(name[2]);
	if (str_starts(name, "C-") && name[2] && strchr("\\]_^", name[2]) && !name[3])
		return TK_CTRL(name[2]);
	if (!*name)
		return -1;
	code = text_next(&at, end);
	if (at == end)
		return key_is_text((int)code) && code != TEXT_BAD ? (int)code : -1;
	return parse_function_key(name);
}

const char *key_word(int key, char out[KEY_NAME_MAX])
{
	AUTO_BUF struct buf text = {0};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].key == key) {
			(void)snprintf(out, KEY_NAME_MAX, "%s", names[i].name);
			return out;
		}
	}
	if (key >= TK_F1 && key <= TK_F12)
		buf_printf(&text, "F%d", key - TK_F1 + 1);
	else if (key > 0 && key < 27)
		buf_printf(&text, "C-%c", key + 'a' - 1);
	else if (key > 0 && key < 32)
		buf_printf(&text, "C-%c", key + '@');
	else if (key_is_text(key))
		text_put(&text, (uint32_t)key);
	else
		buf_puts(&text, "?");
	(void)snprintf(out, KEY_NAME_MAX, "%s", text.data);
	return out;
}
