#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include "image/document.h"
#include "image/reference.h"
#include "util/err.h"
#include "util/str.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A client of container registries: OCI distribution specification 1.1, over libcurl, in one
 * thread with one multi handle. It knows nothing of the store. Credentials go to the host they
 * are for and nowhere else.
 */

/**
 * struct fetch_options - borrowed
 * @env:	the caller's: proxies, REGISTRY_AUTH_FILE, DOCKER_CONFIG, XDG_*
 * @home:	the caller's
 * @insecure:	the user allowed plain HTTP and unknown certificates (--insecure)
 * @note:	told what the user should know (a mirror that failed, a retry, a Warning
 * header); may be NULL
 * @stall_ms:	give up an answer that brings next to nothing for so long; 0: 30 s
 * @backoff_ms:	pause after the first failure, doubled with each; 0: 2 s
 */
struct fetch_options {
	const struct strv *env;
	const char *home;
	bool insecure;
	void (*note)(void *arg, const char *text);
	void *arg;
	int64_t stall_ms;
	int64_t backoff_ms;
};

struct fetch;
int fetch_open(const struct fetch_options *options, struct fetch **out_fetch, struct err *err);
void fetch_close(struct fetch *fetch);

/** struct fetched - a document; owned. @digest: computed from @text; @media_type: NULL when the
 * server did not say one that means something */
struct fetched {
	char *text;
	size_t len;
	char *media_type;
	char *digest;
};
void fetched_done(struct fetched *fetched);

/**
 * fetch_manifest() - manifest or index by tag or digest
 * @digest:	this one of @reference's repository; NULL: what @reference says
 * Checked: length (DOCUMENT_MAX), digest when one was asked for, Docker-Content-Digest when the
 * server sends one. Mirrors of registries.conf(5) are tried in order. @err: one of the cases of
 * a registry, with what to do about it.
 */
int fetch_manifest(struct fetch *fetch, const struct reference *reference, const char *digest,
		   struct fetched *out_fetched, struct err *err);
/** fetch_head() - only the digest of a tag (HEAD), to see whether it moved. free() it. */
int fetch_head(struct fetch *fetch, const struct reference *reference, char **out_digest,
	       struct err *err);
/** fetch_small() - a whole blob of at most DOCUMENT_MAX bytes, checked (the config). */
int fetch_small(struct fetch *fetch, const struct reference *reference,
		const struct descriptor *blob, struct fetched *out_fetched, struct err *err);

/*
 * Blobs, several at once, each into a pipe. A full pipe holds back its transfer and no other.
 * What goes into the pipe is not yet verified; the transfer ends well only when size and
 * SHA-256 are those of the descriptor. A broken transfer is taken up again where it was
 * (Range), with back-off, as often as it gets on.
 */
struct transfer;
enum transfer_state { TRANSFER_RUNS, TRANSFER_DONE, TRANSFER_FAILED };
/** fetch_begin() - @out_fd: write end of a pipe, non-blocking; taken, and closed at the end of
 * the blob or when it fails, this call included */
int fetch_begin(struct fetch *fetch, const struct reference *reference,
		const struct descriptor *blob, int out_fd, struct transfer **out_transfer,
		struct err *err);
/**
 * fetch_wait() - let all transfers get on, at most @timeout_ms, until one of @fds is ready or
 * one transfer ended
 * @fds:	the caller's own descriptors, as poll(2)
 */
int fetch_wait(struct fetch *fetch, struct pollfd *fds, size_t count, int timeout_ms,
	       struct err *err);
/** transfer_state() - @err is filled with TRANSFER_FAILED. EPIPE: the reader went away. */
enum transfer_state transfer_state(const struct transfer *transfer, struct err *err);
/** transfer_bytes() - received so far. */
uint64_t transfer_bytes(const struct transfer *transfer);
/** transfer_end() - give up or be done with it. Accepts NULL. */
void transfer_end(struct transfer *transfer);

#endif
