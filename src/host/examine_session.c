#include "host/examine.h"

#include "util/cleanup.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int try_seccomp(struct attempt *attempt, void *arg)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &allow};

	(void)arg;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return attempt_fail(attempt, "set no_new_privs");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return attempt_fail(attempt, "load a seccomp filter");
	return 0;
}

void examine_seccomp(struct examine *x)
{
	static const char name[] = "seccomp";
	const uint32_t notify = SECCOMP_RET_USER_NOTIF;
	struct attempt attempt = {0};

	if (attempt_run(try_seccomp, NULL, &attempt) < 0)
		host_report_add(
			x->report, HOST_FAIL, "seccomp", name, attempt_words(&attempt),
			xstrdup("boxes start with security_opt: [seccomp=unconfined] only"),
			xstrdup("a kernel with CONFIG_SECCOMP_FILTER"));
	else if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &notify) < 0)
		host_report_add(x->report, HOST_WARN, "seccomp", name,
				xstrdup("filters; no user notification"),
				xstrdup("naming the system call that a filter refused"),
				xstrdup("upgrade to Linux 5.0 or later"));
	else
		host_report_add(x->report, HOST_OK, "seccomp", name,
				xstrdup("filters, user notification"), NULL, NULL);
}

/* Words for what is wrong with the folder, or NULL. */
static char *runtime_dir_fault(const struct examine *x)
{
	struct stat status;

	if (!x->runtime_dir || !*x->runtime_dir)
		return xstrdup("XDG_RUNTIME_DIR is not set");
	if (*x->runtime_dir != '/')
		return xasprintf("'%s' is not an absolute path", x->runtime_dir);
	if (stat(x->runtime_dir, &status) < 0)
		return xasprintf("'%s': %s", x->runtime_dir, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return xasprintf("'%s' is not a folder", x->runtime_dir);
	if (status.st_uid != x->user->uid)
		return xasprintf("'%s' belongs to uid %u", x->runtime_dir, status.st_uid);
	if (status.st_mode & 077)
		return xasprintf("'%s' is open to others (mode %04o)", x->runtime_dir,
				 status.st_mode & 07777U);
	return NULL;
}

void examine_runtime_dir(struct examine *x)
{
	char *fault = runtime_dir_fault(x);

	if (!fault) {
		host_report_add(x->report, HOST_OK, "runtime_dir", "runtime folder",
				xstrdup(x->runtime_dir), NULL, NULL);
		return;
	}
	host_report_add(
		x->report, HOST_WARN, "runtime_dir", "runtime folder", fault,
		xstrdup("the desktop's sockets (wayland, audio, dbus); systemd's limits"),
		xasprintf("log in through a session of its own (not su or sudo): "
			  "machinectl shell %s@",
			  x->user->name));
}

void examine_linger(struct examine *x)
{
	static const char name[] = "lingering";
	AUTO_FREE char *booted = xasprintf("%s/systemd/system", x->run);
	AUTO_FREE char *linger = xasprintf("%s/systemd/linger/%s", x->var_lib, x->user->name);

	if (access(booted, F_OK) < 0)
		host_report_add(x->report, HOST_OK, "linger", name,
				xstrdup("not needed: systemd does not run here"), NULL, NULL);
	else if (access(linger, F_OK) == 0)
		host_report_add(x->report, HOST_OK, "linger", name,
				xstrdup("on: boxes outlive the session"), NULL, NULL);
	else if (errno != ENOENT)
		host_report_add(x->report, HOST_WARN, "linger", name,
				xasprintf("not judged: '%s': %s", linger, strerror(errno)),
				NULL, NULL);
	else
		host_report_add(x->report, HOST_WARN, "linger", name,
				xstrdup("boxes end at logout"), NULL,
				xasprintf("loginctl enable-linger %s", x->user->name));
}

static bool is_program(const char *path, const struct stat *own)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0 &&
	       (status.st_dev != own->st_dev || status.st_ino != own->st_ino);
}

void examine_path(struct examine *x)
{
	static const char name[] = "name in PATH";
	AUTO_FREE char *copy = xstrdup(x->path ? x->path : "");
	char *folder, *cursor = copy;
	struct stat own;

	if (stat("/proc/self/exe", &own) < 0) {
		host_report_add(x->report, HOST_WARN, "path", name,
				xasprintf("not judged: '/proc/self/exe': %s", strerror(errno)),
				NULL, NULL);
		return;
	}
	while ((folder = strsep(&cursor, ":")) != NULL) {
		AUTO_FREE char *path = xasprintf("%s/devbox", *folder ? folder : ".");

		if (!is_program(path, &own))
			continue;
		host_report_add(x->report, HOST_WARN, "path", name,
				xasprintf("another 'devbox' is '%s'", path),
				xstrdup("'devbox' may start that one; other programs have the "
					"name too"),
				xstrdup("put this one's folder first in PATH, or install it "
					"under another name: make install PROGRAM_PREFIX=my"));
		return;
	}
	host_report_add(x->report, HOST_OK, "path", name, xstrdup("no other 'devbox'"), NULL,
			NULL);
}
