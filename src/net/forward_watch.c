#include "net/forward_private.h"

#include "net/filter.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <string.h>

/* Numbers to try beyond the right one: 8000, 16000 and 24000 more. */
#define REMAPS_MAX 3
#define FOUND_MAX 256

static bool is_wanted(const struct net_forwarder *f, uint16_t port)
{
	bool is_in = f->range_count == 0;

	for (size_t i = 0; i < f->range_count; i++)
		is_in |= port >= f->ranges[i].first && port <= f->ranges[i].last;
	for (size_t i = 0; is_in && i < f->published.count; i++)
		if (f->published.items[i]->port.protocol == NET_TCP &&
		    f->published.items[i]->port.box_port == port)
			return false;
	return is_in;
}

static bool is_listed(const struct net_listeners *list, uint32_t port)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].port == port)
			return true;
	return false;
}

static struct gate *find(const struct net_forwarder *f, uint16_t box_port)
{
	for (size_t i = 0; i < f->found.count; i++)
		if (f->found.items[i]->port.box_port == box_port)
			return f->found.items[i];
	return NULL;
}

/* One of ours has been moved to this number, whose own listener comes now. */
static void make_room(struct net_forwarder *f, uint16_t number)
{
	for (size_t i = 0; i < f->found.count; i++) {
		struct gate *gate = f->found.items[i];

		if (gate->fd >= 0 && gate->port.box_port != number &&
		    net_address_port(&gate->port.host) == number)
			gate_shut(f, gate);
	}
}

static bool place(struct net_forwarder *f, struct gate *gate, uint32_t number)
{
	struct net_port port = gate->asked;

	net_address_set_port(&port.host, (uint16_t)number);
	gate->fd = net_port_bind(&port);
	if (gate->fd < 0)
		return false;
	gate->port = port;
	if (gate_open(f, gate) == 0)
		return true;
	gate_shut(f, gate);
	return false;
}

static struct gate *found_new(struct net_forwarder *f, uint16_t number)
{
	struct net_port port = {
		.protocol = NET_TCP, .host = f->watch_address, .box_port = number};
	struct gate *gate;

	net_address_set_port(&port.host, number);
	gate = gate_new(&port, -1, &port);
	gates_add(&f->found, gate);
	for (size_t i = f->found.count - 1; i > 0; i--) {
		struct gate **at = &f->found.items[i];

		if (at[-1]->port.box_port < number)
			break;
		at[0] = at[-1];
		at[-1] = gate;
	}
	return gate;
}

static void set_special(struct gate *gate, const struct in6_addr *address)
{
	const bool is_v4 = IN6_IS_ADDR_V4MAPPED(address);
	struct in6_addr none = {0};
	bool is_plain =
		is_v4 ? memcmp(&address->s6_addr[12], "\0\0\0\0", 4) == 0 ||
				memcmp(&address->s6_addr[12], "\x7f\0\0\1", 4) == 0
		      : IN6_IS_ADDR_UNSPECIFIED(address) || IN6_IS_ADDR_LOOPBACK(address);

	if (is_plain)
		address = &none;
	if (!IN6_ARE_ADDR_EQUAL(&gate->special, address))
		gate->target = 0;
	gate->special = *address;
}

/* First those that can have their own number. */
static bool place_exact(struct net_forwarder *f, const struct net_listeners *list)
{
	bool is_changed = false;

	for (size_t i = 0; i < list->count; i++) {
		uint16_t number = list->items[i].port;
		struct gate *gate = find(f, number);

		if (!is_wanted(f, number) || net_filter_is_own(&list->items[i].address) ||
		    (!gate && f->found.count >= FOUND_MAX))
			continue;
		if (!gate) {
			gate = found_new(f, number);
			make_room(f, number);
			is_changed = true;
		}
		gate->is_wanted = true;
		set_special(gate, &list->items[i].address);
		if (gate->fd < 0)
			is_changed |= place(f, gate, number);
	}
	return is_changed;
}

static bool place_elsewhere(struct net_forwarder *f, const struct net_listeners *list)
{
	bool is_changed = false;

	for (size_t i = 0; i < f->found.count; i++) {
		struct gate *gate = f->found.items[i];
		uint32_t number = gate->port.box_port;

		for (int n = 0; n < REMAPS_MAX && gate->is_wanted && gate->fd < 0; n++) {
			number += NET_REMAP_STEP;
			if (number > UINT16_MAX || is_listed(list, number))
				continue;
			is_changed |= place(f, gate, number);
		}
	}
	return is_changed;
}

static bool drop_unwanted(struct net_forwarder *f)
{
	size_t kept = 0;
	size_t count = f->found.count;

	for (size_t i = 0; i < count; i++) {
		struct gate *gate = f->found.items[i];

		if (gate->is_wanted)
			f->found.items[kept++] = gate;
		else
			gate_close(f, gate);
	}
	f->found.count = kept;
	return kept != count;
}

/* Gates that stand now and did not before. */
static void say_appeared(struct net_forwarder *f)
{
	for (size_t i = 0; i < f->found.count; i++) {
		struct gate *gate = f->found.items[i];
		char address[NET_ADDRESS_MAX];
		AUTO_FREE char *url = NULL;

		if (gate->fd < 0 || gate->is_said)
			continue;
		gate->is_said = true;
		url = net_port_url(net_address_text(&gate->port.host, address),
				   net_address_port(&gate->port.host), gate->port.box_port);
		f->hooks.appeared(f->hooks.arg, url, gate->port.box_port);
	}
}

static void follow(struct net_forwarder *f, const struct net_listeners *list)
{
	bool is_changed;

	for (size_t i = 0; i < f->found.count; i++)
		f->found.items[i]->is_wanted = false;
	is_changed = place_exact(f, list);
	is_changed |= drop_unwanted(f);
	is_changed |= place_elsewhere(f, list);
	if (!is_changed)
		return;
	forward_changed(f);
	say_appeared(f);
}

void watch_tick(struct net_forwarder *f)
{
	struct net_listeners list = {0};
	struct err err;

	if (!f->is_watching || !f->has_begun)
		return;
	if (f->diag_fd < 0) {
		if (!f->is_diag_asked)
			f->hooks.ask(f->hooks.arg, NET_SOCKET_DIAG, 1);
		f->is_diag_asked = true;
		return;
	}
	if (net_listeners_read(f->diag_fd, &list, &err) < 0) {
		f->is_watching = false;
		forward_note(f, "forward_ports: %s", err.message);
		return;
	}
	follow(f, &list);
	net_listeners_done(&list);
}

void net_forwarder_watch(struct net_forwarder *f, const struct in_addr *address,
			 const struct net_range *only, size_t count)
{
	const struct net_listeners nothing = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&f->watch_address;

	/* What stands elsewhere, or is not wanted any more, goes; the rest comes again. */
	follow(f, &nothing);
	f->is_watching = address != NULL;
	if (address)
		*v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = *address};
	free(f->ranges);
	f->ranges = NULL;
	f->range_count = 0;
	if (address && count > 0) {
		f->ranges = xmalloc(count * sizeof(*only));
		memcpy(f->ranges, only, count * sizeof(*only));
		f->range_count = count;
	}
	watch_tick(f);
	forward_settle(f);
}

void watch_done(struct net_forwarder *f)
{
	cleanup_close(&f->diag_fd);
	free(f->ranges);
	f->ranges = NULL;
}
