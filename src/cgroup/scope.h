#ifndef CGROUP_SCOPE_H
#define CGROUP_SCOPE_H

#include "util/err.h"

#include <sys/types.h>

/* Private to this room: transient scopes of the user's systemd. */

#define CGROUP_SCOPE_TIMEOUT_MS 10000

/**
 * struct cgroup_scope - a scope to make
 * @unit:	"devbox-shop-4711.scope"
 * @description: for people who look at `systemctl --user`
 * @pid:	the process that moves into it
 */
struct cgroup_scope {
	const char *unit, *description;
	pid_t pid;
};

/**
 * cgroup_scope_start() - StartTransientUnit with Delegate=yes, and await the end of its job
 * @timeout_ms:	for all of it
 * @err:	ETIMEDOUT, EEXIST when a living unit has that name, the words of systemd
 * otherwise
 */
int cgroup_scope_start(const char *runtime_dir, const struct cgroup_scope *scope,
		       int timeout_ms, struct err *err);

/**
 * cgroup_scope_enter() - move this process into a new scope, and make sure that it is there
 * @out_dir:	folder of the scope; free() it
 *
 * Where our own D-Bus client fails, systemd's programs are tried.
 */
int cgroup_scope_enter(const char *runtime_dir, const char *unit, const char *description,
		       char **out_dir, struct err *err);

/* --- scope_tools.c --- */

/** cgroup_scope_by_busctl() - the same request by busctl(1), which needs a session bus; does
 * not wait for the job. */
int cgroup_scope_by_busctl(const struct cgroup_scope *scope, struct err *err);

/** cgroup_scope_by_run() - by systemd-run(1), which needs no bus, but a caller that already
 * lives below the user's systemd. */
int cgroup_scope_by_run(const struct cgroup_scope *scope, struct err *err);

#endif
