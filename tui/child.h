#ifndef TUI_CHILD_H
#define TUI_CHILD_H

#include "tui/app.h"
#include "util/err.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Programs that the dashboard starts: all of them are devbox, or the user's editor. */

/** struct origin - what was changed for the dashboard, and children get back */
struct origin {
	sigset_t mask;
	struct rlimit files;
};

/** child_restore() - in a child: what we changed for ourselves is put back. */
void child_restore(const struct origin *origin);

/** struct job - one whose output is collected */
struct job {
	pid_t pid;
	int fd; /* of its output, -1: it was closed */
	struct buf output;
	bool is_inspect;
	char *box, *verb;
	uint64_t begun_ns;
};
#define JOBS_MAX 8
struct jobs {
	struct job items[JOBS_MAX];
	size_t count;
};

/** job_start() - @request as a job. @err: too many, or it cannot be started. */
int job_start(struct jobs *jobs, const struct request *request, const struct origin *origin,
	      struct err *err);
/** job_read() - take what it wrote. */
void job_read(struct job *job);
/** jobs_reap() - tell @app about those that ended. Return: any did. */
bool jobs_reap(struct jobs *jobs, struct app *app);
/** jobs_end() - at the end of the dashboard: ask those that run to end, and wait a moment. */
void jobs_end(struct jobs *jobs);

/**
 * child_on_terminal() - run @request with the terminal in its hands until it ends
 * @signals:	our signalfd; SIGTERM and SIGHUP are handed on
 * @out_status:	as waitpid(2)
 *
 * The terminal is back when this returns. Return: 0, 1 when the dashboard should end too, or
 * -1.
 */
int child_on_terminal(const struct request *request, const struct origin *origin, int signals,
		      int *out_status, struct err *err);

/**
 * browser_start() - open @address with $BROWSER, else xdg-open, neither of which is waited for
 * @err:	ENOENT: there is none, or no display to show it on
 */
int browser_start(const char *address, const struct origin *origin, struct err *err);

#endif
