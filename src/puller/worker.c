#include "puller/worker.h"

#include "puller/text.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* The descriptors to the numbers that worker_main() finds them at. */
static int give_descriptors(const struct sandbox *sandbox)
{
	int fds[] = {sandbox->stream_fd, sandbox->dir_fd, sandbox->socket, sandbox->userns_fd};
	const size_t count = sandbox->userns_fd >= 0 ? 4 : 3;

	for (size_t i = 0; i < count; i++) {
		if (fd_move_up(&fds[i]) < 0)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (dup2(fds[i], SANDBOX_STREAM_FD + (int)i) < 0)
			return -1;
	}
	return 0;
}

/*
 * The same program anew: what was read of the caller's environment and logins is not in the
 * memory of who reads what strangers made.
 */
__attribute__((noreturn)) static void become(const struct sandbox *sandbox, char *const *argv)
{
	static struct worker_message message;
	static const char *const no_env[] = {NULL};

	if (give_descriptors(sandbox) == 0)
		(void)execve("/proc/self/exe", argv, (char *const *)(uintptr_t)no_env);
	(void)err_sys(&message.err, "start the process that unpacks");
	message.kind = WORKER_FAILED;
	(void)!write(sandbox->socket, &message, sizeof(message));
	_exit(1);
}

/* @more: arguments of this work; may be NULL */
static int start(const struct sandbox *sandbox, const char *work, const struct strv *more,
		 struct worker *out_worker, struct err *err)
{
	AUTO_STRV struct strv argv = {0};
	struct sandbox inside = *sandbox;
	int pair[2];
	pid_t pid;

	strv_add(&argv, "devbox-image");
	strv_add(&argv, WORKER_VERB);
	strv_add(&argv, work);
	strv_add(&argv, sandbox->userns_fd >= 0 ? "userns" : "here");
	strv_addf(&argv, "%d", (int)getpid());
	strv_add(&argv, sandbox->path);
	if (more)
		strv_add_all(&argv, more);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "make a socket pair");
	inside.socket = pair[1];
	pid = fork();
	if (pid == 0)
		become(&inside, argv.items);
	(void)close(pair[1]);
	if (pid < 0) {
		(void)close(pair[0]);
		return err_sys(err, "start a process for a layer");
	}
	*out_worker = (struct worker){.pid = pid, .socket = pair[0]};
	return 0;
}

int worker_unpack(const struct sandbox *sandbox, struct worker *out_worker, struct err *err)
{
	return start(sandbox, WORKER_UNPACK, NULL, out_worker, err);
}

int worker_pack(const struct sandbox *sandbox, enum layer_compression compression,
		struct worker *out_worker, struct err *err)
{
	return start(sandbox, worker_pack_words[compression], NULL, out_worker, err);
}

int worker_settle(const struct sandbox *sandbox, const struct strv *ids, uint32_t first_id,
		  struct worker *out_worker, struct err *err)
{
	AUTO_STRV struct strv more = {0};

	strv_addf(&more, "%u", first_id);
	strv_add_all(&more, ids);
	return start(sandbox, WORKER_SETTLE, &more, out_worker, err);
}

static void say_how_it_ended(struct worker *worker, struct worker_message *out_message)
{
	int status = proc_wait(worker->pid);

	worker->pid = 0;
	out_message->kind = WORKER_FAILED;
	if (status >= 0 && WIFSIGNALED(status)) {
		const char *name = signal_name(WTERMSIG(status));

		(void)err_set(&out_message->err, "the process that unpacks was ended by %s",
			      name ? name : "a signal");
		if (WTERMSIG(status) == SIGKILL)
			(void)err_hint(&out_message->err, "the memory may have run out: see "
							  "'journalctl -k'");
		return;
	}
	(void)err_set(&out_message->err, "the process that unpacks ended without a word");
}

/* Texts of a process that may belong to a stranger by now. */
static void make_decent(struct worker_message *message)
{
	struct layer_result *unpacked = &message->unpacked;
	struct err *err = &message->err;

	text_clean(unpacked->diff_id, sizeof(unpacked->diff_id));
	text_clean(unpacked->device_path, sizeof(unpacked->device_path));
	text_clean(unpacked->foreign_path, sizeof(unpacked->foreign_path));
	text_clean(unpacked->xattr_name, sizeof(unpacked->xattr_name));
	text_clean(message->packed.diff_id, sizeof(message->packed.diff_id));
	text_clean(message->packed.digest, sizeof(message->packed.digest));
	text_clean(err->message, sizeof(err->message));
	text_clean(err->hint, sizeof(err->hint));
	text_clean(err->file, sizeof(err->file));
}

int worker_read(struct worker *worker, struct worker_message *out_message)
{
	ssize_t n = recv(worker->socket, out_message, sizeof(*out_message), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return 0;
	if (n != (ssize_t)sizeof(*out_message) || out_message->kind > WORKER_FAILED) {
		*out_message = (struct worker_message){0};
		say_how_it_ended(worker, out_message);
		worker_end(worker);
		return 1;
	}
	make_decent(out_message);
	worker_end(worker);
	return 1;
}

void worker_end(struct worker *worker)
{
	if (worker->pid > 0) {
		(void)kill(worker->pid, SIGKILL);
		(void)proc_wait(worker->pid);
	}
	if (worker->socket >= 0)
		(void)close(worker->socket);
	*worker = (struct worker){.socket = -1};
}
