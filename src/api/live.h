#ifndef API_LIVE_H
#define API_LIVE_H

#include "cgroup/cgroup.h"

/* What `devbox up` does about a box that runs, by the text of its plan: lines "limit …" are
 * applied at once, any other difference means a new start. Private to this room. */

enum difference { DIFFERENT_NOTHING, DIFFERENT_LIMITS, DIFFERENT_BOX };

enum difference live_compare(const char *running, const char *wanted);

/** live_lift() - add to @limits what lifts each limit that @running has and @limits does not
 * ask for any more */
void live_lift(const char *running, struct cgroup_limits *limits);

/** live_say() - tell the user what changes */
void live_say(const char *running, const char *wanted);

#endif
