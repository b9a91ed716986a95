#include "fetch/trouble.h"

#include "fetch/realm.h"
#include "util/cleanup.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define PAUSE_MAX_MS 60000
#define RETRY_AFTER_MAX_S 60
/* A server that refuses to be connected to may be about to start, but rarely is. */
#define REFUSED_TRIES 2
#define REFUSED_PAUSE_MS 500

/* Fill @out but for its hint. Return: the err, for the hint. */
static struct err *make(struct trouble *out, enum trouble_kind kind, int code,
			const struct trouble_about *about, const char *reason)
{
	*out = (struct trouble){.kind = kind, .after_ms = -1};
	(void)err_set(&out->err, "fetch %s: %s", about->what, reason);
	out->err.code = code;
	return &out->err;
}

/* " (CODE: message)" of an answer that refuses, or "". free() it. */
static char *in_brackets(const struct http *http, char **out_code)
{
	AUTO_FREE char *words =
		answer_words(http->body.data ? http->body.data : "", http->body.len, out_code);

	return *words ? xasprintf(" (%s)", words) : xstrdup("");
}

bool transport_is_no_tls(const struct http *http)
{
	switch ((int)http->code) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_COULDNT_CONNECT:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_OPERATION_TIMEDOUT:
		return !http->has_tls && http->answer.status == 0;
	default:
		return false;
	}
}

static void of_resolve(const struct trouble_about *about, struct trouble *out)
{
	AUTO_FREE char *reason =
		xasprintf("the name of registry '%s' cannot be resolved", about->wire);

	(void)err_hint(make(out, TROUBLE_PLACE, EHOSTUNREACH, about, reason),
		       "check the name, and that this machine is on-line: getent hosts %s",
		       about->wire);
}

/* Nothing listens. On this machine that is final. */
static void of_refused(const struct trouble_about *about, const struct http *http,
		       struct trouble *out)
{
	const char *server = http->server ? http->server : about->wire;
	AUTO_FREE char *cause = foreign_text(http->reason, strlen(http->reason), 200);
	AUTO_FREE char *reason =
		xasprintf("registry '%s' cannot be reached (%s)", server, cause);
	const bool is_here = host_is_loopback(server);

	(void)err_hint(
		make(out, is_here ? TROUBLE_PLACE : TROUBLE_RETRY, ECONNREFUSED, about, reason),
		"check the port, and that the registry runs%s",
		is_here ? "" : "; behind a proxy, set https_proxy");
	out->tries = REFUSED_TRIES;
	out->after_ms = REFUSED_PAUSE_MS;
}

static void of_connect(const struct trouble_about *about, const struct http *http,
		       struct trouble *out)
{
	AUTO_FREE char *cause = foreign_text(http->reason, strlen(http->reason), 200);
	AUTO_FREE char *reason =
		xasprintf("registry '%s' cannot be reached (%s)", about->wire, cause);

	(void)err_hint(
		make(out, TROUBLE_RETRY, ECONNREFUSED, about, reason),
		"check that the registry runs and that this machine is on-line; behind a "
		"proxy, set https_proxy");
}

static void of_proxy(const struct trouble_about *about, const struct http *http,
		     struct trouble *out)
{
	AUTO_FREE char *cause = foreign_text(http->reason, strlen(http->reason), 200);
	AUTO_FREE char *reason = xasprintf("the proxy does not help (%s)", cause);

	(void)err_hint(make(out, TROUBLE_PLACE, ECONNREFUSED, about, reason),
		       "look at https_proxy, all_proxy and no_proxy");
}

static void of_certificate(const struct trouble_about *about, const struct http *http,
			   struct trouble *out)
{
	AUTO_FREE char *cause = foreign_text(http->reason, strlen(http->reason), 250);
	AUTO_FREE char *reason =
		xasprintf("the certificate of registry '%s' is not to be trusted (%s)",
			  about->wire, cause);

	(void)err_hint(
		make(out, TROUBLE_PLACE, EPROTO, about, reason),
		"put its authority into ~/.config/containers/certs.d/%s/ca.crt; --insecure "
		"takes any certificate",
		about->host);
}

static void of_tls(const struct trouble_about *about, const struct http *http,
		   struct trouble *out)
{
	AUTO_FREE char *cause = foreign_text(http->reason, strlen(http->reason), 250);
	AUTO_FREE char *reason = NULL;

	if (!strcasestr(cause, "wrong version") && !strcasestr(cause, "packet length")) {
		reason = xasprintf("no TLS with registry '%s' (%s)", about->wire, cause);
		(void)err_hint(make(out, TROUBLE_RETRY, EPROTO, about, reason),
			       "check the port, and that nothing in between breaks "
			       "connections");
		return;
	}
	reason = xasprintf("registry '%s' speaks plain HTTP, not https", about->wire);
	(void)err_hint(
		make(out, TROUBLE_PLACE, EPROTO, about, reason),
		"--insecure, or 'insecure = true' for '%s' in registries.conf, if you trust "
		"the network in between",
		about->host);
}

