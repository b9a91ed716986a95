#ifndef NET_RTNL_H
#define NET_RTNL_H

#include "util/err.h"

#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The few words of rtnetlink(7) that a project's network needs. Everything happens in the
 * network namespace in which the socket was opened; addresses are in host byte order.
 */

#define RTNL_MAX 1024

/** struct rtnl - a message in the making; rtnl_begin() it */
struct rtnl {
	union {
		struct nlmsghdr header;
		char bytes[RTNL_MAX];
	};
};

/** rtnl_open() - a socket in the current network namespace. Return: descriptor or -1. */
int rtnl_open(struct err *err);

/* Messages. What does not fit is a mistake of ours. */
void rtnl_begin(struct rtnl *message, uint16_t type, uint16_t flags, const void *body,
		size_t len);
void rtnl_put(struct rtnl *message, uint16_t type, const void *data, size_t len);
/** rtnl_nest() - what is put from here to rtnl_end() is below attribute @type. */
size_t rtnl_nest(struct rtnl *message, uint16_t type);
void rtnl_end(struct rtnl *message, size_t nest);
/** rtnl_ask() - send it and wait for the kernel's answer. @what: for the error. */
int rtnl_ask(int fd, struct rtnl *message, const char *what, struct err *err);

/** rtnl_add_bridge() - a bridge that is up. */
int rtnl_add_bridge(int fd, const char *name, int mtu, struct err *err);
#define RTNL_MAC 6
/** struct rtnl_link - an interface to make: @peer with @mac in the namespace @peer_ns
 * @name:	which is here: the other end of a pair, or what a macvlan is on top of */
struct rtnl_link {
	const char *name;
	const char *peer;
	int peer_ns;
	int mtu;
	unsigned char mac[RTNL_MAC];
};
int rtnl_add_veth(int fd, const struct rtnl_link *veth, struct err *err);
/**
 * rtnl_add_macvlan() - @peer with @mac in the namespace @peer_ns, on top of @name, which is
 * here; those on top of one interface reach each other, and whom it reaches
 * @err: EOPNOTSUPP: the kernel has no macvlan
 */
int rtnl_add_macvlan(int fd, const struct rtnl_link *macvlan, struct err *err);
/** rtnl_set_up() - bring @name up, as a port of @master unless that is NULL. @mtu: 0: as it is.
 */
int rtnl_set_up(int fd, const char *name, const char *master, int mtu, struct err *err);
int rtnl_add_address(int fd, const char *name, uint32_t address, unsigned bits,
		     struct err *err);
/** rtnl_add_ipv6() - an address that nobody else can have: it is not asked for, and there at
 * once.
 */
int rtnl_add_ipv6(int fd, const char *name, const struct in6_addr *address, unsigned bits,
		  struct err *err);
/** rtnl_add_station() - @mac is behind @port of a bridge, for ever. */
int rtnl_add_station(int fd, const char *port, const unsigned char mac[RTNL_MAC],
		     struct err *err);
/** rtnl_add_own_station() - @mac is on top of @bridge itself. */
int rtnl_add_own_station(int fd, const char *bridge, const unsigned char mac[RTNL_MAC],
			 struct err *err);
/** rtnl_stop_flood() - frames for stations that the bridge does not know do not leave by @port.
 */
int rtnl_stop_flood(int fd, const char *port, struct err *err);
/** rtnl_remove() - @name, and the other end of a pair. */
int rtnl_remove(int fd, const char *name, struct err *err);
/** rtnl_add_gateway() - the default route. */
int rtnl_add_gateway(int fd, uint32_t gateway, struct err *err);
int rtnl_add_ipv6_gateway(int fd, const char *name, const struct in6_addr *gateway,
			  struct err *err);

#endif
