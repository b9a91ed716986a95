#ifndef SEC_CONFINE_H
#define SEC_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct sock_filter;

#define CONFINE_GROUPS_MAX 64
#define CONFINE_RLIMITS_MAX 16

/**
 * struct confine - what a process inside a box becomes just before it executes the user's program
 *
 * Plain data without ownership, so that it can be prepared before clone and copied into a shared page. Applied by
 * confine_apply() with system calls only. Shared by devbox (exec) and devbox-init (start).
 *
 * @bounding:		capabilities that stay in the bounding set; all others are dropped
 * @ambient:		capabilities raised in inheritable and ambient set (normally 0; inheritable is always @ambient)
 * @keep:		effective and permitted set before exec for uid 0: @bounding; for others: @ambient
 * @no_new_privs:	set it last before the filter; when false the filter is loaded before capabilities go
 * @filter, @filter_len: seccomp program; NULL/0: none
 * @wants_listener:	load with SECCOMP_FILTER_FLAG_NEW_LISTENER; descriptor is put at @listener_fd by dup3
 * @sched_affinity, @affinity_len: CPU mask bytes for sched_setaffinity (cpuset fallback), len 0: none
 */
struct confine {
	uid_t uid;
	gid_t gid;
	gid_t groups[CONFINE_GROUPS_MAX];
	size_t group_count;
	bool can_setgroups; /* false: setgroups is denied in this namespace */
	uint64_t bounding;
	uint64_t ambient;
	bool no_new_privs;
	bool wants_listener;
	int listener_fd;
	mode_t umask;
	struct {
		int resource;
		struct rlimit limit;
	} rlimits[CONFINE_RLIMITS_MAX];
	size_t rlimit_count;
	const struct sock_filter *filter;
	size_t filter_len;
	unsigned char sched_affinity[128];
	size_t affinity_len;
};

enum confine_step {
	CONFINE_OK,
	CONFINE_RLIMIT,
	CONFINE_AFFINITY,
	CONFINE_GROUPS,
	CONFINE_BOUNDING,
	CONFINE_IDS,
	CONFINE_CAPS,
	CONFINE_AMBIENT,
	CONFINE_NO_NEW_PRIVS,
	CONFINE_FILTER,
};

/**
 * confine_apply() - become what @c says, in the order of runtime.md: rlimits, groups, bounding (while SETPCAP is held), keepcaps, ids,
 * capset, ambient, then no_new_privs and the filter as the very last calls (filter before the id change when no_new_privs is false,
 * which therefore must allow the calls that follow).
 *
 * System calls only: no heap, no stdio. Also sets PR_SET_DUMPABLE to 0 first. Return: CONFINE_OK, or the failed step with errno set.
 */
enum confine_step confine_apply(const struct confine *c);

/** confine_step_name() - "drop capabilities" etc. for error messages. */
const char *confine_step_name(enum confine_step step);

#endif
