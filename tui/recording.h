#ifndef TUI_RECORDING_H
#define TUI_RECORDING_H

#include "tui/model.h"

/*
 * A recorded model, for tests and for showing something without boxes. Lines of words:
 *
 *   now MILLISECONDS                     the wall clock; "frame" adds a second
 *   host KEY=VALUE...                    cpus, cpu, memory_total, memory_used, stall_cpu, …
 *   missing TEXT
 *   box NAME KEY=VALUE...                a box; later lines are about it
 *   rate KEY=VALUE...                    members of struct rates
 *   read KEY=VALUE...                    members of struct reading
 *   series GRAPH VALUE...                cpu, memory, read, write, received, sent, …
 *   log FILE, inspect FILE               beside the recording
 *   process PID USER CPU RSS STATE COMMAND
 *   event SECONDS_AGO good|bad TEXT
 *   note TEXT
 *   gone                                 the box is no more
 *   frame                                what follows is one second later
 *
 * Values take the suffixes of sizes; '#' begins a remark.
 */

struct recording {
	char *text;
	const char *at;
	int line;
	char *folder;
	struct box *box;
	struct strv logs;     /* "BOX=FILE" */
	struct strv inspects; /* the same */
};

/** recording_open() - @folder: what names of files are relative to. Copies @text. */
void recording_open(struct recording *recording, const char *text, const char *folder);
void recording_close(struct recording *recording);

/** recording_next() - apply the lines up to the next frame; at the end only the clock moves.
 * @err: the line that is wrong. */
int recording_next(struct recording *recording, struct model *model, struct err *err);

/** recording_log() - app->log_path of a recording. free() it. */
char *recording_log(void *arg, const struct box *box);
/** recording_inspect() - path of the text of @box, NULL: none. free() it. */
char *recording_inspect(const struct recording *recording, const char *box);

#endif
