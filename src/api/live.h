#ifndef API_LIVE_H
#define API_LIVE_H

#include "cgroup/cgroup.h"
#include "store/dirs.h"

/* What `devbox up` does about a box that runs, by the text of its plan: lines "limit …",
 * "port …" and "forward …" are applied at once, any other difference means a new start. Private
 * to this room. */

enum difference { DIFFERENT_NOTHING, DIFFERENT_LIVE, DIFFERENT_BOX };

enum difference live_compare(const char *running, const char *wanted);

/** live_lift() - add to @limits what lifts each limit that @running has and @limits does not
 * ask for any more */
void live_lift(const char *running, struct cgroup_limits *limits);

/** live_limits(), live_ports() - lines of @plan that are limits, or ports. free() the text. */
char *live_limits(const char *plan);
char *live_ports(const char *plan);

/** live_limits_changed() - have the supervisor of @box look at them again */
void live_limits_changed(const struct project *project, const char *box);

/** live_say() - tell the user what changes */
void live_say(const char *running, const char *wanted);

#endif
