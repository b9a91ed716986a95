#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>

/* The screen as views draw it: a grid of cells. A terminal or a text file shows it. */

/* What a cell means; a theme says what that looks like. */
enum style {
	STYLE_NORMAL,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_TITLE,
	STYLE_HEAD,
	STYLE_OK,
	STYLE_WARN,
	STYLE_CRIT,
	STYLE_FRAME,
	STYLE_GRAPH,
	STYLE_KEY,
	STYLE_MARK,
	STYLE_MATCH,
	STYLE_COUNT
};
/* Added to a style: the line under the cursor. */
#define STYLE_SELECTED 0x80

/** struct cell - @code 0 is the right half of a wide character */
struct cell {
	uint32_t code;
	uint32_t style;
};

/**
 * struct canvas - `= {0}` is an empty one
 * @ascii:	what is not ASCII is drawn as '?'
 * @cursor_x:	where the terminal's own cursor belongs, -1: nowhere
 */
struct canvas {
	struct cell *cells;
	int width, height;
	bool ascii;
	int cursor_x, cursor_y;
};

struct rect {
	int x, y, width, height;
};

#define CANVAS_WIDTH_MAX 1000
#define CANVAS_HEIGHT_MAX 500

/** canvas_resize() - as wide and high as that within limits, and blank. */
void canvas_resize(struct canvas *canvas, int width, int height);
void canvas_done(struct canvas *canvas);
void canvas_erase(struct canvas *canvas);

/**
 * canvas_put() - text at @x, @y
 * @max:	columns at most; a wide character that would be cut is left out
 *
 * Anything may be in @text: control characters become '?', what has no width is left out, and
 * nothing is drawn outside the canvas. Return: columns used.
 */
int canvas_put(struct canvas *canvas, int x, int y, int max, uint32_t style, const char *text);

/** canvas_putf() - canvas_put() of formatted text to the end of the line. */
int canvas_putf(struct canvas *canvas, int x, int y, uint32_t style, const char *format, ...)
	ERR_PRINTF(5, 6);

/** canvas_right() - text that ends before column @x + @width; cut at its end. */
void canvas_right(struct canvas *canvas, int x, int y, int width, uint32_t style,
		  const char *text);

/** canvas_code() - one character of width one. */
void canvas_code(struct canvas *canvas, int x, int y, uint32_t style, uint32_t code);

/** canvas_fill() - a part of the screen with one character. */
void canvas_fill(struct canvas *canvas, struct rect area, uint32_t style, uint32_t code);

/** canvas_restyle() - another style, what is written stays. */
void canvas_restyle(struct canvas *canvas, struct rect area, uint32_t style);

/** canvas_select() - mark a line as that under the cursor. */
void canvas_select(struct canvas *canvas, struct rect area);

/** canvas_text() - all lines as UTF-8, without spaces at their ends. */
void canvas_text(const struct canvas *canvas, struct buf *out);

/** canvas_styles() - a letter a cell that says its style; selected ones are capitals. */
void canvas_styles(const struct canvas *canvas, struct buf *out);

#endif
