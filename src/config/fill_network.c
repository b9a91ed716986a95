#include "config/fill.h"

#include "util/cleanup.h"

#include <string.h>

/* `network` and `ip`: how the network of network_mode 'project' is laid out, and what that of
 * 'filtered' lets through. */

#define ALLOWED_MAX 256
#define HOST_NAME_LEN 253

#define MTU_MIN 576
#define MTU_MIN_IPV6 1280
#define MTU_MAX 65520

static const struct cidr private_networks[] = {
	{0x0a000000, 8},  /* 10.0.0.0 */
	{0xac100000, 12}, /* 172.16.0.0 */
	{0xc0a80000, 16}, /* 192.168.0.0 */
	{0x64400000, 10}, /* 100.64.0.0 */
};

static bool is_private(const struct cidr *c)
{
	for (size_t i = 0; i < ARRAY_LEN(private_networks); i++)
		if (cidr_holds(&private_networks[i], cidr_first(c)) &&
		    cidr_holds(&private_networks[i], cidr_last(c)))
			return true;
	return false;
}

static int fill_subnet(struct fill *f, const char *what, const struct node *value)
{
	static const char accepted[] = "an IPv4 network such as '10.77.0.0/24'";
	struct spec_network *network = &f->spec->network;
	char words[CIDR_TEXT_MAX];
	struct cidr subnet, whole;
	const char *text;

	if (value_text(f, what, value, accepted, &text) < 0)
		return -1;
	if (cidr_parse(text, &subnet) < 0)
		return value_refuse(f, what, value, accepted);
	if (subnet.bits < SUBNET_BITS_MIN || subnet.bits > SUBNET_BITS_MAX)
		return place_fail(f->err, &value->at,
				  "%s: /%u is not from /%d to /%d, which is what works", what,
				  subnet.bits, SUBNET_BITS_MIN, SUBNET_BITS_MAX);
	whole = (struct cidr){cidr_first(&subnet), subnet.bits};
	if (whole.base != subnet.base) {
		(void)place_fail(f->err, &value->at,
				 "%s: '%.100s' is an address in a network, not a network", what,
				 text);
		return err_hint(f->err, "the network is %s", cidr_text(&whole, words));
	}
	if (!is_private(&subnet)) {
		(void)place_fail(f->err, &value->at, "%s: '%.100s' is not a private network",
				 what, text);
		return err_hint(f->err, "the box would not reach whose it is: take one of "
					"10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16");
	}
	network->subnet = subnet;
	network->subnet_at = value_origin(f, value);
	return 0;
}

static int fill_backend(struct fill *f, const char *what, const struct node *value)
{
	static const char *const choices[] = {"auto", "slirp4netns", "pasta", NULL};
	static const enum network_backend backends[] = {BACKEND_AUTO, BACKEND_SLIRP,
							BACKEND_PASTA};
	size_t i;

	if (value_choice(f, what, value, choices, &i) < 0)
		return -1;
	f->spec->network.backend = backends[i];
	f->spec->network.backend_at = value_origin(f, value);
	return 0;
}

static int fill_mtu(struct fill *f, const char *what, const struct node *value)
{
	static const struct range range = {MTU_MIN, MTU_MAX, false,
					   "a number of bytes from 576 to 65520"};

	return value_integer(f, what, value, &range, &f->spec->network.mtu);
}

static int fill_ipv6(struct fill *f, const char *what, const struct node *value)
{
	f->spec->network.ipv6_at = value_origin(f, value);
	return value_bool(f, what, value, &f->spec->network.has_ipv6);
}

static int fill_host(struct fill *f, const char *what, const struct node *value)
{
	f->spec->network.host_at = value_origin(f, value);
	return value_bool(f, what, value, &f->spec->network.reaches_host);
}

/* "example.org", "*.example.org", each perhaps with ":8443" */
static bool is_allowable(const char *text)
{
	AUTO_FREE char *name = xstrndup(text, strcspn(text, ":"));
	const char *bare = str_starts(name, "*.") ? name + 2 : name;
	const char *label = strrchr(bare, '.');
	uint64_t port = 443;

	if (text[strlen(name)] && str_to_u64(text + strlen(name) + 1, &port) < 0)
		return false;
	/* What could be an address is none: 10.0.0.1 would be any number of names. */
	label = label ? label + 1 : bare;
	return port >= 1 && port <= UINT16_MAX && is_host_name(bare, HOST_NAME_LEN) &&
	       ((*label >= 'a' && *label <= 'z') || (*label >= 'A' && *label <= 'Z'));
}

