#ifndef BOX_REASON_H
#define BOX_REASON_H

#include "cgroup/stats.h"
#include "config/spec.h"
#include "state/record.h"

/*
 * Why a box died and why it is slow, for people, each with the key of the profile that would
 * change it: what ps, the end of an attached command and the dashboard say.
 */

/** reason_places() - "mem_limit devbox.yaml:7" for each limit that @spec sets, for struct
 * record.limits_at */
void reason_places(const struct spec *spec, struct strv *out_places);

/** reason_oom() - @words (oom_words()) and ": raise mem_limit (devbox.yaml:7) or lower -j".
 * free() it. */
char *reason_oom(const char *words, const struct strv *places);

/* From here on it is worth a word. */
#define REASON_THROTTLED_PERMILLE 250
#define REASON_PERIODS_MIN 100
#define REASON_MEMORY_PERMILLE 200
#define REASON_IO_PERMILLE 500

/** reason_slow() - add what held it up between two readings that are @elapsed_us apart: shares
 * of that time. */
void reason_slow(const struct cgroup_stats *before, const struct cgroup_stats *now,
		 uint64_t elapsed_us, const struct strv *places, struct strv *out_reasons);

/** reason_list() - what is to be said of a box now: those that were killed, a network that is
 * gone, throttling since it started, stalls of the last ten seconds. */
void reason_list(const struct record *record, const struct cgroup_stats *stats,
		 struct strv *out_reasons);

#endif
