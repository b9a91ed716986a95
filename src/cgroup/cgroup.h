#ifndef CGROUP_CGROUP_H
#define CGROUP_CGROUP_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Controllers as bits. */
enum cgroup_controller {
	CGROUP_CPU = 1U << 0,
	CGROUP_CPUSET = 1U << 1,
	CGROUP_IO = 1U << 2,
	CGROUP_MEMORY = 1U << 3,
	CGROUP_PIDS = 1U << 4,
};

enum cgroup_layout { CGROUP_LAYOUT_UNIFIED, CGROUP_LAYOUT_HYBRID, CGROUP_LAYOUT_V1 };
enum cgroup_method {
	CGROUP_NONE,    /* no place to write: boxes run without cgroup */
	CGROUP_SUBTREE, /* a delegated subtree that is ours */
	CGROUP_SYSTEMD, /* a transient scope of the user's systemd */
};

/**
 * struct cgroup_place - where boxes of this user can live, found without changing anything
 * @mount:	mount point of the cgroup2 hierarchy ("/sys/fs/cgroup",
 *"/sys/fs/cgroup/unified"), NULL when there is none
 * @base:	CGROUP_SUBTREE: absolute folder under @mount below which we may make groups
 * @runtime_dir: $XDG_RUNTIME_DIR as given, NULL when there is none
 * @has_systemd: systemd runs this machine
 * @controllers: controllers a box can get there (bits of enum cgroup_controller); 0 where the
 *base holds processes itself, because the kernel then enables none for its children
 * @why:	for people: why the method is what it is, e.g. "no cgroup v2 hierarchy is
 *mounted"
 */
struct cgroup_place {
	enum cgroup_layout layout;
	enum cgroup_method method;
	char *mount;
	char *base;
	char *runtime_dir;
	bool has_systemd;
	uint32_t controllers;
	char *why;
};

/**
 * cgroup_place_find() - look for a place: own delegated subtree, else the user's systemd, else
 * none. Read-only and cheap.
 * @fs_root:	"" normally; tests: a folder that plays "/" for /proc/self/cgroup,
 * /proc/self/mountinfo and /run/systemd/system
 * @runtime_dir: $XDG_RUNTIME_DIR or NULL
 */
int cgroup_place_find(const char *fs_root, const char *runtime_dir,
		      struct cgroup_place *out_place, struct err *err);
void cgroup_place_done(struct cgroup_place *place);

/* --- limits --- */

#define CGROUP_NO_LIMIT UINT64_MAX
#define CGROUP_IO_DEVICES_MAX 16

/** struct cgroup_limits - values for the interface files of cgroup-v2; has_* false leaves the
 * file alone. */
struct cgroup_limits {
	bool has_cpu_max;
	uint64_t cpu_quota_us; /* CGROUP_NO_LIMIT: "max" */
	uint64_t cpu_period_us;
	bool has_cpu_weight;
	uint64_t cpu_weight; /* 1..10000 */
	char *cpuset;        /* NULL: leave; owned by the caller */
	char *cpuset_mems;
	bool has_memory_max;
	uint64_t memory_max;
	bool has_memory_low; /* mem_reservation */
	uint64_t memory_low;
	bool has_swap_max;
	uint64_t swap_max; /* swap only, as memory.swap.max */
	bool has_pids_max;
	uint64_t pids_max;
	bool has_io_weight;
	uint64_t io_weight; /* 1..10000 */
	struct {
		uint32_t major, minor;
		uint64_t rbps, wbps, riops, wiops; /* CGROUP_NO_LIMIT: max */
	} io_max[CGROUP_IO_DEVICES_MAX];
	size_t io_max_count;
};

/**
 * cgroup_weight_from_shares() - cpu.weight for Docker's cpu_shares (2..262144), by the linear
 * conversion of the OCI runtimes: 1024 shares are weight 39
 */
uint64_t cgroup_weight_from_shares(uint64_t shares);

/** cgroup_needed() - the controllers @limits needs. */
uint32_t cgroup_needed(const struct cgroup_limits *limits);

/** cgroup_controller_names() - "cpu memory" for bits, in @out (64 bytes). */
const char *cgroup_controller_names(uint32_t controllers, char out[64]);

/**
 * cgroup_missing_hint() - words and commands that would make @missing controllers available at
 * @place (the systemd drop-in that delegates them, or that the machine has cgroup v1 only),
 * into @err's hint.
 */
int cgroup_missing_hint(const struct cgroup_place *place, uint32_t missing, struct err *err);

/* --- a project's group and its boxes --- */

