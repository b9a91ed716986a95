#include "config/fill.h"

#include "util/cleanup.h"

#include <arpa/inet.h>
#include <string.h>

/* What the resolver of the C library reads (MAXNS); it ignores the rest in silence. */
#define NAME_SERVERS_MAX 3
#define SERVICE_PREFIX "service:"

int fill_network_mode(struct fill *f, const char *key, const struct node *value)
{
	static const char *const choices[] = {"project",      "host",    "none", "filtered",
					      "service:NAME", "macvlan", NULL};
	static const enum net_mode modes[] = {NET_PROJECT,  NET_HOST,    NET_NONE,
					      NET_FILTERED, NET_SERVICE, NET_PROJECT};
	size_t i;

	f->spec->network_mode_at = value_origin(f, value);
	if (value->kind == NODE_SCALAR && str_starts(value->text, SERVICE_PREFIX)) {
		f->spec->network_mode = NET_SERVICE;
		f->spec->network_service = xstrdup(value->text + strlen(SERVICE_PREFIX));
		return 0;
	}
	if (value_choice(f, key, value, choices, &i) < 0)
		return -1;
	f->spec->network_mode = modes[i];
	f->spec->is_macvlan = strcmp(choices[i], "macvlan") == 0;
	return 0;
}

static bool is_address(const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* @address may be in brackets when it is IPv6. */
static int add_host(struct fill *f, const struct node *item, const char *name,
		    const char *address)
{
	AUTO_FREE char *bare = xstrdup(address);
	size_t len = strlen(bare);

	if (len > 2 && bare[0] == '[' && bare[len - 1] == ']') {
		memmove(bare, bare + 1, len - 2);
		bare[len - 2] = '\0';
	}
	if (!is_host_name(name, 253))
		return place_fail(f->err, &item->at, "extra_hosts: '%.200s' is not a host name",
				  name);
	if (strcmp(bare, SPEC_HOST_GATEWAY) == 0) {
		if (!f->spec->host_gateway_at.file)
			f->spec->host_gateway_at = value_origin(f, item);
	} else if (!is_address(bare)) {
		return place_fail(f->err, &item->at,
				  "extra_hosts: '%.200s' is not an IP address", address);
	}
	strv_addf(&f->spec->extra_hosts, "%s %s", bare, name);
	return 0;
}

static int add_host_text(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "a map of NAME: ADDRESS, or a list of NAME=ADDRESS";
	AUTO_FREE char *name = NULL;
	const char *text;
	size_t len;

	if (value_text(f, what, item, accepted, &text) < 0)
		return -1;
	len = strcspn(text, "=:");
	if (!text[len])
		return value_refuse(f, what, item, accepted);
	name = xstrndup(text, len);
	return add_host(f, item, name, text + len + 1);
}

static int add_addresses(struct fill *f, const char *name, const struct node *value)
{
	const char *text;

	if (value->kind != NODE_LIST) {
		if (value_text(f, "extra_hosts", value, "a map of NAME: ADDRESS", &text) < 0)
			return -1;
		return add_host(f, value, name, text);
	}
	for (size_t i = 0; i < value->count; i++) {
		if (value_text(f, "extra_hosts", value->items[i], "an address", &text) < 0 ||
		    add_host(f, value->items[i], name, text) < 0)
			return -1;
	}
	return 0;
}

int fill_extra_hosts(struct fill *f, const char *key, const struct node *value)
{
	f->spec->extra_hosts_at = value_origin(f, value);
	if (value->kind != NODE_MAP)
		return value_each(f, key, value, false, add_host_text);

	for (size_t i = 0; i < value->count; i++)
		if (add_addresses(f, value->keys[i].name, value->items[i]) < 0)
			return -1;
	return 0;
}

static int add_server(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "an IP address, or a list of these";
	const char *text;

	if (value_text(f, what, item, accepted, &text) < 0)
		return -1;
	if (!is_address(text))
		return value_refuse(f, what, item, accepted);
	if (f->spec->dns.count == NAME_SERVERS_MAX) {
		(void)place_fail(f->err, &item->at, "dns: more than %d servers",
				 NAME_SERVERS_MAX);
		return err_hint(f->err,
				"the resolver reads the first %d and ignores the others",
				NAME_SERVERS_MAX);
	}
	strv_add(&f->spec->dns, text);
	return 0;
}

int fill_dns(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, true, add_server);
}

static int add_search(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "a domain, or a list of these";
	const char *text;

	if (value_text(f, what, item, accepted, &text) < 0)
		return -1;
	if (strcmp(text, ".") != 0 && !is_host_name(text, 253))
		return value_refuse(f, what, item, accepted);
	strv_add(&f->spec->dns_search, text);
	return 0;
}

int fill_dns_search(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, true, add_search);
}
