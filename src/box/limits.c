#include "box/prepare.h"

#include "box/prepare_parts.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Limits of the profile: each in force, or refused by name with what would allow it. */

#define CPU_PERIOD_US 100000

/* Return: 0 when @controller is there, 1 when it is not and that was noted, -1 refused. */
static int need(struct prepared *p, uint32_t controller, const char *key,
		const struct origin *at, bool allow_degraded, struct err *err)
{
	AUTO_FREE char *hint = NULL;
	char names[64];

	if (p->place.controllers & controller)
		return 0;
	if (allow_degraded) {
		strv_addf(&p->notes,
			  "%s is not enforced: no %s controller in this session's cgroup", key,
			  cgroup_controller_names(controller, names));
		return 1;
	}
	(void)err_set(err,
		      "%s cannot be enforced: this session's cgroup has no %s controller (%s)",
		      key, cgroup_controller_names(controller, names),
		      p->place.why ? p->place.why : "no place to write");
	(void)spec_at(at, err);
	(void)cgroup_missing_hint(&p->place, controller, err);
	hint = xstrdup(err->hint);
	return err_hint(err, "%s\n--allow-degraded starts without it", hint);
}

static int cpu_limits(const struct spec_limits *l, bool degraded, struct prepared *p,
		      struct err *err)
{
	const struct origin *at =
		l->cpus_milli.is_set ? &l->cpus_milli.at : &l->cpu_quota_us.at;
	int rc;

	if (l->cpus_milli.is_set || l->cpu_quota_us.is_set) {
		rc = need(p, CGROUP_CPU, l->cpus_milli.is_set ? "cpus" : "cpu_quota", at,
			  degraded, err);
		if (rc < 0)
			return -1;
		p->limits.has_cpu_max = rc == 0;
		p->limits.cpu_period_us = l->cpu_period_us.is_set
						  ? (uint64_t)l->cpu_period_us.value
						  : CPU_PERIOD_US;
		p->limits.cpu_quota_us =
			l->cpus_milli.is_set
				? (uint64_t)l->cpus_milli.value * p->limits.cpu_period_us / 1000
			: l->cpu_quota_us.value < 0 ? CGROUP_NO_LIMIT
						    : (uint64_t)l->cpu_quota_us.value;
	}
	if (l->cpu_shares.is_set) {
		rc = need(p, CGROUP_CPU, "cpu_shares", &l->cpu_shares.at, degraded, err);
		if (rc < 0)
			return -1;
		p->limits.has_cpu_weight = rc == 0;
		p->limits.cpu_weight = cgroup_weight_from_shares((uint64_t)l->cpu_shares.value);
	}
	return 0;
}

void prepare_cpu_mask(const char *list, unsigned char *mask, size_t size)
{
	while (*list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10);
		unsigned long last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < size * 8; first++)
			mask[first / 8] |= (unsigned char)(1U << (first % 8));
		list = *end ? end + 1 : end;
	}
}

static int set_affinity(const struct spec_limits *l, struct prepared *p, struct err *err)
{
	cpu_set_t old, now;
	int rc;

	p->confine.affinity_len = sizeof(p->confine.sched_affinity);
	prepare_cpu_mask(l->cpuset.value, p->confine.sched_affinity, p->confine.affinity_len);
	/* Try it: a CPU that does not exist is the user's mistake, and is said now. */
	memset(&now, 0, sizeof(now));
	memcpy(&now, p->confine.sched_affinity, sizeof(p->confine.sched_affinity));
	(void)sched_getaffinity(0, sizeof(old), &old);
	rc = sched_setaffinity(0, sizeof(now), &now);
	if (rc < 0) {
		(void)err_sys(err, "cpuset '%s'", l->cpuset.value);
		(void)spec_at(&l->cpuset.at, err);
		return err_hint(err,
				"this machine has the CPUs in /sys/devices/system/cpu/online");
	}
	(void)sched_setaffinity(0, sizeof(old), &old);
	p->affinity = xstrdup(l->cpuset.value);
	strv_addf(&p->notes,
		  "cpuset %s by CPU affinity: no cpuset controller in this session's cgroup",
		  l->cpuset.value);
	return 0;
}

static int cpuset_limits(const struct spec_limits *l, bool degraded, struct prepared *p,
			 struct err *err)
{
	int rc;

