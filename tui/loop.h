#ifndef TUI_LOOP_H
#define TUI_LOOP_H

#include "tui/app.h"
#include "tui/headless.h"
#include "util/err.h"

/**
 * loop_run() - show @stage's app on the terminal until the user leaves it
 * @wants_colour:	where the terminal has them
 * @has_cursor:	the terminal's cursor goes to what is selected: screen readers follow it
 *
 * The terminal is as it was when this returns, and after a crash too.
 */
int loop_run(struct stage *stage, bool wants_colour, bool has_cursor, struct err *err);

/* --- crash.c --- */

/** crash_guard() - from now on a crash gives the terminal back before it ends the program. */
void crash_guard(void);

#endif
