#include "tui/child.h"

#include "util/cleanup.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX (1U << 20)
#define END_TRIES 40
#define END_PAUSE_NS 50000000

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void child_restore(const struct origin *origin)
{
	for (int number = 1; number < NSIG; number++)
		if (number != SIGKILL && number != SIGSTOP)
			(void)signal(number, SIG_DFL);
	(void)setrlimit(RLIMIT_NOFILE, &origin->files);
	(void)sigprocmask(SIG_SETMASK, &origin->mask, NULL);
}

__attribute__((noreturn)) static void become(const struct request *request,
					     const struct origin *origin)
{
	child_restore(origin);
	if (request->folder && chdir(request->folder) < 0 && chdir("/") < 0)
		_exit(127);
	(void)execvp(request->argv.items[0], request->argv.items);
	(void)dprintf(STDERR_FILENO, "cannot start '%s': %s\n", request->argv.items[0],
		      strerror(errno));
	_exit(127);
}

/* --- jobs --- */

int job_start(struct jobs *jobs, const struct request *request, const struct origin *origin,
	      struct err *err)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	AUTO_CLOSE int ours = -1;
	AUTO_CLOSE int theirs = -1;
	int pair[2];
	pid_t pid;

	if (jobs->count == JOBS_MAX)
		return err_set(err, "%d actions are under way; wait for one", JOBS_MAX);
	if (null < 0 || pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	ours = pair[0];
	theirs = pair[1];
	(void)fcntl(ours, F_SETFL, O_NONBLOCK);
	pid = fork();
	if (pid < 0)
		return err_sys(err, "start '%s'", request->argv.items[0]);
	if (pid == 0) {
		/* Away from the terminal's signals. */
		(void)setpgid(0, 0);
		if (dup2(null, 0) < 0 || dup2(theirs, 1) < 0 || dup2(theirs, 2) < 0)
			_exit(127);
		become(request, origin);
	}
	jobs->items[jobs->count++] = (struct job){
		.pid = pid,
		.fd = steal_fd(&ours),
		.is_inspect = request->kind == REQUEST_INSPECT,
		.box = xstrdup(request->box),
		.verb = xstrdup(request->text),
		.begun_ns = now_ns(),
	};
	return 0;
}

void job_read(struct job *job)
{
	char buffer[4096];
	ssize_t len = -1;

	while (job->fd >= 0 && (len = read(job->fd, buffer, sizeof(buffer))) > 0)
		if (job->output.len < OUTPUT_MAX)
			buf_add(&job->output, buffer, (size_t)len);
	if (job->fd >= 0 && len == 0) {
		(void)close(job->fd);
		job->fd = -1;
	}
}

/* The first line that says what is wrong. free() it. */
static char *complaint(const struct buf *output)
{
	const char *text = output->data ? output->data : "";
	const char *found = strstr(text, "devbox: ");

	if (!found)
		found = text;
	return xstrndup(found, strcspn(found, "\n"));
}

static void tell(struct app *app, struct job *job, int status)
{
	const double seconds = (double)(now_ns() - job->begun_ns) / 1e9;
	const int code = proc_exit_code(status);
	AUTO_FREE char *words = complaint(&job->output);

	if (job->is_inspect)
		app_take_inspect(app, job->box,
				 job->output.len ? job->output.data : "it said nothing");
	else if (code == 0)
		app_say(app, "[%s] %s ok (%.1fs)", job->box, job->verb, seconds);
	else
		app_complain(app, "[%s] %s failed: %s", job->box, job->verb,
			     *words ? words : "it did not say why");
}

static void drop(struct jobs *jobs, size_t i)
{
	struct job *job = &jobs->items[i];

	cleanup_close(&job->fd);
	buf_done(&job->output);
	free(job->box);
	free(job->verb);
	jobs->count--;
	memmove(job, job + 1, (jobs->count - i) * sizeof(*job));
}

bool jobs_reap(struct jobs *jobs, struct app *app)
{
	bool any = false;

	for (size_t i = jobs->count; i > 0; i--) {
		struct job *job = &jobs->items[i - 1];
		int status;

		if (waitpid(job->pid, &status, WNOHANG) != job->pid)
			continue;
		job_read(job);
		tell(app, job, status);
		drop(jobs, i - 1);
		any = true;
	}
	return any;
}

void jobs_end(struct jobs *jobs)
{
	const struct timespec pause = {.tv_nsec = END_PAUSE_NS};

	for (size_t i = 0; i < jobs->count; i++)
		(void)kill(-jobs->items[i].pid, SIGTERM);
	for (int tries = 0; jobs->count && tries < END_TRIES; tries++) {
		for (size_t i = jobs->count; i > 0; i--)
			if (waitpid(jobs->items[i - 1].pid, NULL, WNOHANG) != 0)
				drop(jobs, i - 1);
		if (jobs->count)
			(void)nanosleep(&pause, NULL);
	}
	while (jobs->count) {
		(void)kill(-jobs->items[0].pid, SIGKILL);
		(void)proc_wait(jobs->items[0].pid);
		drop(jobs, 0);
	}
}

/* --- on the terminal --- */

static void give_terminal(pid_t group)
{
	/* SIGTTOU is blocked: this works from the background too. */
	(void)tcsetpgrp(STDIN_FILENO, group);
}

/* A child that stops itself would leave nobody in front: it goes on. */
static bool has_ended(pid_t pid, int *out_status)
{
	const pid_t changed = waitpid(pid, out_status, WNOHANG | WUNTRACED);

	if (changed != pid)
		return changed < 0;
	if (!WIFSTOPPED(*out_status))
		return true;
	give_terminal(pid);
	(void)kill(-pid, SIGCONT);
	return false;
}

int child_on_terminal(const struct request *request, const struct origin *origin, int signals,
		      int *out_status, struct err *err)
{
	struct pollfd ready = {.fd = signals, .events = POLLIN};
	struct signalfd_siginfo info;
	bool should_end = false;
	const pid_t pid = fork();

	if (pid < 0)
		return err_sys(err, "start '%s'", request->argv.items[0]);
	if (pid == 0) {
		(void)setpgid(0, 0);
		give_terminal(getpid());
		become(request, origin);
	}
	(void)setpgid(pid, pid);
	give_terminal(pid);
	*out_status = 0;
	while (!has_ended(pid, out_status)) {
		/* The time-out covers a SIGCHLD that stood for two children. */
		if (poll(&ready, 1, 1000) <= 0)
			continue;
		while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			if (info.ssi_signo != SIGTERM && info.ssi_signo != SIGHUP &&
			    info.ssi_signo != SIGINT)
				continue;
			should_end = true;
			(void)kill(-pid,
				   info.ssi_signo == SIGINT ? SIGTERM : (int)info.ssi_signo);
			(void)kill(-pid, SIGHUP);
		}
	}
	give_terminal(getpgrp());
	return should_end ? 1 : 0;
}
