#include "box/prepare_parts.h"

#include "box/health.h"
#include "box/reason.h"
#include "util/cleanup.h"
#include "util/proc.h"

#include <stdlib.h>
#include <string.h>

/* free() it. A box that is thrown away is not in the network in which macvlans are. */
static char *network_name(const struct prepare_request *request)
{
	const struct spec *spec = request->spec;
	static const char *const names[] = {[NET_PROJECT] = "project",
					    [NET_HOST] = "host",
					    [NET_NONE] = "none",
					    [NET_FILTERED] = "filtered"};

	if (spec->network_service)
		return xasprintf("service:%s", spec->network_service);
	return xstrdup(request->member && spec->is_macvlan ? "macvlan"
							   : names[spec->network_mode]);
}

static void print_network(const struct prepare_request *request, const struct net_layout *n,
			  struct buf *out)
{
	const struct spec *spec = request->spec;
	AUTO_FREE char *name = network_name(request);
	char subnet[CIDR_TEXT_MAX], address[IPV4_TEXT_MAX];

	buf_printf(out, "network %s", name);
	if (request->shared)
		buf_printf(out, " since %llu", (unsigned long long)request->shared->since);
	if (spec->network_mode == NET_PROJECT)
		buf_printf(out, " %s address %s mtu %d by %s%s%s",
			   cidr_text(&n->subnet, subnet), ipv4_text(n->address, address),
			   n->mtu, net_backend_name(n->backend), n->has_ipv6 ? ", ipv6" : "",
			   n->reaches_host ? ", reaches the host" : "");
	if (spec->network_mode == NET_FILTERED && spec->network.reaches_host)
		buf_puts(out, " reaches the host");
	buf_putc(out, '\n');
	for (size_t i = 0; i < spec->network.allow.items.count; i++)
		buf_printf(out, "allow %s\n", spec->network.allow.items.items[i]);
}

static void print_health(const struct spec_health *health, struct buf *out)
{
	AUTO_FREE char *words = health_describe(health);

	if (health->kind == HEALTH_NONE)
		return;
	buf_printf(out, "health %s", words);
	for (size_t i = 0; i < health->argv.count; i++)
		buf_printf(out, " '%s'", health->argv.items[i]);
	buf_printf(out,
		   " every %llu us, at first %llu us, of at most %llu us, %u times, from %llu "
		   "us on\n",
		   (unsigned long long)health->interval_us,
		   (unsigned long long)health->start_interval_us,
		   (unsigned long long)health->timeout_us, health->retries,
		   (unsigned long long)health->start_period_us);
}

/* What else makes a box a different one: a change of these means a new start. Limits are live,
 * and listed apart. */
static void print_rest(const struct prepare_request *request, const struct prepared *p,
		       struct buf *out)
{
	const struct spec *spec = request->spec;
	size_t i;

	for (i = 0; i < p->argv.count; i++)
		buf_printf(out, "argument '%s'\n", p->argv.items[i]);
	buf_printf(out,
		   "in '%s' as uid %u gid %u, capabilities %016llx and %016llx%s, shell '%s'\n",
		   p->cwd, p->identity.uid, p->identity.gid,
		   (unsigned long long)p->confine.bounding, (unsigned long long)p->added_caps,
		   spec->no_new_privileges ? ", no new privileges" : "", p->identity.shell);
	/* The file is named after what the profile says. */
	buf_printf(out, "seccomp %s %s\n",
		   spec->seccomp.value ? spec->seccomp.value : "default",
		   p->exec_filter ? strrchr(p->exec_filter, '/') + 1 : "none");
	for (i = 0; i < spec->environment.count; i++)
		buf_printf(out, "environment %s\n", spec->environment.items[i]);
	print_health(&spec->health, out);
	if (request->image_id)
		buf_printf(out, "image %s\n", request->image_id);
	for (i = 0; i < p->lower.count; i++)
		buf_printf(out, "image '%s'\n", p->lower.items[i]);
	print_network(request, &p->network, out);
	if (request->member)
		buf_printf(out, "%s", p->facts.hosts);
	for (i = 0; i < p->confine.rlimit_count; i++)
		buf_printf(out, "ulimit %d %llu %llu\n", p->confine.rlimits[i].resource,
			   (unsigned long long)p->confine.rlimits[i].limit.rlim_cur,
			   (unsigned long long)p->confine.rlimits[i].limit.rlim_max);
	if (p->has_oom_score_adj)
		buf_printf(out, "oom_score_adj %d\n", p->oom_score_adj);
	if (p->affinity)
		buf_printf(out, "cpu affinity %s\n", p->affinity);
	buf_printf(out, "stop by signal %d, then after %llu us\n", p->stop_signal,
		   (unsigned long long)p->stop_grace_us);
}

static void print_limit(struct buf *out, bool is_set, const char *name, uint64_t value)
{
	if (is_set && value == CGROUP_NO_LIMIT)
		buf_printf(out, "limit %s max\n", name);
	else if (is_set)
		buf_printf(out, "limit %s %llu\n", name, (unsigned long long)value);
}

