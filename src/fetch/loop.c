#include "fetch/job.h"
#include "fetch/transfer.h"
#include "util/cleanup.h"

#include <errno.h>
#include <string.h>

#define CONNECT_MS 15000
#define STALL_MS 30000
#define BACKOFF_MS 2000
/* While something is on its way: how often we look whether it gets on. */
#define LOOK_MS 500

void fetch_note(struct fetch *fetch, const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list args;

	if (!fetch->note)
		return;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	fetch->note(fetch->arg, text);
}

int fetch_open(const struct fetch_options *options, struct fetch **out_fetch, struct err *err)
{
	struct registries *registries = NULL;
	struct fetch *fetch;

	if (registries_load(options->env, options->home, &registries, err) < 0)
		return -1;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		registries_free(registries);
		return err_set(err, "start libcurl: it cannot be initialised");
	}
	fetch = xmalloc(sizeof(*fetch));
	fetch->registries = registries;
	strv_add_all(&fetch->env, options->env);
	fetch->home = xstrdup(options->home);
	fetch->is_insecure = options->insecure;
	fetch->note = options->note;
	fetch->arg = options->arg;
	fetch->backoff_ms = options->backoff_ms ? options->backoff_ms : BACKOFF_MS;
	fetch->net.stall_ms = options->stall_ms ? options->stall_ms : STALL_MS;
	fetch->net.connect_ms =
		fetch->net.stall_ms < CONNECT_MS ? fetch->net.stall_ms : CONNECT_MS;
	fetch->net.env = &fetch->env;
	fetch->net.multi = curl_multi_init();
	if (!fetch->net.multi)
		abort();
	*out_fetch = fetch;
	return 0;
}

void fetch_close(struct fetch *fetch)
{
	if (!fetch)
		return;
	transfers_drop(fetch);
	while (fetch->sessions) {
		struct session *session = fetch->sessions;

		fetch->sessions = session->next;
		session_free(session);
	}
	(void)curl_multi_cleanup(fetch->net.multi);
	curl_global_cleanup();
	registries_free(fetch->registries);
	strv_done(&fetch->env);
	strv_done(&fetch->warned);
	free(fetch->home);
	free(fetch);
}

int fetch_session(struct fetch *fetch, const struct registry_place *place,
		  struct session **out_session, struct err *err)
{
	const struct session_about about = {
		.net = &fetch->net,
		.env = &fetch->env,
		.home = fetch->home,
		.host = place->host,
		.repository = place->repository,
		.is_insecure = place->insecure || fetch->is_insecure,
	};
	struct session *session;

	for (session = fetch->sessions; session; session = session->next) {
		if (str_eq(session->host, place->host) &&
		    str_eq(session->repository, place->repository) &&
		    session->is_insecure == about.is_insecure) {
			*out_session = session;
			return 0;
		}
	}
	if (session_new(&about, &session, err) < 0)
		return -1;
	session->next = fetch->sessions;
	fetch->sessions = session;
	*out_session = session;
	return 0;
}

/* Return: true when an exchange ended, so that somebody has something to do. */
static bool look_at_exchanges(struct fetch *fetch, bool *out_is_busy)
{
	const int64_t now = now_ms();
	bool has_ended = false;

	*out_is_busy = false;
	for (struct job *job = fetch->jobs; job; job = job->next) {
		if (job->state != JOB_ASKS)
			continue;
		http_watch(job->http, now);
		has_ended |= job->http->is_done;
		*out_is_busy = true;
	}
	for (struct session *session = fetch->sessions; session; session = session->next) {
		if (!session->http)
			continue;
		http_watch(session->http, now);
		has_ended |= session->http->is_done;
		*out_is_busy = true;
	}
	return has_ended;
}

