#include "fetch/http.h"

#include "fetch/realm.h"
#include "util/cleanup.h"

#include <string.h>
#include <time.h>

#define REDIRECTS_MAX 5L
#define BUFFER_BYTES (256L * 1024)
#define SPEED_MIN 1000 /* bytes a second */
/* Of a refusal: what we keep, and what we wait for. */
#define REFUSAL_KEPT 8192
#define REFUSAL_MAX (64 * 1024)
/* Longer between two looks: it was us who slept. */
#define ASLEEP_MS 2000

int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_good(const struct answer *answer)
{
	return answer->status >= 200 && answer->status < 300;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	struct http *http = arg;
	size_t len = size * count;

	http->received += len;
	answer_line(&http->answer, data, len, time(NULL));
	return len;
}

static size_t stop(struct http *http)
{
	http->is_stopped = true;
	return 0;
}

/* Called before the first byte of a good answer's body, and once when there is none. */
static bool begin_body(struct http *http)
{
	if (http->is_begun)
		return true;
	http->is_begun = true;
	return !http->ask.begin || http->ask.begin(http->ask.arg, &http->answer) == 0;
}

static size_t keep_refusal(struct http *http, const char *data, size_t len)
{
	size_t room = REFUSAL_KEPT - http->body.len;

	buf_add(&http->body, data, len < room ? len : room);
	http->refused += len;
	return http->refused > REFUSAL_MAX ? 0 : len;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct http *http = arg;
	size_t len = size * count;

	if (!is_good(&http->answer)) {
		http->received += len;
		return keep_refusal(http, data, len);
	}
	if (!begin_body(http))
		return stop(http);
	if (!http->ask.take) {
		if (len > http->ask.max - http->body.len) {
			http->is_too_long = true;
			return stop(http);
		}
		buf_add(&http->body, data, len);
		http->received += len;
		return len;
	}
	switch (http->ask.take(http->ask.arg, data, len)) {
	case HTTP_TAKEN:
		http->received += len;
		return len;
	case HTTP_LATER:
		http->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	case HTTP_STOP:
	default:
		return stop(http);
	}
}

static const char *env_either(const struct strv *env, const char *lower, const char *upper)
{
	const char *value = env_get(env, lower);

	if ((!value || !*value) && upper)
		value = env_get(env, upper);
	return value && *value ? value : NULL;
}

/* By the environment of who called us, and never for this machine. Of http_proxy there is only
 * the lower case: a web server's HTTP_PROXY is a header of somebody's request. */
static void set_proxy(CURL *easy, const struct strv *env, const char *url)
{
	const char *proxy = str_starts(url, "https:")
				    ? env_either(env, "https_proxy", "HTTPS_PROXY")
				    : env_either(env, "http_proxy", NULL);
	const char *without = env_either(env, "no_proxy", "NO_PROXY");
	AUTO_FREE char *list = NULL;

	if (!proxy)
		proxy = env_either(env, "all_proxy", "ALL_PROXY");
	if (str_eq(without, "*"))
		list = xstrdup(without);
	else
		list = xasprintf("%s%slocalhost,127.0.0.0/8,::1", without ? without : "",
				 without ? "," : "");
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, proxy ? proxy : "");
	(void)curl_easy_setopt(easy, CURLOPT_NOPROXY, list);
}

static void set_tls(CURL *easy, const struct http_ask *ask)
{
	const struct certs *certs = ask->certs;

	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, ask->is_insecure ? 0L : 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, ask->is_insecure ? 0L : 2L);
	if (certs && certs->authorities) {
		struct curl_blob blob = {.data = certs->authorities,
					 .len = certs->authorities_len,
					 .flags = CURL_BLOB_NOCOPY};

		(void)curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (certs && certs->client) {
		(void)curl_easy_setopt(easy, CURLOPT_SSLCERT, certs->client);
		(void)curl_easy_setopt(easy, CURLOPT_SSLKEY, certs->key);
	}
}

/* libcurl gives either only to the host and port of the URL itself. */
static void set_auth(CURL *easy, const struct http_ask *ask)
{
	(void)curl_easy_setopt(easy, CURLOPT_UNRESTRICTED_AUTH, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (ask->bearer) {
		(void)curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		(void)curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, ask->bearer);
	} else if (ask->user) {
		(void)curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		(void)curl_easy_setopt(easy, CURLOPT_USERNAME, ask->user);
		(void)curl_easy_setopt(easy, CURLOPT_PASSWORD,
				       ask->password ? ask->password : "");
	}
}

static void add_header(struct http *http, const char *name, const char *value)
{
	AUTO_FREE char *line = xasprintf("%s: %s", name, value);
	struct curl_slist *grown = curl_slist_append(http->headers, line);

	if (!grown)
		abort();
	http->headers = grown;
}

