#include "config/fill.h"

#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* The services of a profile in the order in which they are started. */

enum colour { COLOUR_NEW, COLOUR_OPEN, COLOUR_DONE };

struct walk {
	struct spec *services;
	size_t count;
	enum colour *colours;
	size_t *path; /* services that wait for each other, from the first one on */
	size_t depth;
	size_t *order;
	size_t done;
	struct err *err;
};

static size_t find(const struct walk *w, const char *name)
{
	size_t i = 0;

	while (i < w->count && strcmp(w->services[i].service, name) != 0)
		i++;
	return i;
}

static int fail_missing(const struct walk *w, const struct spec_dependency *need)
{
	AUTO_STRV struct strv names = {0};
	const char *nearest;

	(void)origin_fail(w->err, &need->at, "%s: there is no service '%.100s'",
			  need->is_of_network ? "network_mode" : "depends_on", need->service);
	for (size_t i = 0; i < w->count; i++)
		strv_add(&names, w->services[i].service);
	nearest = names.count ? str_nearest(need->service, (const char *const *)names.items)
			      : NULL;
	return nearest ? err_hint(w->err, "did you mean '%s'?", nearest) : -1;
}

static int fail_cycle(const struct walk *w, const struct spec_dependency *need, size_t again)
{
	AUTO_BUF struct buf words = {0};
	size_t i = 0;

	while (w->path[i] != again)
		i++;
	for (; i < w->depth; i++)
		buf_printf(&words, "%s -> ", w->services[w->path[i]].service);
	buf_puts(&words, w->services[again].service);
	(void)origin_fail(w->err, &need->at, "depends_on: services wait for each other: %.400s",
			  words.data);
	return err_hint(w->err, "one of them has to start without another");
}

/* As deep as there are services, which are few. */
static int visit(struct walk *w, size_t index)
{
	const struct spec *spec = &w->services[index];

	w->colours[index] = COLOUR_OPEN;
	w->path[w->depth++] = index;
	for (size_t i = 0; i < spec->dependency_count; i++) {
		const struct spec_dependency *need = &spec->dependencies[i];
		size_t other = find(w, need->service);

		if (other == w->count)
			return fail_missing(w, need);
		if (w->colours[other] == COLOUR_OPEN)
			return fail_cycle(w, need, other);
		if (w->colours[other] == COLOUR_NEW && visit(w, other) < 0)
			return -1;
	}
	w->depth--;
	w->colours[index] = COLOUR_DONE;
	w->order[w->done++] = index;
	return 0;
}

static void rearrange(struct walk *w)
{
	struct spec *sorted = xmalloc(w->count * sizeof(*sorted));

	for (size_t i = 0; i < w->count; i++)
		sorted[i] = w->services[w->order[i]];
	memcpy(w->services, sorted, w->count * sizeof(*sorted));
	free(sorted);
}

int services_order(struct spec *spec, struct err *err)
{
	const size_t count = spec->service_count;
	AUTO_FREE enum colour *colours = xmalloc((count + 1) * sizeof(*colours));
	AUTO_FREE size_t *path = xmalloc((count + 1) * sizeof(*path));
	AUTO_FREE size_t *order = xmalloc((count + 1) * sizeof(*order));
	struct walk walk = {.services = spec->services,
			    .count = count,
			    .colours = colours,
			    .path = path,
			    .order = order,
			    .err = err};

	memset(colours, 0, (count + 1) * sizeof(*colours));
	for (size_t i = 0; i < count; i++) {
		if (colours[i] == COLOUR_NEW && visit(&walk, i) < 0)
			return -1;
	}
	for (size_t i = 0; i < count; i++)
		spec->services[i].service_index = i;
	if (count > 0)
		rearrange(&walk);
	return 0;
}

/* A service has a place in the project's network, and no say in it. */
static int check_service_network(const struct spec *spec, struct err *err)
{
	const struct spec_network *n = &spec->network;
	static const struct origin none;
	const bool is_derived = n->subnet_at.line == n->address_at.line &&
				n->subnet_at.column == n->address_at.column;
	const bool may_host = spec->network_mode == NET_FILTERED;
	const struct {
		const char *name;
		const struct origin *at;
	} keys[] = {
		{"subnet", is_derived ? &none : &n->subnet_at},
		{"backend", &n->backend_at},
		{"mtu", &n->mtu.at},
		{"ipv6", &n->ipv6_at},
		{"host", may_host ? &none : &n->host_at},
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!keys[i].at->file)
			continue;
		(void)origin_fail(err, keys[i].at, "a service has no key 'network.%s'",
				  keys[i].name);
		return err_hint(err, "the network is that of the project: it belongs to the "
				     "top of the profile");
	}
	return 0;
}

