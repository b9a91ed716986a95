#ifndef TESTS_NET_BOX_H
#define TESTS_NET_BOX_H

#include "net/forward.h"
#include "net/net.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000

/*
 * A network of its own, of which a process gives sockets out: with those the test itself is
 * both the server inside and the client outside. And a forwarder between the two.
 */
struct net_box {
	pid_t pid;
	int socket;
	struct net_forwarder *forwarder;
	int asked[3];   /* of each kind, not yet given */
	bool is_silent; /* it gives nothing out */
	size_t given;
	struct strv appeared, notes;
	size_t changes;
};

static inline void box_serve(int sock)
{
	int kind;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 || net_lo_up() < 0)
		_exit(1);
	while (recv(sock, &kind, sizeof(kind), 0) == (ssize_t)sizeof(kind)) {
		const int type = (kind % 10 == NET_SOCKET_TCP ? SOCK_STREAM : SOCK_DGRAM) |
				 SOCK_CLOEXEC | SOCK_NONBLOCK;
		int fd = kind == NET_SOCKET_DIAG
				 ? socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 4)
				 : socket(kind >= 10 ? AF_INET : AF_INET6, type, 0);

		(void)fd_send(sock, "", 1, &fd, 1);
		(void)close(fd);
	}
	_exit(0);
}

/* @kind: enum net_socket, 10 more for one of IPv4. */
static inline int box_socket(const struct net_box *box, int kind)
{
	int fds[FD_PASS_MAX];
	size_t count = 0;
	char byte;

	assert_int_equal(send(box->socket, &kind, sizeof(kind), MSG_NOSIGNAL), sizeof(kind));
	if (fd_receive(box->socket, &byte, 1, fds, &count) != 1 || count != 1)
		fail_msg("the box gives no socket");
	return fds[0];
}

static inline void box_ask(void *arg, enum net_socket kind, int count)
{
	struct net_box *box = arg;

	box->asked[kind] += count;
}

static inline void box_changed(void *arg)
{
	((struct net_box *)arg)->changes++;
}

static inline void box_appeared(void *arg, const char *url, uint16_t box_port)
{
	struct net_box *box = arg;

	strv_addf(&box->appeared, "%u %s", box_port, url);
}

static inline void box_note(void *arg, const char *text)
{
	struct net_box *box = arg;

	strv_add(&box->notes, text);
}

static inline int box_make(void **state)
{
	struct net_box *box = xmalloc(sizeof(*box));
	const struct net_forward_hooks hooks = {box, box_ask, box_changed, box_appeared,
						box_note};
	struct err err;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	box->pid = fork();
	if (box->pid == 0) {
		(void)close(pair[0]);
		box_serve(pair[1]);
	}
	(void)close(pair[1]);
	box->socket = pair[0];
	assert_int_equal(net_forwarder_new(&hooks, NULL, &box->forwarder, &err), 0);
	*state = box;
	return 0;
}

static inline int box_remove(void **state)
{
	struct net_box *box = *state;

	net_forwarder_free(box->forwarder);
	(void)close(box->socket);
	assert_int_equal(proc_exit_code(proc_wait(box->pid)), 0);
	strv_done(&box->appeared);
	strv_done(&box->notes);
	free(box);
	return 0;
}

/* The forwarder works for at most @ms. */
static inline void box_turn(struct net_box *box, int ms)
{
	struct pollfd p = {.fd = net_forwarder_fd(box->forwarder), .events = POLLIN};

	for (int kind = 0; kind < 3 && !box->is_silent; kind++) {
		for (; box->asked[kind] > 0; box->asked[kind]--) {
			box->given++;
			net_forwarder_give(box->forwarder, (enum net_socket)kind,
					   box_socket(box, kind), 0);
			ms = 0;
		}
	}
	if (poll(&p, 1, ms) > 0)
		net_forwarder_step(box->forwarder);
}

/* Until @fd has one of @events. */
static inline void box_until(struct net_box *box, int fd, short events)
{
	for (int i = 0; i < PATIENCE_MS; i++) {
		struct pollfd p = {.fd = fd, .events = events};

		if (poll(&p, 1, 0) > 0)
			return;
		box_turn(box, 1);
	}
	fail_msg("nothing happens");
}

static inline struct net_port box_port(enum net_protocol protocol, const char *address,
				       uint16_t host, uint16_t port)
{
	struct net_port p = {.protocol = protocol, .box_port = port};

	assert_int_equal(net_address_set(address, host, &p.host), 0);
	return p;
}

/* Publishes one port of the kernel's choice. Return: where. */
static inline struct sockaddr_storage box_publish(struct net_box *box,
						  enum net_protocol protocol,
						  const char *address, uint16_t port)
{
	struct net_port wanted = box_port(protocol, address, 0, port);
	AUTO_FREE struct net_forward *list = NULL;
	size_t bad;
	struct err err = {0};

	if (net_forwarder_publish(box->forwarder, &wanted, 1, &bad, &err) < 0)
		fail_msg("%s | %s", err.message, err.hint);
	assert_int_equal(net_forwarder_list(box->forwarder, &list), 1);
	return list[0].port.host;
}

/* A socket of the box that listens (TCP), or is bound (UDP). */
static inline int box_server(struct net_box *box, enum net_protocol protocol,
			     const char *address, uint16_t port)
{
	struct net_port where = box_port(protocol, address, port, port);
	int kind = protocol == NET_UDP ? NET_SOCKET_UDP : NET_SOCKET_TCP;
	int fd = box_socket(box, where.host.ss_family == AF_INET ? kind + 10 : kind);
	const int on = 1;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	if (where.host.ss_family == AF_INET6)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&where.host, net_address_len(&where.host)),
			 0);
	if (protocol == NET_TCP)
		assert_int_equal(listen(fd, 4096), 0);
	return fd;
}

/* A client of the host, not blocking. */
static inline int box_client(const struct sockaddr_storage *to, enum net_protocol protocol)
{
	int fd = socket(to->ss_family,
			(protocol == NET_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)to, net_address_len(to)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline int box_accept(struct net_box *box, int server)
{
	int fd;

	box_until(box, server, POLLIN);
	fd = accept4(server, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(fd >= 0);
	return fd;
}

/* @text arrives at @fd. */
static inline void box_expect(struct net_box *box, int fd, const char *text)
{
	char got[256];
	ssize_t n;

	box_until(box, fd, POLLIN);
	n = recv(fd, got, sizeof(got) - 1, 0);
	got[n > 0 ? n : 0] = '\0';
	assert_string_equal(got, text);
}

#endif
