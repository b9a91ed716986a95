#include "box/hub.h"

#include "net/routes.h"
#include "util/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who has which address in a project's network. */

#define DEV_AT 10U
#define LAST_AT 254U

static const struct spec *box_at(const struct spec *top, size_t index)
{
	return index == 0 ? top : &top->services[index - 1];
}

static bool has_fixed(const struct spec *spec)
{
	return spec->network_mode == NET_PROJECT && spec->network.address_at.file != NULL;
}

/* What the profile names, or the /24 of the first box with an address; bits 0: neither. */
static struct cidr named_subnet(const struct spec *top)
{
	const struct spec_network *n = &top->network;

	if (n->subnet.bits)
		return n->subnet;
	for (size_t i = 0; i <= top->service_count; i++)
		if (has_fixed(box_at(top, i)))
			return box_at(top, i)->network.subnet;
	return (struct cidr){0};
}

static const struct origin *subnet_origin(const struct spec *top)
{
	if (top->network.subnet.bits)
		return &top->network.subnet_at;
	for (size_t i = 0; i < top->service_count; i++)
		if (has_fixed(&top->services[i]))
			return &top->services[i].network.address_at;
	return &top->network_mode_at;
}

static int lay_out(const struct spec *top, const char *kept_subnet, struct net_layout *out,
		   struct err *err)
{
	const struct spec_network *n = &top->network;
	struct net_wish wish = {
		.subnet = named_subnet(top),
		.mtu = n->mtu.is_set ? (int)n->mtu.value : 0,
		.has_ipv6 = n->has_ipv6,
		.reaches_host = n->reaches_host,
	};
	struct net_routes routes = {0};
	int rc;

	if (kept_subnet)
		(void)cidr_parse(kept_subnet, &wish.keep);
	if (net_routes_read(&routes, err) < 0)
		return -1;
	rc = net_layout_choose(&wish, &routes, out, err);
	net_routes_done(&routes);
	out->address = 0;
	return rc < 0 ? spec_at(subnet_origin(top), err) : 0;
}

static int check_fixed(const struct hub_plan *plan, const struct spec *spec, struct err *err)
{
	const struct cidr *subnet = &plan->network.subnet;
	const uint32_t address = spec->network.address;
	char text[IPV4_TEXT_MAX], words[CIDR_TEXT_MAX], example[IPV4_TEXT_MAX];

	if (cidr_holds(subnet, address) && address > plan->network.dns &&
	    address != cidr_last(subnet))
		return 0;
	(void)err_set(err, "ip: %s is not for a box of the project's network %s",
		      ipv4_text(address, text), cidr_text(subnet, words));
	(void)spec_at(&spec->network.address_at, err);
	return err_hint(err, "all boxes are in one; take an address such as %s",
			ipv4_text(subnet->base + DEV_AT, example));
}

static const char *name_of(const struct spec *spec)
{
	return spec->service ? spec->service : "dev";
}

/* The addresses that the profile names. */
static int take_fixed(const struct spec *top, struct hub_plan *plan, struct err *err)
{
	for (size_t i = 0; i <= top->service_count; i++) {
		const struct spec *spec = box_at(top, i);
		char text[IPV4_TEXT_MAX];

		if (!has_fixed(spec))
			continue;
		if (check_fixed(plan, spec, err) < 0)
			return -1;
		for (size_t k = 0; k < i; k++) {
			if (plan->addresses[k] != spec->network.address)
				continue;
			(void)err_set(err, "ip: %s is that of box '%s'",
				      ipv4_text(spec->network.address, text),
				      name_of(box_at(top, k)));
			return spec_at(&spec->network.address_at, err);
		}
		plan->addresses[i] = spec->network.address;
	}
	return 0;
}

static bool is_taken(const struct hub_plan *plan, size_t count, uint32_t address)
{
	for (size_t i = 0; i < count; i++)
		if (plan->addresses[i] == address)
			return true;
	return false;
}

/* There are more addresses than there may be boxes: SUBNET_BITS_MAX. */
static uint32_t next_free(const struct hub_plan *plan, size_t count, uint32_t wanted)
{
	const struct cidr *subnet = &plan->network.subnet;
	const uint32_t room = cidr_last(subnet) - subnet->base - 1;
	const uint32_t last = room < LAST_AT ? room : LAST_AT;

	if (wanted > last)
		wanted = DEV_AT;
	while (is_taken(plan, count, subnet->base + wanted))
		wanted = wanted >= last ? DEV_AT : wanted + 1;
	return subnet->base + wanted;
}

int hub_plan(const struct spec *spec, const char *project_id, const char *kept_subnet,
	     struct hub_plan *out_plan, struct err *err)
{
	const size_t count = spec->service_count + 1;
	struct hub_plan plan = {0};

	if (lay_out(spec, kept_subnet, &plan.network, err) < 0)
		return -1;
	plan.addresses = xmalloc(count * sizeof(*plan.addresses));
	memset(plan.addresses, 0, count * sizeof(*plan.addresses));
	if (take_fixed(spec, &plan, err) < 0) {
		free(plan.addresses);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		const struct spec *box = box_at(spec, i);
		const uint32_t wanted =
			i == 0 ? DEV_AT : DEV_AT + 1 + (uint32_t)box->service_index;

		if (!plan.addresses[i])
			plan.addresses[i] = next_free(&plan, count, wanted);
	}
	plan.project = xstrdup(project_id);
	*out_plan = plan;
	return 0;
}

void hub_plan_done(struct hub_plan *plan)
{
	free(plan->project);
	free(plan->addresses);
	*plan = (struct hub_plan){0};
}

void hub_plan_member(const struct hub_plan *plan, const struct spec *top,
		     const struct spec *spec, struct hub_member *out_member)
{
	const size_t index = spec->service ? (size_t)(spec - top->services) + 1 : 0;

	*out_member = (struct hub_member){0};
	if (!plan->network.subnet.bits || spec->network_mode != NET_PROJECT)
		return;
	out_member->network = plan->network;
	out_member->network.address = plan->addresses[index];
	out_member->is_macvlan = spec->is_macvlan;
	(void)snprintf(out_member->name, sizeof(out_member->name), "%s",
		       spec->service ? spec->service : plan->project);
}
