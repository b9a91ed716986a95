#ifndef TUI_DRAW_H
#define TUI_DRAW_H

#include "tui/canvas.h"
#include "tui/series.h"

/* Frames, bars and graphs, in Unicode or in ASCII as the canvas says. */

/** draw_frame() - a box of lines with words in its upper and lower edge (NULL: none). Return:
 * what is inside. */
struct rect draw_frame(struct canvas *canvas, struct rect area, const char *title,
		       const char *foot);

/** draw_rule() - a line across with words in it. */
void draw_rule(struct canvas *canvas, int x, int y, int width, const char *title);

/** draw_bar() - @share (0 to 1) of @width columns filled. */
void draw_bar(struct canvas *canvas, int x, int y, int width, double share);

/** draw_spark() - the last samples, one a column; @full is a whole column, UNKNOWN: the
 * largest of them. */
void draw_spark(struct canvas *canvas, int x, int y, int width, const struct series *series,
		double full);

/** draw_graph() - the same over several lines, two samples a column, with a scale at the
 * left whose @top is the upper end in words. */
void draw_graph(struct canvas *canvas, struct rect area, const struct series *series,
		double full, const char *top);

/** level_style() - how bad a share of a limit, in percent, is: normal, over 70, over 90. */
uint32_t level_style(double percent);

#endif