static int add_allowed(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "a host such as 'example.org', 'example.org:8443' or "
				       "'*.example.org'";
	struct spec_list *allow = &f->spec->network.allow;
	const char *text;

	if (value_text(f, what, item, accepted, &text) < 0)
		return -1;
	if (!is_allowable(text)) {
		(void)value_refuse(f, what, item, accepted);
		return err_hint(f->err, "names only, without addresses, schemes and paths");
	}
	if (allow->items.count == ALLOWED_MAX)
		return place_fail(f->err, &item->at, "%s: more than %d hosts", what,
				  ALLOWED_MAX);
	strv_add(&allow->items, text);
	allow->at = xrealloc(allow->at, allow->items.count * sizeof(*allow->at));
	allow->at[allow->items.count - 1] = value_origin(f, item);
	return 0;
}

static int fill_allow(struct fill *f, const char *what, const struct node *value)
{
	f->spec->network.allow_at = value_origin(f, value);
	return value_each(f, what, value, false, add_allowed);
}

int fill_network(struct fill *f, const char *key, const struct node *value)
{
	static const struct {
		const char *name;
		fill_one *fill;
	} parts[] = {
		{"subnet", fill_subnet}, {"backend", fill_backend}, {"mtu", fill_mtu},
		{"ipv6", fill_ipv6},     {"host", fill_host},       {"allow", fill_allow},
	};

	if (value->kind == NODE_NULL)
		return 0;
	if (value->kind != NODE_MAP)
		return value_refuse(f, key, value,
				    "a map with 'subnet', 'backend', 'mtu', 'ipv6', 'host' or "
				    "'allow'");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const struct node *part = node_get(value, parts[i].name);
		AUTO_FREE char *what = xasprintf("%s.%s", key, parts[i].name);

		if (part && parts[i].fill(f, what, part) < 0)
			return -1;
	}
	return 0;
}

int fill_ip(struct fill *f, const char *key, const struct node *value)
{
	static const char accepted[] = "an IPv4 address such as '10.77.0.11'";
	const char *text;

	if (value_text(f, key, value, accepted, &text) < 0)
		return -1;
	if (ipv4_parse(text, &f->spec->network.address) < 0)
		return value_refuse(f, key, value, accepted);
	f->spec->network.address_at = value_origin(f, value);
	return 0;
}

/* Who has that address of the subnet; NULL: nobody. */
static const char *holder_of(const struct cidr *subnet, uint32_t address)
{
	if (address == subnet->base)
		return "the network itself";
	if (address == cidr_last(subnet))
		return "its broadcasts";
	if (address == subnet->base + SUBNET_GATEWAY_AT)
		return "the gateway";
	return address == subnet->base + SUBNET_DNS_AT ? "the name server" : NULL;
}

static int check_address(struct spec_network *n, struct err *err)
{
	char address[IPV4_TEXT_MAX], words[CIDR_TEXT_MAX], other[IPV4_TEXT_MAX];
	const char *holder;

	if (!n->address_at.file)
		return 0;
	(void)ipv4_text(n->address, address);
	if (!n->subnet.bits) {
		const struct cidr around = {n->address & cidr_mask(24), 24};

		if (!is_private(&around)) {
			(void)origin_fail(err, &n->address_at, "ip: '%s' is not private",
					  address);
			return err_hint(err, "take one of 10.0.0.0/8, 172.16.0.0/12 or "
					     "192.168.0.0/16");
		}
		n->subnet = around;
		n->subnet_at = n->address_at;
	}
	(void)cidr_text(&n->subnet, words);
	(void)ipv4_text(n->subnet.base + SUBNET_ADDRESS_AT, other);
	if (!cidr_holds(&n->subnet, n->address)) {
		(void)origin_fail(err, &n->address_at, "ip: '%s' is not in network.subnet %s",
				  address, words);
		return err_hint(err, "%s is, for example", other);
	}
	holder = holder_of(&n->subnet, n->address);
	if (!holder)
		return 0;
	(void)origin_fail(err, &n->address_at, "ip: '%s' is taken: in subnet %s it is for %s",
			  address, words, holder);
	return err_hint(err, "%s is free, for example", other);
}

