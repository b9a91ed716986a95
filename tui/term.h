#ifndef TUI_TERM_H
#define TUI_TERM_H

#include "tui/canvas.h"
#include "tui/key.h"
#include "tui/settings.h"
#include "util/err.h"

#include <sys/types.h>

/*
 * The terminal, by curses. There is one of it, and no more than one struct term at a time:
 * curses keeps its state by itself.
 */

enum input_kind { INPUT_NONE, INPUT_KEY, INPUT_MOUSE };
struct input {
	enum input_kind kind;
	int key;
	struct mouse mouse;
};

struct term {
	struct canvas shown; /* what the terminal shows */
	enum theme theme;
	bool has_colours, has_mouse;
	bool is_fresh;
};

/**
 * term_open() - take the terminal on descriptors 0 and 1
 * @wants_colour:	when the terminal has them
 * @err:	no terminal, or one that curses does not know
 */
int term_open(struct term *term, bool wants_colour, struct err *err);
/** term_close() - give it back as it was. */
void term_close(struct term *term);

/** term_is_utf8() - by the locale. */
bool term_is_utf8(void);
/** term_size() - as it is now. */
void term_size(int *out_width, int *out_height);
/** term_resized() - tell curses about the size it has now. */
void term_resized(struct term *term, int *out_width, int *out_height);

/** term_settings() - theme and mouse. */
void term_settings(struct term *term, enum theme theme, bool has_mouse);
/** term_show() - bring what differs onto the terminal. */
void term_show(struct term *term, const struct canvas *canvas, bool has_cursor);
/** term_redraw() - all of it the next time. */
void term_redraw(struct term *term);
/** term_input() - a key or click that waits, INPUT_NONE: nothing does. */
struct input term_input(void);

/** term_leave() / term_return() - for a program that wants the terminal, and after it. */
void term_leave(void);
void term_return(struct term *term);

/** term_copy() - into the clipboard, where the terminal does that (OSC 52). */
void term_copy(const char *text);

#endif