static void of_redirect(const struct trouble_about *about, const struct http *http,
			struct trouble *out)
{
	const char *to = http->answer.location ? http->answer.location : "?";
	AUTO_FREE char *shown = foreign_text(to, strlen(to), 150);
	AUTO_FREE char *reason = NULL;

	if (http->code == CURLE_TOO_MANY_REDIRECTS)
		reason = xasprintf("registry '%s' redirects in a circle", about->wire);
	else
		reason = xasprintf("registry '%s' redirects to '%s', which is not https",
				   about->wire, shown);
	(void)err_hint(make(out, TROUBLE_PLACE, EPROTO, about, reason),
		       "this is a mistake of the registry or of somebody in between");
}

static void of_silence(const struct trouble_about *about, struct trouble *out)
{
	char words[STR_DURATION_MAX];
	AUTO_FREE char *reason =
		xasprintf("registry '%s' sent next to nothing for %s", about->wire,
			  str_format_duration((uint64_t)about->stall_ms * 1000, words));

	(void)err_hint(make(out, TROUBLE_RETRY, ETIMEDOUT, about, reason),
		       "the registry or the network is overloaded; try again later");
}

void trouble_of_transport(const struct trouble_about *about, const struct http *http,
			  struct trouble *out)
{
	AUTO_FREE char *reason = NULL;
	const bool is_redirected = http->answer.status >= 300 && http->answer.status < 400;

	switch ((int)http->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		of_resolve(about, out);
		return;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		of_proxy(about, http, out);
		return;
	case CURLE_COULDNT_CONNECT:
		if (http->os_error == ECONNREFUSED)
			of_refused(about, http, out);
		else
			of_connect(about, http, out);
		return;
	case CURLE_OPERATION_TIMEDOUT:
		of_silence(about, out);
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		of_certificate(about, http, out);
		return;
	case CURLE_SSL_CONNECT_ERROR:
		of_tls(about, http, out);
		return;
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		if (is_redirected || http->code == CURLE_TOO_MANY_REDIRECTS) {
			of_redirect(about, http, out);
			return;
		}
		break;
	default:
		break;
	}
	if (strstr(http->reason, "from proxy") || strstr(http->reason, "CONNECT tunnel")) {
		of_proxy(about, http, out);
		return;
	}
	reason = xasprintf("the connection with '%s' broke (%s)", about->wire,
			   *http->reason ? http->reason : curl_easy_strerror(http->code));
	(void)err_hint(make(out, TROUBLE_RETRY, EIO, about, reason),
		       "try again; what is already here is not fetched twice");
}

static void of_missing(const struct trouble_about *about, const struct http *http,
		       struct trouble *out)
{
	AUTO_FREE char *code = NULL;
	AUTO_FREE char *said = in_brackets(http, &code);
	AUTO_FREE char *reason = NULL;
	struct err *err;

	if (about->is_blob) {
		reason = xasprintf("registry '%s' does not have it%s", about->host, said);
		err = make(out, TROUBLE_PLACE, ENOENT, about, reason);
		(void)err_hint(err, "the image is incomplete there: push it again");
	} else if (str_eq(code, "NAME_UNKNOWN")) {
		reason = xasprintf("there is no such repository%s", said);
		err = make(out, TROUBLE_PLACE, ENOENT, about, reason);
		(void)err_hint(err,
			       "check the name; a private one may need a login: podman "
			       "login %s",
			       about->host);
	} else {
		reason = xasprintf("there is no such tag or digest%s", said);
		err = make(out, TROUBLE_PLACE, ENOENT, about, reason);
		(void)err_hint(err, "check the part after the name");
	}
}

void trouble_of_login(const struct trouble_about *about, const struct http *http,
		      struct trouble *out)
{
	AUTO_FREE char *code = NULL;
	AUTO_FREE char *said = in_brackets(http, &code);
	AUTO_FREE char *reason = NULL;

	if (about->user) {
		AUTO_FREE char *user = foreign_text(about->user, strlen(about->user), 64);

		reason =
			xasprintf("registry '%s' refuses user '%s', whose login is from '%s'%s",
				  about->host, user, about->origin ? about->origin : "?", said);
		(void)err_hint(make(out, TROUBLE_PLACE, EACCES, about, reason),
			       "log in again (podman login %s), or take the login away (podman "
			       "logout %s); or the image does not exist",
			       about->host, about->host);
		return;
	}
	reason = xasprintf("it does not exist or needs a login%s", said);
	(void)err_hint(make(out, TROUBLE_PLACE, EACCES, about, reason),
		       "check the name; podman login %s or docker login %s leaves a login that "
		       "devbox uses",
		       about->host, about->host);
}

