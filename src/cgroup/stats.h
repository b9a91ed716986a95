#ifndef CGROUP_STATS_H
#define CGROUP_STATS_H

#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>

#define STAT_UNKNOWN UINT64_MAX

/** struct cgroup_pressure - some/full avg10 in hundredths of a percent and total in µs,
 * STAT_UNKNOWN when the file is absent. */
struct cgroup_pressure {
	uint64_t some_avg10, some_total_us;
	uint64_t full_avg10, full_total_us;
};

/** struct cgroup_stats - one reading; a file that is missing leaves STAT_UNKNOWN.
 * CGROUP_NO_LIMIT (UINT64_MAX - 1) is STAT_NO_LIMIT here. */
#define STAT_NO_LIMIT (UINT64_MAX - 1)
struct cgroup_stats {
	uint64_t cpu_usage_us, cpu_user_us, cpu_system_us;
	uint64_t cpu_periods, cpu_throttled_periods, cpu_throttled_us;
	uint64_t cpu_quota_us, cpu_period_us; /* quota STAT_NO_LIMIT: none */
	uint64_t memory_current, memory_max, memory_peak;
	uint64_t memory_inactive_file, memory_anon, memory_file;
	uint64_t swap_current;
	uint64_t oom_events, oom_kills; /* memory.events oom, oom_kill */
	uint64_t pids_current, pids_max, pids_max_events;
	uint64_t io_read_bytes, io_write_bytes, io_reads, io_writes;
	struct cgroup_pressure cpu_pressure, memory_pressure, io_pressure;
	bool is_populated, is_frozen;
	uint64_t process_count; /* from cgroup.procs; STAT_UNKNOWN when pids.current is there */
};

/** cgroup_stats_read() - read everything the group at @group_fd offers. Return: 0, or -1 when
 * the group is gone. */
int cgroup_stats_read(int group_fd, struct cgroup_stats *out_stats, struct err *err);

/** cgroup_slow_read() - only what tells whether the group is held up: processor limit, kills
 * for memory, pressure, memory's limit. All else is STAT_UNKNOWN. */
int cgroup_slow_read(int group_fd, struct cgroup_stats *out_stats, struct err *err);

#endif
