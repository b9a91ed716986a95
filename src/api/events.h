#ifndef API_EVENTS_H
#define API_EVENTS_H

#include "api/api.h"
#include "state/event_words.h"

/**
 * struct events_options - which events; borrowed
 * @project_id:	NULL: of all projects of the user
 * @boxes:	full names; empty: all
 * @since_ms:	CLOCK_REALTIME; 0: all that is kept
 * @follow:	go on with what happens from now on
 */
struct events_options {
	const char *project_id;
	const struct strv *boxes;
	int64_t since_ms;
	bool follow;
};

/** events_line - one event; a non-zero return ends devbox_events(). */
typedef int events_line(void *arg, const struct event *event);

/**
 * devbox_events() - what happened to boxes, oldest first
 * Reads the files that state/event.h tells of, and waits for more by inotify(7): nobody is
 * asked. With follow it returns when @line says so, or when the files cannot be watched.
 */
int devbox_events(struct devbox *devbox, const struct events_options *options,
		  events_line *line, void *arg, struct err *err);

#endif
