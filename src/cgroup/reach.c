#include "cgroup/cgroup.h"

#include "cgroup/files.h"
#include "cgroup/scope.h"
#include "cgroup/self.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The nearest folder that both lie in (or are). */
static char *common_folder(const char *a, const char *b)
{
	char *common = xstrdup(a);

	while (!path_is_below(b, common)) {
		char *slash = strrchr(common, '/');

		if (!slash || slash == common) {
			free(common);
			return xstrdup("/");
		}
		*slash = '\0';
	}
	return common;
}

/* What the kernel asks of clone3 with CLONE_INTO_CGROUP, and of a write to cgroup.procs. */
static bool can_enter(const char *from, const char *group, char **out_common)
{
	AUTO_FREE char *common = common_folder(from, group);
	bool is_ours = cgroup_file_writable(common, "cgroup.procs") &&
		       cgroup_file_writable(group, "cgroup.procs");

	*out_common = STEAL(common);
	return is_ours;
}

int cgroup_reach(const char *group_path, const char *runtime_dir, struct err *err)
{
	AUTO_FREE char *unit = xasprintf("devbox-enter-%d" CGROUP_SCOPE_SUFFIX, (int)getpid());
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *common = NULL;
	AUTO_FREE char *later_common = NULL;
	AUTO_FREE char *dir = NULL;

	if (access(group_path, F_OK) < 0)
		return err_sys(err, "cgroup '%s'", group_path);
	if (cgroup_pid_dir(0, &own, err) < 0)
		return -1;
	if (can_enter(own, group_path, &common))
		return 0;

	if (!cgroup_has_systemd("")) {
		(void)err_code(err, EACCES, "enter cgroup '%s': '%s' above it is not ours",
			       group_path, common);
		return err_hint(err, "use a shell of the session that the box was started in");
	}
	if (cgroup_scope_enter(runtime_dir, unit, "devbox enters a box", &dir, err) < 0)
		return err_wrap(err, "enter cgroup '%s'", group_path);
	if (!can_enter(dir, group_path, &later_common))
		return err_code(err, EACCES, "enter cgroup '%s': '%s' above it is not ours",
				group_path, later_common);
	return 0;
}
