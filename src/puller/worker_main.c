#include "puller/worker.h"

#include "layer/settle.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define DRAIN_MAX (UINT64_C(256) << 20)

/* The worker's side: what devbox-image does when it was started by itself. */

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

const char *const worker_pack_words[] = {
	[LAYER_PLAIN] = "pack-plain",
	[LAYER_GZIP] = "pack-gzip",
	[LAYER_ZSTD] = "pack-zstd",
};

/* @argv: FIRST_ID ID... */
static void settle(char **argv, struct worker_message *message)
{
	struct settle settle = {.layers_fd = SANDBOX_DIR_FD};
	int64_t first_id;

	message->kind = WORKER_FAILED;
	if (!argv[0] || str_to_i64(argv[0], &first_id) < 0 || first_id < 0 ||
	    first_id > UINT32_MAX) {
		(void)err_set(&message->err, "settle the layers: no first id");
		return;
	}
	settle.first_id = (uint32_t)first_id;
	settle.ids = (const char *const *)(uintptr_t)(argv + 1);
	while (settle.ids[settle.count])
		settle.count++;
	if (layer_settle(&settle, SANDBOX_STREAM_FD, &message->packed, &message->err) == 0)
		message->kind = WORKER_PACKED;
}

static void work(char **argv, uint32_t id_count, struct worker_message *message)
{
	const char *what = argv[0];

	if (strcmp(what, WORKER_SETTLE) == 0) {
		settle(argv + 4, message);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(worker_pack_words); i++) {
		if (strcmp(what, worker_pack_words[i]) == 0) {
			pack((enum layer_compression)i, message);
			return;
		}
	}
	unpack(id_count, message);
}

void worker_main(char **argv)
{
	static struct worker_message message;
	struct sandbox sandbox = {
		.userns_fd = -1,
		.stream_fd = SANDBOX_STREAM_FD,
		.dir_fd = SANDBOX_DIR_FD,
		.socket = SANDBOX_SOCKET_FD,
	};
	struct sandbox_ids ids;
	int64_t parent;

	/* Executed by its link in /proc it is called "exe". */
	(void)prctl(PR_SET_NAME, "devbox-image", 0, 0, 0);
	for (int i = 0; i < 4; i++) {
		if (!argv[i])
			_exit(2);
	}
	sandbox.is_read_only = strcmp(argv[0], WORKER_UNPACK) != 0;
	if (strcmp(argv[1], "userns") == 0)
		sandbox.userns_fd = SANDBOX_SOCKET_FD + 1;
	/* Ended while this one began: nobody would ever end it. */
	if (str_to_i64(argv[2], &parent) < 0 || parent != getppid())
		_exit(1);
	sandbox.path = argv[3];

	/* ^C of a terminal reaches the worker, too: it stays blocked, and the coordinator says
	 * what is to be. */
	if (sandbox_enter(&sandbox, &ids, &message.err) < 0) {
		message.kind = WORKER_FAILED;
		send_message(&message);
		_exit(1);
	}
	message.first_uid = ids.first_uid;
	work(argv, ids.count, &message);
	send_message(&message);
	_exit(0);
}
