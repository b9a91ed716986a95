#ifndef TUI_TEXT_H
#define TUI_TEXT_H

#include "util/str.h"

#include <stddef.h>
#include <stdint.h>

/* Text of boxes, files and users on its way to cells of the screen. */

#define TEXT_BAD 0xfffdU

/**
 * text_next() - the next code point of UTF-8
 * @at:		moves behind it; must be before @end
 *
 * Return: the code point; TEXT_BAD for a byte that does not belong there.
 */
uint32_t text_next(const char **at, const char *end);

/** text_put() - a code point as UTF-8. */
void text_put(struct buf *out, uint32_t code);

/**
 * text_width() - columns of a code point
 *
 * By our own table, so that a screen is the same whatever the C library thinks. Return: 1, 2;
 * 0 for what has no place of its own (combining, joiners, direction marks) and is left out.
 */
int text_width(uint32_t code);

/** text_is_control() - C0, DEL and C1: never shown as they are. */
bool text_is_control(uint32_t code);

/** text_columns() - how wide the canvas draws @text. */
int text_columns(const char *text);

/**
 * text_clean() - a line of a box's output as plain text
 * @out:	appended to: without escape sequences, tabs as spaces, other control characters
 *		as ^X, nothing that is not UTF-8
 */
void text_clean(struct buf *out, const char *line, size_t len);

#endif
