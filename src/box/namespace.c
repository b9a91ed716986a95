#include "box/namespace.h"

#include "box/keep.h"
#include "box/prepare.h"
#include "util/cleanup.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>

/* Waits to be killed; its death follows ours, should we be killed first. */
__attribute__((noreturn)) static void wait_in_namespace(int go)
{
	char byte;

	(void)!read(go, &byte, 1);
	_exit(0);
}

static int open_of(pid_t pid, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/user", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open the user namespace") : fd;
}

static int make_new(const struct box_start *maps, struct err *err)
{
	AUTO_CLOSE int pid_fd = -1;
	AUTO_CLOSE int go = -1;
	AUTO_CLOSE int wait = -1;
	int pair[2];
	pid_t pid;
	int fd = -1;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	wait = pair[0];
	go = pair[1];
	pid = box_clone(CLONE_NEWUSER, -1, &pid_fd);
	if (pid == 0) {
		(void)close(go);
		wait_in_namespace(wait);
	}
	if (pid < 0)
		return host_explain_userns("/proc/sys", errno, err);
	if (box_map_ids(maps, pid, err) == 0)
		fd = open_of(pid, err);
	(void)kill(pid, SIGKILL);
	(void)proc_wait(pid);
	return fd;
}

int box_userns_open(const struct host_user *user, const char *runtime_dir, struct err *err)
{
	struct prepared p = {0};
	struct box_facts facts = {0};
	struct box_start maps = {.facts = &facts};
	int fd = -1;

	if (prepare_maps(user, &p, err) == 0) {
		facts.uid_map = p.uid_map;
		facts.gid_map = p.gid_map;
		facts.is_single_id = p.uid_map.count == 1 && p.uid_map.lines[0].count == 1;
		maps.newuidmap = p.newuidmap;
		maps.newgidmap = p.newgidmap;
		fd = keep_open(runtime_dir, &maps);
		if (fd < 0)
			fd = make_new(&maps, err);
	}
	prepared_done(&p);
	return fd;
}
