#include "box/start.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>

/* Work on files of the boxes, whose owners exist only inside the map. */

struct userns_work {
	int (*work)(void *arg, struct err *err);
	void *arg;
	int report;
	int go;
};

__attribute__((noreturn)) static void userns_child(const struct userns_work *w)
{
	struct err err = {0};
	char byte;

	if (read(w->go, &byte, 1) != 1)
		_exit(125);
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		(void)err_sys(&err, "become root of the user namespace");
	else if (w->work(w->arg, &err) == 0)
		_exit(0);
	(void)fd_write_all(w->report, &err, sizeof(err));
	_exit(1);
}

int box_run_in_userns(const struct box_start *maps, int (*work)(void *arg, struct err *err),
		      void *arg, struct err *err)
{
	int report[2], go[2];
	AUTO_CLOSE int pid_fd = -1;
	struct userns_work w = {.work = work, .arg = arg};
	struct err inner;
	ssize_t n = 0;
	pid_t pid;
	int rc;

	if (pipe2(report, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	w.report = report[1];
	w.go = go[0];
	pid = box_clone(CLONE_NEWUSER, -1, &pid_fd);
	if (pid == 0)
		userns_child(&w);
	(void)close(report[1]);
	(void)close(go[0]);
	rc = pid < 0 ? host_explain_userns("/proc/sys", errno, err)
		     : box_map_ids(maps, pid, err);
	if (rc == 0 && write(go[1], "", 1) != 1)
		rc = err_sys(err, "start work in a user namespace");
	(void)close(go[1]);
	if (pid > 0) {
		n = read(report[0], &inner, sizeof(inner));
		if (proc_wait(pid) != 0 && rc == 0) {
			*err = inner;
			rc = n == (ssize_t)sizeof(inner)
				     ? -1
				     : err_set(err, "work in a user namespace ended early");
		}
	}
	(void)close(report[0]);
	return rc;
}
