#include "api/metrics.h"

#include "util/cleanup.h"
#include "util/json.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* What is shown of a box: its numbers, and those that are worked out of them. */
struct numbers {
	struct cgroup_stats stats;
	uint64_t running, started_ms, finished_ms, exit_code;
	uint64_t cpu_limit_milli, working_set, processes;
	struct net_counters net; /* all STAT_UNKNOWN without */
};

enum kind { KIND_COUNTER, KIND_GAUGE };
/* How the number is written: as it is, or in the unit of the name. */
enum scale { SCALE_ONE, SCALE_MICRO, SCALE_MILLI };

struct series {
	const char *labels; /* "" or "mode=\"user\"" */
	size_t offset;
};
struct family {
	const char *name; /* without _total */
	const char *unit;
	const char *help;
	enum kind kind;
	enum scale scale;
	struct series series[6]; /* ended by one without labels */
};

#define STAT(member) offsetof(struct numbers, stats.member)
#define OWN(member) offsetof(struct numbers, member)
#define ONE(at)           \
	{                 \
		{"", at}, \
		{         \
			0 \
		}         \
	}

static const struct family families[] = {
	{"devbox_box_running", "", "1 for a box that runs, 0 for one that ended", KIND_GAUGE,
	 SCALE_ONE, ONE(OWN(running))},
	{"devbox_box_start_time_seconds", "seconds", "When the box was started, since 1970",
	 KIND_GAUGE, SCALE_MILLI, ONE(OWN(started_ms))},
	{"devbox_box_end_time_seconds", "seconds", "When the box ended, since 1970", KIND_GAUGE,
	 SCALE_MILLI, ONE(OWN(finished_ms))},
	{"devbox_box_exit_code", "", "Exit status of a box that ended", KIND_GAUGE, SCALE_ONE,
	 ONE(OWN(exit_code))},
	{"devbox_box_cpu_seconds", "seconds", "Processor time", KIND_COUNTER, SCALE_MICRO,
	 ONE(STAT(cpu_usage_us))},
	{"devbox_box_cpu_mode_seconds",
	 "seconds",
	 "Processor time in programs and in the kernel",
	 KIND_COUNTER,
	 SCALE_MICRO,
	 {{"mode=\"user\"", STAT(cpu_user_us)}, {"mode=\"system\"", STAT(cpu_system_us)}, {0}}},
	{"devbox_box_cpu_limit_cores", "cores", "Processor limit; absent without one",
	 KIND_GAUGE, SCALE_MILLI, ONE(OWN(cpu_limit_milli))},
	{"devbox_box_cpu_periods", "", "Periods of the processor limit in which the box ran",
	 KIND_COUNTER, SCALE_ONE, ONE(STAT(cpu_periods))},
	{"devbox_box_cpu_throttled_periods", "",
	 "Periods in which the box had to wait for its processor limit", KIND_COUNTER,
	 SCALE_ONE, ONE(STAT(cpu_throttled_periods))},
	{"devbox_box_cpu_throttled_seconds", "seconds",
	 "Time that processors waited for the limit", KIND_COUNTER, SCALE_MICRO,
	 ONE(STAT(cpu_throttled_us))},
	{"devbox_box_memory_working_set_bytes", "bytes",
	 "Memory without file cache that is inactive", KIND_GAUGE, SCALE_ONE,
	 ONE(OWN(working_set))},
	{"devbox_box_memory_current_bytes", "bytes",
	 "Memory with all file cache; this is what the limit limits", KIND_GAUGE, SCALE_ONE,
	 ONE(STAT(memory_current))},
	{"devbox_box_memory_peak_bytes", "bytes", "The most it was", KIND_GAUGE, SCALE_ONE,
	 ONE(STAT(memory_peak))},
	{"devbox_box_memory_limit_bytes", "bytes", "Memory limit; absent without one",
	 KIND_GAUGE, SCALE_ONE, ONE(STAT(memory_max))},
	{"devbox_box_memory_part_bytes",
	 "bytes",
	 "Memory of programs and file cache",
	 KIND_GAUGE,
	 SCALE_ONE,
	 {{"part=\"anon\"", STAT(memory_anon)}, {"part=\"file\"", STAT(memory_file)}, {0}}},
	{"devbox_box_swap_bytes", "bytes", "Swap in use", KIND_GAUGE, SCALE_ONE,
	 ONE(STAT(swap_current))},
	{"devbox_box_oom_kills", "", "Processes the kernel killed at the memory limit",
	 KIND_COUNTER, SCALE_ONE, ONE(STAT(oom_kills))},
	{"devbox_box_processes", "", "Processes and threads", KIND_GAUGE, SCALE_ONE,
	 ONE(OWN(processes))},
	{"devbox_box_processes_limit", "", "Limit of processes and threads; absent without one",
	 KIND_GAUGE, SCALE_ONE, ONE(STAT(pids_max))},
	{"devbox_box_forks_refused", "", "Processes that the limit refused", KIND_COUNTER,
	 SCALE_ONE, ONE(STAT(pids_max_events))},
	{"devbox_box_io_bytes",
	 "bytes",
	 "Bytes read from and written to devices",
	 KIND_COUNTER,
	 SCALE_ONE,
	 {{"direction=\"read\"", STAT(io_read_bytes)},
	  {"direction=\"write\"", STAT(io_write_bytes)},
	  {0}}},
	{"devbox_box_io_operations",
	 "",
	 "Reads and writes of devices",
	 KIND_COUNTER,
	 SCALE_ONE,
	 {{"direction=\"read\"", STAT(io_reads)},
	  {"direction=\"write\"", STAT(io_writes)},
	  {0}}},
	{"devbox_box_network_bytes",
	 "bytes",
	 "Bytes through the box's own network",
	 KIND_COUNTER,
	 SCALE_ONE,
	 {{"direction=\"received\"", OWN(net.received_bytes)},
	  {"direction=\"sent\"", OWN(net.sent_bytes)},
	  {0}}},
	{"devbox_box_network_packets",
	 "",
	 "Packets through the box's own network",
	 KIND_COUNTER,
	 SCALE_ONE,
	 {{"direction=\"received\"", OWN(net.received_packets)},
	  {"direction=\"sent\"", OWN(net.sent_packets)},
	  {0}}},
	{"devbox_box_network_dropped_packets",
	 "",
	 "Packets that were dropped at the box's own network",
	 KIND_COUNTER,
	 SCALE_ONE,
	 {{"direction=\"received\"", OWN(net.received_dropped)},
	  {"direction=\"sent\"", OWN(net.sent_dropped)},
	  {0}}},
	{"devbox_box_waiting_seconds",
	 "seconds",
	 "Time in which something in the box waited for a resource",
	 KIND_COUNTER,
	 SCALE_MICRO,
	 {{"resource=\"cpu\"", STAT(cpu_pressure.some_total_us)},
	  {"resource=\"memory\"", STAT(memory_pressure.some_total_us)},
	  {"resource=\"io\"", STAT(io_pressure.some_total_us)},
	  {0}}},
	{"devbox_box_stalled_seconds",
	 "seconds",
	 "Time in which everything in the box waited for a resource",
	 KIND_COUNTER,
	 SCALE_MICRO,
	 {{"resource=\"cpu\"", STAT(cpu_pressure.full_total_us)},
	  {"resource=\"memory\"", STAT(memory_pressure.full_total_us)},
	  {"resource=\"io\"", STAT(io_pressure.full_total_us)},
	  {0}}},
};

