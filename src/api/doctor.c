#include "api/api.h"

#include "cgroup/cgroup.h"
#include "util/cleanup.h"

#include <string.h>

#define ALL_CONTROLLERS (CGROUP_CPU | CGROUP_CPUSET | CGROUP_IO | CGROUP_MEMORY | CGROUP_PIDS)

/* The keys of a profile that need a controller. */
static const struct {
	uint32_t controller;
	const char *keys;
} uses[] = {
	{CGROUP_CPU, "cpus, cpu_quota, cpu_shares"},
	{CGROUP_MEMORY, "mem_limit, mem_reservation, memswap_limit"},
	{CGROUP_PIDS, "pids_limit"},
	{CGROUP_IO, "blkio_config"},
	{CGROUP_CPUSET, "cpuset_mems, cpuset (CPU affinity is used instead)"},
};

static char *lost_keys(const struct cgroup_place *place, uint32_t missing)
{
	struct buf text = {0};

	for (size_t i = 0; i < ARRAY_LEN(uses); i++)
		if (missing & uses[i].controller)
			buf_printf(&text, "%s%s", text.len ? ", " : "", uses[i].keys);
	if (place->method == CGROUP_NONE)
		buf_puts(&text, "; figures of ps and stats");
	return buf_take(&text);
}

static char *found_controllers(const struct cgroup_place *place, uint32_t missing)
{
	char have[64], lack[64];
	const uint32_t offered = ALL_CONTROLLERS & ~missing;

	if (place->method == CGROUP_NONE)
		return xasprintf("none: %s", place->why ? place->why : "no place to write");
	if (!offered)
		return xstrdup("a group, but no controllers");
	(void)cgroup_controller_names(offered, have);
	if (!missing)
		return xstrdup(have);
	return xasprintf("%s; not: %s", have, cgroup_controller_names(missing, lack));
}

static void check_cgroup(const struct devbox *devbox, struct host_check *out_check)
{
	struct cgroup_place place = {0};
	struct err err = {0};
	uint32_t missing = ALL_CONTROLLERS;

	*out_check = (struct host_check){
		.verdict = HOST_WARN, .id = "cgroup", .name = "cgroup delegation"};
	if (cgroup_place_find("", devbox->dirs.xdg_runtime, &place, &err) < 0) {
		out_check->found = xstrdup(err.message);
		out_check->lost = xstrdup("limits, figures of ps and stats");
		return;
	}
	if (place.method != CGROUP_NONE)
		missing &= ~place.controllers;
	out_check->found = found_controllers(&place, missing);
	if (missing || place.method == CGROUP_NONE) {
		out_check->lost = lost_keys(&place, missing);
		(void)cgroup_missing_hint(&place, missing, &err);
		out_check->mend = xstrdup(err.hint);
	} else {
		out_check->verdict = HOST_OK;
	}
	cgroup_place_done(&place);
}

/* Behind the checks of the root file system, before those of the network. */
static void insert_check(struct host_report *report, const struct host_check *check)
{
	size_t at = report->count;

	host_report_take(report, check);
	for (size_t i = 0; i + 1 < report->count; i++)
		if (strcmp(report->checks[i].id, "fuse") == 0)
			at = i + 1;
	memmove(&report->checks[at + 1], &report->checks[at],
		(report->count - 1 - at) * sizeof(*report->checks));
	report->checks[at] = *check;
}

int devbox_doctor(struct devbox *devbox, struct host_report *out_report, struct err *err)
{
	struct host_report report = {0};
	struct host_check check;

	if (host_examine(&report, err) < 0)
		return -1;
	check_cgroup(devbox, &check);
	insert_check(&report, &check);
	*out_report = report;
	return 0;
}
