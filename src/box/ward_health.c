#include "box/ward.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Probes of the box, one after the other. */

/* A probe ends itself; one that does not is ended. */
#define PROBE_EXTRA_US 3000000

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void set_timer(struct ward_health *h, int64_t at_us)
{
	const struct itimerspec at = {
		.it_value = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000}};

	(void)timerfd_settime(h->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void listen_to(struct ward_health *h, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};

	(void)epoll_ctl(h->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void note(struct ward *ward)
{
	const struct ward_health *h = &ward->health;
	struct record *record = ward->record;

	free(record->health);
	record->health = xstrdup(health_word(h->health.state));
	record->health_failures = h->health.failures;
	ward_save(ward);
}

void ward_health_open(struct ward *ward)
{
	struct ward_health *h = &ward->health;
	const struct spec_health *spec = &ward->request->spec->health;

	h->epoll_fd = h->timer_fd = -1;
	if (spec->kind == HEALTH_NONE)
		return;
	h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	h->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	health_begin(spec, now_us(), &h->health);
	listen_to(h, h->timer_fd);
	set_timer(h, h->health.next_us);
	note(ward);
}

void ward_health_close(struct ward *ward)
{
	struct ward_health *h = &ward->health;

	probe_stop(&h->probe);
	if (h->epoll_fd >= 0)
		(void)close(h->epoll_fd);
	if (h->timer_fd >= 0)
		(void)close(h->timer_fd);
	h->epoll_fd = h->timer_fd = -1;
}

/* The last words are the ones that matter. */
static void read_words(struct ward_health *h)
{
	char chunk[WARD_HEALTH_WORDS];
	ssize_t n;

	while ((n = read(h->probe.output_fd, chunk, sizeof(chunk))) > 0) {
		const size_t len = (size_t)n;
		const size_t keep = h->words_len < sizeof(h->words) - len
					    ? h->words_len
					    : sizeof(h->words) - len;

		memmove(h->words, h->words + h->words_len - keep, keep);
		memcpy(h->words + keep, chunk, len);
		h->words_len = keep + len;
	}
	if (n == 0 || errno != EAGAIN)
		(void)epoll_ctl(h->epoll_fd, EPOLL_CTL_DEL, h->probe.output_fd, NULL);
}

/* Its last line, as a text that may be shown. free() it. */
static char *last_line(const struct ward_health *h)
{
	AUTO_FREE char *text = xstrndup(h->words, strnlen(h->words, h->words_len));
	char *line = str_trim(text);
	char *newline = strrchr(line, '\n');

	line = newline ? newline + 1 : line;
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return xstrdup(line);
}

static void say(struct ward *ward)
{
	const struct ward_health *h = &ward->health;
	const bool is_healthy = h->health.state == HEALTH_HEALTHY;
	AUTO_FREE char *box = ward_box_name(ward);
	struct event event = event_make(box, is_healthy ? EVENT_HEALTHY : EVENT_UNHEALTHY);

	event.reason = is_healthy ? health_describe(h->health.spec)
				  : xstrdup(ward->record->health_why);
	ward_event(ward, &event);
}

static void end_probe(struct ward *ward)
{
	struct ward_health *h = &ward->health;
	const char *what = h->health.spec->kind == HEALTH_TEST ? "test: " : "";
	bool is_changed;
	int code;

	read_words(h);
	code = proc_exit_code(proc_wait(h->probe.pid));
	(void)close(h->probe.pid_fd);
	(void)close(h->probe.output_fd);
	h->probe = (struct probe){0};
	is_changed = health_result(&h->health, code == 0, now_us());
	free(ward->record->health_why);
	ward->record->health_why = NULL;
	if (code != 0) {
		AUTO_FREE char *line = last_line(h);

		ward->record->health_why = *line ? xasprintf("%s%s", what, line)
						 : xasprintf("%sstatus %d", what, code);
	}
	if (is_changed || code != 0)
		note(ward);
	if (is_changed)
		say(ward);
	set_timer(h, h->health.next_us);
}

static bool is_paused(const struct ward *ward)
{
	struct record record = *ward->record;

	record_refresh(&record);
	return record.phase == PHASE_PAUSED;
}

static void begin_probe(struct ward *ward)
{
	struct ward_health *h = &ward->health;
	struct err err;

	/* A box that is paused has no say. */
	if (is_paused(ward)) {
		set_timer(h, now_us() + 1000000);
		return;
	}
	h->words_len = 0;
	if (probe_start(h->health.spec, ward->record, ward->request->dirs->xdg_runtime,
			&h->probe, &err) < 0) {
		set_timer(h, now_us() + (int64_t)h->health.spec->interval_us);
		return;
	}
	listen_to(h, h->probe.pid_fd);
	listen_to(h, h->probe.output_fd);
	set_timer(h, now_us() + (int64_t)h->health.spec->timeout_us + PROBE_EXTRA_US);
}

void ward_health_step(struct ward *ward)
{
	struct ward_health *h = &ward->health;
	struct epoll_event events[4];
	int count = epoll_wait(h->epoll_fd, events, ARRAY_LEN(events), 0);
	bool is_time = false, has_ended = false;
	uint64_t ignored;

	for (int i = 0; i < count; i++) {
		is_time = is_time || events[i].data.fd == h->timer_fd;
		has_ended = has_ended || events[i].data.fd == h->probe.pid_fd;
	}
	if (is_time)
		(void)!read(h->timer_fd, &ignored, sizeof(ignored));
	if (h->probe.pid > 0 && is_time)
		(void)kill(h->probe.pid, SIGKILL);
	if (h->probe.pid > 0)
		has_ended ? end_probe(ward) : read_words(h);
	else if (is_time)
		begin_probe(ward);
}