/* The sub-group of a project that its supervisor lives in; no box can have that name. */
#define CGROUP_SUPERVISOR "supervisor"
/* The sub-group of a box that its processes live in where the hierarchy is mounted without
 * nsdelegate: it is the root of what they see, and its files are theirs to write; the limits
 * lie above it. With nsdelegate the kernel guards the limits, and the processes live in the
 * box's group itself, where programs find them. */
#define CGROUP_INNER "box"

/* How the folder of a scope ends; no group that we name ourselves has a '.'. */
#define CGROUP_SCOPE_SUFFIX ".scope"

/**
 * cgroup_project_open() - make the group of a project and move the caller into its sub-group
 * @project:	project id
 * @out_path:	absolute folder of the group; free() it
 *
 * CGROUP_SUBTREE: folder "devbox-<project>" below the base. CGROUP_SYSTEMD: a scope
 * "devbox-<project>-<pid>.scope" with Delegate=yes in app.slice, by StartTransientUnit over
 * $XDG_RUNTIME_DIR/systemd/private or the session bus, waiting for the job; where our own D-Bus
 * client fails, by busctl or systemd-run. The caller moves into the sub-group
 * CGROUP_SUPERVISOR.
 *
 * All controllers of @place are enabled for children. What a crashed supervisor of the same
 * project left is removed; EBUSY when it still holds processes after two seconds. Must not be
 * called with method CGROUP_NONE.
 *
 * The caller cannot remove the group that it sits in: a scope goes by itself when it is empty;
 * the folder of CGROUP_SUBTREE is for whoever waited for the supervisor to end
 * (cgroup_remove()).
 *
 * Return: O_DIRECTORY descriptor, or -1.
 */
int cgroup_project_open(const struct cgroup_place *place, const char *project, char **out_path,
			struct err *err);

/**
 * cgroup_box_create() - make child group @name of the project's group and write @limits
 * @err:	EBUSY when processes run in a group of that name; an empty one that was left is
 * replaced
 *
 * Where its processes go is told by cgroup_box_inner(). How many groups they can make there is
 * limited as well.
 *
 * Return: O_DIRECTORY descriptor or -1 (then there is no such group).
 */
int cgroup_box_create(int project_fd, const char *name, const struct cgroup_limits *limits,
		      struct err *err);

/** cgroup_box_inner() - where processes of the box go: CGROUP_INNER, or the group itself.
 * Return: O_DIRECTORY descriptor or -1. */
int cgroup_box_inner(int box_fd, struct err *err);

/** cgroup_limits_apply() - write @limits to a group; takes effect at once. A value that is back
 * to "no limit" must be given as CGROUP_NO_LIMIT. */
int cgroup_limits_apply(int group_fd, const struct cgroup_limits *limits, struct err *err);

/**
 * cgroup_reach() - make sure that a child of this process may be cloned into @group_path
 * The kernel wants cgroup.procs of the common ancestor writable; from a login shell outside the
 * user's delegated tree (ssh, tty) this moves the calling process into a scope of the user's
 * systemd. Nothing is done when it already works. Return: 0 or -1.
 */
int cgroup_reach(const char *group_path, const char *runtime_dir, struct err *err);

/* --- acting on a group; timeout_ms below 0 waits for ever --- */

int cgroup_attach(int group_fd, pid_t pid, struct err *err);

/**
 * cgroup_freeze() - freeze or thaw, and wait until the kernel says so
 * A box that froze itself is thawed, too.
 * @err:	ETIMEDOUT; a group that could not be frozen in time is thawed again
 */
int cgroup_freeze(int group_fd, bool frozen, int timeout_ms, struct err *err);

/**
 * cgroup_kill() - SIGKILL to every process in the group and below, frozen or not
 *
 * By cgroup.kill; before Linux 5.14 one by one, which spares the caller. A group that is gone
 * is fine. Does not wait: cgroup_wait_empty() does.
 */
int cgroup_kill(int group_fd, struct err *err);

/** cgroup_signal() - @signal to every process; one that just ended is no failure. */
int cgroup_signal(int group_fd, int signal, struct err *err);

/** cgroup_wait_empty() - until no process is left. @err: ETIMEDOUT. A group that is gone is
 * empty. */
int cgroup_wait_empty(int group_fd, int timeout_ms, struct err *err);

/**
 * cgroup_remove() - rmdir @path and everything below, leaf first
 *
 * Retries for two seconds while the kernel is still emptying it. One that is gone is fine.
 * A scope is left to systemd, which removes it when it is empty: who is quicker than systemd
 * takes away the cgroup.events that would have told it, and the unit stays "running" for ever.
 */
int cgroup_remove(const char *path, struct err *err);

/** cgroup_pids() - the processes in the group and below. Return: count, pids in malloc'd
 * *out_pids; or -1. Processes that our pid namespace does not show are left out. */
int cgroup_pids(int group_fd, pid_t **out_pids, struct err *err);

#endif
