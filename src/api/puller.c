#include "api/puller.h"

#include "api/images_parts.h"
#include "box/namespace.h"
#include "puller/message.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PROGRAM "devbox-image"

/* Beside us in the tree it was built in, else in ../libexec/<our name>. */
static int find_program(char **out_path, struct err *err)
{
	AUTO_FREE char *self = realpath("/proc/self/exe", NULL);
	const char *name = self ? strrchr(self, '/') + 1 : "devbox";
	AUTO_FREE char *dir =
		self ? xstrndup(self, (size_t)(name - self)) : xstrdup("/usr/bin/");
	char *candidates[] = {
		xasprintf("%s" PROGRAM, dir),
		xasprintf("%s../libexec/%s/" PROGRAM, dir, name),
	};
	int rc = -1;

	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		if (rc < 0 && access(candidates[i], X_OK) == 0) {
			*out_path = STEAL(candidates[i]);
			rc = 0;
		}
	}
	if (rc < 0) {
		(void)err_set(err, "the program '" PROGRAM "' is not there, which fetches and "
				   "unpacks images");
		(void)err_hint(err,
			       "it belongs to devbox and lies beside it or in '%s': install "
			       "devbox again",
			       candidates[1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(candidates); i++)
		free(candidates[i]);
	return rc;
}

/* --- starting --- */

/* It prints nothing; what a library of it does print is no result of ours. */
static int add_fds(posix_spawn_file_actions_t *actions, const int fds[2], bool has_stdout)
{
	int code = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

	if (!code)
		code = posix_spawn_file_actions_adddup2(actions, has_stdout ? 1 : 2, 1);
	if (!code)
		code = posix_spawn_file_actions_adddup2(actions, fds[0], PULLER_STATUS_FD);
	if (!code)
		code = posix_spawn_file_actions_adddup2(actions, fds[1], PULLER_USERNS_FD);
	return code;
}

static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int code;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	code = posix_spawnattr_setsigdefault(attr, &all);
	if (!code)
		code = posix_spawnattr_setsigmask(attr, &none);
	if (!code)
		code = posix_spawnattr_setflags(attr,
						POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return code;
}

/* Both descriptors have numbers above those that are given out. */
static int spawn(const struct strv *argv, const int fds[2], bool has_stdout, pid_t *out_pid,
		 struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int code = posix_spawn_file_actions_init(&actions);

	if (code)
		return err_code(err, code, "start '%s'", argv->items[0]);
	code = posix_spawnattr_init(&attr);
	if (!code) {
		code = add_fds(&actions, fds, has_stdout);
		if (!code)
			code = set_signals(&attr);
		if (!code)
			code = posix_spawn(out_pid, argv->items[0], &actions, &attr,
					   argv->items, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return code ? err_code(err, code, "start '%s'", argv->items[0]) : 0;
}

static int start(struct devbox *devbox, const struct puller_request *request, int *out_socket,
		 pid_t *out_pid, struct err *err)
{
	AUTO_FREE char *program = NULL;
	AUTO_STRV struct strv argv = {0};
	AUTO_CLOSE int ours = -1;
	AUTO_CLOSE int theirs = -1;
	AUTO_CLOSE int userns = -1;
	const struct timeval timeout = {.tv_sec = 1};
	int pair[2];

	if (find_program(&program, err) < 0)
		return -1;
	userns = box_userns_open(&devbox->user, devbox->dirs.runtime, err);
	if (userns < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	(void)setsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (fd_move_up(&theirs) < 0 || fd_move_up(&userns) < 0)
		return err_sys(err, "move descriptors");
	strv_add(&argv, program);
	strv_add(&argv, request->verb);
	strv_add(&argv, "--data");
	strv_add(&argv, devbox->dirs.data);
	strv_add_all(&argv, request->options);
	if (spawn(&argv, (const int[]){theirs, userns}, request->has_stdout, out_pid, err) < 0)
		return -1;
	*out_socket = steal_fd(&ours);
	return 0;
}

/* --- listening --- */

static volatile sig_atomic_t caught;

static void catch_one(int signal)
{
	caught = signal;
}

static void catch_signals(bool on, struct sigaction old[3])
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction action = {.sa_handler = catch_one};

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], on ? &action : &old[i], on ? &old[i] : NULL);
}

static void tell(const struct devbox *devbox, const struct puller_request *request,
		 const struct puller_message *m)
{
	static const enum progress_kind kinds[] = {
		[PULLER_BEGIN] = PROGRESS_BEGIN,
		[PULLER_LAYER] = PROGRESS_LAYER,
		[PULLER_DONE] = PROGRESS_DONE,
		[PULLER_FAILED] = PROGRESS_ENDED,
	};
	const struct progress_event event = {
		.kind = kinds[m->kind],
		.state = m->state <= PULLER_ELSEWHERE ? (enum progress_state)m->state
						      : PROGRESS_WAITS,
		.verb = request->done_verb,
		.name = request->name,
		.text = m->text,
		.index = m->index,
		.count = m->count,
		.done = m->done,
		.total = m->total,
	};

	if (devbox->progress.event)
		devbox->progress.event(devbox->progress.arg, &event);
}

static void tell_start(const struct devbox *devbox, const struct puller_request *request)
{
	const struct progress_event event = {
		.kind = PROGRESS_STARTS, .verb = request->done_verb, .name = request->name};

	if (devbox->progress.event)
		devbox->progress.event(devbox->progress.arg, &event);
}

/* Return: 1 one message, 0 the end, -1 interrupted. What comes was made from what strangers
 * sent: no text is taken to end. */
static int receive(int socket, struct puller_message *m)
{
	for (;;) {
		ssize_t n = recv(socket, m, sizeof(*m), 0);

		/* The time-out is for a signal that came just before the call. */
		if (caught)
			return -1;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n != (ssize_t)sizeof(*m))
			return 0;
		m->text[sizeof(m->text) - 1] = '\0';
		m->err.message[sizeof(m->err.message) - 1] = '\0';
		m->err.hint[sizeof(m->err.hint) - 1] = '\0';
		m->err.file[sizeof(m->err.file) - 1] = '\0';
		return 1;
	}
}

