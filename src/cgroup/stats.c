#include "cgroup/stats.h"

#include "cgroup/cgroup.h"
#include "cgroup/files.h"
#include "cgroup/stats_parse.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void set_unknown(struct cgroup_stats *stats)
{
	/* Every number is a uint64_t and unknown is all ones; the flags follow by name. */
	memset(stats, 0xff, sizeof(*stats));
	stats->is_populated = false;
	stats->is_frozen = false;
}

static void read_number(int fd, const char *file, uint64_t *out)
{
	AUTO_FREE char *text = cgroup_file_read(fd, file);

	if (text)
		cgroup_parse_number(str_trim(text), out);
}

static void read_pressure(int fd, const char *file, struct cgroup_pressure *out)
{
	AUTO_FREE char *text = cgroup_file_read(fd, file);

	if (text)
		cgroup_parse_pressure(text, out);
}

static void read_cpu(int fd, struct cgroup_stats *stats)
{
	AUTO_FREE char *stat = cgroup_file_read(fd, "cpu.stat");
	AUTO_FREE char *max = cgroup_file_read(fd, "cpu.max");

	if (stat) {
		(void)cgroup_flat_u64(stat, "usage_usec", &stats->cpu_usage_us);
		(void)cgroup_flat_u64(stat, "user_usec", &stats->cpu_user_us);
		(void)cgroup_flat_u64(stat, "system_usec", &stats->cpu_system_us);
		(void)cgroup_flat_u64(stat, "nr_periods", &stats->cpu_periods);
		(void)cgroup_flat_u64(stat, "nr_throttled", &stats->cpu_throttled_periods);
		(void)cgroup_flat_u64(stat, "throttled_usec", &stats->cpu_throttled_us);
	}
	if (max)
		cgroup_parse_cpu_max(str_trim(max), &stats->cpu_quota_us,
				     &stats->cpu_period_us);
}

static void read_memory_events(int fd, struct cgroup_stats *stats)
{
	AUTO_FREE char *events = cgroup_file_read(fd, "memory.events");

	if (events) {
		(void)cgroup_flat_u64(events, "oom", &stats->oom_events);
		(void)cgroup_flat_u64(events, "oom_kill", &stats->oom_kills);
	}
}

static void read_memory(int fd, struct cgroup_stats *stats)
{
	AUTO_FREE char *stat = cgroup_file_read(fd, "memory.stat");

	read_number(fd, "memory.current", &stats->memory_current);
	read_number(fd, "memory.max", &stats->memory_max);
	read_number(fd, "memory.peak", &stats->memory_peak);
	read_number(fd, "memory.swap.current", &stats->swap_current);
	if (stat) {
		(void)cgroup_flat_u64(stat, "inactive_file", &stats->memory_inactive_file);
		(void)cgroup_flat_u64(stat, "anon", &stats->memory_anon);
		(void)cgroup_flat_u64(stat, "file", &stats->memory_file);
	}
	read_memory_events(fd, stats);
}

static void read_pids(int fd, struct cgroup_stats *stats)
{
	AUTO_FREE char *events = cgroup_file_read(fd, "pids.events");

	read_number(fd, "pids.current", &stats->pids_current);
	read_number(fd, "pids.max", &stats->pids_max);
	if (events)
		(void)cgroup_flat_u64(events, "max", &stats->pids_max_events);

	if (stats->pids_current == STAT_UNKNOWN) {
		AUTO_FREE pid_t *pids = NULL;
		struct err ignored = {0};
		int count = cgroup_pids(fd, &pids, &ignored);

		if (count >= 0)
			stats->process_count = (uint64_t)count;
	}
}

static void read_io(int fd, struct cgroup_stats *stats)
{
	AUTO_FREE char *text = cgroup_file_read(fd, "io.stat");

	if (text)
		cgroup_parse_io_stat(text, stats);
}

static void read_events(int fd, struct cgroup_stats *stats)
{
	AUTO_FREE char *events = cgroup_file_read(fd, "cgroup.events");
	uint64_t value = 0;

	if (!events)
		return;
	if (cgroup_flat_u64(events, "populated", &value))
		stats->is_populated = value != 0;
	if (cgroup_flat_u64(events, "frozen", &value))
		stats->is_frozen = value != 0;
}

int cgroup_slow_read(int group_fd, struct cgroup_stats *out_stats, struct err *err)
{
	struct cgroup_stats stats;

	if (faccessat(group_fd, "cgroup.procs", F_OK, 0) < 0)
		return err_sys(err, "read the statistics of a cgroup");

	set_unknown(&stats);
	read_cpu(group_fd, &stats);
	read_number(group_fd, "memory.max", &stats.memory_max);
	read_memory_events(group_fd, &stats);
	read_pressure(group_fd, "memory.pressure", &stats.memory_pressure);
	read_pressure(group_fd, "io.pressure", &stats.io_pressure);
	*out_stats = stats;
	return 0;
}

int cgroup_stats_read(int group_fd, struct cgroup_stats *out_stats, struct err *err)
{
	struct cgroup_stats stats;

	/* A group that was removed has no files any more, although we hold it open. */
	if (faccessat(group_fd, "cgroup.procs", F_OK, 0) < 0)
		return err_sys(err, "read the statistics of a cgroup");

	set_unknown(&stats);
	read_cpu(group_fd, &stats);
	read_memory(group_fd, &stats);
	read_pids(group_fd, &stats);
	read_io(group_fd, &stats);
	read_events(group_fd, &stats);
	read_pressure(group_fd, "cpu.pressure", &stats.cpu_pressure);
	read_pressure(group_fd, "memory.pressure", &stats.memory_pressure);
	read_pressure(group_fd, "io.pressure", &stats.io_pressure);
	*out_stats = stats;
	return 0;
}
