#ifndef FETCH_SESSION_H
#define FETCH_SESSION_H

#include "fetch/credentials.h"
#include "fetch/http.h"
#include "fetch/trouble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What we know of one repository of one server: how to talk to it (TLS or not, certificates),
 * and what to show it (nothing, a login, a token and until when). All questions to it share a
 * session; a token is asked for once, whoever waits for it.
 */

enum session_scheme { SCHEME_TLS_MAYBE, SCHEME_TLS, SCHEME_PLAIN };
enum session_auth { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };
enum session_step { SESSION_RESTS, SESSION_PINGS, SESSION_POSTS, SESSION_GETS };

/** struct session_about - borrowed for session_new(); @net, @env, @home for the session's life
 */
struct session_about {
	const struct http_net *net;
	const struct strv *env;
	const char *home;
	const char *host;
	const char *repository;
	bool is_insecure;
};

/**
 * struct session - owned
 * @host:	as people and credentials name it ("docker.io"); @wire: the server
 * @logins:	counts what we got to show, so that one can see whether there is something new
 * @served:	the last of @logins that a server took for something
 * @failures:	counts how often we did not get it; @trouble: why, the last time
 */
struct session {
	struct session *next;
	const struct http_net *net;
	const struct strv *env;
	const char *home;
	char *host;
	char *wire;
	char *repository;
	bool is_insecure;
	bool may_be_plain;
	enum session_scheme scheme;
	struct certs certs;

	enum session_auth auth;
	char *realm;
	char *service;
	char *scope;
	char *token;
	int64_t token_until_ms;
	bool is_login_known;
	bool has_login;
	struct credentials login;

	enum session_step step;
	struct http *http;
	char *what;
	unsigned logins;
	unsigned served;
	unsigned failures;
	struct trouble trouble;
};

int session_new(const struct session_about *about, struct session **out_session,
		struct err *err);
/** session_free() - accepts NULL. */
void session_free(struct session *session);

/** session_url() - "https://HOST/v2/REPOSITORY/<tail>". free() it. */
char *session_url(const struct session *session, const char *tail);
/** session_show() - put what this server is to be shown into @ask; borrowed. */
void session_show(const struct session *session, struct http_ask *ask);
/** session_about_trouble() - for words about @what; borrowed. */
struct trouble_about session_about_trouble(const struct session *session, const char *what);

/** session_settle() - an exchange with the server ended. Return: true when it was tried with
 * TLS, and is to be tried again without. */
bool session_settle(struct session *session, const struct http *http);

/** session_needs_token() - the token is missing or over: session_renew(). */
bool session_needs_token(const struct session *session, int64_t now);
/** session_renew() - ask for a token by the challenge we know. */
void session_renew(struct session *session, const char *what);
/** session_answer() - the server refused us with a challenge (401): begin to get what it wants.
 * @logins or @failures grows when it is over, maybe at once. */
void session_answer(struct session *session, const struct http *refusal, const char *what);
/** session_work() - go on with it. Return: false while it is busy. */
bool session_work(struct session *session);

#endif
