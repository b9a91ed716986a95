#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "api/progress.h"
#include "util/str.h"

#include <stdbool.h>

enum progress_mode { SHOW_QUIET, SHOW_PLAIN, SHOW_TTY, SHOW_JSON };

/** progress_mode_parse() - "auto", "tty", "plain", "json", "quiet"; auto: by what stderr is.
 * NULL is auto. Return: 0 or -1. */
int progress_mode_parse(const char *text, enum progress_mode *out_mode);

struct progress_view;
/** progress_view_new() - shows what devbox->progress tells on stderr. */
struct progress_view *progress_view_new(enum progress_mode mode);
void progress_view_free(struct progress_view *view);

/** progress_view_event() - a struct progress's event, @arg is the view. */
void progress_view_event(void *arg, const struct progress_event *event);

/** progress_view_clear() - take away what is drawn on the terminal, because somebody else
 * writes there; it comes again with the next event. Accepts NULL. */
void progress_view_clear(struct progress_view *view);

/* For tests: what is shown, as text. */

/** progress_bytes() - "48.3 MB" (powers of 1000, as registries count). */
char *progress_bytes(uint64_t bytes);
/** progress_line() - one layer in at most @width columns, @rate in bytes a second, 0: not
 * known.
 */
char *progress_line(const struct progress_event *layer, uint64_t rate, size_t width);
/** progress_summary() - the line that stays: what PROGRESS_DONE says after @took_us. */
char *progress_summary(const struct progress_event *done, uint64_t took_us);

#endif
