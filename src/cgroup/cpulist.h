#ifndef CGROUP_CPULIST_H
#define CGROUP_CPULIST_H

#include <stdbool.h>

/** cpulist_equal() - "0-3" and "0,1,2-3" name the same CPUs (or memory nodes). False when one
 * is malformed. */
bool cpulist_equal(const char *a, const char *b);

#endif
