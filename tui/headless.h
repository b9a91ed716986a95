#ifndef TUI_HEADLESS_H
#define TUI_HEADLESS_H

#include "tui/app.h"
#include "tui/recording.h"
#include "tui/source.h"

/**
 * struct stage - what a script plays with; one of @recording and @source is NULL
 */
struct stage {
	struct app *app;
	struct recording *recording;
	struct source *source;
};

/**
 * headless_run() - carry out the lines of @script and append what it dumps to @out
 *
 *   keys KEY...      as named in the settings
 *   type TEXT        letter by letter
 *   click X Y        double X Y, wheel up|down
 *   size WxH
 *   tick [N]         N seconds pass: frames of the recording, or real seconds
 *   dump             the screen as text
 *   styles           the styles of its cells, a letter each
 *   requests         what the keys asked for, and forget it
 *
 * @err: the line that is wrong
 */
int headless_run(struct stage *stage, const char *script, struct buf *out, struct err *err);

/** size_parse() - "80x24". */
int size_parse(const char *text, int *out_width, int *out_height);

#endif
