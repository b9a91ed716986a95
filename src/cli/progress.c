#include "cli/progress.h"

#include "cli/report.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LAYERS_MAX 512
#define DRAW_EVERY_US 100000
#define RATE_EVERY_US 250000
#define DEFAULT_COLUMNS 80
#define DEFAULT_ROWS 24

/** struct shown - a layer as it was told last, and how fast it comes */
struct shown {
	struct progress_event event;
	char *text;
	uint64_t rate;
	uint64_t rate_done; /* bytes at the last look */
	int64_t rate_us;
};

struct progress_view {
	enum progress_mode mode;
	struct shown layers[LAYERS_MAX];
	size_t count;
	char *name; /* of the image; NULL: nothing is being done */
	uint64_t total;
	int64_t began_us;
	int64_t drawn_us;
	size_t drawn_lines; /* on the terminal, the cursor is below them */
};

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

int progress_mode_parse(const char *text, enum progress_mode *out_mode)
{
	const char *term = getenv("TERM");
	const bool is_terminal =
		isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;

	if (!text || strcmp(text, "auto") == 0)
		*out_mode = is_terminal ? SHOW_TTY : SHOW_PLAIN;
	else if (strcmp(text, "tty") == 0)
		*out_mode = SHOW_TTY;
	else if (strcmp(text, "plain") == 0)
		*out_mode = SHOW_PLAIN;
	else if (strcmp(text, "json") == 0)
		*out_mode = SHOW_JSON;
	else if (strcmp(text, "quiet") == 0)
		*out_mode = SHOW_QUIET;
	else
		return -1;
	return 0;
}

struct progress_view *progress_view_new(enum progress_mode mode)
{
	struct progress_view *view = xmalloc(sizeof(*view));

	view->mode = mode;
	return view;
}

static void forget(struct progress_view *view)
{
	free(STEAL(view->name));
	view->total = 0;
	for (size_t i = 0; i < view->count; i++)
		free(view->layers[i].text);
	memset(view->layers, 0, view->count * sizeof(view->layers[0]));
	view->count = 0;
}

void progress_view_free(struct progress_view *view)
{
	if (!view)
		return;

	progress_view_clear(view);
	forget(view);
	free(view);
}

static void put(const struct buf *text)
{
	(void)fflush(stdout);
	if (text->len)
		(void)fd_write_all(STDERR_FILENO, text->data, text->len);
}

static void put_line(const char *line)
{
	AUTO_BUF struct buf text = {0};

	text_put_clean(&text, line);
	buf_putc(&text, '\n');
	put(&text);
}

/* --- on a terminal --- */

static void get_size(size_t *out_columns, size_t *out_rows)
{
	struct winsize size = {0};

	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	*out_columns = size.ws_col > 1 ? size.ws_col : DEFAULT_COLUMNS;
	*out_rows = size.ws_row > 1 ? size.ws_row : DEFAULT_ROWS;
}

static void put_clear(struct progress_view *view, struct buf *out)
{
	if (view->drawn_lines)
		buf_printf(out, "\r\033[%zuA\033[J", view->drawn_lines);
	view->drawn_lines = 0;
}

void progress_view_clear(struct progress_view *view)
{
	AUTO_BUF struct buf text = {0};

	if (!view || !view->drawn_lines)
		return;
	put_clear(view, &text);
	put(&text);
}

static void update_rate(struct shown *layer, int64_t now)
{
	const int64_t elapsed = now - layer->rate_us;
	uint64_t rate;

	if (layer->rate_us == 0 || layer->event.done < layer->rate_done) {
		layer->rate_us = now;
		layer->rate_done = layer->event.done;
	}
	if (elapsed < RATE_EVERY_US || layer->rate_us == now)
		return;
	rate = (layer->event.done - layer->rate_done) * 1000000 / (uint64_t)elapsed;
	layer->rate = layer->rate ? (layer->rate + rate) / 2 : rate;
	layer->rate_us = now;
	layer->rate_done = layer->event.done;
}

/* More layers than rows: those that something happens to. */
static bool is_worth_a_row(const struct progress_view *view, const struct shown *layer,
			   size_t rows)
{
	return view->count < rows || layer->event.state == PROGRESS_FETCHES ||
	       layer->event.state == PROGRESS_ELSEWHERE;
}

/* The image, and how much of all its layers came. */
static void put_head(const struct progress_view *view, size_t width, struct buf *out)
{
	AUTO_BUF struct buf line = {0};
	AUTO_FREE char *total = progress_bytes(view->total);
	AUTO_FREE char *done = NULL;
	uint64_t bytes = 0;

	for (size_t i = 0; i < view->count; i++)
		if (view->layers[i].event.state == PROGRESS_FETCHES ||
		    view->layers[i].event.state == PROGRESS_UNPACKED)
			bytes += view->layers[i].event.done;
	done = progress_bytes(bytes);
	buf_printf(&line, " %-16s ", view->name ? view->name : "");
	if (view->total)
		buf_printf(&line, "%s of %s", done, total);
	else
		buf_puts(&line, "...");
	if (line.len > width)
		line.data[width] = '\0';
	text_put_clean(out, line.data);
	buf_putc(out, '\n');
}

