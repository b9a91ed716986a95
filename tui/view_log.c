#include "tui/parts.h"

#include "tui/text.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* How much is looked at for one key: a search goes on with the next. */
#define SEARCH_BYTES (64U << 20)
#define ONLY_BYTES (4U << 20)
#define LINE_BYTES 16384
#define TIME_COLUMNS 9

void log_open_box(struct app *app, const struct box *box)
{
	AUTO_FREE char *path = NULL;

	if (!box || str_eq(app->log.box, box->name))
		return;
	log_close(&app->log.log);
	free(app->log.box);
	app->log = (struct log_view){.box = xstrdup(box->name), .is_following = true};
	if (app->log_path)
		path = app->log_path(app->log_path_arg, box);
	else if (app->state_dir && box->project && box->box)
		path = xasprintf("%s/%s/%s.log", app->state_dir, box->project, box->box);
	log_open(&app->log.log, path ? path : "/nonexistent");
}

void log_updated(struct app *app)
{
	struct log_view *view = &app->log;
	uint64_t gone = 0;

	if (!view->box || !log_refresh(&view->log, &gone))
		return;
	view->is_changed = true;
	view->top = view->top > gone ? view->top - gone : 0;
}

/* A line as it is shown; @out is filled anew. */
static void shown_text(const struct log_line *line, struct buf *out)
{
	out->len = 0;
	text_clean(out, line->text, line->len);
	if (!out->len)
		buf_puts(out, "");
}

static bool is_wanted(const struct app *app, const struct log_line *line, struct buf *text)
{
	if (!app->log.only[0])
		return true;
	shown_text(line, text);
	return contains(text->data ? text->data : "", app->log.only);
}

/* The first line from @at on that is wanted. */
static bool next_line(struct app *app, uint64_t at, struct log_line *out_line)
{
	const uint64_t limit = at + ONLY_BYTES;
	AUTO_BUF struct buf text = {0};

	while (at < limit && log_line(&app->log.log, at, LINE_BYTES, out_line)) {
		if (is_wanted(app, out_line, &text))
			return true;
		at = out_line->next;
	}
	return false;
}

/* The wanted line before @at. Return: where it begins; @at when there is none. */
static uint64_t previous_line(struct app *app, uint64_t at)
{
	const uint64_t limit = at > ONLY_BYTES ? at - ONLY_BYTES : 0;
	AUTO_BUF struct buf text = {0};
	uint64_t from = at;

	while (from > limit) {
		struct log_line line;

		from = log_before(&app->log.log, from);
		if (log_line(&app->log.log, from, LINE_BYTES, &line) &&
		    is_wanted(app, &line, &text))
			return from;
	}
	return at;
}

static int text_room(const struct app *app, int width)
{
	const int room = width - (app->settings.times ? TIME_COLUMNS : 0);

	return room > 0 ? room : 1;
}

static int rows_of(const struct app *app, const struct log_line *line, int width)
{
	AUTO_BUF struct buf text = {0};
	int columns;

	if (!app->settings.wrap)
		return 1;
	shown_text(line, &text);
	columns = text.data ? text_columns(text.data) : 0;
	return columns ? (columns + text_room(app, width) - 1) / text_room(app, width) : 1;
}

/* Where a screen has to begin that ends with the last line. */
static uint64_t last_page(struct app *app, int width, int height)
{
	uint64_t at = app->log.log.size;

	while (height > 0) {
		const uint64_t before = previous_line(app, at);
		struct log_line line;

		if (before == at || !log_line(&app->log.log, before, LINE_BYTES, &line))
			break;
		height -= rows_of(app, &line, width);
		if (height >= 0 || at == app->log.log.size)
			at = before;
	}
	return at;
}

void log_move(struct app *app, int lines)
{
	struct log_view *view = &app->log;
	struct log_line line;

	if (lines < 0)
		view->is_following = false;
	for (; lines < 0; lines++)
		view->top = previous_line(app, view->top);
	for (; lines > 0 && !view->is_following; lines--) {
		if (!next_line(app, view->top, &line) || !next_line(app, line.next, &line)) {
			view->is_following = true;
			break;
		}
		view->top = line.at;
	}
}

void log_first(struct app *app)
{
	app->log.is_following = false;
	app->log.top = 0;
}

void log_follow(struct app *app, bool is_following)
{
	app->log.is_following = is_following;
}

