#include "cgroup/cgroup.h"

#include "cgroup/cpulist.h"
#include "cgroup/files.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DEFAULT_PERIOD_US 100000

uint64_t cgroup_weight_from_shares(uint64_t shares)
{
	/* Both ranges map onto each other linearly: 2..262144 to 1..10000. */
	if (shares < 2)
		shares = 2;
	if (shares > 262144)
		shares = 262144;
	return 1 + (shares - 2) * 9999 / 262142;
}

uint32_t cgroup_needed(const struct cgroup_limits *limits)
{
	uint32_t needed = 0;

	if (limits->has_cpu_max || limits->has_cpu_weight)
		needed |= CGROUP_CPU;
	if (limits->cpuset || limits->cpuset_mems)
		needed |= CGROUP_CPUSET;
	if (limits->has_memory_max || limits->has_memory_low || limits->has_swap_max)
		needed |= CGROUP_MEMORY;
	if (limits->has_pids_max)
		needed |= CGROUP_PIDS;
	if (limits->has_io_weight || limits->io_max_count > 0)
		needed |= CGROUP_IO;
	return needed;
}

static bool has_file(int group_fd, const char *name)
{
	struct stat st;

	return fstatat(group_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Why a file of a controller cannot be written: the controller is not there, or this part of
 * it. */
static int hint_missing(int group_fd, uint32_t controller, const char *part, struct err *err)
{
	AUTO_FREE char *text = cgroup_file_read(group_fd, "cgroup.controllers");
	struct cgroup_place place = {0};
	struct err ignored = {0};

	if (text && (cgroup_controllers_parse(text) & controller) && part)
		return err_hint(err, "%s", part);

	/* Where we are is asked here, on the way to an error, so that no caller need hand it
	 * in. */
	if (cgroup_place_find("", getenv("XDG_RUNTIME_DIR"), &place, &ignored) == 0)
		(void)cgroup_missing_hint(&place, controller, err);
	cgroup_place_done(&place);
	return -1;
}

struct setting {
	const char *file;
	uint32_t controller;
	const char *absent; /* words for a kernel that has the controller, but not this file */
};

static int set_text(int group_fd, const struct setting *s, const char *value, struct err *err)
{
	if (cgroup_file_write(group_fd, s->file, value) == 0)
		return 0;

	(void)err_sys(err, "set '%s' to '%s'", s->file, value);
	if (err->code == ENOENT || err->code == EACCES || err->code == EPERM)
		return hint_missing(group_fd, s->controller, s->absent, err);
	return -1;
}

static const char *number_text(uint64_t value, char out[24])
{
	(void)snprintf(out, 24, value == CGROUP_NO_LIMIT ? "max" : "%llu",
		       (unsigned long long)value);
	return out;
}

static int set_number(int group_fd, const struct setting *s, uint64_t value, struct err *err)
{
	char text[24];

	return set_text(group_fd, s, number_text(value, text), err);
}

static int apply_cpu(int fd, const struct cgroup_limits *limits, struct err *err)
{
	static const struct setting max = {
		"cpu.max", CGROUP_CPU,
		"this kernel has no CPU bandwidth control (CONFIG_CFS_BANDWIDTH)"};
	static const struct setting weight = {
		"cpu.weight", CGROUP_CPU,
		"this kernel has no CPU weights (CONFIG_FAIR_GROUP_SCHED)"};
	uint64_t period = limits->cpu_period_us ? limits->cpu_period_us : DEFAULT_PERIOD_US;

	if (limits->has_cpu_max) {
		char quota[24];
		char text[64];

		(void)snprintf(text, sizeof(text), "%s %llu",
			       number_text(limits->cpu_quota_us, quota),
			       (unsigned long long)period);
		if (set_text(fd, &max, text, err) < 0)
			return err->code == EINVAL
				       ? err_hint(err, "the kernel takes a quota of 1000 µs "
						       "and more, "
						       "and a period of 1000 to 1000000 µs")
				       : -1;
	}
	if (limits->has_cpu_weight)
		return set_number(fd, &weight, limits->cpu_weight, err);
	return 0;
}

/* The kernel takes CPUs that an ancestor does not have, and silently uses the others: we say
 * so. */
static int apply_set(int fd, const char *file, const char *value, struct err *err)
{
	const struct setting s = {file, CGROUP_CPUSET, NULL};
	AUTO_FREE char *effective_file = NULL;
	AUTO_FREE char *effective = NULL;

	if (!value)
		return 0;
	if (set_text(fd, &s, value, err) < 0)
		return -1;

	effective_file = xasprintf("%s.effective", file);
	effective = cgroup_file_read(fd, effective_file);
	if (!effective || !*value || cpulist_equal(value, str_trim(effective)))
		return 0;
	return err_code(err, ERANGE, "set '%s' to '%s': only '%s' can be used here", file,
			value, effective);
}

static int apply_memory(int fd, const struct cgroup_limits *limits, struct err *err)
{
	static const struct setting low = {"memory.low", CGROUP_MEMORY, NULL};
	static const struct setting swap = {"memory.swap.max", CGROUP_MEMORY,
					    "this kernel does not account swap: boot with "
					    "'swapaccount=1' on its command line"};
	static const struct setting max = {"memory.max", CGROUP_MEMORY, NULL};

	if (limits->has_memory_low && set_number(fd, &low, limits->memory_low, err) < 0)
		return -1;
	if (limits->has_swap_max && set_number(fd, &swap, limits->swap_max, err) < 0)
		return -1;
	/* Last: it is the one that can reclaim for a while, and kill. */
	if (limits->has_memory_max)
		return set_number(fd, &max, limits->memory_max, err);
	return 0;
}

static int apply_io_weight(int fd, uint64_t weight, struct err *err)
{
	static const struct setting io = {
		"io.weight", CGROUP_IO,
		"no weights for block devices: the kernel has neither the iocost controller "
		"(CONFIG_BLK_CGROUP_IOCOST) nor the BFQ scheduler (modprobe bfq)"};
	static const struct setting bfq = {"io.bfq.weight", CGROUP_IO, NULL};
	char text[40];

	/* BFQ counts from 1 to 1000. */
	if (!has_file(fd, io.file) && has_file(fd, bfq.file))
		return set_number(fd, &bfq, weight < 1 ? weight : 1 + (weight - 1) * 999 / 9999,
				  err);
	(void)snprintf(text, sizeof(text), "default %llu", (unsigned long long)weight);
	return set_text(fd, &io, text, err);
}

static int apply_io(int fd, const struct cgroup_limits *limits, struct err *err)
{
	static const struct setting max = {
		"io.max", CGROUP_IO,
		"this kernel cannot throttle block devices (CONFIG_BLK_DEV_THROTTLING)"};

	if (limits->has_io_weight && apply_io_weight(fd, limits->io_weight, err) < 0)
		return -1;

	for (size_t i = 0; i < limits->io_max_count; i++) {
		char rbps[24], wbps[24], riops[24], wiops[24];
		char text[160];

		(void)snprintf(text, sizeof(text), "%u:%u rbps=%s wbps=%s riops=%s wiops=%s",
			       limits->io_max[i].major, limits->io_max[i].minor,
			       number_text(limits->io_max[i].rbps, rbps),
			       number_text(limits->io_max[i].wbps, wbps),
			       number_text(limits->io_max[i].riops, riops),
			       number_text(limits->io_max[i].wiops, wiops));
		if (set_text(fd, &max, text, err) < 0)
			return err->code == ENODEV
				       ? err_hint(err,
						  "limits are for whole disks, not partitions; "
						  "'lsblk -d' lists them")
				       : -1;
	}
	return 0;
}

int cgroup_limits_apply(int group_fd, const struct cgroup_limits *limits, struct err *err)
{
	static const struct setting pids = {"pids.max", CGROUP_PIDS, NULL};

	if (apply_set(group_fd, "cpuset.cpus", limits->cpuset, err) < 0 ||
	    apply_set(group_fd, "cpuset.mems", limits->cpuset_mems, err) < 0)
		return -1;
	if (apply_cpu(group_fd, limits, err) < 0 || apply_io(group_fd, limits, err) < 0)
		return -1;
	if (limits->has_pids_max && set_number(group_fd, &pids, limits->pids_max, err) < 0)
		return -1;
	return apply_memory(group_fd, limits, err);
}
