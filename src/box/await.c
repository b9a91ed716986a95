#include "box/start.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* How a start goes on: the messages of the child and of devbox-init, in words. */

void box_wake_stopped(void)
{
	siginfo_t info = {0};

	while (waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid > 0) {
		(void)kill(info.si_pid, SIGCONT);
		info.si_pid = 0;
	}
}

static int explain_step(const struct plan *plan, int index, int code, struct err *err)
{
	const struct step *step = &plan->steps[index];
	AUTO_BUF struct buf words = {0};
	char *brackets;

	plan_step_words(step, &words);
	/* What follows in brackets is for comparing plans. */
	brackets = step->kind == STEP_TEXT ? strstr(words.data, "' (") : NULL;
	if (brackets)
		brackets[1] = '\0';
	(void)err_code(err, code, "%s", words.data);
	if (step->at.file)
		(void)err_at(err, step->at.file, step->at.line, step->at.column);
	switch (code) {
	case EOVERFLOW:
		return err_hint(err, "something there belongs to ids outside the box's map");
	case ENOSPC:
		return err_hint(err, step->kind == STEP_ROOT_OVERLAY || step->kind == STEP_FS
					     ? "free space, or raise user.max_mnt_namespaces "
					       "and fs.mount-max"
					     : "free space on the file system of the box");
	case ESTALE:
		return err_hint(err, "it was replaced while the box was starting; try again");
	case ENOTCONN:
		return err_hint(
			err,
			"fuse-overlayfs ended at once; is /dev/fuse there and may you open it? "
			"'devbox doctor' looks");
	case EINVAL:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
		return err_hint(
			err,
			step->target ? "what the image has at '%s' is not something to mount on"
				     : "%s",
			step->target ? step->target : "see 'devbox plan'");
	default:
		return err_hint(err, "'devbox plan' shows all steps, 'devbox doctor' what this "
				     "machine allows");
	}
}

int box_explain_exec(const struct init_message *message, const char *program, const char *cwd,
		     int *out_exit, struct err *err)
{
	int code = message->b;

	*out_exit = 125;
	switch (message->a) {
	case INIT_STAGE_TTY:
		return err_code(err, code, "open a terminal in the box");
	case INIT_STAGE_CWD:
		(void)err_code(err, code, "enter folder '%s' in the box", cwd);
		return err_hint(err, "give one that exists there with -w or working_dir");
	case INIT_STAGE_CONFINE:
		return err_code(err, code, "confine '%s'", program);
	case INIT_STAGE_EXEC:
		*out_exit = code == ENOENT ? 127 : 126;
		if (code == ENOENT)
			return err_set(err, "'%s' was not found in the box", program);
		return err_code(err, code, "'%s' cannot be executed", program);
	default:
		return err_code(err, code, "start init in the box");
	}
}

static ssize_t receive(int socket, struct init_message *message, int *out_fd)
{
	int fds[FD_PASS_MAX];
	size_t count = 0;
	ssize_t n;

	/* ECONNRESET: it ended without reading all of ours. What it said before comes next. */
	do {
		n = fd_receive(socket, message, sizeof(*message), fds, &count);
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	*out_fd = count > 0 ? fds[0] : -1;
	return n;
}

static int explain_death(struct box_process *process, struct err *err)
{
	siginfo_t info = {0};

	/* It said nothing: look at how it ended, without reaping (box_end() does). */
	if (waitid(P_PIDFD, (id_t)process->pid_fd, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_code == CLD_KILLED && info.si_status == SIGKILL) {
		(void)err_set(err, "the box was killed while it started");
		return err_hint(err, "is there memory left? the kernel's log may name it");
	}
	return err_set(err, "the box ended while it started");
}

/* A message of one byte brings the listener of an explained profile. */
static int take_listener(struct box_process *process, const struct box_command *command,
			 int *fd, struct err *err)
{
	int listener = steal_fd(fd);

	if (listener < 0 || !command || !command->profile || process->notify)
		return err_set(err, "init sent what nobody asked for");
	return notify_new(listener, command->profile, command->confine.bounding,
			  &process->notify, err);
}

/* Receives the next message, answering refused calls meanwhile: the command waits for those to
 * begin. */
static int next_message(struct box_process *process, const struct box_command *command,
			struct init_message *message, int *out_fd, struct err *err)
{
	for (;;) {
		struct pollfd polls[2] = {
			{.fd = process->socket, .events = POLLIN},
			{.fd = process->notify ? notify_fd(process->notify) : -1,
			 .events = POLLIN},
		};
		ssize_t n;

		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return -1;
		if ((polls[1].revents & POLLIN) && notify_handle(process->notify) < 0) {
			notify_free(process->notify);
			process->notify = NULL;
		}
		if (!polls[0].revents)
			continue;
		n = receive(process->socket, message, out_fd);
		if (n == 1 && take_listener(process, command, out_fd, err) == 0)
			continue;
		return n == (ssize_t)sizeof(*message) ? 0 : -1;
	}
}

/* Words for the message that came instead of the wanted one. */
static void explain_message(struct box_process *process, const struct plan *plan,
			    const struct box_command *command,
			    const struct init_message *message, int *out_exit, struct err *err)
{
	const char *program = command && command->argv->count ? command->argv->items[0] : "";
	const char *cwd = command && command->cwd ? command->cwd : "";

	if (message->type == 0) {
		(void)explain_death(process, err);
	} else if (message->type == INIT_STEP_FAILED && message->a >= 0 &&
		   (size_t)message->a < plan->count) {
		(void)explain_step(plan, message->a, message->b, err);
		process->has_failed_step = true;
		process->failed_step = plan->steps[message->a].kind;
	} else {
		(void)box_explain_exec(message, program, cwd, out_exit, err);
	}
}

/* The next message of @wanted type. Return: false when it did not come; *message then says why
 * (type 0: the box is gone). */
static bool get_message(struct box_process *process, const struct box_command *command,
			int wanted, struct init_message *message, int *out_fd)
{
	struct err ignored;

	do {
		memset(message, 0, sizeof(*message));
		if (next_message(process, command, message, out_fd, &ignored) < 0) {
			message->type = 0;
			return false;
		}
	} while (message->type != wanted && message->type == INIT_READY);
	return message->type == wanted;
}

/* Ends what failed to start, keeping what is known of the failure. */
static int end_failed(struct box_process *process)
{
	const bool has_failed_step = process->has_failed_step;
	const enum step_kind failed_step = process->failed_step;

	box_end(process);
	process->has_failed_step = has_failed_step;
	process->failed_step = failed_step;
	return -1;
}

int box_await_ready(struct box_process *process, const struct plan *plan, struct err *err)
{
	struct init_message message;
	int fd = -1;
	int code = 125;

	if (get_message(process, NULL, INIT_READY, &message, &fd))
		return 0;
	explain_message(process, plan, NULL, &message, &code, err);
	return end_failed(process);
}

int box_await(struct box_process *process, const struct plan *plan,
	      const struct box_command *command, int *out_master, int *out_exit,
	      struct err *err)
{
	struct init_message message;
	int fd = -1;

	*out_exit = 125;
	if (!get_message(process, command, INIT_STARTED, &message, &fd)) {
		explain_message(process, plan, command, &message, out_exit, err);
		return end_failed(process);
	}
	if (out_master)
		*out_master = fd;
	else
		cleanup_close(&fd);
	return 0;
}
