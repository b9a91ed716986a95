#include "api/internal.h"

#include "box/reason.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"

#include <signal.h>
#include <time.h>

/* A command that took less is not worth a word about what it waited for. */
#define SLOW_MIN_US 10000000
/* The supervisor notes who was killed; it may still be at it. */
#define NOTED_TRIES 20
#define NOTED_PAUSE_NS 5000000

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void api_watch_begin(int group_fd, bool is_alone, struct api_watch *out_watch)
{
	struct err ignored;

	*out_watch = (struct api_watch){
		.group_fd = group_fd, .began_us = now_us(), .oom = OOM_WATCH_NONE};
	if (group_fd >= 0 && cgroup_slow_read(group_fd, &out_watch->before, &ignored) < 0)
		out_watch->group_fd = -1;
	if (out_watch->group_fd >= 0 && is_alone)
		oom_watch_open(group_fd, &out_watch->oom);
}

static void say_filter(int code)
{
	if (code == 128 + SIGSYS)
		log_note("devbox: ended by a system call that the seccomp profile refuses; "
			 "'devbox run' with the profile names it");
}

/* How the box is now. Return: false: nobody knows. */
static bool read_now(const struct api_watch *watch, struct cgroup_stats *out_now)
{
	struct err ignored;

	return watch->group_fd >= 0 &&
	       cgroup_slow_read(watch->group_fd, out_now, &ignored) == 0;
}

static uint64_t kills_since(const struct api_watch *watch, const struct cgroup_stats *now)
{
	const uint64_t before = watch->before.oom_kills;

	return before < STAT_NO_LIMIT && now->oom_kills < STAT_NO_LIMIT &&
			       now->oom_kills > before
		       ? now->oom_kills - before
		       : 0;
}

static void say_oom(const char *words, const struct strv *places)
{
	AUTO_FREE char *text = reason_oom(words, places);

	log_note("devbox: %s", text);
}

static void say_slow(const struct api_watch *watch, const struct cgroup_stats *now,
		     const struct strv *places)
{
	const uint64_t elapsed_us = now_us() - watch->began_us;
	AUTO_STRV struct strv reasons = {0};

	if (elapsed_us < SLOW_MIN_US)
		return;
	reason_slow(&watch->before, now, elapsed_us, places, &reasons);
	for (size_t i = 0; i < reasons.count; i++)
		log_note("devbox: %s", reasons.items[i]);
}

/* What is known without anybody's notes. */
static char *plain_words(const struct cgroup_stats *now, uint64_t kills)
{
	const struct oom_report report = {
		.kills = kills,
		.limit_bytes = now->memory_max < STAT_NO_LIMIT ? now->memory_max : STAT_UNKNOWN,
		.bytes = STAT_UNKNOWN,
	};

	return oom_words(&report);
}

void api_explain_status(int code, struct api_watch *watch, const struct spec *spec)
{
	AUTO_STRV struct strv places = {0};
	struct cgroup_stats now;
	uint64_t kills;

	say_filter(code);
	reason_places(spec, &places);
	if (read_now(watch, &now)) {
		kills = kills_since(watch, &now);
		if (kills) {
			AUTO_FREE char *words = watch->report.kills ? oom_words(&watch->report)
								    : plain_words(&now, kills);

			say_oom(words, &places);
		}
		say_slow(watch, &now, &places);
	}
	oom_watch_close(&watch->oom);
}

/* What the supervisor has noted of more than @kills; NULL: nothing. free() it. */
static char *noted_words(int notes_fd, const char *box, uint64_t kills)
{
	AUTO_FREE char *name = xasprintf("%s.box", box);
	const struct timespec pause = {.tv_nsec = NOTED_PAUSE_NS};

	for (int i = 0; i < NOTED_TRIES; i++) {
		AUTO_FREE char *text = NULL;
		struct record record = {0};
		struct err ignored;
		char *words = NULL;

		if (fd_read_file(notes_fd, name, RECORD_MAX, &text, &ignored) < 0 ||
		    record_parse(text, &record, &ignored) < 0)
			return NULL;
		if (record.oom_kills > kills)
			words = STEAL(record.oom_words);
		record_done(&record);
		if (words)
			return words;
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

/* The box has ended under the command. */
static void explain_end(const struct api_watch *watch, int notes_fd,
			const struct record *record)
{
	AUTO_FREE char *words = NULL;

	/* Without a memory controller there is nothing to wait for. */
	if (watch->group_fd < 0 || watch->before.oom_kills >= STAT_NO_LIMIT)
		return;
	words = noted_words(notes_fd, record->box, watch->before.oom_kills);
	if (words)
		say_oom(words, &record->limits_at);
}

void api_explain_visit(int code, const struct api_watch *watch, int notes_fd,
		       const struct record *record)
{
	struct cgroup_stats now;
	uint64_t kills;

	say_filter(code);
	if (!read_now(watch, &now)) {
		explain_end(watch, notes_fd, record);
		return;
	}
	kills = kills_since(watch, &now);
	if (kills) {
		AUTO_FREE char *noted = noted_words(notes_fd, record->box, now.oom_kills - 1);
		AUTO_FREE char *plain = plain_words(&now, kills);

		say_oom(noted ? noted : plain, &record->limits_at);
	}
	say_slow(watch, &now, &record->limits_at);
}