static bool is_number(uint64_t value)
{
	return value < STAT_NO_LIMIT;
}

static uint64_t working_set(const struct cgroup_stats *stats)
{
	if (!is_number(stats->memory_current) || !is_number(stats->memory_inactive_file))
		return stats->memory_current;
	return stats->memory_current > stats->memory_inactive_file
		       ? stats->memory_current - stats->memory_inactive_file
		       : 0;
}

static uint64_t cpu_limit(const struct cgroup_stats *stats)
{
	if (!is_number(stats->cpu_quota_us) || !is_number(stats->cpu_period_us) ||
	    !stats->cpu_period_us || stats->cpu_quota_us > UINT64_MAX / 1000)
		return STAT_UNKNOWN;
	return stats->cpu_quota_us * 1000 / stats->cpu_period_us;
}

static void work_out(const struct box_status *status, struct numbers *out)
{
	const struct cgroup_stats *stats = &status->stats;

	*out = (struct numbers){
		.stats = *stats,
		.running = strcmp(status->state, "exited") != 0,
		.started_ms =
			status->started_ms > 0 ? (uint64_t)status->started_ms : STAT_UNKNOWN,
		.finished_ms =
			status->finished_ms > 0 ? (uint64_t)status->finished_ms : STAT_UNKNOWN,
		.exit_code = status->has_exit ? (uint64_t)status->exit_code : STAT_UNKNOWN,
		.cpu_limit_milli = cpu_limit(stats),
		.working_set = working_set(stats),
		.processes = is_number(stats->pids_current) ? stats->pids_current
							    : stats->process_count,
	};
	/* Every number is unknown when its bytes are all ones. */
	if (status->has_counters)
		out->net = status->counters;
	else
		memset(&out->net, 0xff, sizeof(out->net));
}

