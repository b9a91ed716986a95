#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include "api/status.h"
#include "util/json.h"

/* Figures of a box as words for people and as JSON. "-" and null: not known. free() the texts.
 */

/** cpu_rate() - thousandths of one processor between two readings, STAT_UNKNOWN without both;
 * @before may be NULL. */
uint64_t cpu_rate(const struct box_status *before, const struct box_status *now);
/** stat_rate() - how much a counter grew in a second. */
uint64_t stat_rate(uint64_t before, uint64_t now, uint64_t elapsed_ns);
/** memory_used() - working set: memory.current without inactive_file. */
uint64_t memory_used(const struct cgroup_stats *stats);
uint64_t pids_used(const struct cgroup_stats *stats);
/** cpu_limit() - thousandths of a processor, STAT_NO_LIMIT, STAT_UNKNOWN. */
uint64_t cpu_limit(const struct cgroup_stats *stats);

/** share_words() - "143%", "0.3%" of @part in @whole. */
char *share_words(uint64_t part, uint64_t whole);
/** size_words() - "1.2G". */
char *size_words(uint64_t bytes);
/** memory_words() - "1.2G / 10G". */
char *memory_words(const struct cgroup_stats *stats);
char *number_words(uint64_t number);
/** age_words() - how long ago @then_ms was. */
char *age_words(int64_t then_ms, int64_t now_ms);
/** state_words() - "up", "exited (137)". */
char *state_words(const struct box_status *status);

/** net_stat() - @value of a box's network; unknown when it has none. */
uint64_t net_stat(const struct box_status *status, uint64_t value);

/** json_stat() - a number, null when it is unknown or there is no limit. */
void json_stat(struct json *j, const char *key, uint64_t value);

/** now_ms() - CLOCK_REALTIME. */
int64_t now_ms(void);
/** time_put() - "2026-11-23T16:20:01.123Z". */
void time_put(struct buf *out, int64_t time_ms);
/** since_parse() - the moment so long ago as the duration @text says; NULL leaves *out alone.
 * Return: 0, or -1: it says none. */
int since_parse(const char *text, int64_t *out_ms);

/** box_find() - the one of that name; NULL. */
const struct box_status *box_find(const struct box_list *list, const char *name);

#endif
