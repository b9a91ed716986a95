#ifndef STATE_EVENT_H
#define STATE_EVENT_H

#include "util/err.h"
#include "util/json.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What happened to the boxes of a project: a JSON object a line in <state>/<project>/events,
 * which is the file's API: `devbox events --json` prints the same objects. At EVENTS_BYTES the
 * file becomes events.1, and that of before is gone. It lies with the logs and goes with them:
 * `down` leaves nothing. Written by the supervisor and by commands, each line with one write
 * under a lock of the folder.
 */
#define EVENTS_NAME "events"
#define EVENTS_OLD_NAME "events.1"
#define EVENTS_BYTES ((size_t)1 << 20)
#define EVENT_LINE_MAX 4096

/* Names of events. Readers meet others, of other versions. */
#define EVENT_CREATED "created"
#define EVENT_STARTED "started"
#define EVENT_STOPPED "stopped" /* somebody asked for it */
#define EVENT_DIED "died"       /* nobody did */
#define EVENT_OOM "oom"
#define EVENT_HEALTHY "healthy"     /* @reason: by which probe */
#define EVENT_UNHEALTHY "unhealthy" /* @reason: what the last probe said */
#define EVENT_PAUSED "paused"
#define EVENT_UNPAUSED "unpaused"
#define EVENT_THROTTLED "throttled"
#define EVENT_UPDATED "updated"           /* limits, until the next up; @reason says which */
#define EVENT_DISCONNECTED "disconnected" /* from its network */
#define EVENT_PORT_OPENED "port-opened"   /* a listener that was found, not published ones */
#define EVENT_PORT_CLOSED "port-closed"
#define EVENT_REMOVED "removed" /* the last line: only who follows sees it */

#define EVENT_NO_NUMBER UINT64_MAX

/**
 * struct event - one of them; owned texts, NULL and EVENT_NO_NUMBER where it says nothing
 * @box:	full name, PROJECT or PROJECT/SERVICE
 * @pid:	of the box's first process, with "started"
 * @reason:	why, for people
 * @victim:	with "oom": the name of the process that the kernel killed
 * @victim_bytes: what it had in memory
 * @victim_is_guess: it was worked out from who is missing, not seen
 * @limit_bytes, @kills: with "oom": the limit, and how many were killed at once
 * @throttled_permille, @window_ms: with "throttled": share of the periods of so long a time in
 * which the box waited for its processor limit
 * @box_port, @address, @host_port: with ports: TCP, of the box and where it is on the host;
 * without
 * @host_port the host has no number for it
 */
struct event {
	int64_t time_ms;
	char *box;
	char *name;
	char *reason;
	uint64_t pid;
	bool has_exit;
	int exit_code;
	char *victim;
	uint64_t victim_pid, victim_bytes;
	bool victim_is_guess;
	uint64_t limit_bytes, kills;
	uint64_t throttled_permille, window_ms;
	char *address;
	uint64_t box_port, host_port;
};

/** event_make() - of this moment, with nothing but its name; event_done() it. */
struct event event_make(const char *box, const char *name);
void event_done(struct event *event);

/** event_put() - as one JSON object without its newline. */
void event_put(const struct event *event, struct json *j);
/**
 * event_parse() - a line of the file; keys of other versions are skipped
 * Return: 0, or -1: it is none.
 */
int event_parse(const char *line, size_t len, struct event *out_event);

/** event_append() - add @event to the file in @state_dir, which is made when missing. */
int event_append(const char *state_dir, const struct event *event, struct err *err);

#endif
