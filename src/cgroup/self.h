#ifndef CGROUP_SELF_H
#define CGROUP_SELF_H

#include "cgroup/cgroup.h"
#include "util/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* Private to this room: where the cgroup2 hierarchy is mounted and where a process lies in it.
 */

/**
 * struct cgroup_view - the cgroup2 mount that this process can use
 * @mount:	mount point; NULL when none is mounted
 * @root:	the part of the hierarchy that is mounted there ("/" is all our cgroup namespace
 * shows)
 */
struct cgroup_view {
	enum cgroup_layout layout;
	char *mount;
	char *root;
};

/**
 * cgroup_view_find() - choose the mount from the text of /proc/self/mountinfo
 * @own:	path of the own group, NULL when unknown; a mount that shows it wins
 */
void cgroup_view_find(const char *mountinfo, const char *own, struct cgroup_view *out_view);
void cgroup_view_done(struct cgroup_view *view);
#define AUTO_VIEW __attribute__((cleanup(cgroup_view_done)))

/** cgroup_path_parse() - the path of the line "0::PATH" of /proc/PID/cgroup; free() it. NULL:
 * there is none. */
char *cgroup_path_parse(const char *text);

/** cgroup_view_dir() - folder of the group @path in this view; free() it. NULL: the mount does
 * not show it. */
char *cgroup_view_dir(const struct cgroup_view *view, const char *path);

/** cgroup_pid_dir() - folder of the group that process @pid is in now, 0 for this one; free()
 * *out_dir. */
int cgroup_pid_dir(pid_t pid, char **out_dir, struct err *err);

/** cgroup_has_systemd() - systemd runs this machine (what sd_booted(3) looks at). */
bool cgroup_has_systemd(const char *fs_root);

#endif