static void draw(struct progress_view *view, int64_t now)
{
	AUTO_BUF struct buf text = {0};
	size_t columns, rows;
	size_t lines = 1;

	get_size(&columns, &rows);
	put_clear(view, &text);
	put_head(view, columns - 1, &text);
	for (size_t i = 0; i < view->count && lines + 1 < rows; i++) {
		struct shown *layer = &view->layers[i];
		AUTO_FREE char *line = NULL;

		update_rate(layer, now);
		if (!layer->text || !is_worth_a_row(view, layer, rows))
			continue;
		line = progress_line(&layer->event, layer->rate, columns - 1);
		text_put_clean(&text, line);
		buf_putc(&text, '\n');
		lines++;
	}
	put(&text);
	view->drawn_lines = lines;
	view->drawn_us = now;
}

/* --- JSON --- */

static void put_json(const struct progress_event *event, int64_t took_us)
{
	static const char *const kinds[] = {"start", "begin", "layer", "done", "ended"};
	static const char *const states[] = {"waiting", "here", "fetching", "unpacked",
					     "elsewhere"};
	AUTO_JSON struct json j = {0};

	json_object_begin(&j, NULL);
	json_text(&j, "event", kinds[event->kind]);
	json_text(&j, "image", event->name);
	switch (event->kind) {
	case PROGRESS_STARTS:
		break;
	case PROGRESS_BEGIN:
		json_u64(&j, "layers", event->count);
		json_u64(&j, "bytes", event->total);
		break;
	case PROGRESS_LAYER:
		json_u64(&j, "index", event->index);
		json_text(&j, "layer", event->text);
		json_text(&j, "state", states[event->state]);
		json_u64(&j, "done", event->done);
		json_u64(&j, "total", event->total);
		break;
	case PROGRESS_DONE:
		json_text(&j, "action", event->verb);
		json_text(&j, "digest", event->text);
		json_u64(&j, "layers", event->count);
		json_u64(&j, "layers_here", event->index);
		json_u64(&j, "bytes", event->total);
		json_i64(&j, "took_us", took_us);
		break;
	case PROGRESS_ENDED:
		break;
	}
	json_object_end(&j);
	buf_putc(&j.text, '\n');
	put(&j.text);
}

/* --- events --- */

static void keep_layer(struct progress_view *view, const struct progress_event *event)
{
	struct shown *layer;

	if (event->index >= LAYERS_MAX)
		return;
	if (event->index >= view->count)
		view->count = event->index + 1;
	layer = &view->layers[event->index];
	layer->event = *event;
	if (!str_eq(layer->text, event->text)) {
		free(layer->text);
		layer->text = xstrdup(event->text);
	}
	layer->event.text = layer->text;
	layer->event.name = layer->event.verb = NULL;
}

static void starts(struct progress_view *view, const struct progress_event *event)
{
	forget(view);
	view->name = xstrdup(event->name);
	view->began_us = now_us();
	if (view->mode == SHOW_TTY)
		draw(view, view->began_us);
}

static void begin(struct progress_view *view, const struct progress_event *event)
{
	AUTO_FREE char *bytes = progress_bytes(event->total);
	AUTO_FREE char *line = NULL;

	view->total = event->total;
	if (view->mode != SHOW_PLAIN || event->total == 0)
		return;
	line = xasprintf(" %-16s %zu layer%s, %s", event->name, event->count,
			 event->count == 1 ? "" : "s", bytes);
	put_line(line);
}

/* One line when a layer is there; how it comes is for terminals. */
static void layer_changed(struct progress_view *view, const struct progress_event *event)
{
	const int64_t now = now_us();
	const bool was_done = event->index < view->count &&
			      view->layers[event->index].event.state == PROGRESS_UNPACKED;

	keep_layer(view, event);
	if (view->mode == SHOW_TTY && now - view->drawn_us >= DRAW_EVERY_US)
		draw(view, now);
	if (view->mode == SHOW_PLAIN && event->state == PROGRESS_UNPACKED && !was_done) {
		AUTO_FREE char *line = progress_line(event, 0, 120);

		put_line(line);
	}
}

static void finish(struct progress_view *view, const struct progress_event *event)
{
	AUTO_FREE char *line = progress_summary(event, (uint64_t)(now_us() - view->began_us));

	progress_view_clear(view);
	put_line(line);
}

void progress_view_event(void *arg, const struct progress_event *event)
{
	struct progress_view *view = arg;

	if (event->kind == PROGRESS_STARTS)
		starts(view, event);
	if (view->mode == SHOW_JSON)
		put_json(event, now_us() - view->began_us);
	if (view->mode == SHOW_PLAIN || view->mode == SHOW_TTY) {
		switch (event->kind) {
		case PROGRESS_STARTS:
			break;
		case PROGRESS_BEGIN:
			begin(view, event);
			break;
		case PROGRESS_LAYER:
			layer_changed(view, event);
			break;
		case PROGRESS_DONE:
			finish(view, event);
			break;
		case PROGRESS_ENDED:
			progress_view_clear(view);
			break;
		}
	}
	if (event->kind == PROGRESS_DONE || event->kind == PROGRESS_ENDED)
		forget(view);
}
