#include "box/reason.h"

#include "util/cleanup.h"

#include <inttypes.h>
#include <string.h>

static void add_place(const struct spec *spec, const char *key, const struct origin *at,
		      struct strv *out)
{
	const char *file = at->file;
	const size_t len = spec->project_dir ? strlen(spec->project_dir) : 0;

	if (!file)
		return;
	if (len && strncmp(file, spec->project_dir, len) == 0 && file[len] == '/')
		file += len + 1;
	strv_addf(out, "%s %s:%d", key, file, at->line);
}

static void add_number(const struct spec *spec, const char *key,
		       const struct spec_number *number, struct strv *out)
{
	if (number->is_set)
		add_place(spec, key, &number->at, out);
}

void reason_places(const struct spec *spec, struct strv *out_places)
{
	const struct spec_limits *limits = &spec->limits;

	add_number(spec, "mem_limit", &limits->mem_limit_bytes, out_places);
	add_number(spec, "cpus", &limits->cpus_milli, out_places);
	add_number(spec, "cpu_quota", &limits->cpu_quota_us, out_places);
	add_number(spec, "pids_limit", &limits->pids_limit, out_places);
}

/* "FILE:LINE" of @key; NULL: the profile does not set it. */
static const char *find_place(const struct strv *places, const char *key)
{
	const size_t len = strlen(key);

	for (size_t i = 0; i < places->count; i++)
		if (strncmp(places->items[i], key, len) == 0 && places->items[i][len] == ' ')
			return places->items[i] + len + 1;
	return NULL;
}

static void put_key(struct buf *out, const struct strv *places, const char *key)
{
	const char *place = find_place(places, key);

	buf_printf(out, "raise %s", key);
	if (place)
		buf_printf(out, " (%s)", place);
}

char *reason_oom(const char *words, const struct strv *places)
{
	struct buf out = {0};

	buf_printf(&out, "%s: ", words);
	put_key(&out, places, "mem_limit");
	if (strstr(words, " of them)"))
		buf_puts(&out, " or lower -j");
	return buf_take(&out);
}

/* @part of @whole in thousandths; 0 when one of them is not known. */
static uint64_t permille(uint64_t before, uint64_t now, uint64_t whole)
{
	if (before >= STAT_NO_LIMIT || now >= STAT_NO_LIMIT || now < before || !whole)
		return 0;
	return (uint64_t)((long double)(now - before) * 1000 / (long double)whole);
}

static void add_throttled(const struct cgroup_stats *stats, uint64_t share,
			  const struct strv *places, struct strv *out)
{
	AUTO_BUF struct buf words = {0};

	buf_printf(&words, "throttled in %" PRIu64 "%% of its time", share / 10);
	if (stats->cpu_quota_us < STAT_NO_LIMIT && stats->cpu_period_us < STAT_NO_LIMIT &&
	    stats->cpu_period_us)
		buf_printf(&words, " at %g cpus",
			   (double)stats->cpu_quota_us / (double)stats->cpu_period_us);
	buf_puts(&words, ": ");
	put_key(&words, places, find_place(places, "cpu_quota") ? "cpu_quota" : "cpus");
	strv_add(out, words.data);
}

static void add_memory_stall(const struct cgroup_stats *stats, uint64_t share,
			     const struct strv *places, struct strv *out)
{
	AUTO_BUF struct buf words = {0};
	char size[STR_SIZE_MAX];

	buf_printf(&words, "waited for memory %" PRIu64 "%% of the time", share / 10);
	if (stats->memory_max < STAT_NO_LIMIT) {
		buf_printf(&words, " at %s: ", str_format_size(stats->memory_max, size));
		put_key(&words, places, "mem_limit");
	} else {
		buf_puts(&words, ": the machine is short of it");
	}
	strv_add(out, words.data);
}

static void add_io_stall(uint64_t share, struct strv *out)
{
	strv_addf(out, "waited for the disk %" PRIu64 "%% of the time", share / 10);
}

static uint64_t grown(uint64_t before, uint64_t now)
{
	return before < STAT_NO_LIMIT && now < STAT_NO_LIMIT && now > before ? now - before : 0;
}

void reason_slow(const struct cgroup_stats *before, const struct cgroup_stats *now,
		 uint64_t elapsed_us, const struct strv *places, struct strv *out_reasons)
{
	const uint64_t periods = grown(before->cpu_periods, now->cpu_periods);
	const uint64_t throttled =
		permille(before->cpu_throttled_periods, now->cpu_throttled_periods, periods);
	const uint64_t memory = permille(before->memory_pressure.some_total_us,
					 now->memory_pressure.some_total_us, elapsed_us);
	const uint64_t io = permille(before->io_pressure.some_total_us,
				     now->io_pressure.some_total_us, elapsed_us);

	if (periods >= REASON_PERIODS_MIN && throttled >= REASON_THROTTLED_PERMILLE)
		add_throttled(now, throttled, places, out_reasons);
	if (memory >= REASON_MEMORY_PERMILLE)
		add_memory_stall(now, memory, places, out_reasons);
	if (io >= REASON_IO_PERMILLE)
		add_io_stall(io, out_reasons);
}

static void add_oom(const struct record *record, const struct cgroup_stats *stats,
		    struct strv *out)
{
	AUTO_FREE char *plain = NULL;
	AUTO_FREE char *words = NULL;
	const bool is_killed = stats->oom_kills < STAT_NO_LIMIT && stats->oom_kills > 0;
	char size[STR_SIZE_MAX];

	if (!is_killed)
		return;
	/* The supervisor has not come to it yet, or is gone. */
	if (record->oom_words)
		plain = xstrdup(record->oom_words);
	else
		plain = xasprintf("oom-killed at %s",
				  stats->memory_max < STAT_NO_LIMIT
					  ? str_format_size(stats->memory_max, size)
					  : "the machine's limit");
	words = reason_oom(plain, &record->limits_at);
	if (stats->oom_kills > 1)
		strv_addf(out, "%s (%" PRIu64 " processes so far)", words, stats->oom_kills);
	else
		strv_add(out, words);
}

void reason_list(const struct record *record, const struct cgroup_stats *stats,
		 struct strv *out_reasons)
{
	const uint64_t periods = stats->cpu_periods;
	const uint64_t throttled = permille(0, stats->cpu_throttled_periods, periods);
	const uint64_t memory = stats->memory_pressure.some_avg10 / 10;
	const uint64_t io = stats->io_pressure.some_avg10 / 10;

	add_oom(record, stats, out_reasons);
	if (record->health_why && str_eq(record->health, "unhealthy"))
		strv_addf(out_reasons, "unhealthy: %s", record->health_why);
	if (record->net_lost)
		strv_addf(out_reasons, "no network: %s; 'devbox restart' brings it back",
			  record->net_lost);
	if (periods < STAT_NO_LIMIT && periods >= REASON_PERIODS_MIN &&
	    throttled >= REASON_THROTTLED_PERMILLE)
		add_throttled(stats, throttled, &record->limits_at, out_reasons);
	if (stats->memory_pressure.some_avg10 < STAT_NO_LIMIT &&
	    memory >= REASON_MEMORY_PERMILLE)
		add_memory_stall(stats, memory, &record->limits_at, out_reasons);
	if (stats->io_pressure.some_avg10 < STAT_NO_LIMIT && io >= REASON_IO_PERMILLE)
		add_io_stall(io, out_reasons);
}
