#ifndef CLI_BUILD_VIEW_H
#define CLI_BUILD_VIEW_H

#include "api/build_event.h"
#include "cli/progress.h"

/** struct build_view - shows on stderr how the steps of a build get on: their output line by
 * line, or on a terminal the last line of it, in place */
struct build_view;
/** build_view_new() - @shows_cached: also steps that need not run. */
struct build_view *build_view_new(enum progress_mode mode, bool shows_cached);
void build_view_free(struct build_view *view);

/** build_view_event() - a struct build_watch's event, @arg is the view. */
void build_view_event(void *arg, const struct build_event *event);

/** build_view_clear() - take away what is drawn on the terminal. Accepts NULL. */
void build_view_clear(struct build_view *view);

/* For tests. */

/** build_line() - the line that stays: " step 2  built  pip install  14.2 s". NULL: none.
 * free() it. */
char *build_line(const struct build_event *event, int64_t now_ms);

#endif
