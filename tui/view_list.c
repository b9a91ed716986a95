#include "tui/parts.h"

#include "tui/text.h"
#include "util/cleanup.h"

#include <stdio.h>
#include <string.h>

/* From this size on there is room for more than the list. */
#define PANE_HEIGHT 18
#define PANES_HEIGHT 34
#define PANES_WIDTH 120
#define CELL_MAX (WORD_MAX * 4)

static uint32_t state_sign(const struct app *app, const struct box *box)
{
	static const uint32_t signs[] = {
		[BOX_STARTING] = 0x25cc, [BOX_UP] = 0x25cf,     [BOX_PAUSED] = 0x25d0,
		[BOX_OOM] = 0x2717,      [BOX_FAILED] = 0x2717, [BOX_EXITED] = 0x25cb};
	static const char ascii[] = {
		[BOX_STARTING] = '.', [BOX_UP] = '*',     [BOX_PAUSED] = '=',
		[BOX_OOM] = '!',      [BOX_FAILED] = '!', [BOX_EXITED] = 'o'};

	return app->canvas.ascii ? (uint32_t)ascii[box->state] : signs[box->state];
}

static uint32_t state_style(const struct box *box)
{
	static const uint32_t styles[] = {
		[BOX_STARTING] = STYLE_WARN, [BOX_UP] = STYLE_OK,
		[BOX_PAUSED] = STYLE_WARN,   [BOX_OOM] = STYLE_CRIT,
		[BOX_FAILED] = STYLE_CRIT,   [BOX_EXITED] = STYLE_DIM};

	if (box_is_unhealthy(box))
		return STYLE_CRIT;
	if (box->state == BOX_UP && str_eq(box->health, "starting"))
		return STYLE_WARN;
	return styles[box->state];
}

static const char *fitting_state_word(const struct box *box, int width)
{
	const char *word = box_state_word(box, false);

	return width < 8 || (int)strlen(word) > width ? box_state_word(box, true) : word;
}

static void memory_words(const struct app *app, const struct box *box, char out[CELL_MAX])
{
	char used[WORD_MAX], limit[WORD_MAX];
	const bool is_sum = box->now.memory >= STAT_NO_LIMIT && is_known(box->pss);

	(void)snprintf(out, CELL_MAX, "%s%s/%s", is_sum ? "~" : "",
		       word_size(shown_memory(app, box), used),
		       box->now.memory_max == STAT_NO_LIMIT
			       ? "max"
			       : word_size(box->rates.memory_limit, limit));
}

/* One number in a narrow column, all three in a wide one; with a '!' over what is healthy. */
static uint32_t stall_words(const struct box *box, int width, char out[CELL_MAX])
{
	static const double alarms[PRESSURE_COUNT] = {60, 10, 40};
	const double *stalled = box->rates.stalled;
	char words[PRESSURE_COUNT][WORD_MAX];
	double worst = UNKNOWN;
	bool is_high = false;

	for (int i = 0; i < PRESSURE_COUNT; i++) {
		worst = fmax(worst, stalled[i]);
		is_high = is_high || stalled[i] >= alarms[i];
		word_percent(stalled[i], words[i]);
	}
	if (!is_known(worst))
		(void)snprintf(out, CELL_MAX, "-");
	else if (width < 12)
		(void)snprintf(out, CELL_MAX, "%.1f%s", worst, is_high ? "!" : "");
	else
		(void)snprintf(out, CELL_MAX, "%s/%s/%s%s", words[0], words[1], words[2],
			       is_high ? "!" : "");
	return is_high ? STYLE_WARN : STYLE_NORMAL;
}