	if (l->cpuset.value) {
		if (p->place.controllers & CGROUP_CPUSET)
			p->limits.cpuset = l->cpuset.value;
		else if (set_affinity(l, p, err) < 0)
			return -1;
	}
	if (l->cpuset_mems.value) {
		rc = need(p, CGROUP_CPUSET, "cpuset_mems", &l->cpuset_mems.at, degraded, err);
		if (rc < 0)
			return -1;
		if (rc == 0)
			p->limits.cpuset_mems = l->cpuset_mems.value;
	}
	return 0;
}

static int memory_limits(const struct spec_limits *l, bool degraded, struct prepared *p,
			 struct err *err)
{
	int rc;

	if (l->mem_limit_bytes.is_set) {
		rc = need(p, CGROUP_MEMORY, "mem_limit", &l->mem_limit_bytes.at, degraded, err);
		if (rc < 0)
			return -1;
		p->limits.has_memory_max = rc == 0;
		p->limits.memory_max = (uint64_t)l->mem_limit_bytes.value;
	}
	if (l->mem_reservation_bytes.is_set) {
		rc = need(p, CGROUP_MEMORY, "mem_reservation", &l->mem_reservation_bytes.at,
			  degraded, err);
		if (rc < 0)
			return -1;
		p->limits.has_memory_low = rc == 0;
		p->limits.memory_low = (uint64_t)l->mem_reservation_bytes.value;
	}
	if (l->memswap_limit_bytes.is_set) {
		rc = need(p, CGROUP_MEMORY, "memswap_limit", &l->memswap_limit_bytes.at,
			  degraded, err);
		if (rc < 0)
			return -1;
		p->limits.has_swap_max = rc == 0;
		p->limits.swap_max = l->memswap_limit_bytes.value < 0
					     ? CGROUP_NO_LIMIT
					     : (uint64_t)(l->memswap_limit_bytes.value -
							  l->mem_limit_bytes.value);
	}
	return 0;
}

static void set_rate(struct cgroup_limits *limits, size_t i,
		     const struct spec_blkio_device *device)
{
	switch (device->kind) {
	case BLKIO_READ_BPS:
		limits->io_max[i].rbps = device->rate;
		break;
	case BLKIO_WRITE_BPS:
		limits->io_max[i].wbps = device->rate;
		break;
	case BLKIO_READ_IOPS:
		limits->io_max[i].riops = device->rate;
		break;
	case BLKIO_WRITE_IOPS:
		limits->io_max[i].wiops = device->rate;
		break;
	}
}

static int add_io_device(struct cgroup_limits *limits, const struct spec_blkio_device *device,
			 struct err *err)
{
	struct stat st;
	size_t i;

	if (stat(device->path, &st) < 0 || !S_ISBLK(st.st_mode)) {
		(void)err_set(err, "blkio_config: '%s' is not a block device", device->path);
		return spec_at(&device->at, err);
	}
	for (i = 0; i < limits->io_max_count; i++) {
		if (limits->io_max[i].major == major(st.st_rdev) &&
		    limits->io_max[i].minor == minor(st.st_rdev))
			break;
	}
	if (i == CGROUP_IO_DEVICES_MAX) {
		(void)err_set(err, "blkio_config: more than %d devices", CGROUP_IO_DEVICES_MAX);
		return spec_at(&device->at, err);
	}
	if (i == limits->io_max_count) {
		limits->io_max_count++;
		limits->io_max[i].major = major(st.st_rdev);
		limits->io_max[i].minor = minor(st.st_rdev);
		limits->io_max[i].rbps = limits->io_max[i].wbps = CGROUP_NO_LIMIT;
		limits->io_max[i].riops = limits->io_max[i].wiops = CGROUP_NO_LIMIT;
	}
	set_rate(limits, i, device);
	return 0;
}

static int io_limits(const struct spec_limits *l, bool degraded, struct prepared *p,
		     struct err *err)
{
	size_t i;
	int rc;

	if (l->blkio_weight.is_set) {
		rc = need(p, CGROUP_IO, "blkio_config.weight", &l->blkio_weight.at, degraded,
			  err);
		if (rc < 0)
			return -1;
		p->limits.has_io_weight = rc == 0;
		/* 10..1000 onto 1..10000, as every runtime does */
		p->limits.io_weight = 1 + ((uint64_t)l->blkio_weight.value - 10) * 9999 / 990;
	}
	for (i = 0; i < l->blkio_device_count; i++) {
		rc = need(p, CGROUP_IO, "blkio_config", &l->blkio_devices[i].at, degraded, err);
		if (rc < 0 ||
		    (rc == 0 && add_io_device(&p->limits, &l->blkio_devices[i], err) < 0))
			return -1;
	}
	return 0;
}

