#include "fetch/job.h"

#include "util/cleanup.h"

#include <string.h>

#define FAILURES_MAX 5
#define LOGIN_TRIES_MAX 32U

struct trouble_about job_about(const struct job *job)
{
	struct trouble_about about = session_about_trouble(job->session, job->what);

	about.is_blob = str_starts(job->tail, "blobs/");
	return about;
}

bool job_is_over(const struct job *job)
{
	return job->state == JOB_DONE || job->state == JOB_FAILED;
}

static void enqueue(struct fetch *fetch, struct job *job)
{
	struct job **end = &fetch->jobs;

	while (*end)
		end = &(*end)->next;
	*end = job;
}

/* A name that is not where it reads as is said, once. */
static void say_alias(struct fetch *fetch, const struct job *job, const struct reference *asked)
{
	const struct registry_place *place = &job->places[job->place_count - 1];
	AUTO_FREE char *name = NULL;

	if (!place->alias || strv_has(&fetch->warned, place->alias) ||
	    (str_eq(place->host, asked->host) && str_eq(place->repository, asked->repository)))
		return;
	strv_add(&fetch->warned, place->alias);
	name = reference_short(asked);
	fetch_note(fetch, "'%s' comes from '%s/%s', says %s", name, place->host,
		   place->repository, place->alias);
}

int job_begin(struct fetch *fetch, struct job *job, const struct job_want *want,
	      struct err *err)
{
	if (registries_resolve(fetch->registries, want->reference, &job->places,
			       &job->place_count, err) < 0)
		return -1;
	say_alias(fetch, job, want->reference);
	job->fetch = fetch;
	job->kind = want->kind;
	job->what = xstrdup(want->what);
	job->tail = xstrdup(want->tail);
	job->method = want->method;
	job->accept = want->accept;
	job->max = want->max;
	job->state = JOB_WAITS;
	enqueue(fetch, job);
	return 0;
}

void job_end(struct job *job)
{
	struct job **at;

	if (!job->fetch)
		return;
	for (at = &job->fetch->jobs; *at; at = &(*at)->next) {
		if (*at == job) {
			*at = job->next;
			break;
		}
	}
	http_free(STEAL(job->http));
	registry_places_free(job->places, job->place_count);
	free(job->what);
	free(job->tail);
	*job = (struct job){0};
}

static void move(struct job *job, enum job_state state)
{
	job->state = state;
	if (job_is_over(job) && job->kind->over)
		job->kind->over(job);
}

static void give_up(struct job *job, const struct err *err)
{
	job->err = *err;
	move(job, JOB_FAILED);
}

void job_give_up(struct job *job)
{
	give_up(job, &job->trouble.err);
}

static const struct registry_place *place_of(const struct job *job)
{
	return &job->places[job->place_at];
}

static void fail(struct job *job, const struct trouble *trouble)
{
	const bool gets_on = job->kind->gets_on && job->kind->gets_on(job);
	const unsigned tries = trouble->tries ? trouble->tries : FAILURES_MAX;
	int64_t pause;

	job->failures = gets_on ? 1 : job->failures + 1;
	if (trouble->kind == TROUBLE_RETRY && job->failures < tries) {
		pause = trouble_pause_ms(trouble, job->failures, job->fetch->backoff_ms);
		if (pause < 1000)
			fetch_note(job->fetch, "%s; trying again", trouble->err.message);
		else
			fetch_note(job->fetch, "%s; trying again in %lld s",
				   trouble->err.message, (long long)pause / 1000);
		job->wake_ms = now_ms() + pause;
		move(job, JOB_PAUSES);
		return;
	}
	if (trouble->kind == TROUBLE_END || job->place_at + 1 == job->place_count) {
		give_up(job, &trouble->err);
		return;
	}
	fetch_note(job->fetch, "mirror '%s': %s; trying '%s'", place_of(job)->host,
		   trouble->err.message, job->places[job->place_at + 1].host);
	job->place_at++;
	job->session = NULL;
	job->failures = 0;
	move(job, JOB_WAITS);
}

static int on_begin(void *arg, const struct answer *answer)
{
	struct job *job = arg;
	struct trouble_about about = job_about(job);

	if (answer->encoding) {
		trouble_of_encoding(&about, answer, &job->trouble);
		return -1;
	}
	job->session->served = job->logins_seen;
	return job->kind->begin ? job->kind->begin(job, answer) : 0;
}

static enum http_take on_take(void *arg, const char *data, size_t len)
{
	struct job *job = arg;

	return job->kind->take(job, data, len);
}

static void send_question(struct job *job)
{
	AUTO_FREE char *url = session_url(job->session, job->tail);
	struct http_ask ask = {
		.url = url,
		.method = job->method,
		.accept = job->accept,
		.from = job->kind->from ? job->kind->from(job) : 0,
		.max = job->max,
		.begin = on_begin,
		.take = job->kind->take ? on_take : NULL,
		.arg = job,
	};

	session_show(job->session, &ask);
	http_free(STEAL(job->http));
	job->logins_seen = job->session->logins;
	job->http = http_begin(&job->fetch->net, &ask);
	move(job, JOB_ASKS);
}

