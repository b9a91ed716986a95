#include "cli/stats_csv.h"

#include "cli/cli.h"
#include "cli/format.h"
#include "util/cleanup.h"

#include <inttypes.h>

void stats_put_csv_head(void)
{
	cli_put("time_ms,box,cpu_millicores,cpu_limit_millicores,cpu_usage_us,cpu_periods,"
		"cpu_throttled_periods,memory_bytes,memory_limit_bytes,memory_current_bytes,"
		"swap_bytes,oom_kills,pids,pids_limit,io_read_bytes,io_write_bytes,"
		"cpu_some_avg10_basis_points,memory_some_avg10_basis_points,"
		"io_some_avg10_basis_points,network_received_bytes,network_sent_bytes\n");
}

static void put_row(const struct box_status *before, const struct box_status *now,
		    int64_t time_ms)
{
	const struct cgroup_stats *stats = &now->stats;
	const uint64_t values[] = {
		cpu_rate(before, now),
		cpu_limit(stats),
		stats->cpu_usage_us,
		stats->cpu_periods,
		stats->cpu_throttled_periods,
		memory_used(stats),
		stats->memory_max,
		stats->memory_current,
		stats->swap_current,
		stats->oom_kills,
		pids_used(stats),
		stats->pids_max,
		stats->io_read_bytes,
		stats->io_write_bytes,
		stats->cpu_pressure.some_avg10,
		stats->memory_pressure.some_avg10,
		stats->io_pressure.some_avg10,
		net_stat(now, now->counters.received_bytes),
		net_stat(now, now->counters.sent_bytes),
	};
	AUTO_BUF struct buf row = {0};

	buf_printf(&row, "%" PRId64 ",%s", time_ms, now->name);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		buf_putc(&row, ',');
		if (values[i] < STAT_NO_LIMIT)
			buf_printf(&row, "%" PRIu64, values[i]);
	}
	buf_putc(&row, '\n');
	cli_put(row.data);
}

void stats_put_csv(const struct box_list *before, const struct box_list *list)
{
	const int64_t time_ms = now_ms();

	for (size_t i = 0; i < list->count; i++)
		put_row(box_find(before, list->items[i].name), &list->items[i], time_ms);
}
