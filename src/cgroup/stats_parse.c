#include "cgroup/stats_parse.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <string.h>

bool cgroup_parse_number(const char *text, uint64_t *out)
{
	if (str_eq(text, "max")) {
		*out = STAT_NO_LIMIT;
		return true;
	}
	return str_to_u64(text, out) == 0;
}

bool cgroup_parse_cpu_max(const char *text, uint64_t *out_quota, uint64_t *out_period)
{
	const char *blank = strchr(text, ' ');
	AUTO_FREE char *first = blank ? xstrndup(text, (size_t)(blank - text)) : NULL;
	uint64_t quota, period;

	if (!first || !cgroup_parse_number(first, &quota) || str_to_u64(blank + 1, &period) < 0)
		return false;
	*out_quota = quota;
	*out_period = period;
	return true;
}

/* "12.34" in hundredths: the kernel prints two decimals. */
static bool parse_hundredths(const char *text, uint64_t *out)
{
	const char *dot = strchr(text, '.');
	AUTO_FREE char *whole = dot ? xstrndup(text, (size_t)(dot - text)) : NULL;
	uint64_t percent, rest;

	if (!whole || strlen(dot + 1) != 2)
		return false;
	if (str_to_u64(whole, &percent) < 0 || str_to_u64(dot + 1, &rest) < 0)
		return false;
	if (percent > 1000)
		return false;
	*out = percent * 100 + rest;
	return true;
}

static void parse_pressure_line(char *line, uint64_t *avg10, uint64_t *total)
{
	const char *word;

	while ((word = strsep(&line, " ")) != NULL) {
		if (str_starts(word, "avg10="))
			(void)parse_hundredths(word + strlen("avg10="), avg10);
		else if (str_starts(word, "total="))
			(void)str_to_u64(word + strlen("total="), total);
	}
}

void cgroup_parse_pressure(const char *text, struct cgroup_pressure *out)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *rest = copy;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (str_starts(line, "some "))
			parse_pressure_line(line, &out->some_avg10, &out->some_total_us);
		else if (str_starts(line, "full "))
			parse_pressure_line(line, &out->full_avg10, &out->full_total_us);
	}
}

/* Sums end below the two values that mean something else. */
static void add_to(uint64_t *sum, const char *number)
{
	uint64_t value;

	if (str_to_u64(number, &value) < 0)
		return;
	*sum = value >= STAT_NO_LIMIT - 1 - *sum ? STAT_NO_LIMIT - 1 : *sum + value;
}

void cgroup_parse_io_stat(const char *text, struct cgroup_stats *out)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *rest = copy;
	const char *word;

	out->io_read_bytes = out->io_write_bytes = out->io_reads = out->io_writes = 0;
	/* Keys may be added, and their order is not promised. */
	while ((word = strsep(&rest, " \n")) != NULL) {
		if (str_starts(word, "rbytes="))
			add_to(&out->io_read_bytes, word + strlen("rbytes="));
		else if (str_starts(word, "wbytes="))
			add_to(&out->io_write_bytes, word + strlen("wbytes="));
		else if (str_starts(word, "rios="))
			add_to(&out->io_reads, word + strlen("rios="));
		else if (str_starts(word, "wios="))
			add_to(&out->io_writes, word + strlen("wios="));
	}
}
