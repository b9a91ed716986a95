#include "net/forward_private.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>

/* Seconds without a connection after which the stock is as small as in the beginning. */
#define STOCK_CALM_S 10

static struct stock *stock_of(struct net_forwarder *f, enum net_socket kind)
{
	return &f->stocks[kind == NET_SOCKET_UDP];
}

int stock_take(struct net_forwarder *f, enum net_socket kind)
{
	struct stock *stock = stock_of(f, kind);

	stock->used_s = f->now_s;
	if (stock->count > 0)
		return stock->fds[--stock->count];
	/* The next burst shall not wait. */
	if (stock->wanted < STOCK_MAX)
		stock->wanted *= 2;
	errno = EAGAIN;
	return -1;
}

void stock_fill(struct net_forwarder *f, enum net_socket kind, bool is_needed)
{
	struct stock *stock = stock_of(f, kind);
	int missing;

	if (!is_needed ||
	    (stock->wanted > STOCK_LEAST && f->now_s - stock->used_s > STOCK_CALM_S))
		stock->wanted = STOCK_LEAST;
	while (stock->count > (is_needed ? stock->wanted : 0))
		(void)close(stock->fds[--stock->count]);
	missing = stock->wanted - stock->count - stock->pending;
	if (!is_needed || !f->has_begun || missing < (stock->wanted + 1) / 2)
		return;
	stock->pending += missing;
	f->hooks.ask(f->hooks.arg, kind, missing);
}

void stock_done(struct net_forwarder *f)
{
	for (size_t i = 0; i < ARRAY_LEN(f->stocks); i++)
		while (f->stocks[i].count > 0)
			(void)close(f->stocks[i].fds[--f->stocks[i].count]);
}

/* It came from inside the box: it is what was asked for, or nothing. */
static bool is_as_asked(enum net_socket kind, int fd)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return false;
	if (kind == NET_SOCKET_DIAG)
		return domain == AF_NETLINK && fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
	return (domain == AF_INET || domain == AF_INET6) &&
	       type == (kind == NET_SOCKET_TCP ? SOCK_STREAM : SOCK_DGRAM) &&
	       fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static void take_diag(struct net_forwarder *f, int fd, int code)
{
	f->is_diag_asked = false;
	if (fd < 0) {
		f->is_watching = false;
		forward_note(f, "forward_ports: listeners of the box cannot be seen: %s",
			     strerror(code));
		return;
	}
	if (!f->is_watching || f->diag_fd >= 0) {
		(void)close(fd);
		return;
	}
	f->diag_fd = fd;
	watch_tick(f);
}

static void take_one(struct net_forwarder *f, enum net_socket kind, int fd, int code)
{
	struct stock *stock = stock_of(f, kind);
	const int on = 1;

	if (stock->pending > 0)
		stock->pending--;
	if (fd < 0) {
		forward_note(f, "ports: the box gives no more sockets: %s", strerror(code));
		tcp_fail(f);
		return;
	}
	if (stock->count == STOCK_MAX) {
		(void)close(fd);
		return;
	}
	if (kind == NET_SOCKET_TCP)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	stock->fds[stock->count++] = fd;
}

void net_forwarder_give(struct net_forwarder *f, enum net_socket kind, int fd, int code)
{
	if (fd >= 0 && !is_as_asked(kind, fd)) {
		(void)close(fd);
		fd = -1;
		code = EPROTO;
	}
	if (kind == NET_SOCKET_DIAG)
		take_diag(f, fd, code);
	else
		take_one(f, kind, fd, code);
	tcp_serve(f);
	forward_settle(f);
}

int inner_connect(int fd, const struct sockaddr_in6 *to)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = to->sin6_port};
	int domain = AF_INET6;
	socklen_t len = sizeof(domain);

	(void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	if (domain == AF_INET6)
		return connect(fd, (const struct sockaddr *)to, sizeof(*to));
	if (!IN6_IS_ADDR_V4MAPPED(&to->sin6_addr)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	memcpy(&v4.sin_addr, &to->sin6_addr.s6_addr[12], sizeof(v4.sin_addr));
	return connect(fd, (const struct sockaddr *)&v4, sizeof(v4));
}