static const char *mode_name(enum net_mode mode)
{
	static const char *const names[] = {[NET_PROJECT] = "project",
					    [NET_HOST] = "host",
					    [NET_NONE] = "none",
					    [NET_FILTERED] = "filtered",
					    [NET_SERVICE] = "service:NAME"};

	return names[mode];
}

static int check_has_effect(const struct spec *spec, struct err *err)
{
	const struct spec_network *n = &spec->network;
	const struct {
		const char *name;
		const struct origin *at;
		bool is_for_filtered;
	} keys[] = {
		{"network.subnet", &n->subnet_at, false},
		{"network.mtu", &n->mtu.at, false},
		{"network.backend", &n->backend_at, false},
		{"network.ipv6", &n->ipv6_at, false},
		{"network.host", &n->host_at, true},
		{"ip", &n->address_at, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!keys[i].at->file ||
		    (keys[i].is_for_filtered && spec->network_mode == NET_FILTERED))
			continue;
		(void)origin_fail(err, keys[i].at, "%s has no effect with network_mode '%s'",
				  keys[i].name, mode_name(spec->network_mode));
		return err_hint(err, "it is about the project's own network: remove it, or "
				     "use network_mode 'project'");
	}
	return 0;
}

static int check_filter(const struct spec *spec, struct err *err)
{
	if (spec->network_mode != NET_FILTERED && spec->network.allow_at.file) {
		(void)origin_fail(err, &spec->network.allow_at,
				  "network.allow has no effect with network_mode '%s'",
				  mode_name(spec->network_mode));
		return err_hint(err, "network_mode 'filtered' lets through what it names");
	}
	if (spec->network_mode == NET_FILTERED && spec->dns.count > 0) {
		(void)origin_fail(err, &spec->network_mode_at,
				  "dns has no effect with network_mode 'filtered'");
		return err_hint(err, "the box has a resolver that knows the names of "
				     "network.allow: remove 'dns'");
	}
	return 0;
}

/* What a box with the network of another has is the other's. */
static int check_hosts(const struct spec *spec, struct err *err)
{
	const struct origin *at = &spec->host_gateway_at;

	if (spec->network_mode == NET_SERVICE && spec->extra_hosts.count > 0) {
		(void)origin_fail(err, &spec->extra_hosts_at,
				  "extra_hosts has no effect with network_mode 'service:%s'",
				  spec->network_service);
		return err_hint(err, "both have one /etc/hosts: give it to service '%s'",
				spec->network_service);
	}
	if (!at->file || spec->network_mode == NET_PROJECT || spec->network_mode == NET_HOST)
		return 0;
	(void)origin_fail(err, at,
			  "extra_hosts: there is no '" SPEC_HOST_GATEWAY
			  "' with network_mode '%s'",
			  mode_name(spec->network_mode));
	return spec->network_mode != NET_FILTERED
		       ? -1
		       : err_hint(err, "network: {allow: ['host.devbox:PORT'], host: true} "
				       "lets a service of the host through");
}

int network_check_gateway(const struct spec *top, const struct spec *spec, struct err *err)
{
	if (!spec->host_gateway_at.file || spec->network_mode != NET_PROJECT ||
	    top->network.reaches_host)
		return 0;
	(void)origin_fail(
		err, &spec->host_gateway_at,
		"extra_hosts: '" SPEC_HOST_GATEWAY
		"' would lead to the host's own services, which the box does not reach");
	return err_hint(err, "at the top of the profile, 'network: {host: true}' lets the "
			     "boxes reach them");
}

int network_check(struct spec *spec, struct err *err)
{
	struct spec_network *n = &spec->network;

	if (check_filter(spec, err) < 0 || check_hosts(spec, err) < 0)
		return -1;
	if (spec->network_mode != NET_PROJECT)
		return check_has_effect(spec, err);
	if (n->mtu.is_set && n->has_ipv6 && n->mtu.value < MTU_MIN_IPV6) {
		(void)origin_fail(err, &n->mtu.at, "network.mtu %d is too small for IPv6",
				  (int)n->mtu.value);
		return err_hint(err, "it needs %d bytes", MTU_MIN_IPV6);
	}
	return check_address(n, err);
}
