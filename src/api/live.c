#include "api/live.h"

#include "box/control.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <string.h>

enum kind { KIND_LIMIT, KIND_PORT, KIND_BOX };

static enum kind kind_of(const char *line)
{
	if (str_starts(line, "limit "))
		return KIND_LIMIT;
	return str_starts(line, "port ") || str_starts(line, "forward ") ? KIND_PORT : KIND_BOX;
}

/* Lines of @text of one kind. */
static char *pick(const char *text, enum kind kind)
{
	struct buf out = {0};

	while (*text) {
		const char *end = strchrnul(text, '\n');

		if (kind_of(text) == kind)
			buf_add(&out, text, (size_t)(end - text) + (*end ? 1 : 0));
		text = *end ? end + 1 : end;
	}
	return buf_take(&out);
}

char *live_limits(const char *plan)
{
	return pick(plan, KIND_LIMIT);
}

char *live_ports(const char *plan)
{
	return pick(plan, KIND_PORT);
}

/* A CPU list or a device's rates that are taken away have no "no limit" to write without their
 * names. */
static bool needs_new_start(const char *old_limits, const char *new_limits)
{
	AUTO_FREE char *copy = xstrdup(old_limits);
	char *save = NULL;
	char *line;

	if (strstr(old_limits, "limit cpuset") && !strstr(new_limits, "limit cpuset"))
		return true;
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!str_starts(line, "limit io.max "))
			continue;
		line[strlen("limit io.max ") + strcspn(line + strlen("limit io.max "), " ")] =
			'\0';
		if (!strstr(new_limits, line))
			return true;
	}
	return false;
}

enum difference live_compare(const char *running, const char *wanted)
{
	AUTO_FREE char *old_rest = pick(running, KIND_BOX);
	AUTO_FREE char *new_rest = pick(wanted, KIND_BOX);
	AUTO_FREE char *old_limits = pick(running, KIND_LIMIT);
	AUTO_FREE char *new_limits = pick(wanted, KIND_LIMIT);
	AUTO_FREE char *old_ports = pick(running, KIND_PORT);
	AUTO_FREE char *new_ports = pick(wanted, KIND_PORT);

	if (strcmp(old_rest, new_rest) != 0)
		return DIFFERENT_BOX;
	if (needs_new_start(old_limits, new_limits))
		return DIFFERENT_BOX;
	if (strcmp(old_limits, new_limits) == 0 && strcmp(old_ports, new_ports) == 0)
		return DIFFERENT_NOTHING;
	return DIFFERENT_LIVE;
}

/* A limit that was there and is not wanted any more is lifted. */
void live_lift(const char *running, struct cgroup_limits *limits)
{
	if (!limits->has_cpu_max && strstr(running, "limit cpu.quota")) {
		limits->has_cpu_max = true;
		limits->cpu_quota_us = CGROUP_NO_LIMIT;
		limits->cpu_period_us = 100000;
	}
	if (!limits->has_cpu_weight && strstr(running, "limit cpu.weight")) {
		limits->has_cpu_weight = true;
		limits->cpu_weight = 100;
	}
	if (!limits->has_memory_max && strstr(running, "limit memory.max")) {
		limits->has_memory_max = true;
		limits->memory_max = CGROUP_NO_LIMIT;
	}
	if (!limits->has_memory_low && strstr(running, "limit memory.low")) {
		limits->has_memory_low = true;
		limits->memory_low = 0;
	}
	if (!limits->has_swap_max && strstr(running, "limit memory.swap.max")) {
		limits->has_swap_max = true;
		limits->swap_max = CGROUP_NO_LIMIT;
	}
	if (!limits->has_pids_max && strstr(running, "limit pids.max")) {
		limits->has_pids_max = true;
		limits->pids_max = CGROUP_NO_LIMIT;
	}
	if (!limits->has_io_weight && strstr(running, "limit io.weight")) {
		limits->has_io_weight = true;
		limits->io_weight = 100;
	}
}

static void say_ports(const char *running, const char *wanted)
{
	AUTO_FREE char *ports = pick(wanted, KIND_PORT);
	AUTO_FREE char *old = pick(running, KIND_PORT);
	char *rest = ports;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line && !strstr(old, line))
			log_note(" %-16s live     %s", "", line);
	rest = old;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line && !strstr(wanted, line))
			log_note(" %-16s live     no more %s", "", line);
}

void live_say(const char *running, const char *wanted)
{
	AUTO_FREE char *limits = pick(wanted, KIND_LIMIT);
	AUTO_FREE char *old = pick(running, KIND_LIMIT);
	char *save = NULL;
	char *line;

	for (line = strtok_r(limits, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(old, line))
			log_note(" %-16s live     %s", "", line + strlen("limit "));
	}
	for (line = strtok_r(old, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		AUTO_FREE char *name = xstrndup(line, strcspn(line + strlen("limit "), " ") +
							      strlen("limit "));

		if (!strstr(wanted, name))
			log_note(" %-16s live     %s lifted", "", name + strlen("limit "));
	}
	say_ports(running, wanted);
}

#define ANSWER_MS 10000

void live_limits_changed(const struct project *project, const char *box)
{
	AUTO_FREE char *request = xasprintf("limits %s", box);
	struct err ignored;

	/* They are in force without it. */
	(void)control_ask(project->runtime_dir, request, ANSWER_MS, &ignored);
}
