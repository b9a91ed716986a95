#include "tui/child.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* An address in the user's browser, which lives on when the dashboard ends. */

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* The program that a command begins with can be started. */
static bool is_there(const char *command)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *program = xstrndup(command, strcspn(command, " \t"));
	AUTO_FREE char *copy = xstrdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *rest = copy;
	const char *dir;

	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	while (*program && (dir = strsep(&rest, ":"))) {
		AUTO_FREE char *file = xasprintf("%s/%s", *dir ? dir : ".", program);

		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* A command of $BROWSER for the shell: "%s" is the address, else it comes last. */
static char *shell_line(const char *command)
{
	const char *mark = strstr(command, "%s");

	if (!mark)
		return xasprintf("exec %s \"$1\"", command);
	return xasprintf("exec %.*s\"$1\"%s", (int)(mark - command), command, mark + 2);
}

/* free() it; NULL: there is none. */
static char *find_browser(void)
{
	AUTO_FREE char *list = xstrdup(getenv("BROWSER"));
	char *rest = list;
	const char *command;

	while (rest && (command = strsep(&rest, ":")))
		if (is_there(command))
			return shell_line(command);
	if ((is_set("WAYLAND_DISPLAY") || is_set("DISPLAY")) && is_there("xdg-open"))
		return shell_line("xdg-open");
	return NULL;
}

__attribute__((noreturn)) static void become(const char *line, const char *address,
					     const struct origin *origin)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(127);
	child_restore(origin);
	(void)!chdir("/");
	(void)execl("/bin/sh", "sh", "-c", line, "sh", address, (char *)NULL);
	_exit(127);
}

int browser_start(const char *address, const struct origin *origin, struct err *err)
{
	AUTO_FREE char *line = find_browser();
	pid_t pid;

	if (!line) {
		(void)err_set(err, "no browser here (BROWSER, xdg-open and a display)");
		err->code = ENOENT;
		return -1;
	}
	pid = fork();
	if (pid < 0)
		return err_sys(err, "start a browser");
	/* Its parent is not us: nobody waits for it. */
	if (pid == 0) {
		const pid_t child = fork();

		if (child == 0)
			become(line, address, origin);
		_exit(child < 0);
	}
	(void)waitpid(pid, NULL, 0);
	return 0;
}
