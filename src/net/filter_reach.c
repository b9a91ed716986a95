#include "net/filter_private.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_MS 10000
#define ADDRESSES_MAX 8
#define PUMP_BYTES 32768
#define HALF_OPEN_MS 60000 /* one side has ended, and nothing comes from the other */

static void free_addresses(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

/* Return: descriptor, or -1 with errno. */
static int connect_to(const struct addrinfo *to)
{
	AUTO_CLOSE int fd =
		socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd writable = {.fd = fd, .events = POLLOUT};
	const int on = 1;
	socklen_t len = sizeof(errno);

	if (fd < 0)
		return -1;
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
		int code = ETIMEDOUT;

		if (errno != EINPROGRESS)
			return -1;
		if (poll(&writable, 1, CONNECT_MS) > 0)
			(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len);
		errno = code;
		if (code != 0)
			return -1;
	}
	(void)fcntl(fd, F_SETFL, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	return steal_fd(&fd);
}

static int reach_any(struct filter_server *server, const struct addrinfo *list,
		     const char *where)
{
	int code = 0;
	int tries = 0;

	for (const struct addrinfo *a = list; a && tries < ADDRESSES_MAX; a = a->ai_next) {
		int fd;

		if (!server->to_private && !filter_is_public(a->ai_addr))
			continue;
		tries++;
		fd = connect_to(a);
		if (fd >= 0)
			return fd;
		code = errno;
	}
	if (tries == 0)
		filter_say(&server->log, "refused",
			   "%s: its address is of a private network, and network.host is not "
			   "true",
			   where);
	else
		filter_say(&server->log, "failed", "%s: %s", where, strerror(code));
	return -1;
}

int filter_reach(struct filter_server *server, const char *name, uint16_t port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
	__attribute__((cleanup(free_addresses))) struct addrinfo *list = NULL;
	AUTO_FREE char *where = xasprintf("%s:%u", name, port);
	const bool is_host = strcmp(name, NET_HOST_NAME) == 0;
	int code = getaddrinfo(is_host ? "localhost" : name, strrchr(where, ':') + 1, &hints,
			       &list);

	if (code == 0)
		return reach_any(server, list, where);
	filter_say(&server->log, "failed", "%s: %s", where, gai_strerror(code));
	return -1;
}

/* One way of a connection. */
struct way {
	int from, to;
	char *data;
	size_t at, len;
	uint64_t limit;
	bool has_ended;
};

/* Return: -1 when it broke. */
static int move(struct way *way)
{
	ssize_t n;

	if (way->len == 0 && !way->has_ended) {
		n = recv(way->from, way->data, PUMP_BYTES, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		way->has_ended = n == 0;
		way->at = 0;
		way->len = (uint64_t)n < way->limit ? (size_t)n : (size_t)way->limit;
		way->limit -= way->limit == UINT64_MAX ? 0 : way->len;
		if (n == 0)
			(void)shutdown(way->to, SHUT_WR);
	}
	while (way->len > 0) {
		n = send(way->to, way->data + way->at, way->len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		way->at += (size_t)n;
		way->len -= (size_t)n;
	}
	return 0;
}

static short wanted(const struct way *in, const struct way *out)
{
	return (short)((in->len == 0 && !in->has_ended ? POLLIN : 0) |
		       (out->len > 0 ? POLLOUT : 0));
}

void filter_pump(int client_fd, int server_fd, uint64_t limit)
{
	AUTO_FREE char *data = xmalloc((size_t)2 * PUMP_BYTES);
	struct way up = {.from = client_fd, .to = server_fd, .data = data, .limit = limit};
	struct way down = {.from = server_fd,
			   .to = client_fd,
			   .data = data + PUMP_BYTES,
			   .limit = UINT64_MAX};

	for (;;) {
		bool is_half = up.has_ended || down.has_ended;
		struct pollfd polls[] = {
			{.fd = client_fd, .events = wanted(&up, &down)},
			{.fd = server_fd, .events = wanted(&down, &up)},
		};

		/* Nothing is wanted of one that hung up; it would be told again and again. */
		if (polls[0].events == 0)
			polls[0].fd = -1;
		if (polls[1].events == 0)
			polls[1].fd = -1;
		if (poll(polls, 2, is_half ? HALF_OPEN_MS : -1) == 0)
			return;
		if (move(&up) < 0 || move(&down) < 0)
			return;
		/* With a limit there is one answer, and it is over. */
		if (down.has_ended && down.len == 0 &&
		    ((up.has_ended && up.len == 0) || limit != UINT64_MAX))
			return;
	}
}
