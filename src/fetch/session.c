#include "fetch/session.h"

#include "fetch/realm.h"
#include "fetch/token.h"
#include "util/cleanup.h"

#include <string.h>

/* A token that is over while it travels is of no use. */
#define TOKEN_MARGIN_MS 5000

int session_new(const struct session_about *about, struct session **out_session,
		struct err *err)
{
	AUTO_CERTS struct certs certs = {0};
	const bool is_loopback = host_is_loopback(about->host);
	struct session *session;

	if (certs_load(about->env, about->home, about->host, &certs, err) < 0)
		return -1;
	session = xmalloc(sizeof(*session));
	session->net = about->net;
	session->env = about->env;
	session->home = about->home;
	session->host = xstrdup(about->host);
	session->wire = xstrdup(str_eq(about->host, "docker.io") ? "registry-1.docker.io"
								 : about->host);
	session->repository = xstrdup(about->repository);
	session->is_insecure = about->is_insecure;
	session->may_be_plain = about->is_insecure || is_loopback;
	session->scheme = session->may_be_plain ? SCHEME_TLS_MAYBE : SCHEME_TLS;
	session->certs = certs;
	certs = (struct certs){0};
	*out_session = session;
	return 0;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	http_free(session->http);
	certs_done(&session->certs);
	credentials_done(&session->login);
	free(session->host);
	free(session->wire);
	free(session->repository);
	free(session->realm);
	free(session->service);
	free(session->scope);
	free(session->token);
	free(session->what);
	free(session);
}

static const char *scheme_of(const struct session *session)
{
	return session->scheme == SCHEME_PLAIN ? "http" : "https";
}

char *session_url(const struct session *session, const char *tail)
{
	return xasprintf("%s://%s/v2/%s/%s", scheme_of(session), session->wire,
			 session->repository, tail);
}

/* Whoever speaks TLS does not lead to where there is none. */
static bool is_plain(const struct session *session)
{
	return session->is_insecure || session->scheme == SCHEME_PLAIN;
}

static void show_trust(const struct session *session, struct http_ask *ask)
{
	ask->is_insecure = session->is_insecure;
	ask->is_plain = is_plain(session);
	ask->certs = &session->certs;
}

void session_show(const struct session *session, struct http_ask *ask)
{
	show_trust(session, ask);
	if (session->auth == AUTH_BEARER) {
		ask->bearer = session->token;
	} else if (session->auth == AUTH_BASIC) {
		ask->user = session->login.user;
		ask->password = session->login.password;
	}
}

struct trouble_about session_about_trouble(const struct session *session, const char *what)
{
	return (struct trouble_about){
		.what = what,
		.host = session->host,
		.wire = session->wire,
		.user = session->has_login
				? (session->login.user ? session->login.user : "<token>")
				: NULL,
		.origin = session->has_login ? session->login.origin : NULL,
		.stall_ms = session->net->stall_ms,
	};
}

bool session_settle(struct session *session, const struct http *http)
{
	if (session->scheme == SCHEME_TLS || !http->is_tls)
		return false;
	if (http->code == CURLE_OK) {
		session->scheme = SCHEME_TLS;
		return false;
	}
	if (!transport_is_no_tls(http))
		return false;
	session->scheme = SCHEME_PLAIN;
	return true;
}

bool session_needs_token(const struct session *session, int64_t now)
{
	return session->auth == AUTH_BEARER &&
	       (!session->token || now >= session->token_until_ms);
}

static void fail(struct session *session, const struct trouble *trouble)
{
	session->step = SESSION_RESTS;
	session->trouble = *trouble;
	session->failures++;
}

static void fail_with(struct session *session, const struct err *err)
{
	struct trouble trouble = {.kind = TROUBLE_PLACE, .after_ms = -1, .err = *err};

	(void)err_wrap(&trouble.err, "fetch %s", session->what);
	fail(session, &trouble);
}

static void succeed(struct session *session, enum session_auth auth)
{
	session->step = SESSION_RESTS;
	session->auth = auth;
	session->logins++;
}

static int look_up_login(struct session *session, struct err *err)
{
	if (session->is_login_known)
		return 0;
	if (credentials_find(session->env, session->home, session->host, session->repository,
			     &session->login, err) < 0)
		return -1;
	session->is_login_known = true;
	session->has_login = session->login.user || session->login.identity_token;
	return 0;
}

static int check_realm(const struct session *session, struct err *err)
{
	if (realm_check(session->realm, session->host, is_plain(session), err) < 0)
		return -1;
	if (!session->has_login || realm_is_related(session->realm, session->wire))
		return 0;
	(void)err_set(
		err,
		"registry '%s' wants the password of user '%s' to be sent to '%s', which is "
		"another domain",
		session->host, session->login.user ? session->login.user : "<token>",
		session->realm);
	return err_hint(err, "podman logout %s fetches without a login", session->host);
}