static void log_in_first(struct job *job)
{
	job->logins_seen = job->session->logins;
	job->login_failures_seen = job->session->failures;
	session_renew(job->session, job->what);
	move(job, JOB_LOGS_IN);
}

static void ask(struct job *job)
{
	struct err err;

	if (!job->session &&
	    fetch_session(job->fetch, place_of(job), &job->session, &err) < 0) {
		give_up(job, &err);
		return;
	}
	job->login_tries = 0;
	if (session_needs_token(job->session, now_ms()))
		log_in_first(job);
	else
		send_question(job);
}

/* It has a slot as long as it uses the network. */
static bool is_busy(const struct job *job)
{
	return job->kind->is_blob && (job->state == JOB_LOGS_IN || job->state == JOB_ASKS ||
				      job->state == JOB_PAUSES);
}

static bool has_slot(const struct job *job)
{
	const struct job *other = job->fetch->jobs;
	size_t busy = 0;

	if (!job->kind->is_blob)
		return true;
	/* Those that are busy stand before those that wait. */
	for (; other && busy < FETCH_PARALLEL; other = other->next)
		busy += is_busy(other);
	return busy < FETCH_PARALLEL;
}

/* Did somebody else get something with what we showed, or is about to, or got something newer?
 */
static bool shared_login(const struct job *job)
{
	const struct job *other = job->fetch->jobs;

	if (job->session->served >= job->logins_seen ||
	    job->session->logins != job->logins_seen)
		return true;
	for (; other; other = other->next) {
		if (other != job && other->session == job->session &&
		    other->state == JOB_ASKS && other->logins_seen == job->logins_seen)
			return true;
	}
	return false;
}

static void refused(struct job *job)
{
	const struct challenge *bearer =
		challenges_find(&job->http->answer.challenges, "bearer");
	const bool wants_scope = bearer && str_eq(bearer->error, "insufficient_scope");
	struct session *session = job->session;
	struct trouble_about about = job_about(job);
	struct trouble trouble;

	/* Once a question; twice when the token was good but for something else; again when it
	 * may have ended because others used it. */
	if (job->login_tries >= (wants_scope ? 2U : 1U) &&
	    (!shared_login(job) || job->login_tries >= LOGIN_TRIES_MAX)) {
		trouble_of_login(&about, job->http, &trouble);
		fail(job, &trouble);
		return;
	}
	job->login_tries++;
	job->login_failures_seen = session->failures;
	/* Unless somebody else got something new in the meantime. */
	if (session->logins == job->logins_seen)
		session_answer(session, job->http, job->what);
	move(job, JOB_LOGS_IN);
}

static void logs_in(struct job *job)
{
	const struct session *session = job->session;

	if (session->logins != job->logins_seen)
		send_question(job);
	else if (session->failures != job->login_failures_seen)
		fail(job, &session->trouble);
	else
		log_in_first(job);
}

static void check(struct job *job)
{
	struct trouble trouble;

	switch (job->kind->check(job, &trouble)) {
	case 0:
		move(job, JOB_DONE);
		break;
	case 1:
		move(job, JOB_DRAINS);
		break;
	default:
		fail(job, &trouble);
	}
}

static void pass_on_warnings(struct job *job)
{
	struct fetch *fetch = job->fetch;

	for (size_t i = 0; i < job->http->answer.warnings.count; i++) {
		const char *words = job->http->answer.warnings.items[i];

		if (strv_has(&fetch->warned, words))
			continue;
		strv_add(&fetch->warned, words);
		fetch_note(fetch, "registry '%s' warns: %s", job->session->host, words);
	}
}

static void answered(struct job *job)
{
	const struct http *http = job->http;
	const int status = http->answer.status;
	struct trouble_about about = job_about(job);
	struct trouble trouble;

	if (session_settle(job->session, http)) {
		send_question(job);
		return;
	}
	pass_on_warnings(job);
	if (http->is_stopped && !http->is_too_long) {
		trouble = job->trouble;
		fail(job, &trouble);
	} else if (http->code != CURLE_OK && !http->is_too_long) {
		if (job->kind->is_whole && job->kind->is_whole(job)) {
			check(job);
			return;
		}
		trouble_of_transport(&about, http, &trouble);
		fail(job, &trouble);
	} else if (status == 401 && !http->server) {
		refused(job);
	} else if (status >= 200 && status < 300) {
		check(job);
	} else {
		trouble_of_status(&about, http, &trouble);
		fail(job, &trouble);
	}
}

bool job_step(struct job *job)
{
	switch (job->state) {
	case JOB_WAITS:
		if (!has_slot(job))
			return false;
		ask(job);
		return true;
	case JOB_LOGS_IN:
		if (!session_work(job->session))
			return false;
		logs_in(job);
		return true;
	case JOB_ASKS:
		if (!job->http->is_done)
			return false;
		answered(job);
		return true;
	case JOB_PAUSES:
		if (now_ms() < job->wake_ms)
			return false;
		ask(job);
		return true;
	case JOB_DRAINS:
		check(job);
		return job->state != JOB_DRAINS;
	case JOB_DONE:
	case JOB_FAILED:
	default:
		return false;
	}
}
