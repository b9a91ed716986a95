#include "config/fill.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <limits.h>
#include <string.h>

#define QUOTA_MIN_US 1000

static int check_cpu(const struct spec_limits *l, struct err *err)
{
	if (l->cpus_milli.is_set && l->cpu_quota_us.is_set) {
		(void)origin_fail(err, &l->cpu_quota_us.at,
				  "cpu_quota cannot stand beside cpus");
		return err_hint(err, "both limit processor time: keep one of them");
	}
	if (l->cpu_period_us.is_set && !l->cpu_quota_us.is_set && !l->cpus_milli.is_set) {
		(void)origin_fail(err, &l->cpu_period_us.at,
				  "cpu_period has no effect without cpu_quota or cpus");
		return err_hint(err, "add a cpu_quota, or remove cpu_period");
	}
	if (l->cpu_period_us.is_set && l->cpus_milli.is_set &&
	    l->cpus_milli.value * l->cpu_period_us.value / 1000 < QUOTA_MIN_US) {
		(void)origin_fail(err, &l->cpu_period_us.at,
				  "cpu_period is too short for so few cpus");
		return err_hint(
			err,
			"their product is at least 1 ms: the kernel takes no smaller quota");
	}
	return 0;
}

static int check_memory(const struct spec_limits *l, struct err *err)
{
	const struct spec_number *swap = &l->memswap_limit_bytes;
	const struct spec_number *limit = &l->mem_limit_bytes;
	const struct spec_number *kept = &l->mem_reservation_bytes;

	if (swap->is_set && !limit->is_set) {
		(void)origin_fail(err, &swap->at, "memswap_limit needs mem_limit");
		return err_hint(
			err,
			"it is memory and swap together: add a mem_limit that is not larger");
	}
	if (swap->is_set && swap->value >= 0 && swap->value < limit->value) {
		(void)origin_fail(err, &swap->at, "memswap_limit is less than mem_limit");
		return err_hint(
			err,
			"it is memory and swap together; the same value as mem_limit means "
			"no swap");
	}
	if (kept->is_set && limit->is_set && kept->value > limit->value)
		return origin_fail(err, &kept->at, "mem_reservation is more than mem_limit");
	return 0;
}

static int fail_twice(struct err *err, const struct origin *at, const char *target,
		      const struct origin *first)
{
	(void)origin_fail(err, at, "target '%.200s' is used twice", target);
	return err_hint(err, "it is also the target at %s:%d", first->file, first->line);
}

static int check_targets(const struct spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->volume_count; i++) {
		const struct spec_volume *volume = &spec->volumes[i];

		if (spec->workspace.target &&
		    strcmp(volume->target, spec->workspace.target) == 0)
			return origin_fail(err, &volume->at,
					   "target '%.200s' is that of the workspace",
					   volume->target);
		if (strcmp(volume->target, "/dev/shm") == 0 && spec->shm_size_bytes.is_set)
			return fail_twice(err, &volume->at, volume->target,
					  &spec->shm_size_bytes.at);
		for (size_t j = 0; j < i; j++)
			if (strcmp(volume->target, spec->volumes[j].target) == 0)
				return fail_twice(err, &volume->at, volume->target,
						  &spec->volumes[j].at);
	}
	for (size_t i = 0; i < spec->device_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(spec->devices[i].target, spec->devices[j].target) == 0)
				return fail_twice(err, &spec->devices[i].at,
						  spec->devices[i].target,
						  &spec->devices[j].at);
	return 0;
}

/* With symbolic links followed where the path exists: a link to the home is the home. */
static char *real_path(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : xstrdup(path);
}

static int check_workspace(const struct config *config, const struct spec *spec,
			   struct err *err)
{
	AUTO_FREE char *source = NULL;
	AUTO_FREE char *home = NULL;
	const struct origin *at = &spec->workspace.at;

	if (!spec->workspace.source)
		return 0;
	source = real_path(spec->workspace.source);
	home = real_path(config->home ? config->home : "/");
	if (strcmp(source, "/") != 0 && !path_is_below(home, source) &&
	    !(config->home && path_is_below(config->home, source)))
		return 0;
	if (strcmp(source, "/") == 0)
		(void)origin_fail(err, at, "the workspace cannot be '/'");
	else if (strcmp(source, home) == 0)
		(void)origin_fail(err, at, "the workspace '%.200s' is the home folder",
				  spec->workspace.source);
	else
		(void)origin_fail(err, at, "the workspace '%.200s' holds the home folder",
				  spec->workspace.source);
	return err_hint(
		err,
		"the box would see everything in it: work in a folder of its own, or name one "
		"with 'workspace'");
}

