#ifndef TUI_READING_H
#define TUI_READING_H

#include "cgroup/stats.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One reading of a cgroup, and the formats it comes from. Numbers that are not there are
 * STAT_UNKNOWN, "max" is STAT_NO_LIMIT. Nothing here allocates: it runs for every box once a
 * second.
 */

/** struct stall - one line of a pressure file: hundredths of a percent, and µs in total */
struct stall {
	uint64_t avg10, avg60, avg300, total_us;
};
struct pressure {
	struct stall some, full;
};
enum { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO, PRESSURE_COUNT };

struct reading {
	uint64_t cpu_usage_us, cpu_user_us, cpu_system_us;
	uint64_t periods, throttled_periods, throttled_us;
	uint64_t quota_us, period_us, weight;
	uint64_t memory, memory_peak, memory_max, memory_high, swap;
	uint64_t anon, file, inactive_file, slab, sock, kernel;
	uint64_t event_high, event_max, event_oom, event_oom_kill;
	uint64_t pids, pids_max, pids_refused;
	uint64_t read_bytes, write_bytes, reads, writes;
	struct pressure pressure[PRESSURE_COUNT];
	uint64_t populated, frozen, groups; /* groups below it */
	uint64_t received_bytes, sent_bytes, net_errors, net_drops;
};

void reading_unknown(struct reading *reading);

/** parse_value() - "123\n" or "max\n". */
void parse_value(const char *text, uint64_t *out);
/** parse_flat() - the number after @key and a blank at the start of a line. */
void parse_flat(const char *text, const char *key, uint64_t *out);
/** parse_cpu_max() - "max 100000" or "50000 100000". */
void parse_cpu_max(const char *text, uint64_t *out_quota, uint64_t *out_period);
/** parse_pressure() - the lines "some" and "full". */
void parse_pressure(const char *text, struct pressure *out);
/** parse_io() - sums over all devices; no line is zero. */
void parse_io(const char *text, struct reading *out);
/** parse_net() - sums over all interfaces but lo of proc_pid_net(5) dev. */
void parse_net(const char *text, struct reading *out);

#endif
