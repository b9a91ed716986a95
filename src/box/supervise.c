#include "box/supervise.h"

#include "box/control.h"
#include "box/launch.h"
#include "box/logfile.h"
#include "cgroup/stats.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define CLIENTS_MAX 64
#define STOP_KILL_MS 5000

/** struct ward - the box in our care */
struct ward {
	const struct supervise_request *request;
	struct prepared *prepared;
	struct record *record;
	struct launched launched;
	struct logfile log;
	struct logstream streams[2];
	int output[2]; /* reading ends of its stdout and stderr, or [0] its terminal */
	int clients[CLIENTS_MAX]; /* who waits for its end */
	size_t client_count;
	int listen_fd;
	int signal_fd;
	int cgroup_fd;
	int64_t kill_at_ms; /* monotonic; 0: nobody asked it to end */
	char *refused;      /* calls the seccomp profile refused */
	bool is_over;
	bool has_status;
	int status;
};

static int64_t monotonic_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static int64_t realtime_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void save(struct ward *ward)
{
	struct err ignored;

	(void)record_save(ward->request->project->runtime_dir, ward->record, &ignored);
}

/* --- start --- */

static int make_output(struct ward *ward, struct launch_options *options, struct err *err)
{
	int i;

	for (i = 0; i < 2; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_sys(err, "make a pipe");
		ward->output[i] = ends[0];
		options->stdio[i + 1] = ends[1];
		(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	}
	options->flags |= INIT_OWN_STDIO;
	return 0;
}

static int open_log(struct ward *ward, struct err *err)
{
	const struct project *project = ward->request->project;
	AUTO_FREE char *path = xasprintf("%s/%s.log", project->state_dir, ward->record->box);

	if (path_mkdirs(project->state_dir, 0700) < 0)
		return err_sys(err, "make '%s'", project->state_dir);
	ward->streams[0].name = "stdout";
	ward->streams[1].name = "stderr";
	return logfile_open(path, &ward->log, err);
}

static int make_group(struct ward *ward, struct err *err)
{
	AUTO_FREE char *project_path = NULL;
	AUTO_CLOSE int project_fd = -1;

	if (ward->prepared->place.method == CGROUP_NONE)
		return 0;
	project_fd = cgroup_project_open(&ward->prepared->place, ward->request->project->id,
					 &project_path, err);
	if (project_fd < 0 && cgroup_needed(&ward->prepared->limits) == 0) {
		/* No limit depends on it: the box runs without. */
		strv_addf(&ward->record->notes, "no cgroup: %s", err->message);
		return 0;
	}
	if (project_fd < 0)
		return -1;
	ward->cgroup_fd =
		cgroup_box_create(project_fd, ward->record->box, &ward->prepared->limits, err);
	if (ward->cgroup_fd < 0)
		return -1;
	ward->record->cgroup = path_join(project_path, ward->record->box);
	return 0;
}

static int start_box(struct ward *ward, bool *out_refused, struct err *err)
{
	struct launch_options options = {
		.cgroup_fd = ward->cgroup_fd,
		.network = ward->request->spec->network_mode,
		.log_fd = STDERR_FILENO,
		.runtime_dir = ward->request->dirs->runtime,
		.winsize = {.ws_row = 24, .ws_col = 80},
	};
	int code;
	int rc;
	int i;

	options.stdio[0] = options.stdio[1] = options.stdio[2] = STDIN_FILENO; /* /dev/null */
	if (ward->request->spec->tty && ward->prepared->argv.count > 0)
		options.flags |= INIT_TTY | INIT_CONSOLE;
	else if (make_output(ward, &options, err) < 0)
		return -1;
	rc = box_launch(ward->prepared, &options, &ward->launched, &code, out_refused, err);
	for (i = 1; i < 3; i++) {
		if (options.stdio[i] != STDIN_FILENO)
			(void)close(options.stdio[i]);
	}
	if (rc < 0)
		return -1;
	if (ward->launched.master >= 0) {
		ward->output[0] = ward->launched.master;
		(void)fcntl(ward->output[0], F_SETFL, O_NONBLOCK);
	}
	ward->record->phase = PHASE_RUNNING;
	ward->record->init_pid = ward->launched.process.pid;
	ward->record->init_start = ward->launched.process.start_ticks;
	ward->record->started_ms = realtime_ms();
	return 0;
}

/* --- life --- */

static void answer(struct ward *ward, const char *words)
{
	size_t i;

	for (i = 0; i < ward->client_count; i++) {
		(void)send(ward->clients[i], words, strlen(words), MSG_NOSIGNAL);
		(void)close(ward->clients[i]);
	}
	ward->client_count = 0;
}

/* Ask it to end; the loop sees to it that it does. */
static void begin_stop(struct ward *ward, int64_t timeout_us)
{
	const struct init_message message = {.type = INIT_SIGNAL,
					     .a = ward->prepared->stop_signal};
	struct err ignored;
	int64_t at;

	if (timeout_us < 0)
		timeout_us = (int64_t)ward->prepared->stop_grace_us;
	at = monotonic_ms() + timeout_us / 1000;
	if (at == 0)
		at = 1;
	if (ward->kill_at_ms == 0 || at < ward->kill_at_ms)
		ward->kill_at_ms = at;
	/* A frozen box hears nothing. */
	if (ward->cgroup_fd >= 0)
		(void)cgroup_freeze(ward->cgroup_fd, false, 100, &ignored);
	(void)send(ward->launched.process.socket, &message, sizeof(message), MSG_NOSIGNAL);
}

static void kill_box(struct ward *ward)
{
	struct err ignored;

	if (ward->cgroup_fd < 0 || cgroup_kill(ward->cgroup_fd, &ignored) < 0)
		(void)kill(ward->launched.process.pid, SIGKILL);
	else
		(void)kill(ward->launched.process.pid, SIGKILL);
}

static void serve(struct ward *ward, int client)
{
	char request[CONTROL_MESSAGE_MAX];
	char box[CONTROL_MESSAGE_MAX];
	long long timeout;
	ssize_t n = recv(client, request, sizeof(request) - 1, MSG_DONTWAIT);

	if (n <= 0 && (n == 0 || errno != EAGAIN)) {
		(void)close(client);
		return;
	}
	request[n > 0 ? n : 0] = '\0';
	if (sscanf(request, "stop %1023s %lld", box, &timeout) == 2 &&
	    strcmp(box, ward->record->box) == 0 && ward->client_count < CLIENTS_MAX) {
		ward->clients[ward->client_count++] = client;
		begin_stop(ward, timeout);
		return;
	}
	(void)send(client, "the supervisor does not know this request", 41, MSG_NOSIGNAL);
	(void)close(client);
}

static void accept_client(struct ward *ward)
{
	const struct timeval patience = {.tv_sec = 1};
	int client = accept4(ward->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct pollfd readable = {.fd = client, .events = POLLIN};

	if (client < 0)
		return;
	(void)setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* The request follows the connection at once, or it is nobody we wait for. */
	if (poll(&readable, 1, 1000) <= 0)
		(void)close(client);
	else
		serve(ward, client);
}

static void read_output(struct ward *ward, int i)
{
	char buffer[16384];
	ssize_t n = read(ward->output[i], buffer, sizeof(buffer));

	if (n > 0) {
		logstream_add(&ward->streams[i], &ward->log, buffer, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		logstream_end(&ward->streams[i], &ward->log);
		if (ward->output[i] != ward->launched.master)
			(void)close(ward->output[i]);
		ward->output[i] = -1;
	}
}

static void read_message(struct ward *ward)
{
	struct init_message message;
	ssize_t n =
		recv(ward->launched.process.socket, &message, sizeof(message), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(message)) {
		ward->is_over = true;
	} else if (message.type == INIT_EXITED) {
		ward->status = message.a;
		ward->has_status = ward->is_over = true;
	} else if (message.type == INIT_GUARD_DIED) {
		ward->record->reason = xstrdup("fuse-overlayfs, which held its root, ended");
		ward->is_over = true;
	}
}

static void read_signals(struct ward *ward)
{
	struct signalfd_siginfo info;

	while (read(ward->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
		    info.ssi_signo == SIGQUIT)
			begin_stop(ward, -1);
	}
}

static int time_left(const struct ward *ward)
{
	int64_t left;

	if (ward->kill_at_ms == 0)
		return -1;
	left = ward->kill_at_ms - monotonic_ms();
	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

/* What the profile refused, before the listener goes. */
static void keep_refused(struct ward *ward)
{
	struct notify *notify = ward->launched.process.notify;

	if (notify && !ward->refused)
		ward->refused = notify_words(notify);
	notify_free(notify);
	ward->launched.process.notify = NULL;
}

static void loop_once(struct ward *ward)
{
	struct notify *notify = ward->launched.process.notify;
	struct pollfd polls[7] = {
		{.fd = ward->signal_fd, .events = POLLIN},
		{.fd = ward->launched.process.socket, .events = POLLIN},
		{.fd = ward->listen_fd, .events = POLLIN},
		{.fd = ward->output[0], .events = POLLIN},
		{.fd = ward->output[1], .events = POLLIN},
		{.fd = ward->launched.slirp.pid > 0 ? ward->launched.slirp.pid_fd : -1,
		 .events = POLLIN},
		{.fd = notify ? notify_fd(notify) : -1, .events = POLLIN},
	};

	if (poll(polls, 7, time_left(ward)) < 0 && errno != EINTR)
		return;
	if (ward->kill_at_ms != 0 && monotonic_ms() >= ward->kill_at_ms) {
		kill_box(ward);
		ward->kill_at_ms = monotonic_ms() + STOP_KILL_MS;
	}
	if (polls[0].revents)
		read_signals(ward);
	if (polls[3].revents)
		read_output(ward, 0);
	if (polls[4].revents)
		read_output(ward, 1);
	if (polls[1].revents)
		read_message(ward);
	if (polls[2].revents)
		accept_client(ward);
	if (polls[6].revents && notify_handle(notify) < 0)
		keep_refused(ward);
	if (polls[5].revents) {
		net_slirp_stop(&ward->launched.slirp);
		strv_add(&ward->record->notes, "the network is gone: slirp4netns ended; "
					       "'devbox restart' brings it back");
		save(ward);
	}
}

/* --- end --- */

static void explain_end(struct ward *ward)
{
	struct cgroup_stats stats;
	struct err ignored;
	char size[STR_SIZE_MAX];

	if (ward->cgroup_fd < 0 || cgroup_stats_read(ward->cgroup_fd, &stats, &ignored) < 0)
		return;
	if (stats.oom_kills == STAT_UNKNOWN || stats.oom_kills == 0 || ward->record->reason)
		return;
	ward->record->reason = xasprintf("oom-killed at %s: raise mem_limit",
					 str_format_size(stats.memory_max, size));
}

static void drain(struct ward *ward)
{
	int i;

	for (i = 0; i < 2; i++) {
		char buffer[16384];
		ssize_t n;

		while (ward->output[i] >= 0 &&
		       (n = read(ward->output[i], buffer, sizeof(buffer))) > 0)
			logstream_add(&ward->streams[i], &ward->log, buffer, (size_t)n);
		logstream_end(&ward->streams[i], &ward->log);
	}
}

static void end(struct ward *ward)
{
	struct record *record = ward->record;
	struct err ignored;

	explain_end(ward);
	kill_box(ward);
	(void)proc_wait(ward->launched.process.pid);
	drain(ward);
	net_slirp_stop(&ward->launched.slirp);
	if (ward->cgroup_fd >= 0) {
		(void)cgroup_wait_empty(ward->cgroup_fd, STOP_KILL_MS, &ignored);
		(void)close(ward->cgroup_fd);
		(void)cgroup_remove(record->cgroup, &ignored);
	}
	keep_refused(ward);
	if (ward->refused && !record->reason && ward->has_status && ward->status != 0)
		record->reason = xasprintf("the seccomp profile refused: %s", ward->refused);
	record->phase = PHASE_EXITED;
	record->finished_ms = realtime_ms();
	record->has_exit = true;
	record->exit_code = ward->has_status ? proc_exit_code(ward->status) : 137;
	save(ward);
	logfile_close(&ward->log);
	/* Before the answers: who hears "ok" may start the next supervisor at once. */
	{
		AUTO_FREE char *path =
			path_join(ward->request->project->runtime_dir, "control.sock");

		(void)unlink(path);
	}
	answer(ward, "ok");
}

static int set_up(struct ward *ward, bool *out_refused, struct err *err)
{
	const struct project *project = ward->request->project;
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	ward->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ward->signal_fd < 0)
		return err_sys(err, "open a signal descriptor");
	if (open_log(ward, err) < 0)
		return -1;
	ward->listen_fd = control_listen(project->runtime_dir, err);
	if (ward->listen_fd < 0 || make_group(ward, err) < 0)
		return -1;
	if (start_box(ward, out_refused, err) < 0) {
		struct err ignored;

		if (ward->cgroup_fd >= 0) {
			(void)cgroup_kill(ward->cgroup_fd, &ignored);
			(void)cgroup_wait_empty(ward->cgroup_fd, 1000, &ignored);
			(void)cgroup_remove(ward->record->cgroup, &ignored);
		}
		return -1;
	}
	ward->record->supervisor_pid = getpid();
	(void)proc_start_time(getpid(), &ward->record->supervisor_start);
	return record_save(project->runtime_dir, ward->record, err);
}

int supervise(const struct supervise_request *request)
{
	static struct ward ward;
	struct supervise_result result = {0};
	bool is_refused = false;

	ward.request = request;
	ward.prepared = request->prepared;
	ward.record = request->record;
	ward.log.fd = ward.listen_fd = ward.signal_fd = ward.cgroup_fd = -1;
	ward.output[0] = ward.output[1] = -1;
	ward.launched.master = -1;
	(void)prctl(PR_SET_NAME, "devbox-super", 0, 0, 0);
	result.is_up = set_up(&ward, &is_refused, &result.err) == 0;
	result.overlay_refused = is_refused;
	(void)fd_write_all(request->ready_fd, &result, sizeof(result));
	(void)close(request->ready_fd);
	if (!result.is_up) {
		box_end(&ward.launched.process);
		net_slirp_stop(&ward.launched.slirp);
		return 1;
	}
	(void)malloc_trim(0);
	while (!ward.is_over)
		loop_once(&ward);
	end(&ward);
	return 0;
}
