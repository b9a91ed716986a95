#include "net/layout.h"

#include <errno.h>

/* The first /24 networks of these, from @first on, in this order. */
static const struct {
	uint32_t first;
	unsigned int count;
} candidates[] = {
	{0x0a000200, 254}, /* 10.0.2.0 */
	{0xac1c0000, 256}, /* 172.28.0.0 */
	{0xc0a80200, 253}, /* 192.168.2.0 */
	{0x64400000, 256}, /* 100.64.0.0 */
};

static int find_free(const struct net_routes *routes, struct cidr *out, struct err *err)
{
	for (size_t i = 0; i < sizeof(candidates) / sizeof(*candidates); i++) {
		for (unsigned int n = 0; n < candidates[i].count; n++) {
			const struct cidr subnet = {candidates[i].first + (n << 8), 24};

			if (net_routes_find(routes, &subnet))
				continue;
			*out = subnet;
			return 0;
		}
	}
	(void)err_code(err, EADDRINUSE, "find a subnet that is not in the way of a route");
	return err_hint(err, "this machine has routes to all private networks that could be "
			     "it: name one with network.subnet");
}

static int check_free(const struct cidr *subnet, const struct net_routes *routes,
		      struct err *err)
{
	const struct cidr *route = net_routes_find(routes, subnet);
	char words[CIDR_TEXT_MAX], other[CIDR_TEXT_MAX];
	struct err ignored;
	struct cidr better;

	if (!route)
		return 0;
	(void)err_set(err, "subnet %s overlaps %s, which this machine has a route to",
		      cidr_text(subnet, words), cidr_text(route, other));
	err->code = EADDRINUSE;
	if (find_free(routes, &better, &ignored) < 0)
		return -1;
	return err_hint(err, "the box would not reach it: take another, such as %s",
			cidr_text(&better, words));
}

int net_layout_choose(const struct net_wish *wish, const struct net_routes *routes,
		      struct net_layout *out_layout, struct err *err)
{
	struct net_layout layout = {
		.backend = wish->backend,
		.subnet = wish->subnet,
		.mtu = wish->mtu ? wish->mtu : NET_MTU,
		.has_ipv6 = wish->has_ipv6,
		.reaches_host = wish->reaches_host,
	};
	const bool is_kept = wish->keep.bits &&
			     (!wish->subnet.bits || (wish->subnet.bits == wish->keep.bits &&
						     wish->subnet.base == wish->keep.base));

	if (is_kept)
		layout.subnet = wish->keep;
	else if (wish->subnet.bits && check_free(&wish->subnet, routes, err) < 0)
		return -1;
	else if (!wish->subnet.bits && find_free(routes, &layout.subnet, err) < 0)
		return -1;
	layout.gateway = layout.subnet.base + NET_GATEWAY_AT;
	layout.dns = layout.subnet.base + NET_DNS_AT;
	layout.address = wish->address ? wish->address : layout.subnet.base + NET_ADDRESS_AT;
	*out_layout = layout;
	return 0;
}

const char *net_backend_name(enum net_backend backend)
{
	return backend == NET_PASTA ? "pasta" : "slirp4netns";
}

struct in6_addr net_ipv6_of(uint32_t address)
{
	struct in6_addr six = {.s6_addr = {0xfd}};

	for (int i = 0; i < 4; i++)
		six.s6_addr[12 + i] = (uint8_t)(address >> (24 - 8 * i));
	return six;
}
