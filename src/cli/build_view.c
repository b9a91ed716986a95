#include "cli/build_view.h"

#include "cli/report.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096
#define DRAW_EVERY_US 50000
#define DEFAULT_COLUMNS 80
/* "step 12, built": as the lines of images and boxes are. */
#define NAME_WIDTH 16
#define WORD_WIDTH 8

struct build_view {
	enum progress_mode mode;
	bool shows_cached;
	struct buf line;  /* of output, not ended yet */
	bool is_returned; /* it ended in a carriage return */
	char *step;       /* that runs */
	bool is_drawn;
	int64_t drawn_us;
};

static int64_t now_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

struct build_view *build_view_new(enum progress_mode mode, bool shows_cached)
{
	struct build_view *view = xmalloc(sizeof(*view));

	view->mode = mode;
	view->shows_cached = shows_cached;
	return view;
}

void build_view_free(struct build_view *view)
{
	if (!view)
		return;
	build_view_clear(view);
	buf_done(&view->line);
	free(view->step);
	free(view);
}

static void put(const char *data, size_t len)
{
	(void)fflush(stdout);
	(void)fd_write_all(STDERR_FILENO, data, len);
}

static char *step_words(const char *step)
{
	return *step >= '0' && *step <= '9' ? xasprintf("step %s", step) : xstrdup(step);
}

/* --- lines --- */

static void put_name(struct buf *out, const struct build_event *event, const char *word)
{
	AUTO_FREE char *name = step_words(event->step);

	buf_printf(out, " %-*s %-*s ", NAME_WIDTH, name, WORD_WIDTH, word);
}

char *build_line(const struct build_event *event, int64_t now_ms)
{
	struct buf out = {0};
	char duration[STR_DURATION_MAX];

	switch (event->kind) {
	case BUILD_CACHED:
		put_name(&out, event, "cached");
		buf_printf(
			&out, "%s  %s old", event->what,
			str_format_duration(now_ms > event->when_ms
						    ? (uint64_t)(now_ms - event->when_ms) * 1000
						    : 0,
					    duration));
		break;
	case BUILD_WANTED:
		put_name(&out, event, "to build");
		buf_printf(&out, "%s  (%s)", event->what, event->why);
		break;
	case BUILD_BEGINS:
		put_name(&out, event, "builds");
		buf_printf(&out, "%s  (%s)", event->what, event->why);
		break;
	case BUILD_DONE:
		put_name(&out, event, "built");
		if (event->took_us < 60000000)
			buf_printf(&out, "%s  %.1f s", event->what,
				   (double)event->took_us / 1e6);
		else
			buf_printf(&out, "%s  %s", event->what,
				   str_format_duration(event->took_us, duration));
		break;
	case BUILD_FAILED:
		put_name(&out, event, "failed");
		buf_puts(&out, event->what);
		break;
	case BUILD_OUTPUT:
	default:
		return NULL;
	}
	return buf_take(&out);
}

static void put_line(const struct build_event *event)
{
	AUTO_FREE char *line = build_line(event, now_us(CLOCK_REALTIME) / 1000);
	AUTO_BUF struct buf text = {0};

	buf_printf(&text, "%s\n", line);
	put(text.data, text.len);
}

/* --- the terminal --- */

void build_view_clear(struct build_view *view)
{
	if (!view || !view->is_drawn)
		return;
	put("\r\033[K", 4);
	view->is_drawn = false;
}

static void draw(struct build_view *view, bool is_final)
{
	const int64_t now = now_us(CLOCK_MONOTONIC);
	AUTO_FREE char *name = step_words(view->step ? view->step : "");
	AUTO_BUF struct buf text = {0};
	struct winsize size = {0};
	size_t width;

	if (!is_final && now - view->drawn_us < DRAW_EVERY_US)
		return;
	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	width = size.ws_col > 1 ? size.ws_col - 1U : DEFAULT_COLUMNS - 1;
	buf_printf(&text, " %-*s %-*s ", NAME_WIDTH, name, WORD_WIDTH, "builds");
	text_put_plain(&text, view->line.data ? view->line.data : "");
	if (text.len > width)
		text.len = width;
	put("\r\033[K", 4);
	put(text.data, text.len);
	view->is_drawn = true;
	view->drawn_us = now;
}

