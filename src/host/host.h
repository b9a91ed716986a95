#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** struct host_user - the caller, from the password database ($HOME and $USER as fallback) */
struct host_user {
	uid_t uid;
	gid_t gid;
	char *name;
	char *group;
	char *home;
	char *shell;
	gid_t *groups; /* supplementary */
	size_t group_count;
};
int host_user_get(struct host_user *out_user, struct err *err);
void host_user_done(struct host_user *user);

/** struct host_range - one range of subordinate ids. */
struct host_range {
	uint32_t start;
	uint32_t count;
};

#define HOST_RANGES_MAX 16
struct host_subids {
	struct host_range uid[HOST_RANGES_MAX];
	size_t uid_count;
	struct host_range gid[HOST_RANGES_MAX];
	size_t gid_count;
};

/**
 * host_subids_get() - the caller's subordinate ids
 * @etc:	"/etc" (tests: another folder)
 *
 * From subuid(5)/subgid(5), by name and by number; with another source than files in a `subid:`
 * line of nsswitch.conf from getsubids(1). No entry is not an error: counts are 0.
 */
int host_subids_get(const char *etc, const struct host_user *user,
		    struct host_subids *out_subids, struct err *err);

/** host_mend_subids() - the command that gives @user ids that nobody has. @etc as above. free()
 * it.
 */
char *host_mend_subids(const char *etc, const struct host_user *user, bool needs_uid,
		       bool needs_gid);

#define HOST_MAP_MAX 64
/** struct host_map - lines of uid_map/gid_map, user_namespaces(7). */
struct host_map {
	struct {
		uint32_t inside, outside, count;
	} lines[HOST_MAP_MAX];
	size_t count;
};

/**
 * host_map_build() - the map of all boxes of this user
 * Inside 0.. is filled from @ranges in order, except that @self maps to itself (0 inside when
 * @self is 0: root never maps to itself, it gets only subordinate ids). At most 65536 ids and
 * @self. With no ranges: the single line `0 @self 1`, and no line at all for root.
 */
void host_map_build(const struct host_range *ranges, size_t range_count, uint32_t self,
		    struct host_map *out_map);
/** host_map_to_inside() - id as seen in the box. Return: false when it is not mapped. */
bool host_map_to_inside(const struct host_map *map, uint32_t outside, uint32_t *out_inside);
bool host_map_to_outside(const struct host_map *map, uint32_t inside, uint32_t *out_outside);

/**
 * host_explain_userns() - why creating namespaces failed, with the command that mends it
 * @proc_sys:	"/proc/sys": kernel.unprivileged_userns_clone, user.max_*_namespaces,
 *		kernel.apparmor_restrict_unprivileged_userns are looked at
 * @code:	errno of clone3
 *
 * Return: -1, @err filled.
 */
int host_explain_userns(const char *proc_sys, int code, struct err *err);

/* --- doctor --- */
enum host_verdict { HOST_OK, HOST_WARN, HOST_FAIL };
/** struct host_check - one line of `devbox doctor`; texts owned. */
struct host_check {
	enum host_verdict verdict;
	const char *id;   /* stable word for --json: "userns", "subids", … */
	const char *name; /* "user namespaces" */
	char *found;      /* what was found */
	char *lost;       /* what does not work because of it; NULL when nothing */
	char *mend;       /* commands that give what is lost; NULL when there are none */
};
struct host_report {
	struct host_check *checks;
	size_t count;
};
/** host_report_take() - append a copy of @check; takes ownership of the texts. */
void host_report_take(struct host_report *report, const struct host_check *check);
/** host_report_add() - the same from single values: verdict, id, name, found, lost, mend. */
#define host_report_add(report, ...) \
	host_report_take((report), &(const struct host_check){__VA_ARGS__})
void host_report_done(struct host_report *report);

/**
 * host_examine() - every check that needs only this machine
 * Really tried in a child: namespaces, newuidmap and newgidmap, overlay with userxattr,
 * seccomp. Looked at: kernel version, subordinate ids and their clashes, /dev/fuse,
 * fuse-overlayfs, slirp4netns, /dev/net/tun, ping_group_range, unprivileged ports,
 * XDG_RUNTIME_DIR, lingering, another devbox in PATH. The cgroup lines are added by api.
 */
int host_examine(struct host_report *out_report, struct err *err);

#endif
