#ifndef HOST_EXAMINE_H
#define HOST_EXAMINE_H

#include "host/host.h"

/* Private to the room: what the checks of host_examine() share. */

/**
 * struct examine - what the checks look at; tests put folders of their own here
 * @find_program:	proc_find_program()
 * @path:		$PATH
 * @runtime_dir:	$XDG_RUNTIME_DIR, NULL when unset
 * @probe_parent:	folder to try overlay mounts in
 * @has_userns:		set by examine_userns(): what others can be tried at all
 * @has_overlay:	set by examine_overlay()
 */
struct examine {
	struct host_report *report;
	const struct host_user *user;
	struct host_subids subids;
	const char *etc;
	const char *proc_sys;
	const char *dev;
	const char *run;
	const char *var_lib;
	const char *path;
	const char *runtime_dir;
	const char *probe_parent;
	char *(*find_program)(const char *name);
	bool has_userns;
	bool has_overlay;
};

/* The checks, in the order of the report. Each adds at least one line. */
void examine_kernel(struct examine *x);
void examine_userns(struct examine *x);
void examine_subids(struct examine *x);
void examine_idmap(struct examine *x);
void examine_clash(struct examine *x);
void examine_overlay(struct examine *x);
void examine_fuse(struct examine *x);
void examine_slirp(struct examine *x);
void examine_tun(struct examine *x);
void examine_ping(struct examine *x);
void examine_ports(struct examine *x);
void examine_seccomp(struct examine *x);
void examine_runtime_dir(struct examine *x);
void examine_linger(struct examine *x);
void examine_path(struct examine *x);

/**
 * struct attempt - what came of trying something in a child
 * @code:	errno of the step that failed, 0 when it failed otherwise
 * @step:	words for what failed: "mount overlay"
 */
struct attempt {
	int code;
	char step[120];
};

/** attempt_fail() - fill @attempt with @step and errno. Return: -1. */
int attempt_fail(struct attempt *attempt, const char *step);

/** attempt_run() - call @work in a forked child. Return: 0 when it did; -1 with @out_attempt
 * filled when it failed or died. */
int attempt_run(int (*work)(struct attempt *attempt, void *arg), void *arg,
		struct attempt *out_attempt);

/** attempt_words() - "mount overlay: Invalid argument". free() it. */
char *attempt_words(const struct attempt *attempt);

/** examine_install() - the command that installs the package which has @program, for the
 * distribution of @etc/os-release. free() it. */
char *examine_install(const char *etc, const char *program);

/** examine_remove_tree() - remove a folder that nobody else writes to, with all in it. */
void examine_remove_tree(int dir_fd, const char *name);

/** examine_mend_subids() - the command that adds a free range of ids. free() it. */
char *examine_mend_subids(const struct examine *x, bool needs_uid, bool needs_gid);

/** examine_sysctl() - trimmed text of @proc_sys/@name. Return: 0 or -1 (no such setting). */
int examine_sysctl(const char *proc_sys, const char *name, char **out_text);
int examine_sysctl_number(const char *proc_sys, const char *name, uint64_t *out_value);

/** examine_mend_sysctl() - the command that makes "name=value" so for good. free() it. */
char *examine_mend_sysctl(const char *setting);

#endif
