#ifndef NET_FORWARD_H
#define NET_FORWARD_H

#include "net/port.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The forwarder: ports of the host that lead into a box. It listens on the host, and for each
 * connection connects a socket of the box's network, which somebody inside made for it: so
 * servers that listen on loopback only are reached, without a route, an address or a process of
 * ours in the box. It lives in the event loop of another: one descriptor to poll, no thread.
 *
 * TCP: bytes go by splice(2) through pipes, which only flows that are stuck hold; each side's
 * end of file reaches the other, a reset too; who sends faster than the other reads is slowed.
 * UDP: each peer has a socket of its own inside until both are silent for NET_UDP_IDLE_S.
 * The server sees its own 127.0.0.1, then ::1, then @address as the place it is called at, and
 * connections come from there.
 */
#define NET_UDP_IDLE_S 60

struct net_forwarder;

/** What somebody inside is asked to make, in the order of enum init_socket. */
enum net_socket { NET_SOCKET_TCP, NET_SOCKET_UDP, NET_SOCKET_DIAG };

/**
 * struct net_forward_hooks - whose loop it is; all are called from within its functions
 * @ask:	@count sockets are wanted; each comes by net_forwarder_give(), later
 * @changed:	net_forwarder_list() says something new
 * @appeared:	a listener of the box can be reached now; not for published ports
 * @note:	a line for the user
 */
struct net_forward_hooks {
	void *arg;
	void (*ask)(void *arg, enum net_socket kind, int count);
	void (*changed)(void *arg);
	void (*appeared)(void *arg, const char *url, uint16_t box_port);
	void (*note)(void *arg, const char *text);
};

/** net_forwarder_new() - one that does nothing yet. @address: the box's own, IPv4 or IPv6;
 * NULL: it has none. */
int net_forwarder_new(const struct net_forward_hooks *hooks, const char *address,
		      struct net_forwarder **out_forwarder, struct err *err);
/** net_forwarder_free() - closes everything; NULL is nothing. */
void net_forwarder_free(struct net_forwarder *f);

/** net_forwarder_fd() - readable when net_forwarder_step() has something to do. */
int net_forwarder_fd(const struct net_forwarder *f);
/** net_forwarder_step() - do what can be done without waiting. */
void net_forwarder_step(struct net_forwarder *f);

/**
 * net_forwarder_publish() - these are the published ports from now on
 * What was there before and is wanted still goes on undisturbed; of what is not, connections
 * that stand go on until they end. When one cannot be had nothing changes.
 * @out_bad:	which of @ports failed
 * @err:	as net_port_listen()
 */
int net_forwarder_publish(struct net_forwarder *f, const struct net_port *ports, size_t count,
			  size_t *out_bad, struct err *err);

/** struct net_range - numbers of ports, both ends included */
struct net_range {
	uint16_t first, last;
};
/**
 * net_forwarder_watch() - listeners inside appear on @address at their own number
 * A number that cannot be had there (low, or taken) appears at NET_REMAP_STEP more. TCP only.
 * Published ports are left out.
 * @only:	those of these ranges; with @count 0 all
 * @address:	NULL: none from now on
 */
#define NET_REMAP_STEP 8000
void net_forwarder_watch(struct net_forwarder *f, const struct in_addr *address,
			 const struct net_range *only, size_t count);

/** net_forwarder_begin() - the box runs: from now on it may be asked for sockets. Takes as many
 * descriptors as the process may have (RLIMIT_NOFILE). */
void net_forwarder_begin(struct net_forwarder *f);

/** net_forwarder_give() - a socket that was asked for, taken over; @fd -1 with @code: there is
 * none. Others than those asked for are closed. */
void net_forwarder_give(struct net_forwarder *f, enum net_socket kind, int fd, int code);

/**
 * struct net_forward - one that stands, for net_forwarder_list()
 * @is_published: by the profile; else it was found
 * @is_blocked:	found, but neither number can be had; .host is where it should be
 */
struct net_forward {
	struct net_port port;
	bool is_published;
	bool is_blocked;
};
/** net_forwarder_list() - published ones in their order, then those found by number. free() the
 * list. */
size_t net_forwarder_list(const struct net_forwarder *f, struct net_forward **out_list);

#endif
