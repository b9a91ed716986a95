#include "box/prepare_parts.h"

#include "net/layout.h"

#include <errno.h>

_Static_assert(NET_GATEWAY_AT == SUBNET_GATEWAY_AT && NET_DNS_AT == SUBNET_DNS_AT &&
		       NET_ADDRESS_AT == SUBNET_ADDRESS_AT && NET_BITS_MIN == SUBNET_BITS_MIN &&
		       NET_BITS_MAX == SUBNET_BITS_MAX,
	       "what the profile is checked for is what happens");

int prepare_network(const struct prepare_request *request, struct prepared *p, struct err *err)
{
	const struct spec *spec = request->spec;
	const struct spec_network *network = &spec->network;
	struct net_wish wish = {
		.backend = NET_SLIRP,
		.subnet = network->subnet,
		.address = network->address,
		.mtu = network->mtu.is_set ? (int)network->mtu.value : 0,
		.has_ipv6 = network->has_ipv6,
		.reaches_host = network->reaches_host,
	};
	struct net_routes routes = {0};
	int rc;

	if (spec->network_mode != NET_PROJECT)
		return 0;
	if (request->kept_subnet)
		(void)cidr_parse(request->kept_subnet, &wish.keep);
	if (net_routes_read(&routes, err) < 0)
		return -1;
	rc = net_layout_choose(&wish, &routes, &p->network, err);
	net_routes_done(&routes);
	return rc < 0 ? spec_at(&network->subnet_at, err) : 0;
}
