#ifndef CGROUP_STATS_PARSE_H
#define CGROUP_STATS_PARSE_H

#include "cgroup/stats.h"

#include <stdbool.h>
#include <stdint.h>

/* Private to this room: the formats of cgroup v2's statistics. What cannot be read leaves its
 * output alone. */

/** cgroup_parse_number() - "123" or "max" (STAT_NO_LIMIT). */
bool cgroup_parse_number(const char *text, uint64_t *out);

/** cgroup_parse_cpu_max() - "max 100000" or "50000 100000". */
bool cgroup_parse_cpu_max(const char *text, uint64_t *out_quota, uint64_t *out_period);

/** cgroup_parse_pressure() - "some avg10=1.50 avg60=0.00 avg300=0.00 total=77" and a like line
 * with "full". */
void cgroup_parse_pressure(const char *text, struct cgroup_pressure *out);

/** cgroup_parse_io_stat() - the sum over all lines "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ...";
 * no line at all is zero. */
void cgroup_parse_io_stat(const char *text, struct cgroup_stats *out);

#endif
