#include "cgroup/scope.h"

#include "cgroup/files.h"
#include "cgroup/self.h"
#include "util/cleanup.h"
#include "util/proc.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

/*
 * For a bus that our own client cannot talk to (an address that is no unix socket, say). Two
 * programs, because neither does for all callers:
 *
 * busctl(1) sends the very same request, so that it moves us from wherever we are; but it wants
 * a session bus.
 *
 * systemd-run(1) also speaks to systemd directly, but wraps a command: the scope holds that
 * command, and we follow into the group on our own. The kernel lets us when the common ancestor
 * is ours: from below user@UID.service, as in a terminal of the desktop, and not from a login
 * by ssh or on a console.
 */

#define TOOL_OUTPUT_MAX 4096
#define HOLDER_SECONDS "30"
#define HOLDER_TIMEOUT_MS 5000

static int need_program(const char *name, char **out_path, struct err *err)
{
	*out_path = proc_find_program(name);
	return *out_path ? 0 : err_code(err, ENOENT, "find the program '%s'", name);
}

int cgroup_scope_by_busctl(const struct cgroup_scope *scope, struct err *err)
{
	AUTO_FREE char *program = NULL;
	AUTO_FREE char *output = NULL;
	char pid[16];
	int status = 0;

	if (need_program("busctl", &program, err) < 0)
		return -1;
	(void)snprintf(pid, sizeof(pid), "%d", (int)scope->pid);

	const char *const argv[] = {
		program, "--user", "--quiet", "--timeout=5", "call", "org.freedesktop.systemd1",
		"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
		"StartTransientUnit", "ssa(sv)a(sa(sv))", scope->unit, "fail",
		/* five properties, no auxiliary units */
		"5", "PIDs", "au", "1", pid, "Delegate", "b", "true", "Slice", "s", "app.slice",
		"Description", "s", scope->description, "CollectMode", "s",
		"inactive-or-failed", "0", NULL};

	if (proc_run(argv, TOOL_OUTPUT_MAX, &output, &status, err) < 0)
		return -1;
	if (status != 0)
		return err_code(err, EREMOTEIO, "busctl exited with %d",
				proc_exit_code(status));
	return 0;
}

/* Wait until the holder has been put into the scope, or has ended. */
static int await_holder(pid_t holder, const char *unit, char **out_dir, struct err *err)
{
	int64_t deadline_ms = cgroup_now_ms() + HOLDER_TIMEOUT_MS;
	AUTO_FREE char *tail = xasprintf("/%s", unit);

	while (cgroup_now_ms() < deadline_ms) {
		AUTO_FREE char *dir = NULL;
		siginfo_t ended = {0};

		if (cgroup_pid_dir(holder, &dir, err) < 0)
			return -1;
		if (str_ends(dir, tail)) {
			*out_dir = STEAL(dir);
			return 0;
		}
		if (waitid(P_PID, (id_t)holder, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		    ended.si_pid == holder)
			return err_code(err, EREMOTEIO, "systemd-run ended without a scope");
		cgroup_sleep_ms(5);
	}
	return err_code(err, ETIMEDOUT, "wait for systemd-run");
}

static int follow(pid_t holder, const struct cgroup_scope *scope, struct err *err)
{
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *procs = NULL;
	char pid[16];

	if (await_holder(holder, scope->unit, &dir, err) < 0)
		return -1;
	procs = xasprintf("%s/cgroup.procs", dir);
	(void)snprintf(pid, sizeof(pid), "%d", (int)scope->pid);
	if (cgroup_file_write(AT_FDCWD, procs, pid) < 0)
		return err_sys(err, "follow into '%s'", dir);
	return 0;
}

int cgroup_scope_by_run(const struct cgroup_scope *scope, struct err *err)
{
	static const int no_stdio[3] = {-1, -1, -1};
	AUTO_FREE char *unit = xasprintf("--unit=%s", scope->unit);
	AUTO_FREE char *words = xasprintf("--description=%s", scope->description);
	AUTO_FREE char *program = NULL;
	AUTO_FREE char *sleeper = NULL;
	pid_t holder;
	int rc;

	if (need_program("systemd-run", &program, err) < 0 ||
	    need_program("sleep", &sleeper, err) < 0)
		return -1;

	const char *const argv[] = {program,
				    "--user",
				    "--scope",
				    "--quiet",
				    "--collect",
				    unit,
				    words,
				    "--slice=app.slice",
				    "--property=Delegate=yes",
				    sleeper,
				    HOLDER_SECONDS,
				    NULL};

	if (proc_spawn(argv, no_stdio, NULL, 0, &holder, err) < 0)
		return -1;
	/* --scope runs the command in the same process: the pid we started is the one that sits
	 * in the scope. */
	rc = follow(holder, scope, err);
	(void)kill(holder, SIGKILL);
	(void)proc_wait(holder);
	return rc;
}
