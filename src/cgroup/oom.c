#include "cgroup/oom.h"

#include "cgroup/cgroup.h"
#include "cgroup/files.h"
#include "cgroup/stats_parse.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LOOK_PAUSE_MS 100
#define PROCESSES_MAX 1024
#define VICTIM_TRIES 8
#define VICTIM_PAUSE_MS 5
#define EVENTS_TEXT_MAX 1024

struct look {
	struct process *items;
	size_t count;
};

/* The read arms POLLPRI for the next change. That of a group that is gone is for ever. */
static uint64_t read_kills(struct oom_watch *watch)
{
	char text[EVENTS_TEXT_MAX] = "";
	uint64_t kills = watch->kills;

	if (pread(watch->events_fd, text, sizeof(text) - 1, 0) > 0) {
		(void)cgroup_flat_u64(text, "oom_kill", &kills);
	} else {
		(void)close(watch->events_fd);
		watch->events_fd = -1;
	}
	return kills;
}

void oom_watch_open(int group_fd, struct oom_watch *out_watch)
{
	*out_watch = OOM_WATCH_NONE;
	out_watch->group_fd = group_fd;
	out_watch->events_fd = openat(group_fd, "memory.events", O_RDONLY | O_CLOEXEC);
	if (out_watch->events_fd >= 0)
		out_watch->kills = read_kills(out_watch);
}

void oom_watch_close(struct oom_watch *watch)
{
	cleanup_close(&watch->events_fd);
	free(watch->seen);
	*watch = OOM_WATCH_NONE;
}

static void take_look(const struct oom_watch *watch, struct look *out)
{
	AUTO_FREE pid_t *pids = NULL;
	struct err ignored;
	int count = cgroup_pids(watch->group_fd, &pids, &ignored);

	*out = (struct look){.items = xmalloc(PROCESSES_MAX * sizeof(*out->items))};
	for (int i = 0; i < count && out->count < PROCESSES_MAX; i++)
		out->count += process_read(pids[i], &out->items[out->count]) == 0;
}

/* Takes @look. */
static void keep(struct oom_watch *watch, struct look *look)
{
	free(watch->seen);
	watch->seen = STEAL(look->items);
	watch->seen_count = look->count;
	watch->seen_ms = cgroup_now_ms();
}

static const struct process *find(const struct process *items, size_t count,
				  const struct process *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].pid == wanted->pid && items[i].start_ticks == wanted->start_ticks)
			return &items[i];
	return NULL;
}

static void take(struct oom_report *report, const struct process *process, uint64_t bytes,
		 bool is_guess)
{
	const bool is_bigger = report->bytes == STAT_UNKNOWN ||
			       (bytes != STAT_UNKNOWN && bytes > report->bytes);

	if (*report->name && !is_bigger)
		return;
	memcpy(report->name, process->name, sizeof(report->name));
	report->pid = process->pid;
	report->bytes = bytes;
	report->is_guess = is_guess;
}

/* Those that are about to end by a signal, or do: with the size they have, or had. */
static void find_dying(const struct oom_watch *watch, const struct look *now,
		       struct oom_report *report)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct process *process = &now->items[i];
		const struct process *before = find(watch->seen, watch->seen_count, process);

		if (process->was_killed)
			take(report, process, before ? before->rss_bytes : STAT_UNKNOWN, true);
		else if (!process->is_ending && process_has_kill(process->pid))
			take(report, process, process->rss_bytes, false);
	}
}

/* Who was there and is not any more. */
static void find_missing(const struct oom_watch *watch, const struct look *now,
			 struct oom_report *report)
{
	for (size_t i = 0; i < watch->seen_count; i++)
		if (!find(now->items, now->count, &watch->seen[i]))
			take(report, &watch->seen[i], watch->seen[i].rss_bytes, true);
}

static uint64_t read_limit(const struct oom_watch *watch)
{
	AUTO_FREE char *text = cgroup_file_read(watch->group_fd, "memory.max");
	uint64_t limit = STAT_UNKNOWN;

	if (text)
		(void)cgroup_parse_number(str_trim(text), &limit);
	return limit == STAT_NO_LIMIT ? STAT_UNKNOWN : limit;
}

/* What was full and is not in others must have been in the one that is gone. */
static void estimate(const struct look *now, struct oom_report *report)
{
	uint64_t others = 0;

	if (report->bytes != STAT_UNKNOWN || report->limit_bytes == STAT_UNKNOWN ||
	    report->kills > 1 || !*report->name)
		return;
	for (size_t i = 0; i < now->count; i++)
		if (now->items[i].rss_bytes != STAT_UNKNOWN)
			others += now->items[i].rss_bytes;
	if (others < report->limit_bytes)
		report->bytes = report->limit_bytes - others;
	report->is_guess = true;
}

static void count_alike(const struct oom_watch *watch, const struct look *now,
			struct oom_report *report)
{
	size_t before = 0, after = 0;

	for (size_t i = 0; i < watch->seen_count; i++)
		before += strcmp(watch->seen[i].name, report->name) == 0;
	for (size_t i = 0; i < now->count; i++)
		after += strcmp(now->items[i].name, report->name) == 0;
	report->alike = before > after ? before : after;
}

static void explain(struct oom_watch *watch, struct look *now, struct oom_report *report)
{
	/* The event may be here before the signal is. */
	for (int i = 0; i < VICTIM_TRIES; i++) {
		find_dying(watch, now, report);
		if (*report->name)
			break;
		find_missing(watch, now, report);
		if (*report->name)
			break;
		cgroup_sleep_ms(VICTIM_PAUSE_MS);
		free(now->items);
		take_look(watch, now);
	}
	estimate(now, report);
	if (*report->name)
		count_alike(watch, now, report);
}

bool oom_watch_look(struct oom_watch *watch, struct oom_report *out_report)
{
	struct look now;
	uint64_t kills;
	bool was_killed;

	if (watch->events_fd < 0)
		return false;
	kills = read_kills(watch);
	was_killed = kills > watch->kills;
	if (!was_killed && cgroup_now_ms() - watch->seen_ms < LOOK_PAUSE_MS)
		return false;
	take_look(watch, &now);
	if (was_killed) {
		*out_report = (struct oom_report){
			.kills = kills - watch->kills,
			.limit_bytes = read_limit(watch),
			.bytes = STAT_UNKNOWN,
		};
		watch->kills = kills;
		explain(watch, &now, out_report);
	}
	keep(watch, &now);
	return was_killed;
}

char *oom_words(const struct oom_report *report)
{
	struct buf out = {0};
	char size[STR_SIZE_MAX];

	buf_puts(&out, "oom-killed");
	if (report->limit_bytes != STAT_UNKNOWN)
		buf_printf(&out, " at %s", str_format_size(report->limit_bytes, size));
	if (!*report->name)
		return buf_take(&out);
	buf_puts(&out, " (");
	for (const char *c = report->name; *c; c++)
		buf_putc(&out, *c >= 0x20 && *c < 0x7f ? *c : '?');
	if (report->bytes != STAT_UNKNOWN)
		buf_printf(&out, " %s%s", report->is_guess ? "about " : "",
			   str_format_size(report->bytes, size));
	if (report->alike > 1)
		buf_printf(&out, ", %zu of them", report->alike);
	buf_putc(&out, ')');
	return buf_take(&out);
}
