#include "net/filter_private.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* What a client says first decides: TLS with a name, a request of HTTP, or other words. */

#define DRAINS_MAX 256
#define DRAIN_MS 1000

enum speech { SPEECH_GONE, SPEECH_TLS, SPEECH_HTTP, SPEECH_OTHER };

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* More of what it says. Return: false when it says no more, or takes too long. */
static bool listen_to(struct filter_client *client, int64_t end_ms)
{
	struct pollfd readable = {.fd = client->fd, .events = POLLIN};
	int64_t left = end_ms - now_ms();
	ssize_t n;

	if (client->len == FILTER_DATA_MAX || poll(&readable, 1, left > 0 ? (int)left : 0) <= 0)
		return false;
	n = recv(client->fd, client->data + client->len, FILTER_DATA_MAX - client->len, 0);
	if (n <= 0)
		return false;
	client->len += (size_t)n;
	return true;
}

static void use(struct filter_client *client, size_t len)
{
	memmove(client->data, client->data + len, client->len - len);
	client->len -= len;
}

/* @is_open: other words than those of HTTP and TLS are wanted as soon as they come. */
static enum speech hear(struct filter_client *client, bool is_open)
{
	const int64_t end = now_ms() + FILTER_HEAD_MS;

	while (client->len > 0 || listen_to(client, end)) {
		int looks = PARSE_BAD;

		if (client->data[0] == 22 &&
		    (client->len > 1 ? client->data[1] == 3 : !is_open))
			return SPEECH_TLS;
		looks = http_looks(client->data, client->len);
		if (looks == PARSE_DONE)
			return SPEECH_HTTP;
		if (looks == PARSE_BAD && (client->len > 1 || client->data[0] != 22))
			return SPEECH_OTHER;
		if (!listen_to(client, end))
			return SPEECH_OTHER;
	}
	return SPEECH_GONE;
}

static void refuse(struct filter_client *client, const char *where, const char *why)
{
	filter_say(&client->server->log, "refused", "%s: %s", where, why);
}

static void answer(const struct filter_client *client, const char *status, const char *where,
		   const char *why)
{
	AUTO_FREE char *text = xasprintf("devbox: %s: %s\n", where, why);
	struct pollfd readable = {.fd = client->fd, .events = POLLIN};
	char rest[4096];
	AUTO_FREE char *all = xasprintf("HTTP/1.1 %s\r\nContent-Type: text/plain\r\n"
					"Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
					status, strlen(text), text);

	(void)send(client->fd, all, strlen(all), MSG_NOSIGNAL);
	(void)shutdown(client->fd, SHUT_WR);
	/* What is unread when it is closed would take the answer with it. */
	for (int i = 0; i < DRAINS_MAX && poll(&readable, 1, DRAIN_MS) > 0; i++)
		if (recv(client->fd, rest, sizeof(rest), MSG_DONTWAIT) <= 0)
			return;
}

