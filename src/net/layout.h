#ifndef NET_LAYOUT_H
#define NET_LAYOUT_H

#include "net/routes.h"
#include "util/cidr.h"
#include "util/err.h"

#include <netinet/in.h>
#include <stdbool.h>

enum net_backend { NET_SLIRP, NET_PASTA };

/**
 * struct net_layout - how the network of a box is laid out; a plain value
 * @gateway:	way to the outside, and with @reaches_host the host's own loopback
 * @address:	of the box
 * @mtu:	in bytes
 */
struct net_layout {
	enum net_backend backend;
	struct cidr subnet;
	uint32_t gateway, dns, address;
	int mtu;
	bool has_ipv6;
	bool reaches_host;
};

/*
 * Where they are in a subnet: slirp4netns puts its gateway and its resolver at the second and
 * third address, and a box that asks for nothing gets the hundredth.
 */
#define NET_GATEWAY_AT 2
#define NET_DNS_AT 3
#define NET_ADDRESS_AT 100
#define NET_BITS_MIN 8
#define NET_BITS_MAX 25 /* what slirp4netns takes */

/*
 * Measured with slirp4netns 1.2.0, HTTP over loopback and veth: uploads of 5 to 50 MB stall for
 * 0.2 to 0.9 s now and then at 65520 and at 32768, never at 16384, which moves as much a
 * second; 1500 a sixth of it.
 */
#define NET_MTU 16384

/**
 * struct net_wish - what a box asks of its network; 0 where it does not care
 * @subnet:	bits 0: one that is free
 * @keep:	one it has now, bits 0: none. It is not judged again: the machine may have got a
 *		route over it since.
 */
struct net_wish {
	enum net_backend backend;
	struct cidr subnet;
	struct cidr keep;
	uint32_t address;
	int mtu;
	bool has_ipv6;
	bool reaches_host;
};

/**
 * net_layout_choose() - lay it out so that it hides nothing that the machine reaches
 * @routes:	of the machine
 * @err:	EADDRINUSE: @wish->subnet is in the way of a route, or all that could be are;
 *the hint names a free one
 */
int net_layout_choose(const struct net_wish *wish, const struct net_routes *routes,
		      struct net_layout *out_layout, struct err *err);

/** net_ipv6_of() - what a station of the project's network has in slirp4netns' fd00::/64 beside
 * @address: fd00:: and its four bytes. Its gateway there is fd00::2, its resolver fd00::3. */
struct in6_addr net_ipv6_of(uint32_t address);
#define NET_IPV6_BITS 64

const char *net_backend_name(enum net_backend backend);

#endif
