#ifndef API_UPDATE_H
#define API_UPDATE_H

#include "api/api.h"
#include "cgroup/cgroup.h"

/* Limits of boxes that run, changed until the next `up`. */

enum update_limit {
	UPDATE_CPUS,
	UPDATE_CPU_SHARES,
	UPDATE_MEMORY,
	UPDATE_MEMORY_RESERVATION,
	UPDATE_MEMORY_SWAP,
	UPDATE_PIDS,
	UPDATE_BLKIO_WEIGHT,
	UPDATE_COUNT
};

/**
 * struct update_info - one of them
 * @option:	of `devbox update`, without "--"
 * @key:	of the profile
 * @accepted:	what values look like, for people
 */
struct update_info {
	const char *option;
	const char *key;
	const char *accepted;
};
const struct update_info *update_info(enum update_limit limit);

/**
 * struct update - the values as typed
 * @values:	NULL: stays as it is; "max" or "-1" lifts the limit
 */
struct update {
	const char *values[UPDATE_COUNT];
};

/**
 * update_parse() - @text as the value of @limit, into the field of @limits it belongs to
 * UPDATE_MEMORY_SWAP is memory and swap together, as memswap_limit of the profile: the sum is
 * put into swap_max. Return: 0, or -1: it is none, and @limits is as it was.
 */
int update_parse(enum update_limit limit, const char *text, struct cgroup_limits *limits);

/** update_plan() - the text of a plan in which the limits of @limits are what they are there.
 * free() it. */
char *update_plan(const char *plan, const struct cgroup_limits *limits);

/**
 * devbox_update() - change limits of running boxes at once; none: of the project's dev box
 * They are noted in the run record as what is in force, so that the next `up` finds that they
 * differ from the profile.
 * @err:	also names a controller that the boxes do not have here, and memory.max below
 *		what is in use
 */
int devbox_update(struct devbox *devbox, const struct strv *boxes, const struct update *update,
		  struct err *err);

#endif