/* What a network of several boxes has not. */
static int check_shared_network(const struct spec *spec, struct err *err)
{
	const struct spec_network *n = &spec->network;

	if (n->backend == BACKEND_PASTA) {
		(void)origin_fail(err, &n->backend_at,
				  "network.backend 'pasta' connects one box, and with %s",
				  spec->service_count
					  ? "services there are several"
					  : "network_mode 'macvlan' there is room for several");
		return err_hint(err, "slirp4netns connects several");
	}
	return 0;
}

void services_need_network(struct spec *spec)
{
	if (spec->network_mode != NET_SERVICE)
		return;
	for (size_t i = 0; i < spec->dependency_count; i++)
		if (strcmp(spec->dependencies[i].service, spec->network_service) == 0)
			return;
	spec->dependencies = xrealloc(spec->dependencies, (spec->dependency_count + 1) *
								  sizeof(*spec->dependencies));
	spec->dependencies[spec->dependency_count++] = (struct spec_dependency){
		.service = xstrdup(spec->network_service),
		.kind = DEPENDS_STARTED,
		.is_of_network = true,
		.at = spec->network_mode_at,
	};
}

static int share_network(const struct spec *top, struct spec *spec, struct err *err)
{
	const struct spec *other;

	if (spec->network_mode != NET_SERVICE)
		return 0;
	other = spec_service(top, spec->network_service);
	if (other->network_mode != NET_PROJECT) {
		(void)origin_fail(err, &spec->network_mode_at,
				  "network_mode: service '%s' has no network to share",
				  other->service);
		return err_hint(err, "only one of network_mode 'project' has");
	}
	/* Both have the same file of names. */
	if (!spec->hostname.at.file) {
		free(spec->hostname.value);
		spec->hostname.value = xstrdup(other->hostname.value);
	}
	return 0;
}

/* Images that somebody built may say how they are. */
static bool may_have_own(const struct spec *spec)
{
	static const char *const without[] = {"host", "rootfs:", "tar:"};

	for (size_t i = 0; i < ARRAY_LEN(without); i++)
		if (str_starts(spec->image.value, without[i]))
			return false;
	return !spec->health.at.file;
}

/* What is waited for can come. */
static int check_conditions(const struct spec *top, const struct spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->dependency_count; i++) {
		const struct spec_dependency *need = &spec->dependencies[i];
		const struct spec *other = spec_service(top, need->service);

		if (need->kind != DEPENDS_HEALTHY || other->health.kind != HEALTH_NONE ||
		    may_have_own(other))
			continue;
		(void)origin_fail(err, &need->at, "depends_on: service '%s' has no healthcheck",
				  need->service);
		return err_hint(err,
				"without one it is never healthy: give it a 'healthcheck', "
				"or wait for 'service_started'");
	}
	return 0;
}

int services_check(struct spec *spec, struct err *err)
{
	struct walk walk = {
		.services = spec->services, .count = spec->service_count, .err = err};

	if (spec->service)
		return check_service_network(spec, err);
	if (spec_has_bridge(spec) && check_shared_network(spec, err) < 0)
		return -1;
	/* Those of a service are looked at when all services are there. */
	for (size_t i = 0; i < spec->dependency_count; i++)
		if (find(&walk, spec->dependencies[i].service) == walk.count)
			return fail_missing(&walk, &spec->dependencies[i]);
	for (size_t i = 0; i < spec->service_count; i++)
		if (share_network(spec, &spec->services[i], err) < 0 ||
		    network_check_gateway(spec, &spec->services[i], err) < 0 ||
		    check_conditions(spec, &spec->services[i], err) < 0)
			return -1;
	if (share_network(spec, spec, err) < 0 || network_check_gateway(spec, spec, err) < 0)
		return -1;
	return check_conditions(spec, spec, err);
}

const struct spec *spec_service(const struct spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->service_count; i++)
		if (strcmp(spec->services[i].service, name) == 0)
			return &spec->services[i];
	return NULL;
}
