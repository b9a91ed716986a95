#ifndef NET_ROUTES_H
#define NET_ROUTES_H

#include "util/cidr.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>

/** struct net_routes - IPv4 networks that this machine reaches in another way than by its
 * default route: interfaces, VPNs; free() items */
struct net_routes {
	struct cidr *items;
	size_t count;
};

/**
 * net_routes_read() - those of all routing tables, by rtnetlink(7)
 * Routes of at most a bit are left out: VPNs take the place of the default route with two
 * halves.
 */
int net_routes_read(struct net_routes *out_routes, struct err *err);
void net_routes_done(struct net_routes *routes);

/** net_routes_parse() - add what one message of the kernel, @len bytes, has of them. Return:
 * true after the last message. */
bool net_routes_parse(const void *data, size_t len, struct net_routes *routes);

/** net_routes_find() - the first that shares an address with @subnet; NULL: none. */
const struct cidr *net_routes_find(const struct net_routes *routes, const struct cidr *subnet);

#endif
