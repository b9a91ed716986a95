#ifndef PULLER_WORKER_H
#define PULLER_WORKER_H

#include "layer/layer.h"
#include "puller/sandbox.h"
#include "util/err.h"
#include "util/str.h"

#include <stdint.h>
#include <sys/types.h>

/*
 * A process that unpacks or packs one layer in the sandbox. It is not believed: its messages
 * are checked and their texts stripped, and what it made gets a name only when the coordinator
 * has seen the digest. It is devbox-image executed anew, without an environment: nothing of the
 * caller's, no login and no token is in its memory.
 */

enum worker_kind {
	WORKER_UNPACKED, /* @unpacked, @first_uid */
	WORKER_PACKED,   /* @packed */
	WORKER_FAILED,   /* @err */
};
struct worker_message {
	uint32_t kind;
	uint32_t first_uid;
	struct layer_result unpacked;
	struct layer_packed packed;
	struct err err;
};

/** struct worker - @pid 0: none */
struct worker {
	pid_t pid;
	int socket;
};

/** worker_unpack() - start one that reads @sandbox->stream_fd (the read end of a pipe; still
 * the caller's) to its end, into the folder */
int worker_unpack(const struct sandbox *sandbox, struct worker *out_worker, struct err *err);
/** worker_pack() - start one that writes the folder to @sandbox->stream_fd */
int worker_pack(const struct sandbox *sandbox, enum layer_compression compression,
		struct worker *out_worker, struct err *err);
/**
 * worker_settle() - start one that says to @sandbox->stream_fd what lies on top of the layers
 * @ids in the folder (layer/settle.h)
 * @first_id:	struct settle's
 */
int worker_settle(const struct sandbox *sandbox, const struct strv *ids, uint32_t first_id,
		  struct worker *out_worker, struct err *err);
/**
 * worker_read() - its result, when the socket is readable; then it has ended
 * Return: 1, 0 when there is none now. One that ended without a result is reported as
 * WORKER_FAILED.
 */
int worker_read(struct worker *worker, struct worker_message *out_message);
/** worker_end() - kill and reap it. Accepts one that is not there. */
void worker_end(struct worker *worker);

/* Between both sides: devbox-image WORKER_VERB WORK userns|here PARENT FOLDER [MORE...], with
 * the descriptors SANDBOX_*_FD and the user namespace after them. To settle takes FIRST_ID
 * ID... besides. */
#define WORKER_VERB "worker"
#define WORKER_UNPACK "unpack"
#define WORKER_SETTLE "settle"
extern const char *const worker_pack_words[]; /* by enum layer_compression */
/** worker_main() - @argv: from WORK on. Never returns. */
__attribute__((noreturn)) void worker_main(char **argv);

#endif