static void put_label(struct buf *out, const char *name, const char *value, const char *end)
{
	const unsigned char *s = (const unsigned char *)(value ? value : "");

	buf_printf(out, "%s=\"", name);
	while (*s) {
		size_t len = json_utf8_length(s);

		if (*s == '\\' || *s == '"') {
			buf_putc(out, '\\');
			buf_putc(out, (char)*s);
		} else if (len == 0 || *s < 0x20 || *s == 0x7f) {
			buf_putc(out, '?');
			len = 1;
		} else {
			buf_add(out, s, len);
		}
		s += len;
	}
	buf_printf(out, "\"%s", end);
}

static void put_value(struct buf *out, uint64_t value, enum scale scale)
{
	if (scale == SCALE_MICRO)
		buf_printf(out, "%" PRIu64 ".%06" PRIu64 "\n", value / 1000000,
			   value % 1000000);
	else if (scale == SCALE_MILLI)
		buf_printf(out, "%" PRIu64 ".%03" PRIu64 "\n", value / 1000, value % 1000);
	else
		buf_printf(out, "%" PRIu64 "\n", value);
}

static void put_head(const struct family *family, enum metrics_format format, struct buf *out)
{
	const bool is_open = format == METRICS_OPENMETRICS;
	const bool is_counter = family->kind == KIND_COUNTER;
	const char *suffix = is_counter && !is_open ? "_total" : "";

	buf_printf(out, "# HELP %s%s %s\n", family->name, suffix, family->help);
	buf_printf(out, "# TYPE %s%s %s\n", family->name, suffix,
		   is_counter ? "counter" : "gauge");
	if (is_open && *family->unit)
		buf_printf(out, "# UNIT %s %s\n", family->name, family->unit);
}

static void put_samples(const struct family *family, const struct box_status *status,
			const struct numbers *numbers, struct buf *out)
{
	for (const struct series *series = family->series; series->labels; series++) {
		uint64_t value;

		memcpy(&value, (const char *)numbers + series->offset, sizeof(value));
		if (!is_number(value))
			continue;
		buf_printf(out, "%s%s{", family->name,
			   family->kind == KIND_COUNTER ? "_total" : "");
		put_label(out, "project", status->project, ",");
		put_label(out, "box", status->name, *series->labels ? "," : "");
		buf_printf(out, "%s} ", series->labels);
		put_value(out, value, family->scale);
	}
}

static void put_info(const struct box_list *list, enum metrics_format format, struct buf *out)
{
	const bool is_open = format == METRICS_OPENMETRICS;
	const char *suffix = is_open ? "" : "_info";

	buf_printf(out, "# HELP devbox_box%s What a box is; always 1\n", suffix);
	buf_printf(out, "# TYPE devbox_box%s %s\n", suffix, is_open ? "info" : "gauge");
	for (size_t i = 0; i < list->count; i++) {
		const struct box_status *status = &list->items[i];

		buf_puts(out, "devbox_box_info{");
		put_label(out, "project", status->project, ",");
		put_label(out, "box", status->name, ",");
		put_label(out, "state", status->state, ",");
		if (status->health)
			put_label(out, "health", status->health, ",");
		put_label(out, "image", status->image, ",");
		put_label(out, "network", status->network, "} 1\n");
	}
}

void metrics_write(const struct box_list *list, enum metrics_format format, struct buf *out)
{
	AUTO_FREE struct numbers *numbers = xmalloc((list->count + 1) * sizeof(*numbers));

	for (size_t i = 0; i < list->count; i++)
		work_out(&list->items[i], &numbers[i]);
	put_info(list, format, out);
	for (size_t f = 0; f < ARRAY_LEN(families); f++) {
		put_head(&families[f], format, out);
		for (size_t i = 0; i < list->count; i++)
			put_samples(&families[f], &list->items[i], &numbers[i], out);
	}
	if (format == METRICS_OPENMETRICS)
		buf_puts(out, "# EOF\n");
}

int devbox_metrics(struct devbox *devbox, const char *project_id, enum metrics_format format,
		   struct buf *out, struct err *err)
{
	struct box_list list;

	if (box_list_read(devbox->dirs.runtime, project_id, true, &list, err) < 0)
		return -1;
	metrics_write(&list, format, out);
	box_list_done(&list);
	return 0;
}
