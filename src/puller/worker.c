#include "puller/worker.h"

#include "puller/text.h"
#include "util/cleanup.h"
#include "util/proc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define DRAIN_MAX (UINT64_C(256) << 20)

/* --- the worker's side --- */

static void send_message(const struct worker_message *message)
{
	while (write(SANDBOX_SOCKET_FD, message, sizeof(*message)) < 0 && errno == EINTR)
		;
}

/*
 * What could not be read may have been broken on the way, and then its digest says more than
 * our error: let the coordinator see the rest. When the disk is full there is nothing to find.
 */
static void drain(const struct err *why)
{
	static char buffer[65536];
	uint64_t left = DRAIN_MAX;

	if (why->code == ENOSPC || why->code == EDQUOT)
		return;
	while (left > 0) {
		ssize_t n = read(SANDBOX_STREAM_FD, buffer, sizeof(buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		left -= (uint64_t)n < left ? (uint64_t)n : left;
	}
}

static void unpack(uint32_t id_count, struct worker_message *message)
{
	/* How far it is the coordinator sees by itself: a pipe holds little. */
	struct layer_options options = {.id_count = id_count};

	message->kind = WORKER_UNPACKED;
	if (layer_unpack(SANDBOX_STREAM_FD, SANDBOX_DIR_FD, &options, &message->unpacked,
			 &message->err) == 0)
		return;
	message->kind = WORKER_FAILED;
	drain(&message->err);
}

static void pack(enum layer_compression compression, struct worker_message *message)
{
	message->kind = WORKER_PACKED;
	if (layer_pack(SANDBOX_DIR_FD, SANDBOX_STREAM_FD, compression, &message->packed,
		       &message->err) < 0)
		message->kind = WORKER_FAILED;
}

/* @compression: NULL: unpack */
__attribute__((noreturn)) static void work(const struct sandbox *sandbox,
					   const enum layer_compression *compression)
{
	static struct worker_message message;
	struct sandbox_ids ids;

	/* ^C of a terminal reaches the worker, too: it stays blocked, and the coordinator says
	 * what is to be. */
	if (sandbox_enter(sandbox, &ids, &message.err) < 0) {
		message.kind = WORKER_FAILED;
		send_message(&message);
		_exit(1);
	}
	message.first_uid = ids.first_uid;
	if (compression)
		pack(*compression, &message);
	else
		unpack(ids.count, &message);
	send_message(&message);
	_exit(0);
}

/* --- the coordinator's side --- */

static int start(const struct sandbox *sandbox, const enum layer_compression *compression,
		 struct worker *out_worker, struct err *err)
{
	struct sandbox inside = *sandbox;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "make a socket pair");
	inside.socket = pair[1];
	pid = fork();
	if (pid == 0)
		work(&inside, compression);
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
	return start(sandbox, NULL, out_worker, err);
}

int worker_pack(const struct sandbox *sandbox, enum layer_compression compression,
		struct worker *out_worker, struct err *err)
{
	return start(sandbox, &compression, out_worker, err);
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
