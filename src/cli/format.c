#include "cli/format.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void time_put(struct buf *out, int64_t time_ms)
{
	const time_t seconds = (time_t)(time_ms / 1000);
	struct tm when;
	char text[32];

	if (!gmtime_r(&seconds, &when) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &when))
		return;
	buf_printf(out, "%s.%03dZ", text, (int)(time_ms % 1000));
}

int since_parse(const char *text, int64_t *out_ms)
{
	const int64_t now = now_ms();
	uint64_t us;

	if (!text)
		return 0;
	if (str_to_duration_us(text, &us) < 0 || us / 1000 > (uint64_t)now)
		return -1;
	*out_ms = now - (int64_t)(us / 1000);
	return 0;
}

const struct box_status *box_find(const struct box_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	return NULL;
}

static bool is_number(uint64_t value)
{
	return value != STAT_UNKNOWN && value != STAT_NO_LIMIT;
}

/* @a times @b through @c, without an overflow on the way. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
	return (uint64_t)((long double)a * (long double)b / (long double)c);
}

uint64_t stat_rate(uint64_t before, uint64_t now, uint64_t elapsed_ns)
{
	if (!is_number(before) || !is_number(now) || now < before || !elapsed_ns)
		return STAT_UNKNOWN;
	return scale(now - before, NS_PER_S, elapsed_ns);
}

uint64_t cpu_rate(const struct box_status *before, const struct box_status *now)
{
	uint64_t us_per_s;

	/* Another start of the box has another counter. */
	if (!before || !before->has_stats || !now->has_stats ||
	    before->init_pid != now->init_pid || now->sampled_ns <= before->sampled_ns)
		return STAT_UNKNOWN;
	us_per_s = stat_rate(before->stats.cpu_usage_us, now->stats.cpu_usage_us,
			     now->sampled_ns - before->sampled_ns);
	return us_per_s == STAT_UNKNOWN ? STAT_UNKNOWN : us_per_s / 1000;
}

uint64_t memory_used(const struct cgroup_stats *stats)
{
	if (!is_number(stats->memory_current))
		return STAT_UNKNOWN;
	if (!is_number(stats->memory_inactive_file))
		return stats->memory_current;
	return stats->memory_current > stats->memory_inactive_file
		       ? stats->memory_current - stats->memory_inactive_file
		       : 0;
}

uint64_t pids_used(const struct cgroup_stats *stats)
{
	return stats->pids_current != STAT_UNKNOWN ? stats->pids_current : stats->process_count;
}

uint64_t cpu_limit(const struct cgroup_stats *stats)
{
	if (!is_number(stats->cpu_quota_us))
		return stats->cpu_quota_us;
	if (!is_number(stats->cpu_period_us) || !stats->cpu_period_us)
		return STAT_UNKNOWN;
	return scale(stats->cpu_quota_us, 1000, stats->cpu_period_us);
}

char *share_words(uint64_t part, uint64_t whole)
{
	uint64_t permille;

	if (!is_number(part) || !is_number(whole) || !whole)
		return xstrdup("-");
	permille = scale(part, 1000, whole);
	if (permille < 100)
		return xasprintf("%" PRIu64 ".%" PRIu64 "%%", permille / 10, permille % 10);
	return xasprintf("%" PRIu64 "%%", (permille + 5) / 10);
}

char *number_words(uint64_t number)
{
	return is_number(number) ? xasprintf("%" PRIu64, number) : xstrdup("-");
}

char *size_words(uint64_t bytes)
{
	char text[STR_SIZE_MAX];

	return xstrdup(is_number(bytes) ? str_format_size(bytes, text) : "-");
}

char *memory_words(const struct cgroup_stats *stats)
{
	const uint64_t used = memory_used(stats);
	char used_text[STR_SIZE_MAX], max_text[STR_SIZE_MAX];

	if (!is_number(used))
		return xstrdup("-");
	if (!is_number(stats->memory_max))
		return size_words(used);
	return xasprintf("%s / %s", str_format_size(used, used_text),
			 str_format_size(stats->memory_max, max_text));
}

char *age_words(int64_t then_ms, int64_t now)
{
	char text[STR_DURATION_MAX];

	if (then_ms <= 0)
		return xstrdup("-");
	/* Also when the clock was set back. */
	if (now - then_ms < 1000)
		return xstrdup("0s");
	return xstrdup(str_format_duration((uint64_t)(now - then_ms) * 1000, text));
}

char *state_words(const struct box_status *status)
{
	if (status->has_exit)
		return xasprintf("%s (%d)", status->state, status->exit_code);
	return xstrdup(status->health && strcmp(status->state, "up") == 0 ? status->health
									  : status->state);
}

uint64_t net_stat(const struct box_status *status, uint64_t value)
{
	return status->has_counters ? value : STAT_UNKNOWN;
}

void json_stat(struct json *j, const char *key, uint64_t value)
{
	if (is_number(value))
		json_u64(j, key, value);
	else
		json_none(j, key);
}
