#include "tui/loop.h"

#include "tui/child.h"
#include "tui/parts.h"
#include "tui/term.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A box that writes or changes without a pause is looked at this often. */
#define CHANGE_PAUSE_MS 100
#define FILES_WANTED 65536

enum { POLL_TERMINAL, POLL_SIGNALS, POLL_TIMER, POLL_CHANGES, POLL_JOBS };

struct loop {
	struct stage *stage;
	struct app *app;
	struct term term;
	struct origin origin;
	struct jobs jobs;
	int signals, timer;
	int interval_ms;
	uint64_t changes_ns; /* when changes were last looked at */
	char *watched_log;
	bool has_cursor;
	bool dirty, has_sample, is_done;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- beginning and end --- */

/* Handlers would run inside curses: signals wait for the loop instead. */
static int open_signals(struct loop *loop, struct err *err)
{
	static const int numbers[] = {SIGWINCH, SIGTERM, SIGINT,  SIGHUP,  SIGQUIT, SIGTSTP,
				      SIGCONT,  SIGCHLD, SIGTTOU, SIGTTIN, SIGPIPE};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		(void)sigaddset(&set, numbers[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &loop->origin.mask);
	/* Blocked only: these two come with tcsetpgrp(). */
	(void)sigdelset(&set, SIGTTOU);
	(void)sigdelset(&set, SIGTTIN);
	loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return loop->signals < 0 ? err_sys(err, "wait for signals") : 0;
}

static void set_timer(struct loop *loop)
{
	const int ms = loop->app->settings.interval_ms;
	const struct timespec span = {ms / 1000, ms % 1000 * 1000000L};
	const struct itimerspec spec = {.it_interval = span, .it_value = span};

	if (loop->interval_ms == ms)
		return;
	(void)timerfd_settime(loop->timer, 0, &spec, NULL);
	loop->interval_ms = ms;
}

/* A box takes some fifteen descriptors. */
static void raise_files(struct loop *loop)
{
	struct rlimit wanted;

	(void)getrlimit(RLIMIT_NOFILE, &loop->origin.files);
	wanted = loop->origin.files;
	if (wanted.rlim_cur >= FILES_WANTED)
		return;
	wanted.rlim_cur = wanted.rlim_max < FILES_WANTED ? wanted.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &wanted);
}

static int open_loop(struct loop *loop, bool wants_colour, struct err *err)
{
	int width, height;

	raise_files(loop);
	if (open_signals(loop, err) < 0)
		return -1;
	loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timer < 0)
		return err_sys(err, "make a timer");
	crash_guard();
	if (term_open(&loop->term, wants_colour, err) < 0)
		return -1;
	loop->app->settings.ascii = loop->app->settings.ascii || !term_is_utf8();
	term_size(&width, &height);
	canvas_resize(&loop->app->canvas, width, height);
	set_timer(loop);
	return 0;
}

static void close_loop(struct loop *loop)
{
	term_close(&loop->term);
	jobs_end(&loop->jobs);
	cleanup_close(&loop->signals);
	cleanup_close(&loop->timer);
	free(loop->watched_log);
	(void)sigprocmask(SIG_SETMASK, &loop->origin.mask, NULL);
}

/* --- numbers --- */

static bool shows_processes(const struct app *app)
{
	return app->screen == SCREEN_PROCESSES ||
	       (app->screen == SCREEN_LIST && app->canvas.width >= 120 && !app->settings.zoom &&
		app->canvas.height >= 38);
}

static void sample(struct loop *loop)
{
	struct app *app = loop->app;
	struct box *box;
	struct err ignored;

	loop->has_sample = true;
	if (loop->stage->recording)
		(void)recording_next(loop->stage->recording, &app->model, &ignored);
	else
		source_sample(loop->stage->source, &app->model);
	box = selected_box(app);
	if (box && !loop->stage->recording && shows_processes(app))
		processes_read(box, app->model.now_ns, &app->model.processes);
	app_updated(app);
	loop->dirty = loop->dirty || !app->is_held;
}

/* The log that is shown tells when it grows. */
static void watch_log(struct loop *loop)
{
	const char *path = loop->app->log.box ? loop->app->log.log.path : NULL;

	if (!loop->stage->source || str_eq(path, loop->watched_log))
		return;
	free(loop->watched_log);
	loop->watched_log = xstrdup(path);
	if (path)
		(void)inotify_add_watch(loop->stage->source->inotify, path, IN_MODIFY);
}