static bool send_all(int fd, const char *data, size_t len)
{
	const struct timeval patience = {.tv_sec = FILTER_HEAD_MS / 1000};

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Everything it said goes on as it is. */
static void pass_on(struct filter_client *client, int server_fd, const char *where,
		    const char *how)
{
	filter_say(&client->server->log, "allowed", "%s%s", where, how);
	if (send_all(server_fd, client->data, client->len))
		filter_pump(client->fd, server_fd, UINT64_MAX);
}

/* --- TLS --- */

static void serve_tls(struct filter_client *client, int server_fd, const char *where)
{
	const int64_t end = now_ms() + FILTER_HEAD_MS;
	AUTO_FREE char *why = NULL;
	char name[FILTER_NAME_MAX];
	int rc;

	do {
		rc = tls_server_name((const uint8_t *)client->data, client->len, name);
	} while (rc == PARSE_MORE && listen_to(client, end));
	if (rc == PARSE_DONE && strcmp(name, client->name) == 0) {
		pass_on(client, server_fd, where, " tls");
		return;
	}
	why = rc != PARSE_DONE ? xstrdup("no proper TLS")
	      : *name          ? xasprintf("TLS asks for '%s'", name)
			       : xstrdup("TLS without a server name");
	refuse(client, where, why);
}

/* --- HTTP --- */

static int read_head(struct filter_client *client, struct http_head *head)
{
	const int64_t end = now_ms() + FILTER_HEAD_MS;
	int rc;

	do {
		rc = http_parse(client->data, client->len, head);
	} while (rc == PARSE_MORE && listen_to(client, end));
	return rc;
}

/* One request, its body, and one answer: the next request could be for somebody else. */
static void pass_request(struct filter_client *client, const struct http_head *head,
			 int server_fd, const char *where)
{
	AUTO_BUF struct buf text = {0};
	uint64_t more = client->len - head->len;

	if (more > head->body)
		more = head->body;
	http_rewrite(client->data, head, client->port, &text);
	buf_add(&text, client->data + head->len, (size_t)more);
	filter_say(&client->server->log, "allowed", "%s http", where);
	if (send_all(server_fd, text.data, text.len))
		filter_pump(client->fd, server_fd, head->body - more);
}

/* Whether this request may go where the connection leads. */
static bool is_request_fine(struct filter_client *client, int rc, const struct http_head *head,
			    const char *where)
{
	AUTO_FREE char *why = NULL;

	if (rc != PARSE_DONE) {
		refuse(client, where, "no proper request of HTTP");
		answer(client, "400 Bad Request", where, "no proper request");
		return false;
	}
	if (head->is_connect || strcmp(head->name, client->name) != 0 ||
	    (head->port ? head->port : 80) != client->port) {
		why = xasprintf("HTTP asks for '%s:%u'", head->name,
				head->port ? head->port : 80);
		refuse(client, where, why);
		answer(client, "403 Forbidden", where, why);
		return false;
	}
	if (head->is_chunked) {
		refuse(client, where, "a request whose length is not known");
		answer(client, "411 Length Required", where, "say how long the request is");
		return false;
	}
	return true;
}

static void serve_http(struct filter_client *client, int server_fd, const char *where)
{
	struct http_head head;
	int rc = read_head(client, &head);

	if (is_request_fine(client, rc, &head, where))
		pass_request(client, &head, server_fd, where);
}

/* --- a connection to a name --- */

/* Whether the server is the first to speak. */
static bool is_greeted(const struct filter_client *client, int server_fd)
{
	struct pollfd polls[] = {{.fd = client->fd, .events = POLLIN},
				 {.fd = server_fd, .events = POLLIN}};

	if (client->len > 0 || poll(polls, 2, -1) <= 0)
		return false;
	return polls[1].revents && !polls[0].revents;
}

/* .name and .port of @client are allowed, and @server_fd leads there. */
static void serve_open(struct filter_client *client, int server_fd)
{
	AUTO_FREE char *where = xasprintf("%s:%u", client->name, client->port);
	/* On these nothing is spoken but the two that can be looked at. */
	const bool is_open = client->port != 80 && client->port != 443;

	if (is_open && is_greeted(client, server_fd)) {
		pass_on(client, server_fd, where, "");
		return;
	}
	switch (hear(client, is_open)) {
	case SPEECH_TLS:
		serve_tls(client, server_fd, where);
		break;
	case SPEECH_HTTP:
		serve_http(client, server_fd, where);
		break;
	case SPEECH_OTHER:
		if (is_open)
			pass_on(client, server_fd, where, "");
		else
			refuse(client, where, "neither TLS nor HTTP");
		break;
	case SPEECH_GONE:
		break;
	}
}

static void serve_name(struct filter_client *client)
{
	AUTO_CLOSE int server_fd = filter_reach(client->server, client->name, client->port);

	if (server_fd >= 0)
		serve_open(client, server_fd);
}

/* --- the proxy --- */

static void serve_connect(struct filter_client *client, const char *where)
{
	static const char fine[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	AUTO_CLOSE int server_fd = filter_reach(client->server, client->name, client->port);

	if (server_fd < 0) {
		answer(client, "502 Bad Gateway", where,
		       "cannot be reached; 'devbox logs --net' says why");
		return;
	}
	if (send_all(client->fd, fine, sizeof(fine) - 1))
		serve_open(client, server_fd);
}

static void serve_url(struct filter_client *client, const struct http_head *head,
		      const char *where)
{
	AUTO_CLOSE int server_fd = -1;

	if (!is_request_fine(client, PARSE_DONE, head, where))
		return;
	server_fd = filter_reach(client->server, client->name, client->port);
	if (server_fd >= 0)
		pass_request(client, head, server_fd, where);
	else
		answer(client, "502 Bad Gateway", where,
		       "cannot be reached; 'devbox logs --net' says why");
}

static void serve_proxy(struct filter_client *client)
{
	AUTO_FREE char *where = NULL;
	struct http_head head;
	int rc = read_head(client, &head);

	if (rc == PARSE_MORE && client->len == 0)
		return;
	if (rc != PARSE_DONE || (!head.is_connect && !head.is_url)) {
		refuse(client, "the proxy", "no proper request for a host name");
		answer(client, "400 Bad Request", "the proxy",
		       "no proper request for a host name");
		return;
	}
	memcpy(client->name, head.name, sizeof(client->name));
	client->port = head.port ? head.port : head.is_connect ? 443 : 80;
	where = xasprintf("%s:%u", client->name, client->port);
	if (!filter_allows(&client->server->rules, client->name, client->port)) {
		refuse(client, where, "network.allow does not name it");
		answer(client, "403 Forbidden", where, "network.allow does not name it");
		return;
	}
	if (head.is_connect) {
		use(client, head.len);
		serve_connect(client, where);
		return;
	}
	serve_url(client, &head, where);
}

/* --- DNS over TCP --- */

static void serve_dns(struct filter_client *client)
{
	const int64_t end = now_ms() + FILTER_HEAD_MS;

	for (;;) {
		const uint8_t *data = (const uint8_t *)client->data;
		size_t len = client->len < 2 ? 0 : (size_t)(data[0] << 8 | data[1]);
		uint8_t out[2 + DNS_ANSWER_MAX];
		size_t answer_len;

		if (client->len < 2 || client->len < 2 + len) {
			if (!listen_to(client, end))
				return;
			continue;
		}
		answer_len = filter_answer(client->server, data + 2, len, out + 2);
		if (answer_len == 0)
			return;
		out[0] = (uint8_t)(answer_len >> 8);
		out[1] = (uint8_t)answer_len;
		if (!send_all(client->fd, (const char *)out, answer_len + 2))
			return;
		use(client, 2 + len);
	}
}

void filter_client_serve(struct filter_client *client)
{
	if (client->event == EVENT_DNS_TCP)
		serve_dns(client);
	else if (client->event == EVENT_PROXY)
		serve_proxy(client);
	else
		serve_name(client);
}
