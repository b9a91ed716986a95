#include "host/examine.h"

#include "util/cleanup.h"
#include "util/proc.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#define HELPER_OUTPUT_MAX 4096U

/* A child in a user namespace of its own, waiting for us to map it. Closing *out_fd ends it. */
static pid_t start_unmapped(int *out_fd)
{
	int ready[2], hold[2];
	AUTO_CLOSE int ready_fd = -1;
	AUTO_CLOSE int hold_fd = -1;
	char byte = 0;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	ready_fd = ready[0];
	if (pipe2(hold, O_CLOEXEC) < 0) {
		(void)close(ready[1]);
		return -1;
	}
	hold_fd = hold[1];
	pid = fork();
	if (pid == 0) {
		(void)close(ready[0]);
		(void)close(hold[1]);
		if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], "1", 1) != 1)
			_exit(1);
		(void)!read(hold[0], &byte, 1);
		_exit(0);
	}
	(void)close(ready[1]);
	(void)close(hold[0]);
	if (pid < 0)
		return -1;
	if (read(ready_fd, &byte, 1) != 1) {
		(void)proc_wait(pid);
		return -1;
	}
	*out_fd = steal_fd(&hold_fd);
	return pid;
}

/* Run @program on a fresh namespace. *out_text: why it failed, owned. Return: 0, or -1. */
static int try_helper(const char *program, const struct host_range *ranges, size_t count,
		      uint32_t self, char **out_text)
{
	struct host_map map;
	AUTO_STRV struct strv argv = {0};
	AUTO_CLOSE int hold_fd = -1;
	AUTO_FREE char *output = NULL;
	struct err err = {0};
	int result, status;
	pid_t pid = start_unmapped(&hold_fd);

	if (pid < 0) {
		*out_text = xstrdup("no user namespace to try it on");
		return -1;
	}
	host_map_build(ranges, count, self, &map);
	strv_add(&argv, program);
	strv_addf(&argv, "%d", pid);
	for (size_t i = 0; i < map.count; i++) {
		strv_addf(&argv, "%u", map.lines[i].inside);
		strv_addf(&argv, "%u", map.lines[i].outside);
		strv_addf(&argv, "%u", map.lines[i].count);
	}
	result = proc_run((const char *const *)argv.items, HELPER_OUTPUT_MAX, &output, &status,
			  &err);
	(void)close(steal_fd(&hold_fd));
	(void)proc_wait(pid);
	if (result < 0) {
		*out_text = xstrdup(err.message);
		return -1;
	}
	if (proc_exit_code(status) == 0)
		return 0;
	*out_text = xstrdup(str_trim(output));
	return -1;
}

/* Why a set-uid program may be powerless: words and the mending command, or false when nothing
 * is to be seen. */
static bool explain_powerless(const char *program, char **out_found, char **out_mend)
{
	struct stat status;
	struct statvfs fs;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		*out_found = xstrdup("this shell runs with no_new_privs, so set-uid programs "
				     "have no effect");
		*out_mend = xstrdup("use a terminal outside of the sandbox or container");
		return true;
	}
	if (statvfs(program, &fs) == 0 && (fs.f_flag & ST_NOSUID)) {
		*out_found = xasprintf("'%s' lies on a file system mounted nosuid", program);
		*out_mend = NULL;
		return true;
	}
	if (stat(program, &status) == 0 && !(status.st_mode & S_ISUID) &&
	    getxattr(program, "security.capability", NULL, 0) < 0) {
		*out_found = xasprintf("'%s' is neither set-uid root nor has file capabilities",
				       program);
		*out_mend = xasprintf("sudo chmod u+s %s", program);
		return true;
	}
	return false;
}

static void examine_helper(struct examine *x, bool is_gid)
{
	const char *name = is_gid ? "newgidmap" : "newuidmap";
	const struct host_range *ranges = is_gid ? x->subids.gid : x->subids.uid;
	const size_t count = is_gid ? x->subids.gid_count : x->subids.uid_count;
	const uint32_t self = is_gid ? x->user->gid : x->user->uid;
	AUTO_FREE char *program = x->find_program(name);
	char *found = NULL, *mend = NULL;

	if (!program) {
		host_report_add(x->report, HOST_WARN, name, name, xstrdup("not installed"),
				xstrdup("boxes have a single id"),
				examine_install(x->etc, name));
	} else if (!x->has_userns || count == 0) {
		host_report_add(x->report, HOST_WARN, name, name,
				xasprintf("%s; not judged: no %s to try it with", program,
					  count == 0 ? "subordinate ids" : "user namespace"),
				NULL, NULL);
	} else if (try_helper(program, ranges, count, self, &found) == 0) {
		host_report_add(x->report, HOST_OK, name, name, xasprintf("%s works", program),
				NULL, NULL);
	} else {
		char *why = NULL;

		if (explain_powerless(program, &why, &mend)) {
			free(found);
			found = why;
		}
		host_report_add(x->report, HOST_WARN, name, name, found,
				xstrdup("boxes have a single id"), mend);
	}
}

void examine_idmap(struct examine *x)
{
	examine_helper(x, false);
	examine_helper(x, true);
}
