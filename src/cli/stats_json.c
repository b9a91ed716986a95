#include "cli/stats_json.h"

#include "cli/cli.h"
#include "cli/format.h"
#include "util/cleanup.h"

static void put_cpu(struct json *j, const struct box_status *before,
		    const struct box_status *now)
{
	const struct cgroup_stats *stats = &now->stats;

	json_stat(j, "cpu_millicores", cpu_rate(before, now));
	json_stat(j, "cpu_limit_millicores", cpu_limit(stats));
	json_stat(j, "cpu_usage_us", stats->cpu_usage_us);
	json_stat(j, "cpu_user_us", stats->cpu_user_us);
	json_stat(j, "cpu_system_us", stats->cpu_system_us);
	json_stat(j, "cpu_periods", stats->cpu_periods);
	json_stat(j, "cpu_throttled_periods", stats->cpu_throttled_periods);
	json_stat(j, "cpu_throttled_us", stats->cpu_throttled_us);
}

static void put_memory(struct json *j, const struct cgroup_stats *stats)
{
	json_stat(j, "memory_bytes", memory_used(stats));
	json_stat(j, "memory_limit_bytes", stats->memory_max);
	json_stat(j, "memory_current_bytes", stats->memory_current);
	json_stat(j, "memory_peak_bytes", stats->memory_peak);
	json_stat(j, "memory_anon_bytes", stats->memory_anon);
	json_stat(j, "memory_file_bytes", stats->memory_file);
	json_stat(j, "swap_bytes", stats->swap_current);
	json_stat(j, "oom_events", stats->oom_events);
	json_stat(j, "oom_kills", stats->oom_kills);
}

static void put_network(struct json *j, const struct box_status *status)
{
	const struct net_counters *c = &status->counters;

	json_stat(j, "network_received_bytes", net_stat(status, c->received_bytes));
	json_stat(j, "network_sent_bytes", net_stat(status, c->sent_bytes));
	json_stat(j, "network_received_packets", net_stat(status, c->received_packets));
	json_stat(j, "network_sent_packets", net_stat(status, c->sent_packets));
	json_stat(j, "network_received_dropped", net_stat(status, c->received_dropped));
	json_stat(j, "network_sent_dropped", net_stat(status, c->sent_dropped));
}

static void put_pressure(struct json *j, const char *key, const struct cgroup_pressure *p)
{
	json_object_begin(j, key);
	json_stat(j, "some_avg10_basis_points", p->some_avg10);
	json_stat(j, "some_total_us", p->some_total_us);
	json_stat(j, "full_avg10_basis_points", p->full_avg10);
	json_stat(j, "full_total_us", p->full_total_us);
	json_object_end(j);
}

void stats_write(struct json *j, const char *key, const struct box_status *before,
		 const struct box_status *now)
{
	const struct cgroup_stats *stats = &now->stats;

	json_object_begin(j, key);
	json_text(j, "name", now->name);
	json_stat(j, "sampled_ns", now->has_stats ? now->sampled_ns : STAT_UNKNOWN);
	put_cpu(j, before, now);
	put_memory(j, stats);
	json_stat(j, "pids", pids_used(stats));
	json_stat(j, "pids_limit", stats->pids_max);
	json_stat(j, "pids_refused", stats->pids_max_events);
	json_stat(j, "io_read_bytes", stats->io_read_bytes);
	json_stat(j, "io_write_bytes", stats->io_write_bytes);
	json_stat(j, "io_reads", stats->io_reads);
	json_stat(j, "io_writes", stats->io_writes);
	put_network(j, now);
	json_object_begin(j, "pressure");
	put_pressure(j, "cpu", &stats->cpu_pressure);
	put_pressure(j, "memory", &stats->memory_pressure);
	put_pressure(j, "io", &stats->io_pressure);
	json_object_end(j);
	json_object_end(j);
}

void stats_put_array(const struct box_list *before, const struct box_list *list)
{
	AUTO_JSON struct json j = {0};

	json_array_begin(&j, NULL);
	for (size_t i = 0; i < list->count; i++)
		stats_write(&j, NULL, box_find(before, list->items[i].name), &list->items[i]);
	json_array_end(&j);
	cli_put_json(&j);
}

void stats_put_lines(const struct box_list *before, const struct box_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		AUTO_JSON struct json j = {0};

		stats_write(&j, NULL, box_find(before, list->items[i].name), &list->items[i]);
		cli_put_json(&j);
	}
}