static void set_question(struct http *http)
{
	const struct http_ask *ask = &http->ask;
	CURL *easy = http->easy;

	(void)curl_easy_setopt(easy, CURLOPT_URL, ask->url);
	/* One connection a transfer: in HTTP/2 all layers would share one window. */
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "devbox/" DEVBOX_VERSION);
	if (ask->method == HTTP_HEAD)
		(void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	/* What is posted is a secret: it goes to nobody else. */
	if (ask->method == HTTP_POST)
		(void)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, ask->form);
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION,
			       ask->method == HTTP_POST ? 0L : 1L);
	(void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
			       ask->is_plain ? "http,https" : "https");
	if (ask->accept)
		add_header(http, "Accept", ask->accept);
	add_header(http, "Accept-Encoding", "identity");
	if (ask->from) {
		AUTO_FREE char *range = xasprintf("%llu-", (unsigned long long)ask->from);

		(void)curl_easy_setopt(easy, CURLOPT_RANGE, range);
	}
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
}

static void set_receivers(struct http *http)
{
	CURL *easy = http->easy;

	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, http);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->reason);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)http->net->connect_ms);
	(void)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, http);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
}

struct http *http_begin(const struct http_net *net, const struct http_ask *ask)
{
	struct http *http = xmalloc(sizeof(*http));

	http->net = net;
	http->ask = *ask;
	http->is_tls = str_starts(ask->url, "https:");
	http->pace.since_ms = http->pace.seen_ms = now_ms();
	answer_done(&http->answer);
	http->easy = curl_easy_init();
	if (!http->easy)
		abort();
	set_receivers(http);
	set_question(http);
	set_auth(http->easy, ask);
	set_tls(http->easy, ask);
	set_proxy(http->easy, net->env, ask->url);
	if (curl_multi_add_handle(net->multi, http->easy) != CURLM_OK)
		abort();
	/* Borrowed no longer. */
	http->ask.url = http->ask.accept = http->ask.form = NULL;
	http->ask.user = http->ask.password = http->ask.bearer = NULL;
	return http;
}

void http_resume(struct http *http)
{
	if (!http->is_paused || http->is_done)
		return;
	http->is_paused = false;
	(void)curl_easy_pause(http->easy, CURLPAUSE_CONT);
}

static void keep_server(struct http *http)
{
	char *url = NULL;
	curl_off_t tls_us = 0;

	(void)curl_easy_getinfo(http->easy, CURLINFO_APPCONNECT_TIME_T, &tls_us);
	http->has_tls = tls_us > 0;
	(void)curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &http->os_error);
	(void)curl_easy_getinfo(http->easy, CURLINFO_REDIRECT_COUNT, &http->redirects);
	(void)curl_easy_getinfo(http->easy, CURLINFO_EFFECTIVE_URL, &url);
	if (http->redirects > 0 && url)
		http->server = realm_host(url);
}

static void end(struct http *http, CURLcode code)
{
	keep_server(http);
	(void)curl_multi_remove_handle(http->net->multi, http->easy);
	http->is_done = true;
	http->code = code;
	if (code == CURLE_OK && is_good(&http->answer) && !begin_body(http)) {
		http->is_stopped = true;
		http->code = CURLE_WRITE_ERROR;
	}
	/* The rest of a refusal is of no interest. */
	if (code != CURLE_OK && http->answer.status >= 400)
		http->code = CURLE_OK;
}

void http_watch(struct http *http, int64_t now)
{
	int64_t gap = now - http->pace.seen_ms;
	int64_t window;

	if (http->is_done)
		return;
	http->pace.seen_ms = now;
	if (gap > ASLEEP_MS)
		http->pace.since_ms += gap;
	window = now - http->pace.since_ms;
	if (!http->is_paused && window < http->net->stall_ms)
		return;
	if (!http->is_paused &&
	    (int64_t)(http->received - http->pace.received) < window * SPEED_MIN / 1000) {
		end(http, CURLE_OPERATION_TIMEDOUT);
		return;
	}
	http->pace.since_ms = now;
	http->pace.received = http->received;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	if (!http->is_done)
		(void)curl_multi_remove_handle(http->net->multi, http->easy);
	curl_easy_cleanup(http->easy);
	curl_slist_free_all(http->headers);
	answer_done(&http->answer);
	buf_done(&http->body);
	free(http->server);
	free(http);
}

void http_collect(CURLM *multi)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left))) {
		CURLcode code = message->data.result;
		struct http *http = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &http);
		if (http)
			end(http, code);
	}
}