static int work(struct fetch *fetch, bool *out_is_busy, struct err *err)
{
	bool has_moved = true;

	while (has_moved) {
		CURLMcode code;
		int running;

		has_moved = false;
		for (struct job *job = fetch->jobs; job; job = job->next)
			has_moved |= job_step(job);
		code = curl_multi_perform(fetch->net.multi, &running);
		if (code != CURLM_OK)
			return err_set(err, "fetch: %s", curl_multi_strerror(code));
		http_collect(fetch->net.multi);
		has_moved |= look_at_exchanges(fetch, out_is_busy);
	}
	return 0;
}

static int shorter(int timeout_ms, int64_t other_ms)
{
	if (other_ms < 0)
		other_ms = 0;
	return timeout_ms < 0 || timeout_ms > other_ms ? (int)other_ms : timeout_ms;
}

static int time_to_next(const struct fetch *fetch, bool is_busy, int timeout_ms)
{
	const int64_t now = now_ms();

	if (is_busy)
		timeout_ms = shorter(timeout_ms, fetch->net.stall_ms / 4 < LOOK_MS
							 ? fetch->net.stall_ms / 4
							 : LOOK_MS);
	for (const struct job *job = fetch->jobs; job; job = job->next)
		if (job->state == JOB_PAUSES)
			timeout_ms = shorter(timeout_ms, job->wake_ms - now);
	return timeout_ms < 0 ? LOOK_MS : timeout_ms;
}

static short events_of_curl(short events)
{
	return (short)((events & POLLIN ? CURL_WAIT_POLLIN : 0) |
		       (events & POLLPRI ? CURL_WAIT_POLLPRI : 0) |
		       (events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
}

/* Wait for the network, the caller's @fds, and pipes that were full. */
static int wait_for_any(struct fetch *fetch, const struct pollfd *fds, size_t count,
			int timeout_ms, struct err *err)
{
	const size_t pipes = transfers_blocked(fetch, NULL);
	AUTO_FREE int *blocked = xmalloc((pipes + 1) * sizeof(*blocked));
	AUTO_FREE struct curl_waitfd *all = xmalloc((count + pipes + 1) * sizeof(*all));
	CURLMcode code;

	for (size_t i = 0; i < count; i++)
		all[i] = (struct curl_waitfd){.fd = fds[i].fd,
					      .events = events_of_curl(fds[i].events)};
	(void)transfers_blocked(fetch, blocked);
	for (size_t i = 0; i < pipes; i++)
		all[count + i] =
			(struct curl_waitfd){.fd = blocked[i], .events = CURL_WAIT_POLLOUT};
	code = curl_multi_poll(fetch->net.multi, all, (unsigned)(count + pipes), timeout_ms,
			       NULL);
	if (code != CURLM_OK)
		return err_set(err, "fetch: %s", curl_multi_strerror(code));
	transfers_flush(fetch);
	return 0;
}

/* libcurl does not tell of POLLHUP and POLLERR. */
static bool any_ready(struct pollfd *fds, size_t count)
{
	return count && poll(fds, (nfds_t)count, 0) > 0;
}

int fetch_wait(struct fetch *fetch, struct pollfd *fds, size_t count, int timeout_ms,
	       struct err *err)
{
	const int64_t until = now_ms() + timeout_ms;
	bool is_busy;

	for (;;) {
		const int64_t left = timeout_ms < 0 ? INT32_MAX : until - now_ms();

		if (work(fetch, &is_busy, err) < 0)
			return -1;
		if (any_ready(fds, count) || fetch->has_ended || left <= 0)
			break;
		if (wait_for_any(fetch, fds, count, time_to_next(fetch, is_busy, (int)left),
				 err) < 0)
			return -1;
	}
	fetch->has_ended = false;
	return 0;
}

int fetch_run(struct fetch *fetch, struct job *job, struct err *err)
{
	bool is_busy;

	for (;;) {
		if (work(fetch, &is_busy, err) < 0)
			return -1;
		if (job_is_over(job))
			break;
		if (wait_for_any(fetch, NULL, 0, time_to_next(fetch, is_busy, -1), err) < 0)
			return -1;
	}
	if (job->state == JOB_FAILED) {
		*err = job->err;
		return -1;
	}
	return 0;
}
