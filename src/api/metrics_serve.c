#include "api/metrics.h"

#include "util/cleanup.h"
#include "util/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 16
/* From a connection to its end: who is slower is not a scraper. */
#define CLIENT_MS 10000

struct client {
	int fd;
	int64_t until_ms;
	char request[METRICS_REQUEST_MAX];
	size_t request_len;
	struct buf answer; /* empty: the request is still read */
	size_t sent;
};
struct server {
	struct devbox *devbox;
	const char *project_id;
	int listen_fd;
	struct client clients[CLIENTS_MAX];
	size_t count;
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void drop(struct server *server, size_t i)
{
	(void)close(server->clients[i].fd);
	buf_done(&server->clients[i].answer);
	server->clients[i] = server->clients[--server->count];
	server->clients[server->count] = (struct client){.fd = -1};
}

static const char *words_of(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 431:
		return "Request Header Fields Too Large";
	case 500:
		return "Internal Server Error";
	default:
		return "Bad Request";
	}
}

static const char *type_of(int status, enum metrics_format format)
{
	if (status != 200)
		return "text/plain; charset=utf-8";
	return format == METRICS_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

static void make_answer(const struct server *server, struct metrics_request *request,
			struct buf *out)
{
	AUTO_BUF struct buf body = {0};
	struct err err = {0};

	if (request->status == 200 && devbox_metrics(server->devbox, server->project_id,
						     request->format, &body, &err) < 0) {
		request->status = 500;
		log_warn("%s", err.message);
	}
	if (request->status != 200) {
		body.len = 0;
		buf_printf(&body, "%s\n", words_of(request->status));
	}
	buf_printf(out, "HTTP/1.1 %d %s\r\n", request->status, words_of(request->status));
	buf_printf(out, "Content-Type: %s\r\n", type_of(request->status, request->format));
	buf_printf(out, "Content-Length: %zu\r\n", body.len);
	if (request->status == 405)
		buf_puts(out, "Allow: GET, HEAD\r\n");
	buf_puts(out, "Cache-Control: no-store\r\nConnection: close\r\n\r\n");
	if (!request->is_head)
		buf_add(out, body.data, body.len);
}

/* Return: false: it is over. */
static bool read_request(const struct server *server, struct client *client)
{
	struct metrics_request request;
	ssize_t got = recv(client->fd, client->request + client->request_len,
			   sizeof(client->request) - client->request_len, MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	client->request_len += (size_t)got;
	metrics_request_parse(client->request, client->request_len, &request);
	if (request.status)
		make_answer(server, &request, &client->answer);
	return got > 0 || client->answer.len;
}

static bool write_answer(struct client *client)
{
	ssize_t done = send(client->fd, client->answer.data + client->sent,
			    client->answer.len - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (done < 0)
		return errno == EAGAIN || errno == EINTR;
	client->sent += (size_t)done;
	if (client->sent < client->answer.len)
		return true;
	(void)shutdown(client->fd, SHUT_WR);
	return false;
}

static void accept_client(struct server *server)
{
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	server->clients[server->count++] =
		(struct client){.fd = fd, .until_ms = now_ms() + CLIENT_MS};
}

/* Return: false: a signal ends it. */
static bool serve_once(struct server *server, int signal_fd)
{
	struct pollfd polls[2 + CLIENTS_MAX] = {
		{.fd = signal_fd, .events = POLLIN},
		/* As many as we serve: others wait in the kernel's queue. */
		{.fd = server->count < CLIENTS_MAX ? server->listen_fd : -1, .events = POLLIN},
	};
	const size_t count = server->count;

	for (size_t i = 0; i < count; i++)
		polls[2 + i] = (struct pollfd){
			.fd = server->clients[i].fd,
			.events = server->clients[i].answer.len ? POLLOUT : POLLIN};
	if (poll(polls, (nfds_t)(2 + count), count ? CLIENT_MS / 10 : -1) < 0)
		return true;
	if (polls[0].revents)
		return false;
	/* From the last: one that is dropped gives its place to the last. */
	for (size_t i = count; i-- > 0;) {
		struct client *client = &server->clients[i];
		bool goes_on = now_ms() < client->until_ms;

		if (goes_on && polls[2 + i].revents)
			goes_on = client->answer.len ? write_answer(client)
						     : read_request(server, client);
		if (!goes_on)
			drop(server, i);
	}
	if (polls[1].revents)
		accept_client(server);
	return true;
}

static bool is_stale(const char *path, const struct sockaddr_un *name)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       connect(fd, (const struct sockaddr *)name, sizeof(*name)) < 0 &&
	       errno == ECONNREFUSED;
}

static int listen_unix(const char *path, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	mode_t old;
	int rc;

	if (fd < 0)
		return err_sys(err, "make a socket");
	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	if (is_stale(path, &name))
		(void)unlink(path);
	old = umask(0177);
	rc = bind(fd, (struct sockaddr *)&name, sizeof(name));
	(void)umask(old);
	if (rc < 0 || listen(fd, CLIENTS_MAX) < 0)
		return err_sys(err, "listen at '%s'", path);
	log_note("metrics at %s, GET /metrics", path);
	return steal_fd(&fd);
}

static int listen_port(const struct metrics_address *address, struct err *err)
{
	AUTO_CLOSE int fd = socket(address->is_v6 ? AF_INET6 : AF_INET,
				   SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name = {.v4 = {.sin_family = AF_INET,
			 .sin_port = htons(address->port),
			 .sin_addr.s_addr = htonl(address->v4)}};
	socklen_t size = sizeof(name.v4);
	char text[INET6_ADDRSTRLEN] = "::1";

	if (address->is_v6) {
		name.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
						.sin6_port = htons(address->port),
						.sin6_addr = IN6ADDR_LOOPBACK_INIT};
		size = sizeof(name.v6);
	} else {
		(void)inet_ntop(AF_INET, &name.v4.sin_addr, text, sizeof(text));
	}
	if (fd < 0)
		return err_sys(err, "make a socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &name.any, size) < 0 || listen(fd, CLIENTS_MAX) < 0 ||
	    getsockname(fd, &name.any, &size) < 0)
		return err_sys(err, "listen at port %u of %s", address->port, text);
	log_note("metrics at http://%s%s%s:%u/metrics", address->is_v6 ? "[" : "", text,
		 address->is_v6 ? "]" : "",
		 ntohs(address->is_v6 ? name.v6.sin6_port : name.v4.sin_port));
	return steal_fd(&fd);
}

static int open_signals(struct err *err)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, "open a signal descriptor") : fd;
}

int devbox_metrics_serve(struct devbox *devbox, const char *project_id,
			 const struct metrics_address *address, struct err *err)
{
	AUTO_FREE struct server *server = xmalloc(sizeof(*server));
	AUTO_CLOSE int signal_fd = open_signals(err);
	AUTO_CLOSE int listen_fd = -1;

	if (signal_fd < 0)
		return -1;
	listen_fd = address->path ? listen_unix(address->path, err) : listen_port(address, err);
	if (listen_fd < 0)
		return -1;
	server->devbox = devbox;
	server->project_id = project_id;
	server->listen_fd = listen_fd;
	while (serve_once(server, signal_fd))
		;
	while (server->count)
		drop(server, 0);
	if (address->path)
		(void)unlink(address->path);
	return 0;
}