static uint32_t share_words(double value, double whole, char out[CELL_MAX])
{
	const double share = whole > 0 ? value / whole * 100 : UNKNOWN;
	const uint32_t style = level_style(share);

	word_share(value, whole, out);
	if (style == STYLE_CRIT && strlen(out) + 1 < CELL_MAX)
		(void)memcpy(out + strlen(out), "!", 2);
	return style;
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

/* What no other place fits: a word of the cell. Return: its style. */
static uint32_t cell_words(const struct app *app, const struct box *box,
			   const struct place *place, char out[CELL_MAX])
{
	const struct rates *rates = &box->rates;

	switch (place->column) {
	case COLUMN_STATE:
		(void)snprintf(out, WORD_MAX, "%s", fitting_state_word(box, place->width));
		return state_style(box);
	case COLUMN_UP:
		word_since(box_is_running(box) ? box->started_ms : box->finished_ms,
			   app->model.now_ms, out);
		return box_is_running(box) ? STYLE_NORMAL : STYLE_DIM;
	case COLUMN_CPU:
		word_percent(shown_cpu(app, box), out);
		return STYLE_NORMAL;
	case COLUMN_LIMIT:
		return share_words(rates->cpu, rates->cpu_limit, out);
	case COLUMN_MEMORY:
		memory_words(app, box, out);
		return STYLE_NORMAL;
	case COLUMN_MEMORY_SHARE:
		return share_words(rates->memory, rates->memory_limit, out);
	case COLUMN_STALLS:
		return stall_words(box, place->width, out);
	case COLUMN_PIDS:
		word_number(rates->pids, out);
		return rates->pids >= rates->pids_limit * 0.9 ? STYLE_WARN : STYLE_NORMAL;
	case COLUMN_READ:
		word_size(rates->read, out);
		return STYLE_NORMAL;
	case COLUMN_WRITE:
		word_size(rates->write, out);
		return STYLE_NORMAL;
	case COLUMN_RECEIVED:
		word_size(rates->received, out);
		return STYLE_NORMAL;
	case COLUMN_SENT:
		word_size(rates->sent, out);
		return STYLE_NORMAL;
	case COLUMN_NAME:
	case COLUMN_PROJECT:
	case COLUMN_IMAGE:
	case COLUMN_CPU_GRAPH:
	case COLUMN_MEMORY_GRAPH:
	case COLUMN_COUNT:
		break;
	}
	out[0] = '\0';
	return STYLE_NORMAL;
}

static void draw_cell(struct app *app, const struct box *box, const struct place *place, int y)
{
	struct canvas *canvas = &app->canvas;
	char words[CELL_MAX];
	uint32_t style;

	if (place->column == COLUMN_NAME) {
		canvas_put(canvas, place->x, y, place->width,
			   box->is_marked ? STYLE_MARK : STYLE_BOLD, box->name);
	} else if (place->column == COLUMN_PROJECT || place->column == COLUMN_IMAGE) {
		canvas_put(canvas, place->x, y, place->width, STYLE_DIM,
			   or_dash(place->column == COLUMN_IMAGE ? box->image : box->project));
	} else if (place->column == COLUMN_CPU_GRAPH) {
		draw_spark(canvas, place->x, y, place->width, &box->graphs[GRAPH_CPU],
			   is_known(box->rates.cpu_limit) ? box->rates.cpu_limit : UNKNOWN);
	} else if (place->column == COLUMN_MEMORY_GRAPH) {
		draw_spark(canvas, place->x, y, place->width, &box->graphs[GRAPH_MEMORY],
			   box->rates.memory_limit);
	} else {
		style = cell_words(app, box, place, words);
		if (column_info(place->column)->is_right)
			canvas_right(canvas, place->x, y, place->width, style, words);
		else
			canvas_put(canvas, place->x, y, place->width, style, words);
	}
}

static void draw_title(struct app *app, const struct place *places, size_t count, int y)
{
	struct canvas *canvas = &app->canvas;

	canvas_fill(canvas, (struct rect){0, y, canvas->width, 1}, STYLE_HEAD, ' ');
	for (size_t i = 0; i < count; i++) {
		const struct column_info *info = column_info(places[i].column);
		const bool is_sorted = places[i].column == app->settings.sort;
		const char *arrow = canvas->ascii ? (app->settings.invert ? "^" : "v")
						  : (app->settings.invert ? "▲" : "▼");
		AUTO_FREE char *title = xasprintf("%s%s", info->title, is_sorted ? arrow : "");

		/* Without this the arrow stands where the title was. */
		const int width = places[i].width + (is_sorted && !info->is_right ? 1 : 0);

		if (info->is_right)
			canvas_right(canvas, places[i].x - is_sorted, y,
				     places[i].width + is_sorted, STYLE_HEAD, title);
		else
			canvas_put(canvas, places[i].x, y, width, STYLE_HEAD, title);
		add_hit(app, (struct rect){places[i].x, y, places[i].width, 1}, HIT_COLUMN,
			(int)places[i].column);
	}
}

static void draw_project(struct app *app, const char *project, int y)
{
	double cpu = 0, memory = 0;
	char cpu_word[WORD_MAX], memory_word[WORD_MAX];
	size_t count = 0;

	for (size_t i = 0; i < app->model.count; i++) {
		const struct box *box = app->model.boxes[i];

		if (!str_eq(box->project ? box->project : "", project))
			continue;
		count++;
		cpu += is_known(box->rates.cpu) ? box->rates.cpu : 0;
		memory += is_known(box->rates.memory) ? box->rates.memory : 0;
	}
	(void)canvas_putf(&app->canvas, 1, y, STYLE_TITLE, "%s  %zu box%s  cpu %s%%  mem %s",
			  *project ? project : "-", count, count == 1 ? "" : "es",
			  word_percent(cpu, cpu_word), word_size(memory, memory_word));
}

static void draw_row(struct app *app, const struct row *row, const struct place *places,
		     size_t count, int y)
{
	const bool is_selected = row->box && str_eq(row->box->name, app->selected);

	if (!row->box) {
		draw_project(app, row->project, y);
		return;
	}
	row->box->is_visible = true;
	if (row->box->is_marked)
		canvas_code(&app->canvas, 0, y, STYLE_MARK, '+');
	canvas_code(&app->canvas, 1, y, state_style(row->box), state_sign(app, row->box));
	for (size_t i = 0; i < count; i++)
		draw_cell(app, row->box, &places[i], y);
	if (!is_selected)
		return;
	if (!row->box->is_marked)
		canvas_code(&app->canvas, 0, y, STYLE_BOLD, '>');
	canvas_select(&app->canvas, (struct rect){0, y, app->canvas.width, 1});
	app->canvas.cursor_x = 0;
	app->canvas.cursor_y = y;
}

/* Words instead of columns, for those who hear the screen. */
static void draw_plain_row(struct app *app, const struct row *row, int y)
{
	const struct box *box = row->box;
	char cpu[WORD_MAX], memory[CELL_MAX], since[WORD_MAX];

	if (!box) {
		draw_project(app, row->project, y);
		return;
	}
	memory_words(app, box, memory);
	(void)canvas_putf(&app->canvas, 0, y, STYLE_NORMAL,
			  "%s, %s%s since %s, cpu %s percent, memory %s", box->name,
			  box->is_marked ? "marked, " : "", box_state_word(box, false),
			  word_since(box_is_running(box) ? box->started_ms : box->finished_ms,
				     app->model.now_ms, since),
			  word_percent(shown_cpu(app, box), cpu), memory);
	if (!str_eq(box->name, app->selected))
		return;
	app->canvas.cursor_x = 0;
	app->canvas.cursor_y = y;
	canvas_select(&app->canvas, (struct rect){0, y, app->canvas.width, 1});
}

static void scroll_list(struct app *app, int height)
{
	int at = 0;

	for (size_t i = 0; i < app->row_count; i++)
		if (app->rows[i].box && str_eq(app->rows[i].box->name, app->selected))
			at = (int)i;
	if (at >= app->list_top + height)
		app->list_top = at - height + 1;
	/* The title of a project stays above its first box. */
	if (at <= app->list_top)
		app->list_top = at > 0 && !app->rows[at - 1].box ? at - 1 : at;
	if (app->list_top + height > (int)app->row_count)
		app->list_top = (int)app->row_count - height;
	if (app->list_top < 0)
		app->list_top = 0;
}

static int longest_name(const struct app *app)
{
	int longest = 0;

	for (size_t i = 0; i < app->row_count; i++) {
		const int columns = app->rows[i].box ? text_columns(app->rows[i].box->name) : 0;

		if (columns > longest)
			longest = columns;
	}
	return longest;
}

static uint32_t wanted_columns(const struct app *app)
{
	uint32_t wanted = app->settings.columns;

	if (app->settings.plain)
		wanted &= ~(1U << COLUMN_CPU_GRAPH | 1U << COLUMN_MEMORY_GRAPH);
	return wanted;
}

static void draw_rows(struct app *app, struct rect area)
{
	struct place places[COLUMN_COUNT];
	const size_t count =
		columns_fit(wanted_columns(app), area.width, longest_name(app), places);
	const int height = area.height - 1;

	if (height < 1)
		return;
	app->page = height;
	scroll_list(app, height);
	if (!app->settings.plain)
		draw_title(app, places, count, area.y);
	for (int i = 0; i < height && app->list_top + i < (int)app->row_count; i++) {
		const int y = area.y + 1 + i;
		const struct row *row = &app->rows[app->list_top + i];

		if (app->settings.plain)
			draw_plain_row(app, row, y);
		else
			draw_row(app, row, places, count, y);
		add_hit(app, (struct rect){0, y, area.width, 1}, HIT_ROW, app->list_top + i);
	}
	if (app->row_count)
		return;
	canvas_put(&app->canvas, 3, area.y + 2, area.width, STYLE_DIM,
		   app->model.count ? "no box is like the filter; Esc shows all"
				    : "no boxes; 'devbox up' in a project starts one");
}

static void draw_panes(struct app *app, struct rect area)
{
	const struct box *box = selected_box(app);
	const int half = area.width / 2, graphs = area.height * 2 / 5;

	draw_graph_of(app, box, GRAPH_CPU, (struct rect){0, area.y, half, graphs});
	draw_graph_of(app, box, GRAPH_MEMORY,
		      (struct rect){half, area.y, area.width - half, graphs});
	draw_processes(app,
		       draw_frame(&app->canvas,
				  (struct rect){0, area.y + graphs, half, area.height - graphs},
				  "Processes", NULL));
	draw_log(app, draw_frame(&app->canvas,
				 (struct rect){half, area.y + graphs, area.width - half,
					       area.height - graphs},
				 "Logs", NULL));
}

static void draw_pane(struct app *app, struct rect area)
{
	AUTO_FREE char *title = xasprintf("%s - logs", app->selected);

	draw_rule(&app->canvas, 0, area.y, area.width, title);
	area.y++;
	area.height--;
	draw_log(app, area);
}

void draw_list(struct app *app, struct rect area)
{
	const struct box *box = selected_box(app);
	int below = 0, need = (int)app->row_count + 2, page;

	if (box && !app->settings.zoom && !app->settings.plain && area.height >= PANE_HEIGHT)
		below = area.height * 2 / 5;
	if (below && app->canvas.width >= PANES_WIDTH && area.height >= PANES_HEIGHT)
		below = area.height * 3 / 5;
	/* A short list leaves its room to the others. */
	if (below && area.height - below > need)
		below = area.height - (need > 8 ? need : 8);
	area.height -= below;
	draw_rows(app, area);
	page = app->page;
	area.y += area.height;
	area.height = below;
	if (below && app->canvas.width >= PANES_WIDTH && below >= PANES_HEIGHT / 2)
		draw_panes(app, area);
	else if (below)
		draw_pane(app, area);
	app->page = page;
}