static void ask_token(struct session *session, enum session_step step)
{
	const struct token_question question = {
		.realm = session->realm,
		.service = session->service,
		.scope = session->scope,
		.account = session->login.user,
		.identity = session->login.identity_token,
	};
	AUTO_FREE char *url =
		step == SESSION_POSTS ? xstrdup(session->realm) : token_url(&question);
	AUTO_FREE char *form = step == SESSION_POSTS ? token_form(&question) : NULL;
	struct http_ask ask = {
		.url = url,
		.method = step == SESSION_POSTS ? HTTP_POST : HTTP_GET,
		.accept = "application/json",
		.form = form,
		.max = TOKEN_BODY_MAX,
	};

	show_trust(session, &ask);
	if (step == SESSION_GETS && session->login.user && session->login.password) {
		ask.user = session->login.user;
		ask.password = session->login.password;
	}
	session->step = step;
	session->http = http_begin(session->net, &ask);
}

/* @what may be the name that it has. */
static void name_work(struct session *session, const char *what)
{
	char *copy = xstrdup(what);

	free(session->what);
	session->what = copy;
}

void session_renew(struct session *session, const char *what)
{
	struct err err;

	if (session->step != SESSION_RESTS)
		return;
	name_work(session, what);
	free(STEAL(session->token));
	if (check_realm(session, &err) < 0) {
		fail_with(session, &err);
		return;
	}
	ask_token(session, session->login.identity_token ? SESSION_POSTS : SESSION_GETS);
}

static void keep_challenge(struct session *session, const struct challenge *challenge)
{
	free(session->realm);
	free(session->service);
	free(session->scope);
	session->realm = xstrdup(challenge->realm);
	session->service = xstrdup(challenge->service);
	session->scope = challenge->scope && *challenge->scope
				 ? xstrdup(challenge->scope)
				 : xasprintf("repository:%s:pull", session->repository);
	session->auth = AUTH_BEARER;
}

static void ping(struct session *session)
{
	AUTO_FREE char *url = xasprintf("%s://%s/v2/", scheme_of(session), session->wire);
	struct http_ask ask = {.url = url, .max = TOKEN_BODY_MAX};

	show_trust(session, &ask);
	session->step = SESSION_PINGS;
	session->http = http_begin(session->net, &ask);
}

/* Do what the challenges of @refusal want. */
static void take_challenges(struct session *session, const struct http *refusal)
{
	const struct challenges *challenges = &refusal->answer.challenges;
	const struct challenge *bearer = challenges_find(challenges, "bearer");
	struct trouble_about about;
	struct trouble trouble;
	struct err err;

	if (look_up_login(session, &err) < 0) {
		fail_with(session, &err);
		return;
	}
	if (bearer && bearer->realm) {
		keep_challenge(session, bearer);
		session->step = SESSION_RESTS;
		session_renew(session, session->what);
		return;
	}
	if (challenges_find(challenges, "basic") && session->login.user) {
		succeed(session, AUTH_BASIC);
		return;
	}
	about = session_about_trouble(session, session->what);
	trouble_of_login(&about, refusal, &trouble);
	fail(session, &trouble);
}

void session_answer(struct session *session, const struct http *refusal, const char *what)
{
	if (session->step != SESSION_RESTS)
		return;
	name_work(session, what);
	if (refusal->answer.challenges.count)
		take_challenges(session, refusal);
	else
		ping(session);
}

/* The token server answers what is none. */
static void fail_at_server(struct session *session, const char *server, struct err *err)
{
	(void)err_wrap(err, "token server '%s'", server);
	(void)err_hint(err, "the registry has a problem of its own; try again later");
	fail_with(session, err);
}

static void take_token(struct session *session, const struct http *http)
{
	int64_t seconds = 0;
	struct err err;

	if (token_parse(http->body.data ? http->body.data : "", http->body.len, &session->token,
			&seconds, &err) < 0) {
		fail_at_server(session, session->realm, &err);
		return;
	}
	session->token_until_ms = now_ms() + seconds * 1000 - TOKEN_MARGIN_MS;
	succeed(session, AUTH_BEARER);
}

static void take_token_answer(struct session *session, const struct http *http,
			      enum session_step step)
{
	AUTO_FREE char *server = realm_host(session->realm);
	struct trouble_about about = session_about_trouble(session, session->what);
	struct trouble trouble;
	const int status = http->answer.status;

	about.wire = server ? server : session->realm;
	if (http->is_too_long) {
		struct err err;

		(void)err_set(&err, "its answer is too long");
		fail_at_server(session, about.wire, &err);
		return;
	}
	if (http->code != CURLE_OK) {
		trouble_of_transport(&about, http, &trouble);
		fail(session, &trouble);
		return;
	}
	if (status == 200) {
		take_token(session, http);
		return;
	}
	/* A server that knows no OAuth. */
	if (step == SESSION_POSTS && (status == 404 || status == 405)) {
		ask_token(session, SESSION_GETS);
		return;
	}
	trouble_of_status(&about, http, &trouble);
	fail(session, &trouble);
}

static void take_ping(struct session *session, const struct http *http)
{
	struct trouble_about about = session_about_trouble(session, session->what);
	struct trouble trouble;

	if (http->code == CURLE_OK) {
		take_challenges(session, http);
		return;
	}
	trouble_of_transport(&about, http, &trouble);
	fail(session, &trouble);
}

bool session_work(struct session *session)
{
	const enum session_step step = session->step;
	struct http *http = session->http;

	if (step == SESSION_RESTS)
		return true;
	if (!http->is_done)
		return false;
	session->http = NULL;
	if (step == SESSION_PINGS)
		take_ping(session, http);
	else
		take_token_answer(session, http, step);
	http_free(http);
	return session->step == SESSION_RESTS;
}
