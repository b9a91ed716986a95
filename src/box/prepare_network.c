#include "box/prepare_parts.h"

#include "net/net.h"
#include "util/cleanup.h"
#include "util/proc.h"

#include <errno.h>

_Static_assert(NET_GATEWAY_AT == SUBNET_GATEWAY_AT && NET_DNS_AT == SUBNET_DNS_AT &&
		       NET_ADDRESS_AT == SUBNET_ADDRESS_AT && NET_BITS_MIN == SUBNET_BITS_MIN &&
		       NET_BITS_MAX == SUBNET_BITS_MAX,
	       "what the profile is checked for is what happens");

void prepare_proxies(struct strv *env)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy",
					    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"};
	static const char inside[] = "localhost,127.0.0.1,::1";

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		env_set(env, names[i], NET_FILTER_PROXY);
	env_set(env, "no_proxy", inside);
	env_set(env, "NO_PROXY", inside);
}

/* Boxes that are thrown away have a log together; it is named after what they are for. */
static void prepare_filter(const struct prepare_request *request, struct net_filter *out)
{
	const struct spec_network *network = &request->spec->network;
	const char *name = request->upper_dir       ? "build"
			   : request->is_throw_away ? "run"
						    : request->box;

	strv_add_all(&out->allow, &network->allow.items);
	out->to_private = network->reaches_host;
	out->log_path = xasprintf("%s/%s.net", request->project->state_dir, name);
}

static int check_backend(const struct spec_network *network, struct err *err)
{
	AUTO_FREE char *program = NULL;

	if (network->backend != BACKEND_PASTA)
		return 0;
	program = proc_find_program("pasta");
	return net_backend_check(NET_PASTA, program, err) < 0
		       ? spec_at(&network->backend_at, err)
		       : 0;
}

int prepare_network(const struct prepare_request *request, struct prepared *p, struct err *err)
{
	const struct spec *spec = request->spec;
	const struct spec_network *network = &spec->network;
	struct net_wish wish = {
		.backend = network->backend == BACKEND_PASTA ? NET_PASTA : NET_SLIRP,
		.subnet = network->subnet,
		.address = network->address,
		.mtu = network->mtu.is_set ? (int)network->mtu.value : 0,
		.has_ipv6 = network->has_ipv6,
		.reaches_host = network->reaches_host,
	};
	struct net_routes routes = {0};
	int rc;

	if (spec->network_mode == NET_FILTERED)
		prepare_filter(request, &p->net_filter);
	if (request->shared)
		p->network = request->shared->member->network;
	if (spec->network_mode != NET_PROJECT)
		return 0;
	if (request->member) {
		p->network = request->member->network;
		return 0;
	}
	if (check_backend(network, err) < 0)
		return -1;
	if (request->kept_subnet)
		(void)cidr_parse(request->kept_subnet, &wish.keep);
	if (net_routes_read(&routes, err) < 0)
		return -1;
	rc = net_layout_choose(&wish, &routes, &p->network, err);
	net_routes_done(&routes);
	return rc < 0 ? spec_at(&network->subnet_at, err) : 0;
}