static int pids_limits(const struct spec_limits *l, bool degraded, struct prepared *p,
		       struct err *err)
{
	int rc;

	if (!l->pids_limit.is_set)
		return 0;
	rc = need(p, CGROUP_PIDS, "pids_limit", &l->pids_limit.at, degraded, err);
	if (rc < 0)
		return -1;
	p->limits.has_pids_max = rc == 0;
	p->limits.pids_max =
		l->pids_limit.value < 0 ? CGROUP_NO_LIMIT : (uint64_t)l->pids_limit.value;
	return 0;
}

static int oom_limits(const struct spec_limits *l, struct prepared *p, struct err *err)
{
	AUTO_FREE char *text = NULL;
	int64_t current = 0;

	if (!l->oom_score_adj.is_set)
		return 0;
	if (fd_read_file(AT_FDCWD, "/proc/self/oom_score_adj", 64, &text, err) < 0)
		return -1;
	(void)str_to_i64(str_trim(text), &current);
	if (l->oom_score_adj.value < current) {
		(void)err_set(
			err,
			"oom_score_adj: %lld is below yours (%lld), and only root may lower it",
			(long long)l->oom_score_adj.value, (long long)current);
		(void)spec_at(&l->oom_score_adj.at, err);
		return err_hint(err, "give %lld to 1000", (long long)current);
	}
	p->has_oom_score_adj = true;
	p->oom_score_adj = (int)l->oom_score_adj.value;
	return 0;
}

static rlim_t to_rlim(uint64_t value)
{
	return value == UINT64_MAX ? RLIM_INFINITY : (rlim_t)value;
}

static int add_ulimit(const struct spec_ulimit *ulimit, struct prepared *p, struct err *err)
{
	struct rlimit now;
	size_t i = p->confine.rlimit_count;

	if (i == CONFINE_RLIMITS_MAX)
		return err_set(err, "more than %d ulimits", CONFINE_RLIMITS_MAX);
	if (getrlimit((__rlimit_resource_t)ulimit->resource, &now) < 0)
		return err_sys(err, "read a limit");
	if (to_rlim(ulimit->hard) > now.rlim_max) {
		(void)err_set(err, "ulimits: %llu is above your own hard limit of %llu",
			      (unsigned long long)ulimit->hard,
			      (unsigned long long)now.rlim_max);
		(void)spec_at(&ulimit->at, err);
		return err_hint(
			err,
			"raise it for your user in /etc/security/limits.conf, or give less");
	}
	p->confine.rlimits[i].resource = ulimit->resource;
	p->confine.rlimits[i].limit.rlim_cur = to_rlim(ulimit->soft);
	p->confine.rlimits[i].limit.rlim_max = to_rlim(ulimit->hard);
	p->confine.rlimit_count++;
	return 0;
}

int prepare_limits_here(const struct spec *spec, bool allow_degraded, struct prepared *p,
			struct err *err)
{
	const struct spec_limits *l = &spec->limits;
	size_t i;

	if (cpu_limits(l, allow_degraded, p, err) < 0 ||
	    cpuset_limits(l, allow_degraded, p, err) < 0)
		return -1;
	if (memory_limits(l, allow_degraded, p, err) < 0 ||
	    pids_limits(l, allow_degraded, p, err) < 0)
		return -1;
	if (io_limits(l, allow_degraded, p, err) < 0 || oom_limits(l, p, err) < 0)
		return -1;
	for (i = 0; i < spec->ulimit_count; i++) {
		if (add_ulimit(&spec->ulimits[i], p, err) < 0)
			return -1;
	}
	return 0;
}

bool prepare_needs_group(const struct spec *spec)
{
	const struct spec_limits *l = &spec->limits;

	return l->cpus_milli.is_set || l->cpu_shares.is_set || l->cpu_quota_us.is_set ||
	       l->cpu_period_us.is_set || l->cpuset.value || l->cpuset_mems.value ||
	       l->mem_limit_bytes.is_set || l->mem_reservation_bytes.is_set ||
	       l->memswap_limit_bytes.is_set || l->pids_limit.is_set ||
	       l->blkio_weight.is_set || l->blkio_device_count > 0;
}

int prepare_limits(const struct prepare_request *request, struct prepared *p, struct err *err)
{
	const struct spec *spec = request->spec;

	if ((!request->is_throw_away || prepare_needs_group(spec)) &&
	    cgroup_place_find("", request->dirs->xdg_runtime, &p->place, err) < 0)
		return -1;
	return prepare_limits_here(spec, request->allow_degraded, p, err);
}