/* --- output --- */

static void end_line(struct build_view *view)
{
	AUTO_BUF struct buf text = {0};

	if (view->mode == SHOW_PLAIN) {
		buf_printf(&text, " %s | ", view->step ? view->step : "");
		buf_add(&text, view->line.data ? view->line.data : "", view->line.len);
		buf_putc(&text, '\n');
		put(text.data, text.len);
	} else if (view->line.len) {
		draw(view, false);
	}
	view->line.len = 0;
}

static void take_output(struct build_view *view, const struct build_event *event)
{
	for (size_t i = 0; i < event->text_len; i++) {
		char c = event->text[i];

		/* A bar that is drawn again and again: the last one counts. */
		if (view->is_returned && c != '\n' && c != '\r')
			view->line.len = 0;
		view->is_returned = c == '\r';
		if (c == '\n' || view->line.len >= LINE_MAX_BYTES)
			end_line(view);
		if (c != '\n' && c != '\r')
			buf_putc(&view->line, c);
	}
}

static void end_output(struct build_view *view)
{
	if (view->line.len)
		end_line(view);
	build_view_clear(view);
	free(STEAL(view->step));
}

static void put_tail(const struct build_event *event)
{
	if (event->text_len == 0)
		return;
	put(event->text, event->text_len);
	if (event->text[event->text_len - 1] != '\n')
		put("\n", 1);
}

/* --- JSON --- */

static void put_json(const struct build_event *event)
{
	static const char *const kinds[] = {"cached", "wanted", "begins",
					    "output", "done",   "failed"};
	AUTO_FREE char *output = event->text ? xstrndup(event->text, event->text_len) : NULL;
	AUTO_JSON struct json j = {0};

	json_object_begin(&j, NULL);
	json_text(&j, "event", "build");
	json_text(&j, "state", kinds[event->kind]);
	json_text(&j, "step", event->step);
	if (event->what)
		json_text(&j, "what", event->what);
	if (event->why)
		json_text(&j, "why", event->why);
	if (output)
		json_text(&j, "output", output);
	if (event->kind == BUILD_DONE)
		json_u64(&j, "took_us", event->took_us);
	if (event->kind == BUILD_CACHED)
		json_i64(&j, "made_ms", event->when_ms);
	json_object_end(&j);
	buf_putc(&j.text, '\n');
	put(j.text.data, j.text.len);
}

/* --- events --- */

static void begins(struct build_view *view, const struct build_event *event)
{
	free(view->step);
	view->step = xstrdup(event->step);
	view->line.len = 0;
	if (view->mode == SHOW_PLAIN)
		put_line(event);
	else
		draw(view, true);
}

static void show(struct build_view *view, const struct build_event *event)
{
	switch (event->kind) {
	case BUILD_CACHED:
		if (view->shows_cached)
			put_line(event);
		break;
	case BUILD_WANTED:
		put_line(event);
		break;
	case BUILD_BEGINS:
		begins(view, event);
		break;
	case BUILD_OUTPUT:
		take_output(view, event);
		break;
	case BUILD_DONE:
		end_output(view);
		put_line(event);
		break;
	case BUILD_FAILED:
		end_output(view);
		if (view->mode == SHOW_TTY)
			put_tail(event);
		break;
	}
}

void build_view_event(void *arg, const struct build_event *event)
{
	struct build_view *view = arg;

	if (view->mode == SHOW_JSON)
		put_json(event);
	else if (view->mode != SHOW_QUIET)
		show(view, event);
	else if (event->kind == BUILD_FAILED)
		put_tail(event);
}