bool log_search(struct app *app, bool is_forward)
{
	struct log_view *view = &app->log;
	AUTO_BUF struct buf text = {0};
	uint64_t at = view->top;
	uint64_t looked = 0;
	struct log_line line;

	if (view->is_following && is_forward)
		at = 0;
	else if (is_forward && log_line(&view->log, at, 1, &line))
		at = line.next;
	while (looked < SEARCH_BYTES) {
		const uint64_t from = is_forward ? at : log_before(&view->log, at);

		if ((!is_forward && from == at) ||
		    !log_line(&view->log, from, LINE_BYTES, &line))
			return false;
		shown_text(&line, &text);
		if (text.data && contains(text.data, app->search) &&
		    is_wanted(app, &line, &text)) {
			view->top = from;
			view->is_following = false;
			return true;
		}
		looked += line.next - line.at;
		at = is_forward ? line.next : from;
	}
	return false;
}

/* --- drawing --- */

/* Cells of @text from column @from on; text is clean, so columns are found by going along. */
static const char *skip_columns(const char *text, int from)
{
	const char *end = text + strlen(text);

	while (text < end && from > 0)
		from -= text_width(text_next(&text, end));
	return text;
}

static void mark_matches(struct app *app, const char *text, int x, int y, int room)
{
	const char *at = text, *found;
	const size_t len = strlen(app->search);

	while (len && (found = strcasestr(at, app->search))) {
		AUTO_FREE char *before = xstrndup(text, (size_t)(found - text));
		const int from = text_columns(before);

		if (from >= room)
			return;
		canvas_restyle(&app->canvas,
			       (struct rect){x + from, y, text_columns(app->search), 1},
			       STYLE_MATCH);
		at = found + len;
	}
}

static uint32_t line_style(const struct log_line *line, const char *text)
{
	if (strstr(text, "ERROR") || strstr(text, "FATAL"))
		return STYLE_CRIT;
	if (strstr(text, "WARN"))
		return STYLE_WARN;
	return line->is_stderr ? STYLE_DIM : STYLE_NORMAL;
}

/* Return: lines of the screen that it took. */
static int draw_line(struct app *app, const struct log_line *line, struct rect area)
{
	const int room = text_room(app, area.width), x = area.x + area.width - room;
	AUTO_BUF struct buf buffer = {0};
	const char *text;
	int rows = 0;

	shown_text(line, &buffer);
	text = buffer.data ? buffer.data : "";
	if (!app->settings.wrap)
		text = skip_columns(text, app->log.left);
	if (app->settings.times)
		canvas_put(&app->canvas, area.x, area.y, TIME_COLUMNS, STYLE_DIM, line->time);
	do {
		canvas_put(&app->canvas, x, area.y + rows, room,
			   line_style(line, buffer.data ? buffer.data : ""), text);
		mark_matches(app, text, x, area.y + rows, room);
		text = skip_columns(text, room);
		rows++;
	} while (app->settings.wrap && *text && rows < area.height);
	return rows;
}

static void draw_state(struct app *app, struct rect area)
{
	const struct log_view *view = &app->log;
	char size[WORD_MAX], share[WORD_MAX];
	AUTO_FREE char *where =
		view->is_following
			? xstrdup("following")
			: xasprintf("at %s%%", word_share((double)view->top,
							  (double)view->log.size, share));
	AUTO_FREE char *words =
		xasprintf("%s  %s%s%s", where, word_size((double)view->log.size, size),
			  view->only[0] ? "  only: " : "", view->only);

	canvas_right(&app->canvas, area.x + area.width / 2, 1, area.width / 2 - 1, STYLE_DIM,
		     words);
}

void draw_log(struct app *app, struct rect area)
{
	const struct box *box = selected_box(app);
	const int end = area.y + area.height;
	struct log_line line;
	uint64_t at;

	if (!box || area.height < 1)
		return;
	log_open_box(app, box);
	if (app->screen != SCREEN_LOGS || app->log.is_following)
		app->log.top = last_page(app, area.width, area.height);
	at = app->log.top;
	if (app->screen == SCREEN_LOGS)
		draw_state(app, area);
	if (!app->log.log.size)
		canvas_put(&app->canvas, area.x + 1, area.y, area.width - 1, STYLE_DIM,
			   "it wrote nothing");
	while (area.y < end && next_line(app, at, &line)) {
		const int rows = draw_line(app, &line, area);

		area.y += rows;
		area.height -= rows;
		at = line.next;
	}
}
