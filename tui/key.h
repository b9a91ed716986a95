#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdbool.h>

/*
 * A key is a number: a code point as typed (Ctrl-A is 1, Enter 13, Tab 9, Esc 27, Backspace
 * 127), or one of these.
 */
enum key {
	KEYS_BEGIN = 0x200000,
	TK_UP,
	TK_DOWN,
	TK_LEFT,
	TK_RIGHT,
	TK_PAGE_UP,
	TK_PAGE_DOWN,
	TK_HOME,
	TK_END,
	TK_INSERT,
	TK_DELETE,
	TK_BACKTAB,
	TK_F1,
	TK_F12 = TK_F1 + 11,
};
#define TK_ENTER 13
#define TK_TAB 9
#define TK_ESC 27
#define TK_BACKSPACE 127
#define TK_CTRL(c) ((c)&0x1f)

/** struct mouse - what happened on column @x of line @y */
enum mouse_kind { MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
struct mouse {
	enum mouse_kind kind;
	int x, y;
};

#define KEY_NAME_MAX 16
/** key_parse() - "a", "C-x", "Enter", "PgUp", "F5", "S-Tab", "Space". Return: key, or -1. */
int key_parse(const char *name);
/** key_word() - the name that key_parse() reads. */
const char *key_word(int key, char out[KEY_NAME_MAX]);
/** key_is_text() - a character that a user types into a field. */
bool key_is_text(int key);

#endif