/* A capability on both lists; ALL on one of them is how sets are made. */
static int check_caps(const struct spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->cap_drop.items.count; i++)
		if (strv_has(&spec->cap_add.items, spec->cap_drop.items.items[i]))
			return origin_fail(err, &spec->cap_drop.at[i],
					   "capability '%.100s' is in cap_add and in cap_drop",
					   spec->cap_drop.items.items[i]);
	return 0;
}

/* Two that want the same; and what a box has that shares the host's network, or has none. */
static int check_ports(const struct spec *spec, struct err *err)
{
	static const char hint[] = "with network_mode 'host' ports are the host's as they "
				   "are, with 'none' the box has none to publish";
	const char *mode = spec->network_mode == NET_HOST ? "host" : "none";
	const bool has_ports = spec_has_ports(spec);

	if (!has_ports && spec->port_count > 0) {
		(void)origin_fail(err, &spec->ports[0].at,
				  "ports: has no effect with network_mode '%s'", mode);
		return err_hint(err, "%s", hint);
	}
	if (!has_ports && spec->forward_at.file && spec->forward_mode != FORWARD_OFF) {
		(void)origin_fail(err, &spec->forward_at,
				  "forward_ports has no effect with network_mode '%s'", mode);
		return err_hint(err, "%s", hint);
	}
	for (size_t i = 0; i < spec->port_count; i++) {
		const struct spec_port *a = &spec->ports[i];

		for (size_t j = 0; j < i && a->host_first; j++) {
			const struct spec_port *b = &spec->ports[j];

			if (!b->host_first || a->is_udp != b->is_udp ||
			    strcmp(a->address, b->address) != 0 ||
			    a->host_first >= b->host_first + b->count ||
			    b->host_first >= a->host_first + a->count)
				continue;
			(void)origin_fail(err, &a->at, "ports: port %u of the host twice",
					  a->host_first > b->host_first ? a->host_first
									: b->host_first);
			return err_hint(err, "it is also at %s:%d", b->at.file, b->at.line);
		}
	}
	return 0;
}

static int check_network(const struct spec *spec, struct err *err)
{
	const bool is_host = spec->network_mode == NET_HOST;

	if (!is_host && spec->network_mode != NET_SERVICE)
		return 0;
	for (size_t i = 0; i < spec->sysctl_count; i++) {
		if (!str_starts(spec->sysctls[i].name, "net."))
			continue;
		(void)origin_fail(err, &spec->sysctls[i].at,
				  "sysctls: '%.100s' cannot be set with network_mode '%s'",
				  spec->sysctls[i].name, is_host ? "host" : "service:NAME");
		return is_host ? err_hint(err, "it would be the machine's; network_mode "
					       "'project' has its own")
			       : err_hint(err,
					  "the network is that of service '%s': set it "
					  "there",
					  spec->network_service);
	}
	return 0;
}

/* Only an image that may hold several is chosen from. */
static int check_platform(const struct spec *spec, struct err *err)
{
	static const char *const without[] = {"host", "rootfs:", "tar:"};

	for (size_t i = 0; spec->platform.value && i < ARRAY_LEN(without); i++) {
		if (!str_starts(spec->image.value, without[i]) ||
		    (i == 0 && spec->image.value[strlen(without[0])]))
			continue;
		(void)origin_fail(err, &spec->platform.at,
				  "platform has no effect on image '%.200s'",
				  spec->image.value);
		return err_hint(err,
				"remove it, or use an image of a registry or an OCI layout");
	}
	return 0;
}

int spec_check(const struct config *config, struct spec *spec, struct err *err)
{
	if (check_cpu(&spec->limits, err) < 0 || check_memory(&spec->limits, err) < 0 ||
	    check_workspace(config, spec, err) < 0 || check_targets(spec, err) < 0 ||
	    check_caps(spec, err) < 0 || check_network(spec, err) < 0 ||
	    network_check(spec, err) < 0 || check_ports(spec, err) < 0 ||
	    build_check(spec, err) < 0 || check_platform(spec, err) < 0 ||
	    services_check(spec, err) < 0)
		return -1;
	return 0;
}
