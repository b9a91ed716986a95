#include "box/ward.h"

#include "box/reason.h"
#include "util/cleanup.h"

#include <inttypes.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Nothing tells that a box waits for its processor limit: it is looked at, where it has one. */
#define THROTTLE_LOOK_S 10
#define THROTTLE_QUIET_MS 60000

void ward_watch_limits(struct ward *ward)
{
	const struct itimerspec every = {.it_interval = {.tv_sec = THROTTLE_LOOK_S},
					 .it_value = {.tv_sec = THROTTLE_LOOK_S}};
	struct err ignored;

	cleanup_close(&ward->throttle_fd);
	ward->throttle_fd = -1;
	if (ward->cgroup_fd < 0 ||
	    cgroup_slow_read(ward->cgroup_fd, &ward->throttle_before, &ignored) < 0 ||
	    ward->throttle_before.cpu_quota_us >= STAT_NO_LIMIT)
		return;
	ward->throttle_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (ward->throttle_fd >= 0)
		(void)timerfd_settime(ward->throttle_fd, 0, &every, NULL);
}

void ward_watch_open(struct ward *ward)
{
	if (ward->cgroup_fd >= 0)
		oom_watch_open(ward->cgroup_fd, &ward->oom);
	ward_watch_limits(ward);
}

void ward_watch_close(struct ward *ward)
{
	oom_watch_close(&ward->oom);
	cleanup_close(&ward->throttle_fd);
	ward->throttle_fd = -1;
}

static void write_oom(const struct ward *ward, const struct oom_report *report)
{
	AUTO_FREE char *box = ward_box_name(ward);
	struct event event = event_make(box, EVENT_OOM);

	if (*report->name) {
		event.victim = xstrdup(report->name);
		event.victim_pid = (uint64_t)report->pid;
		event.victim_is_guess = report->is_guess;
	}
	if (report->bytes != STAT_UNKNOWN)
		event.victim_bytes = report->bytes;
	if (report->limit_bytes != STAT_UNKNOWN)
		event.limit_bytes = report->limit_bytes;
	event.kills = report->kills;
	ward_event(ward, &event);
}

void ward_watch_memory(struct ward *ward)
{
	struct oom_report report;

	if (!oom_watch_look(&ward->oom, &report))
		return;
	free(ward->record->oom_words);
	ward->record->oom_words = oom_words(&report);
	ward->record->oom_kills = ward->oom.kills;
	ward->oom_ms = ward_realtime_ms();
	ward_save(ward);
	write_oom(ward, &report);
}

static uint64_t grown(uint64_t before, uint64_t now)
{
	return before < STAT_NO_LIMIT && now < STAT_NO_LIMIT && now > before ? now - before : 0;
}

void ward_watch_throttle(struct ward *ward)
{
	const struct cgroup_stats before = ward->throttle_before;
	struct cgroup_stats *now = &ward->throttle_before;
	AUTO_FREE char *box = NULL;
	uint64_t expired, periods, throttled;
	struct event event;
	struct err ignored;

	if (read(ward->throttle_fd, &expired, sizeof(expired)) != (ssize_t)sizeof(expired) ||
	    cgroup_slow_read(ward->cgroup_fd, now, &ignored) < 0)
		return;
	periods = grown(before.cpu_periods, now->cpu_periods);
	throttled = grown(before.cpu_throttled_periods, now->cpu_throttled_periods);
	if (!periods || throttled * 1000 / periods < REASON_THROTTLED_PERMILLE ||
	    ward_realtime_ms() - ward->throttle_said_ms < THROTTLE_QUIET_MS)
		return;
	ward->throttle_said_ms = ward_realtime_ms();
	box = ward_box_name(ward);
	event = event_make(box, EVENT_THROTTLED);
	event.throttled_permille = throttled * 1000 / periods;
	event.window_ms = THROTTLE_LOOK_S * expired * 1000;
	ward_event(ward, &event);
}
