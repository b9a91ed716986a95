#ifndef FETCH_JOB_H
#define FETCH_JOB_H

#include "fetch/fetch.h"
#include "fetch/http.h"
#include "fetch/registries.h"
#include "fetch/session.h"
#include "fetch/trouble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One thing that is wanted from a registry, until it is here or hopeless: place after place,
 * with what the server wants to be shown, and again after a pause when that may help.
 */

enum job_state {
	JOB_WAITS,
	JOB_LOGS_IN,
	JOB_ASKS,
	JOB_PAUSES,
	JOB_DRAINS,
	JOB_DONE,
	JOB_FAILED
};

struct job;
/**
 * struct job_kind - what differs between documents and blobs
 * @is_blob:	at most FETCH_PARALLEL of these ask at once
 * @from:	ask for the bytes from here on; may be NULL
 * @begin, @take: as in struct http_ask; on non-zero or HTTP_STOP job.trouble is filled. @take
 *		NULL: the body goes into job.http->body
 * @check:	the exchange ended with a good answer, or @is_whole says that nothing is
 *missing. 0: that is it; 1: not yet; -1: *out
 * @is_whole:	may be NULL
 * @gets_on:	it got on since it was last asked; may be NULL
 * @over:	it is done or has failed; may be NULL
 */
struct job_kind {
	bool is_blob;
	uint64_t (*from)(struct job *job);
	int (*begin)(struct job *job, const struct answer *answer);
	enum http_take (*take)(struct job *job, const char *data, size_t len);
	int (*check)(struct job *job, struct trouble *out);
	bool (*is_whole)(const struct job *job);
	bool (*gets_on)(struct job *job);
	void (*over)(struct job *job);
};

/** struct job_want - what is wanted; borrowed. @what: for messages; @tail: below the repository
 */
struct job_want {
	const struct job_kind *kind;
	const struct reference *reference;
	const char *what;
	const char *tail;
	enum http_method method;
	const char *accept;
	size_t max;
};

/** struct job - part of what wants it; @http is its last exchange */
struct job {
	struct job *next;
	struct fetch *fetch;
	const struct job_kind *kind;
	char *what;
	char *tail;
	enum http_method method;
	const char *accept;
	size_t max;
	struct registry_place *places;
	size_t place_count;
	size_t place_at;
	struct session *session;
	struct http *http;
	enum job_state state;
	int64_t wake_ms;
	unsigned failures;
	unsigned login_tries;
	unsigned logins_seen;
	unsigned login_failures_seen;
	struct trouble trouble;
	struct err err;
};

/** job_begin() - into @job, which stays where it is until job_end(); queued at @fetch. */
int job_begin(struct fetch *fetch, struct job *job, const struct job_want *want,
	      struct err *err);
/** job_step() - go on as far as possible without waiting. Return: true when it moved. */
bool job_step(struct job *job);
/** job_give_up() - nothing helps: it has failed with job.trouble. */
void job_give_up(struct job *job);
/** job_end() - whatever its state. */
void job_end(struct job *job);
/** job_is_over() - done or failed. */
bool job_is_over(const struct job *job);
/** job_about() - for words about it; borrowed. */
struct trouble_about job_about(const struct job *job);

/* --- what jobs share --- */

#define FETCH_PARALLEL 4

/** struct fetch - @has_ended: a blob's job ended since the last fetch_wait() */
struct fetch {
	struct http_net net;
	struct strv env;
	char *home;
	bool is_insecure;
	int64_t backoff_ms;
	void (*note)(void *arg, const char *text);
	void *arg;
	struct registries *registries;
	struct session *sessions;
	struct job *jobs;
	struct strv warned;
	bool has_ended;
};

/** fetch_note() - tell the user. */
void fetch_note(struct fetch *fetch, const char *format, ...) ERR_PRINTF(2, 3);
/** fetch_session() - the one for @place. */
int fetch_session(struct fetch *fetch, const struct registry_place *place,
		  struct session **out_session, struct err *err);
/** fetch_run() - until @job is over; others get on beside it. Return: 0, or -1 with its error.
 */
int fetch_run(struct fetch *fetch, struct job *job, struct err *err);

#endif