enum ending { ENDED_EARLY, ENDED_WELL, ENDED_BADLY, ENDED_BY_USER };

static enum ending listen_to(const struct devbox *devbox, const struct puller_request *request,
			     int socket, struct puller_message *m)
{
	for (;;) {
		int rc = receive(socket, m);

		if (rc <= 0)
			return rc < 0 ? ENDED_BY_USER : ENDED_EARLY;
		switch ((int)m->kind) {
		case PULLER_NOTE:
			log_note(" note: %s", m->text);
			break;
		case PULLER_WARN:
			log_warn("%s: %s", request->name, m->text);
			break;
		case PULLER_BEGIN:
		case PULLER_LAYER:
			tell(devbox, request, m);
			break;
		case PULLER_DONE:
		case PULLER_FAILED:
			tell(devbox, request, m);
			return m->kind == PULLER_DONE ? ENDED_WELL : ENDED_BADLY;
		default:
			break;
		}
	}
}

static int explain(enum ending ending, int status, const struct puller_message *m,
		   struct err *err)
{
	switch (ending) {
	case ENDED_WELL:
		return 0;
	case ENDED_BADLY:
		*err = m->err;
		return -1;
	case ENDED_BY_USER:
		(void)err_set(err, "interrupted; what was not finished is gone again");
		err->code = EINTR;
		return -1;
	case ENDED_EARLY:
	default:
		(void)err_set(err, "'" PROGRAM "' ended early (status %d)",
			      proc_exit_code(status));
		return err_hint(err, "try again; what is already here is not fetched twice");
	}
}

int puller_run(struct devbox *devbox, const struct puller_request *request, char **out_id,
	       struct err *err)
{
	static const struct puller_message ended = {.kind = PULLER_FAILED};
	AUTO_CLOSE int socket = -1;
	struct puller_message *m;
	struct sigaction old[3];
	enum ending ending;
	pid_t pid = -1;
	int status;
	int rc;

	if (start(devbox, request, &socket, &pid, err) < 0)
		return -1;
	tell_start(devbox, request);
	m = xmalloc(sizeof(*m));
	caught = 0;
	catch_signals(true, old);
	ending = listen_to(devbox, request, socket, m);
	if (ending == ENDED_BY_USER)
		(void)kill(pid, caught);
	if (ending == ENDED_BY_USER || ending == ENDED_EARLY)
		tell(devbox, request, &ended);
	cleanup_close(&socket);
	socket = -1;
	status = proc_wait(pid);
	catch_signals(false, old);
	rc = explain(ending, status, m, err);
	if (rc == 0)
		*out_id = xstrdup(m->text);
	free(m);
	if (strcmp(request->verb, "save") != 0)
		images_sweep(devbox);
	return rc;
}