static void of_limit(const struct trouble_about *about, const struct http *http,
		     struct trouble *out)
{
	AUTO_FREE char *code = NULL;
	AUTO_FREE char *said = in_brackets(http, &code);
	const int64_t wait_s = http->answer.retry_after_s;
	const bool is_quota = strcasestr(said, "toomanyrequests") != NULL;
	char words[STR_DURATION_MAX];
	AUTO_FREE char *reason = NULL;
	AUTO_FREE char *when = NULL;
	struct err *err;

	/* A pause that is named is taken; a quota without one lasts for hours. */
	const bool is_long = wait_s > RETRY_AFTER_MAX_S || (wait_s < 0 && is_quota) ||
			     (is_quota && str_eq(about->host, "docker.io"));

	if (wait_s > 0)
		when = xasprintf(" for %s",
				 str_format_duration((uint64_t)wait_s * 1000000, words));
	reason = xasprintf("registry '%s' answers no more%s: too many requests%s", about->host,
			   when ? when : "", said);
	err = make(out, is_long ? TROUBLE_PLACE : TROUBLE_RETRY, EAGAIN, about, reason);
	if (!is_long)
		out->after_ms = wait_s >= 0 ? wait_s * 1000 : -1;
	if (about->user)
		(void)err_hint(err, "wait, or name a mirror in registries.conf");
	else
		(void)err_hint(err,
			       "wait; or log in for more (podman login %s), or name a "
			       "mirror in registries.conf",
			       about->host);
}

static void of_failure(const struct trouble_about *about, const struct http *http,
		       struct trouble *out)
{
	const int status = http->answer.status;
	const bool is_passing = status == 408 || status == 500 || status == 502 ||
				status == 503 || status == 504;
	AUTO_FREE char *code = NULL;
	AUTO_FREE char *said = in_brackets(http, &code);
	AUTO_FREE char *reason =
		xasprintf("registry '%s' answers HTTP status %d%s", about->host, status, said);
	struct err *err =
		make(out, is_passing ? TROUBLE_RETRY : TROUBLE_PLACE, EIO, about, reason);

	if (is_passing && http->answer.retry_after_s >= 0 &&
	    http->answer.retry_after_s <= RETRY_AFTER_MAX_S)
		out->after_ms = http->answer.retry_after_s * 1000;
	if (status >= 500)
		(void)err_hint(err, "the registry has a problem of its own; try again later");
	else
		(void)err_hint(err, "check that this is the address of a registry; whoever "
				    "runs it knows why it refuses");
}

/* Where the registry sent us: its words are not the registry's. Next time it may be elsewhere.
 */
static void of_elsewhere(const struct trouble_about *about, const struct http *http,
			 struct trouble *out)
{
	AUTO_FREE char *code = NULL;
	AUTO_FREE char *said = in_brackets(http, &code);
	AUTO_FREE char *reason =
		xasprintf("'%s', where registry '%s' keeps it, answers HTTP status %d%s",
			  http->server, about->wire, http->answer.status, said);

	(void)err_hint(make(out, TROUBLE_RETRY, EIO, about, reason),
		       "the registry has a problem of its own; try again later");
}

void trouble_of_status(const struct trouble_about *about, const struct http *http,
		       struct trouble *out)
{
	if (http->server && !str_eq(http->server, about->wire)) {
		of_elsewhere(about, http, out);
		return;
	}
	switch (http->answer.status) {
	case 401:
	case 403:
		trouble_of_login(about, http, out);
		return;
	case 404:
		of_missing(about, http, out);
		return;
	case 429:
		of_limit(about, http, out);
		return;
	default:
		of_failure(about, http, out);
	}
}

void trouble_of_encoding(const struct trouble_about *about, const struct answer *answer,
			 struct trouble *out)
{
	AUTO_FREE char *shown = foreign_text(answer->encoding, strlen(answer->encoding), 40);
	AUTO_FREE char *reason = xasprintf("registry '%s' sent it with Content-Encoding '%s', "
					   "which was not asked for",
					   about->wire, shown);

	(void)err_hint(make(out, TROUBLE_PLACE, EPROTO, about, reason),
		       "a proxy in front of the registry compresses: turn that off for /v2/");
}

int64_t trouble_pause_ms(const struct trouble *trouble, unsigned failures, int64_t base_ms)
{
	int64_t pause = base_ms;
	uint32_t random = 0;

	if (trouble->after_ms >= 0)
		return trouble->after_ms;
	for (unsigned i = 1; i < failures && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	if (pause > PAUSE_MAX_MS)
		pause = PAUSE_MAX_MS;
	/* Between half of it and all: many that failed at once do not come back at once. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		return pause;
	return pause / 2 + (int64_t)(random % (uint64_t)(pause / 2 + 1));
}