static void look_at_changes(struct loop *loop)
{
	loop->changes_ns = now_ns();
	(void)source_changed(loop->stage->source, &loop->app->model);
	app_updated(loop->app);
	loop->dirty = loop->dirty || !loop->app->is_held;
}

/* --- requests --- */

static void resized(struct loop *loop)
{
	int width, height;

	term_resized(&loop->term, &width, &height);
	canvas_resize(&loop->app->canvas, width, height);
	if (loop->app->screen == SCREEN_HELP)
		help_build(loop->app);
	loop->dirty = true;
}

/* What a command wrote would be gone with the next screen. */
static void wait_for_enter(struct loop *loop, int status)
{
	struct pollfd ready[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
				  {.fd = loop->signals, .events = POLLIN}};
	char answer[256];

	(void)dprintf(STDOUT_FILENO, "\n[it ended with status %d; Enter goes back] ", status);
	while (poll(ready, 2, -1) < 0 && errno == EINTR)
		;
	if (ready[0].revents && read(STDIN_FILENO, answer, sizeof(answer)) < 0)
		loop->is_done = true;
}

static void run_on_terminal(struct loop *loop, const struct request *request)
{
	struct err err = {0};
	int status = 0, result;

	term_leave();
	result = child_on_terminal(request, &loop->origin, loop->signals, &status, &err);
	if (result == 0 && str_eq(request->text, "exec"))
		wait_for_enter(loop, WIFEXITED(status) ? WEXITSTATUS(status)
						       : 128 + WTERMSIG(status));
	loop->is_done = loop->is_done || result > 0;
	term_return(&loop->term);
	/* It may have another size now, and nobody told us. */
	resized(loop);
	(void)jobs_reap(&loop->jobs, loop->app);
	if (result < 0)
		app_complain(loop->app, "%s", err.message);
	else if (status)
		app_say(loop->app, "%s ended with status %d", request->text,
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void suspend(struct loop *loop)
{
	sigset_t only;

	term_leave();
	(void)sigemptyset(&only);
	(void)sigaddset(&only, SIGTSTP);
	(void)signal(SIGTSTP, SIG_DFL);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &only, NULL);
	/* Here we stand still until somebody says fg. */
	(void)sigprocmask(SIG_BLOCK, &only, NULL);
	term_return(&loop->term);
	resized(loop);
}

static void save_screen(struct loop *loop)
{
	const char *dir = loop->app->state_dir ? loop->app->state_dir : ".";
	const time_t now = time(NULL);
	AUTO_FREE char *path = NULL;
	AUTO_BUF struct buf text = {0};
	struct err err = {0};
	struct tm tm;
	char stamp[32];

	if (!localtime_r(&now, &tm) || !strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm))
		return;
	path = xasprintf("%s/screen-%s.txt", dir, stamp);
	canvas_text(&loop->app->canvas, &text);
	(void)mkdir(dir, 0700);
	if (fd_write_file(AT_FDCWD, path, text.data, text.len, 0600, &err) < 0)
		app_complain(loop->app, "%s", err.message);
	else
		app_say(loop->app, "saved to %s", path);
}

/* Where nobody can open it, it can be pasted. */
static void open_address(struct loop *loop, const struct request *request)
{
	struct err err = {0};

	if (browser_start(request->text, &loop->origin, &err) == 0) {
		app_say(loop->app, "opened %s", request->text);
	} else if (err.code == ENOENT) {
		term_copy(request->text);
		app_say(loop->app, "copied %s: %s", request->text, err.message);
	} else {
		app_complain(loop->app, "%s", err.message);
	}
}

static void serve(struct loop *loop, const struct request *request)
{
	struct err err = {0};

	switch (request->kind) {
	case REQUEST_TERMINAL:
		run_on_terminal(loop, request);
		break;
	case REQUEST_JOB:
	case REQUEST_INSPECT:
		if (job_start(&loop->jobs, request, &loop->origin, &err) < 0)
			app_complain(loop->app, "%s", err.message);
		else if (request->kind == REQUEST_JOB)
			app_say(loop->app, "[%s] %s ...", request->box, request->text);
		break;
	case REQUEST_SUSPEND:
		suspend(loop);
		break;
	case REQUEST_REDRAW:
		term_redraw(&loop->term);
		break;
	case REQUEST_COPY:
		term_copy(request->text);
		app_say(loop->app, "copied '%s'", request->text);
		break;
	case REQUEST_OPEN:
		open_address(loop, request);
		break;
	case REQUEST_SAVE:
		save_screen(loop);
		break;
	}
}

