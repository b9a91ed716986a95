#ifndef NET_LISTENERS_H
#define NET_LISTENERS_H

#include "util/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Private to the room: what listens in a box. */

/**
 * struct net_listener - a TCP port on which something listens
 * @address:	IPv4 mapped into IPv6; all zeroes: any
 */
struct net_listener {
	struct in6_addr address;
	uint16_t port;
};

#define NET_LISTENERS_MAX 1024

/** struct net_listeners - one of each port, by number; `= {0}` is empty */
struct net_listeners {
	struct net_listener *items;
	size_t count;
};
void net_listeners_done(struct net_listeners *list);

/**
 * net_listeners_read() - ask the kernel
 * @diag_fd:	NETLINK_SOCK_DIAG socket of the network namespace in question
 *
 * Of several on one port that is kept which 127.0.0.1 reaches, else ::1, else the first. More
 * than NET_LISTENERS_MAX are not looked at. Kernel interface: sock_diag(7), a dump of listening
 * sockets: its cost is that of the sockets which listen, not of the tables of all.
 */
int net_listeners_read(int diag_fd, struct net_listeners *out_list, struct err *err);

/** net_listeners_parse() - add what one answer of the kernel holds (fuzzed). *out_ended: it was
 * the last. Return: 0, or -1 with errno: what the kernel says, or EBADMSG. */
int net_listeners_parse(const void *data, size_t len, struct net_listeners *list,
			bool *out_ended);

#endif
