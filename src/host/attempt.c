#include "host/examine.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int attempt_fail(struct attempt *attempt, const char *step)
{
	attempt->code = errno;
	(void)snprintf(attempt->step, sizeof(attempt->step), "%s", step);
	return -1;
}

__attribute__((noreturn)) static void child(int (*work)(struct attempt *, void *), void *arg,
					    int pipe_fd)
{
	struct attempt attempt = {0};
	int result = work(&attempt, arg);

	if (result < 0)
		(void)fd_write_all(pipe_fd, &attempt, sizeof(attempt));
	_exit(result < 0);
}

int attempt_run(int (*work)(struct attempt *attempt, void *arg), void *arg,
		struct attempt *out_attempt)
{
	struct attempt attempt = {0};
	AUTO_CLOSE int read_fd = -1;
	ssize_t got;
	int fds[2], status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return attempt_fail(out_attempt, "make a pipe");
	read_fd = fds[0];
	pid = fork();
	if (pid == 0)
		child(work, arg, fds[1]);
	(void)close(fds[1]);
	if (pid < 0)
		return attempt_fail(out_attempt, "make a process");
	do
		got = read(read_fd, &attempt, sizeof(attempt));
	while (got < 0 && errno == EINTR);
	status = proc_wait(pid);
	if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (got != (ssize_t)sizeof(attempt)) {
		attempt.code = 0;
		if (status >= 0 && WIFSIGNALED(status))
			(void)snprintf(attempt.step, sizeof(attempt.step),
				       "the attempt was killed by signal %d", WTERMSIG(status));
		else
			(void)snprintf(attempt.step, sizeof(attempt.step),
				       "the attempt ended without a word");
	}
	*out_attempt = attempt;
	return -1;
}

char *attempt_words(const struct attempt *attempt)
{
	if (attempt->code == 0)
		return xstrdup(attempt->step);
	return xasprintf("%s: %s", attempt->step, strerror(attempt->code));
}