static void serve_all(struct loop *loop)
{
	for (size_t i = 0; i < loop->app->request_count; i++) {
		struct request request = loop->app->requests[i];

		serve(loop, &request);
		request_done(&request);
	}
	loop->app->request_count = 0;
}

/* --- events --- */

static void take_input(struct loop *loop)
{
	struct input input;

	while ((input = term_input()).kind != INPUT_NONE) {
		if (input.kind == INPUT_KEY)
			app_key(loop->app, input.key);
		else
			app_mouse(loop->app, &input.mouse);
		loop->dirty = true;
		serve_all(loop);
	}
}

static void take_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			resized(loop);
		else if (info.ssi_signo == SIGTSTP)
			suspend(loop);
		else if (info.ssi_signo == SIGCHLD)
			loop->dirty = jobs_reap(&loop->jobs, loop->app) || loop->dirty;
		else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP ||
			 info.ssi_signo == SIGINT || info.ssi_signo == SIGQUIT)
			loop->is_done = true;
	}
}

static void take_ticks(struct loop *loop)
{
	uint64_t expired;

	if (read(loop->timer, &expired, sizeof(expired)) == (ssize_t)sizeof(expired))
		sample(loop);
}

/* Return: how long poll() may wait at most. */
static int fill(struct loop *loop, struct pollfd *fds, size_t *out_count)
{
	const uint64_t since_ms = (now_ns() - loop->changes_ns) / 1000000;
	const bool may_look = since_ms >= CHANGE_PAUSE_MS;

	fds[POLL_TERMINAL] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	fds[POLL_SIGNALS] = (struct pollfd){.fd = loop->signals, .events = POLLIN};
	fds[POLL_TIMER] = (struct pollfd){.fd = loop->timer, .events = POLLIN};
	fds[POLL_CHANGES] = (struct pollfd){
		.fd = loop->stage->source && may_look ? loop->stage->source->inotify : -1,
		.events = POLLIN};
	for (size_t i = 0; i < loop->jobs.count; i++)
		fds[POLL_JOBS + i] =
			(struct pollfd){.fd = loop->jobs.items[i].fd, .events = POLLIN};
	*out_count = POLL_JOBS + loop->jobs.count;
	return may_look ? -1 : (int)(CHANGE_PAUSE_MS - since_ms);
}

static void wait_and_handle(struct loop *loop)
{
	struct pollfd fds[POLL_JOBS + JOBS_MAX];
	size_t count;
	const int timeout = fill(loop, fds, &count);

	if (poll(fds, (nfds_t)count, timeout) <= 0)
		return;
	for (size_t i = POLL_JOBS; i < count; i++)
		if (fds[i].revents)
			job_read(&loop->jobs.items[i - POLL_JOBS]);
	if (fds[POLL_SIGNALS].revents)
		take_signals(loop);
	if (fds[POLL_TIMER].revents)
		take_ticks(loop);
	if (fds[POLL_CHANGES].revents)
		look_at_changes(loop);
	/* Read until it would block: a terminal that hung up says so for ever. */
	if (fds[POLL_TERMINAL].revents & POLLIN)
		take_input(loop);
	if (fds[POLL_TERMINAL].revents & (POLLHUP | POLLERR | POLLNVAL))
		loop->is_done = true;
}

int loop_run(struct stage *stage, bool wants_colour, bool has_cursor, struct err *err)
{
	struct loop loop = {.stage = stage,
			    .app = stage->app,
			    .signals = -1,
			    .timer = -1,
			    .has_cursor = has_cursor,
			    .dirty = true};

	if (open_loop(&loop, wants_colour, err) < 0)
		return -1;
	app_updated(stage->app);
	while (!loop.is_done && !stage->app->is_done) {
		term_settings(&loop.term, stage->app->settings.theme,
			      stage->app->settings.mouse);
		if (loop.dirty) {
			app_draw(stage->app);
			term_show(&loop.term, &stage->app->canvas,
				  has_cursor || stage->app->dialog.kind == DIALOG_INPUT);
			loop.dirty = false;
		}
		/* The first picture has no rates anyway: it does not wait for numbers. */
		if (!loop.has_sample) {
			sample(&loop);
			continue;
		}
		watch_log(&loop);
		set_timer(&loop);
		wait_and_handle(&loop);
	}
	close_loop(&loop);
	return 0;
}