static void print_limits(const struct cgroup_limits *l, struct buf *out)
{
	size_t i;

	print_limit(out, l->has_cpu_max, "cpu.quota", l->cpu_quota_us);
	print_limit(out, l->has_cpu_max, "cpu.period", l->cpu_period_us);
	print_limit(out, l->has_cpu_weight, "cpu.weight", l->cpu_weight);
	if (l->cpuset)
		buf_printf(out, "limit cpuset %s\n", l->cpuset);
	if (l->cpuset_mems)
		buf_printf(out, "limit cpuset_mems %s\n", l->cpuset_mems);
	print_limit(out, l->has_memory_max, "memory.max", l->memory_max);
	print_limit(out, l->has_memory_low, "memory.low", l->memory_low);
	print_limit(out, l->has_swap_max, "memory.swap.max", l->swap_max);
	print_limit(out, l->has_pids_max, "pids.max", l->pids_max);
	print_limit(out, l->has_io_weight, "io.weight", l->io_weight);
	for (i = 0; i < l->io_max_count; i++)
		buf_printf(out, "limit io.max %u:%u %llu %llu %llu %llu\n", l->io_max[i].major,
			   l->io_max[i].minor, (unsigned long long)l->io_max[i].rbps,
			   (unsigned long long)l->io_max[i].wbps,
			   (unsigned long long)l->io_max[i].riops,
			   (unsigned long long)l->io_max[i].wiops);
}

void prepare_text(const struct prepare_request *request, const struct prepared *p,
		  struct buf *out)
{
	plan_print(&p->plan, false, out);
	print_rest(request, p, out);
	print_limits(&p->limits, out);
	prepare_print_ports(request, out);
}

static const char *root_kind_name(enum root_kind kind)
{
	switch (kind) {
	case ROOT_HOST:
		return "host";
	case ROOT_OVERLAY:
		return "overlay";
	case ROOT_FUSE:
		return "fuse-overlayfs";
	}
	return "host";
}

static void record_network(const struct net_layout *n, struct record *r)
{
	char subnet[CIDR_TEXT_MAX], text[IPV4_TEXT_MAX];

	r->net_subnet = xstrdup(cidr_text(&n->subnet, subnet));
	r->net_gateway = xstrdup(ipv4_text(n->gateway, text));
	r->net_dns = xstrdup(ipv4_text(n->dns, text));
	r->net_address = xstrdup(ipv4_text(n->address, text));
	r->net_backend = xstrdup(net_backend_name(n->backend));
	r->net_mtu = n->mtu;
	r->net_ipv6 = n->has_ipv6;
	r->net_host = n->reaches_host;
}

void prepare_record(const struct prepare_request *request, const struct prepared *p,
		    struct record *out_record)
{
	const struct spec *spec = request->spec;
	struct record r = {
		.project = xstrdup(request->project->id),
		.box = xstrdup(request->box),
		.image = xstrdup(p->facts.image),
		.root_kind = xstrdup(root_kind_name(p->facts.root_kind)),
		.profile_file = xstrdup(spec->profile_file),
		.folder = xstrdup(spec->project_dir),
		.network = network_name(request),
		.hostname = xstrdup(p->facts.hostname),
		.workspace_source = xstrdup(spec->workspace.source),
		.workspace_target = xstrdup(spec->workspace.target),
		.exec_user = xstrdup(p->identity.name),
		.exec_uid = p->identity.uid,
		.exec_gid = p->identity.gid,
		.exec_home = xstrdup(p->identity.home),
		.exec_shell = xstrdup(p->identity.shell),
		.exec_bounding = p->confine.bounding,
		.exec_ambient = p->added_caps,
		.exec_no_new_privs = p->confine.no_new_privs,
		.exec_can_setgroups = p->confine.can_setgroups,
		.exec_filter = xstrdup(p->exec_filter),
		.exec_profile = xstrdup(spec->seccomp.value),
		.exec_affinity = xstrdup(p->affinity),
		.has_userns = true,
		.plan = xstrdup(p->plan_text),
		.stop_signal = xstrdup(signal_name(p->stop_signal)),
		.stop_grace_us = p->stop_grace_us,
	};
	size_t i;

	if (spec->network_mode == NET_PROJECT || request->shared)
		record_network(&p->network, &r);
	else if (spec->network_mode == NET_FILTERED)
		r.net_backend = xstrdup("filter");
	r.exec_cwd = xstrdup(p->cwd);
	reason_places(spec, &r.limits_at);
	strv_add_all(&r.command, &p->argv);
	strv_add_all(&r.notes, &p->notes);
	strv_add_all(&r.exec_groups, &p->identity.groups);
	strv_add_all(&r.exec_env, &p->env);
	for (i = 0; i < p->confine.rlimit_count; i++)
		strv_addf(&r.exec_rlimits, "%d %llu %llu", p->confine.rlimits[i].resource,
			  (unsigned long long)p->confine.rlimits[i].limit.rlim_cur,
			  (unsigned long long)p->confine.rlimits[i].limit.rlim_max);
	*out_record = r;
}
