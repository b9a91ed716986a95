#include "api/update.h"

#include "util/cleanup.h"

#include <inttypes.h>
#include <string.h>

/* The values of `devbox update`, and the lines of a plan they become. */

#define PERIOD_US 100000
#define MEMORY_MIN (UINT64_C(1) << 20)

static const struct update_info infos[UPDATE_COUNT] = {
	[UPDATE_CPUS] = {"cpus", "cpus",
			 "a number of processors such as '2' or '1.5', at least 0.01, or "
			 "'max'"},
	[UPDATE_CPU_SHARES] = {"cpu-shares", "cpu_shares", "a number from 2 to 262144"},
	[UPDATE_MEMORY] = {"memory", "mem_limit",
			   "a size such as '512m' or '2g', at least 1m, or 'max'"},
	[UPDATE_MEMORY_RESERVATION] = {"memory-reservation", "mem_reservation",
				       "a size such as '512m' or '2g'"},
	[UPDATE_MEMORY_SWAP] = {"memory-swap", "memswap_limit",
				"a size such as '2g', memory and swap together, or 'max'"},
	[UPDATE_PIDS] = {"pids-limit", "pids_limit", "a number from 1 to 4194304, or 'max'"},
	[UPDATE_BLKIO_WEIGHT] = {"blkio-weight", "blkio_config.weight",
				 "a number from 10 to 1000"},
};

const struct update_info *update_info(enum update_limit limit)
{
	return &infos[limit];
}

static bool is_lifted(const char *text)
{
	return strcmp(text, "max") == 0 || strcmp(text, "-1") == 0;
}

/* "1.5" is 150000 of 100000 µs. */
static int parse_cpus(const char *text, struct cgroup_limits *limits)
{
	const size_t whole_len = strcspn(text, ".");
	AUTO_FREE char *whole = xstrndup(text, whole_len);
	const char *fraction = text[whole_len] ? text + whole_len + 1 : "0";
	uint64_t units, parts;
	size_t digits = strlen(fraction);

	if (digits > 3 || str_to_u64(fraction, &parts) < 0 ||
	    str_to_u64(*whole ? whole : "0", &units) < 0 || units > 8192)
		return -1;
	for (; digits < 3; digits++)
		parts *= 10;
	if (units * 1000 + parts < 10)
		return -1;
	limits->has_cpu_max = true;
	limits->cpu_period_us = PERIOD_US;
	limits->cpu_quota_us = (units * 1000 + parts) * (PERIOD_US / 1000);
	return 0;
}

static int parse_between(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value;

	if (str_to_u64(text, &value) < 0 || value < min || value > max)
		return -1;
	*out = value;
	return 0;
}

static int parse_size(const char *text, uint64_t min, uint64_t *out)
{
	uint64_t value;

	if (str_to_size(text, &value) < 0 || value < min || value > INT64_MAX)
		return -1;
	*out = value;
	return 0;
}

static int found(int result, bool *out_has)
{
	if (result == 0)
		*out_has = true;
	return result;
}

static int lift(enum update_limit limit, struct cgroup_limits *limits)
{
	if (limit == UPDATE_CPUS) {
		limits->has_cpu_max = true;
		limits->cpu_period_us = PERIOD_US;
		limits->cpu_quota_us = CGROUP_NO_LIMIT;
	} else if (limit == UPDATE_MEMORY) {
		limits->has_memory_max = true;
		limits->memory_max = CGROUP_NO_LIMIT;
	} else if (limit == UPDATE_MEMORY_SWAP) {
		limits->has_swap_max = true;
		limits->swap_max = CGROUP_NO_LIMIT;
	} else if (limit == UPDATE_PIDS) {
		limits->has_pids_max = true;
		limits->pids_max = CGROUP_NO_LIMIT;
	} else {
		return -1;
	}
	return 0;
}

int update_parse(enum update_limit limit, const char *text, struct cgroup_limits *limits)
{
	uint64_t value = 0;

	if (is_lifted(text))
		return lift(limit, limits);
	switch (limit) {
	case UPDATE_CPUS:
		return parse_cpus(text, limits);
	case UPDATE_CPU_SHARES:
		if (parse_between(text, 2, 262144, &value) < 0)
			return -1;
		limits->has_cpu_weight = true;
		limits->cpu_weight = cgroup_weight_from_shares(value);
		return 0;
	case UPDATE_MEMORY:
		return found(parse_size(text, MEMORY_MIN, &limits->memory_max),
			     &limits->has_memory_max);
	case UPDATE_MEMORY_RESERVATION:
		return found(parse_size(text, 1, &limits->memory_low), &limits->has_memory_low);
	case UPDATE_MEMORY_SWAP:
		return found(parse_size(text, MEMORY_MIN, &limits->swap_max),
			     &limits->has_swap_max);
	case UPDATE_PIDS:
		return found(parse_between(text, 1, 4194304, &limits->pids_max),
			     &limits->has_pids_max);
	case UPDATE_BLKIO_WEIGHT:
		if (parse_between(text, 10, 1000, &value) < 0)
			return -1;
		limits->has_io_weight = true;
		limits->io_weight = 1 + (value - 10) * 9999 / 990;
		return 0;
	case UPDATE_COUNT:
	default:
		return -1;
	}
}

/* --- plans --- */

/* "limit NAME VALUE" in the place of the line with that name, else at the end. */
static char *set_line(char *plan, const char *name, uint64_t value)
{
	AUTO_FREE char *text = plan;
	AUTO_FREE char *start = xasprintf("limit %s ", name);
	struct buf out = {0};
	char *rest = text;
	bool is_done = false;

	while (rest && *rest) {
		const char *line = strsep(&rest, "\n");

		if (!str_starts(line, start)) {
			buf_printf(&out, "%s\n", line);
			continue;
		}
		is_done = true;
		buf_puts(&out, start);
		buf_printf(&out, value == CGROUP_NO_LIMIT ? "max\n" : "%" PRIu64 "\n", value);
	}
	if (!is_done) {
		buf_puts(&out, start);
		buf_printf(&out, value == CGROUP_NO_LIMIT ? "max\n" : "%" PRIu64 "\n", value);
	}
	return buf_take(&out);
}

char *update_plan(const char *plan, const struct cgroup_limits *limits)
{
	const struct {
		bool is_set;
		const char *name;
		uint64_t value;
	} lines[] = {
		{limits->has_cpu_max, "cpu.quota", limits->cpu_quota_us},
		{limits->has_cpu_max, "cpu.period", limits->cpu_period_us},
		{limits->has_cpu_weight, "cpu.weight", limits->cpu_weight},
		{limits->has_memory_max, "memory.max", limits->memory_max},
		{limits->has_memory_low, "memory.low", limits->memory_low},
		{limits->has_swap_max, "memory.swap.max", limits->swap_max},
		{limits->has_pids_max, "pids.max", limits->pids_max},
		{limits->has_io_weight, "io.weight", limits->io_weight},
	};
	char *text = xstrdup(plan ? plan : "");

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (lines[i].is_set)
			text = set_line(text, lines[i].name, lines[i].value);
	return text;
}
