#include "tui/parts.h"

#include "tui/text.h"
#include "util/cleanup.h"

#include <string.h>

/* The smallest screen that shows more than a word. */
#define LEAST_WIDTH 40
#define LEAST_HEIGHT 8
/* From this width on there is room for more words. */
#define WIDE 120

/* --- the top --- */

static void count_states(const struct model *model, size_t out[BOX_EXITED + 1])
{
	memset(out, 0, sizeof(size_t) * (BOX_EXITED + 1));
	for (size_t i = 0; i < model->count; i++)
		out[model->boxes[i]->state]++;
}

static void draw_counts(struct app *app)
{
	const struct model *model = &app->model;
	size_t states[BOX_EXITED + 1], failed;
	int x = 1;

	count_states(model, states);
	failed = states[BOX_OOM] + states[BOX_FAILED];
	x += canvas_put(&app->canvas, x, 0, 20, STYLE_TITLE, "devbox");
	x += 2 + canvas_putf(&app->canvas, x, 0, STYLE_NORMAL, "  %zu box%s", model->count,
			     model->count == 1 ? "" : "es");
	x += 2 + canvas_putf(&app->canvas, x, 0, STYLE_OK, "%zu up",
			     states[BOX_UP] + states[BOX_STARTING]);
	if (states[BOX_PAUSED])
		x += 2 + canvas_putf(&app->canvas, x, 0, STYLE_WARN, "%zu paused",
				     states[BOX_PAUSED]);
	if (failed)
		x += 2 + canvas_putf(&app->canvas, x, 0, STYLE_CRIT, "%zu failed", failed);
	if (states[BOX_EXITED])
		x += 2 +
		     canvas_putf(&app->canvas, x, 0, STYLE_DIM, "%zu off", states[BOX_EXITED]);
	if (app->filter[0] && app->dialog.action != ACTION_FILTER)
		(void)canvas_putf(&app->canvas, x, 0, STYLE_MATCH, "filter: %s", app->filter);
}

static void draw_clock(struct app *app)
{
	char clock[WORD_MAX];
	AUTO_FREE char *words =
		xasprintf(" %s  %s%.3gs", word_clock(app->model.now_ms, clock),
			  app->is_held ? "HELD " : "", app->settings.interval_ms / 1000.0);

	canvas_fill(&app->canvas,
		    (struct rect){app->canvas.width - text_columns(words) - 1, 0, 40, 1},
		    STYLE_NORMAL, ' ');
	canvas_right(&app->canvas, app->canvas.width - 24, 0, 23, STYLE_DIM, words);
}

static int draw_meter(struct app *app, int x, const char *words, double share, int bar)
{
	x += canvas_put(&app->canvas, x, 1, app->canvas.width, STYLE_NORMAL, words) + 1;
	if (app->settings.plain || bar < 3)
		return x + 1;
	draw_bar(&app->canvas, x, 1, bar, share);
	return x + bar + 2;
}

static void draw_pressure(struct app *app, int left)
{
	const struct host *host = &app->model.host;
	char cpu[WORD_MAX], memory[WORD_MAX], io[WORD_MAX];
	AUTO_FREE char *words =
		xasprintf(app->canvas.width >= WIDE ? "PSI some10  cpu %s  mem %s  io %s"
						    : "PSI c%s m%s i%s",
			  word_percent(host->stalled[PRESSURE_CPU], cpu),
			  word_percent(host->stalled[PRESSURE_MEMORY], memory),
			  word_percent(host->stalled[PRESSURE_IO], io));
	const int columns = text_columns(words);

	if (app->canvas.width - columns - 1 > left)
		canvas_right(&app->canvas, left, 1, app->canvas.width - left - 1, STYLE_NORMAL,
			     words);
}

static void draw_machine(struct app *app)
{
	const struct host *host = &app->model.host;
	const int bar = app->canvas.width >= WIDE ? 30 : (app->canvas.width - 60) / 2;
	char used[WORD_MAX], total[WORD_MAX], cpu[WORD_MAX];
	AUTO_FREE char *cpu_words =
		xasprintf("CPU %s%%/%d", word_number(host->cpu, cpu), host->cpus * 100);
	AUTO_FREE char *memory_words =
		xasprintf("MEM %s/%s", word_size(host->memory_used, used),
			  word_size(host->memory_total, total));
	int x = draw_meter(app, 1, cpu_words, host->cpu / (host->cpus * 100), bar);

	x = draw_meter(app, x, memory_words, host->memory_used / host->memory_total, bar);
	draw_pressure(app, x);
}

/* Return: columns used, 0 when it does not fit. */
static int draw_alert(struct app *app, int x, int room, const struct box *box,
		      enum alert_kind kind)
{
	const struct alert *alert = &box->alerts[kind];
	const bool is_crit =
		kind == ALERT_OOM || kind == ALERT_FAILED || kind == ALERT_UNHEALTHY;
	AUTO_FREE char *words = box_alert_words(box, kind);
	char clock[WORD_MAX];
	AUTO_FREE char *all = xasprintf("%s %s: %s (%s)", is_crit ? "!!" : "!", box->name,
					words, word_clock(alert->time_ms, clock));
	const int columns = text_columns(all);

	if (columns > room && x > 1)
		return 0;
	return canvas_put(&app->canvas, x, 2, room, is_crit ? STYLE_CRIT : STYLE_WARN, all);
}

/* The line of alerts, or of what is missing here. Return: there is one. */
static bool draw_alert_line(struct app *app)
{
	const size_t count = model_alerts(&app->model);
	AUTO_FREE char *hint = xasprintf("a:alerts(%zu)", count);
	const int room = app->canvas.width - text_columns(hint) - 2;
	int x = 1;

	if (!count && app->model.host.missing) {
		(void)canvas_putf(&app->canvas, 1, 2, STYLE_DIM, "%s%s",
				  app->model.host.missing,
				  strstr(app->model.host.missing, "memory")
					  ? "; ~ memory is that of the processes"
					  : "");
		return true;
	}
	for (size_t i = 0; i < (size_t)ALERT_COUNT * app->model.count; i++) {
		const enum alert_kind kind = (enum alert_kind)(i / app->model.count);
		const struct box *box = app->model.boxes[i % app->model.count];
		int used;

		if (!box->alerts[kind].is_set)
			continue;
		used = draw_alert(app, x, room - x, box, kind);
		if (!used)
			break;
		x += used + 3;
	}
	if (count)
		canvas_right(&app->canvas, room, 2, app->canvas.width - room - 1, STYLE_BOLD,
			     hint);
	return count > 0;
}

void draw_host(struct app *app)
{
	draw_counts(app);
	draw_clock(app);
	draw_machine(app);
}

void draw_tabs(struct app *app)
{
	static const struct {
		enum screen screen;
		const char *title;
		enum action action;
	} tabs[] = {
		{SCREEN_STATS, "1 Stats", ACTION_STATS},
		{SCREEN_LOGS, "2 Logs", ACTION_LOGS},
		{SCREEN_PROCESSES, "3 Procs", ACTION_PROCESSES_TAB},
		{SCREEN_EVENTS, "4 Events", ACTION_EVENTS},
		{SCREEN_INSPECT, "5 Inspect", ACTION_INSPECT},
	};
	const struct box *box = selected_box(app);
	char since[WORD_MAX];
	int x = 1;

	if (!box)
		return;
	x += 1 + canvas_putf(&app->canvas, x, 0, STYLE_TITLE, "%s", box->name);
	x += 3 +
	     canvas_putf(&app->canvas, x, 0,
			 box_is_running(box) && !box_is_unhealthy(box) ? STYLE_OK : STYLE_CRIT,
			 "%s %s", box_state_word(box, false),
			 word_since(box_is_running(box) ? box->started_ms : box->finished_ms,
				    app->model.now_ms, since));
	(void)canvas_putf(&app->canvas, x, 0, STYLE_DIM, "%s   %s   %s%s",
			  box->folder ? box->folder : "", box->image ? box->image : "host",
			  box->reason ? box->reason : "",
			  box->state == BOX_OOM ? " (raise mem_limit, or use less)" : "");
	draw_clock(app);
	x = 1;
	for (size_t i = 0; i < ARRAY_LEN(tabs); i++) {
		const bool is_open = tabs[i].screen == app->screen;
		const int used =
			canvas_putf(&app->canvas, x, 1, is_open ? STYLE_BOLD : STYLE_DIM,
				    is_open ? "[%s]" : " %s ", tabs[i].title);

		add_hit(app, (struct rect){x, 1, used, 1}, HIT_ACTION, (int)tabs[i].action);
		x += used + 1;
	}
}

/* --- the bottom --- */

static void draw_bar_of_keys(struct app *app)
{
	static const enum action order[] = {
		ACTION_HELP,  ACTION_OPEN,      ACTION_BACK,       ACTION_FOLLOW,  ACTION_WRAP,
		ACTION_TIMES, ACTION_FILTER,    ACTION_SEARCH,     ACTION_SORT,    ACTION_SHELL,
		ACTION_LOGS,  ACTION_PROCESSES, ACTION_START_STOP, ACTION_RESTART, ACTION_PAUSE,
		ACTION_KILL,  ACTION_INSPECT,   ACTION_ALERTS,     ACTION_QUIT};
	const unsigned int place = app->screen == SCREEN_LIST   ? ON_LIST
				   : app->screen == SCREEN_LOGS ? ON_LOGS
								: ON_TEXT;
	const int y = app->canvas.height - 1;
	int x = 1;

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const struct action_info *info = action_info(order[i]);
		char name[KEY_NAME_MAX];
		const int key = app->keys.keys[order[i]][0];
		int width;

		if (!(info->places & place) || !key || !info->label ||
		    (order[i] == ACTION_BACK && place == ON_LIST) ||
		    (order[i] == ACTION_OPEN && place != ON_LIST))
			continue;
		key_word(key, name);
		width = text_columns(name) + 1 + text_columns(info->label);
		if (x + width > app->canvas.width)
			continue;
		x += canvas_put(&app->canvas, x, y, KEY_NAME_MAX, STYLE_KEY, name);
		canvas_put(&app->canvas, x + 1, y, width, STYLE_NORMAL, info->label);
		x -= text_columns(name);
		add_hit(app, (struct rect){x, y, width, 1}, HIT_ACTION, (int)order[i]);
		x += width + 2;
	}
}

static void draw_bottom(struct app *app)
{
	if (app->status)
		canvas_put(&app->canvas, 1, app->canvas.height - 2, app->canvas.width - 2,
			   app->status_is_bad ? STYLE_CRIT : STYLE_NORMAL, app->status);
	draw_bar_of_keys(app);
}

static void draw_middle(struct app *app, struct rect area)
{
	switch (app->screen) {
	case SCREEN_LIST:
		draw_list(app, area);
		break;
	case SCREEN_STATS:
		draw_stats(app, area);
		break;
	case SCREEN_LOGS:
		draw_log(app, area);
		break;
	case SCREEN_PROCESSES:
		draw_processes(app, area);
		break;
	case SCREEN_EVENTS:
		draw_events(app, area);
		break;
	case SCREEN_ALERTS:
		draw_alerts(app, area);
		break;
	case SCREEN_INSPECT:
		draw_text(app, &app->text, area);
		break;
	case SCREEN_HELP:
		draw_text(app, &app->help, area);
		break;
	}
}

static void draw_too_small(struct app *app)
{
	canvas_put(&app->canvas, 0, 0, app->canvas.width, STYLE_NORMAL, "devbox: need 40x8");
	(void)canvas_putf(&app->canvas, 0, 1, STYLE_DIM, "have %dx%d; q quits",
			  app->canvas.width, app->canvas.height);
}

/* Return: where the title of the middle goes. */
static int draw_top(struct app *app)
{
	if (app->screen == SCREEN_LIST) {
		draw_host(app);
		return draw_alert_line(app) ? 3 : 2;
	}
	if (app->screen == SCREEN_ALERTS || app->screen == SCREEN_HELP) {
		canvas_put(&app->canvas, 1, 0, app->canvas.width, STYLE_TITLE,
			   app->screen == SCREEN_HELP ? "devbox help" : "devbox alerts");
		draw_clock(app);
		return 1;
	}
	draw_tabs(app);
	return 2;
}

/* Dear numbers only of what can be seen. */
static void forget_visible(struct app *app)
{
	const struct box *selected = selected_box(app);

	for (size_t i = 0; i < app->model.count; i++)
		app->model.boxes[i]->is_visible = app->model.boxes[i] == selected;
}

void app_draw(struct app *app)
{
	struct rect area;
	int top;

	app->canvas.ascii = app->settings.ascii;
	canvas_erase(&app->canvas);
	app->hit_count = 0;
	forget_visible(app);
	if (app->canvas.width < LEAST_WIDTH || app->canvas.height < LEAST_HEIGHT) {
		draw_too_small(app);
		return;
	}
	top = draw_top(app);
	area = (struct rect){0, top, app->canvas.width, app->canvas.height - top - 2};
	app->page = area.height;
	draw_middle(app, area);
	draw_bottom(app);
	dialog_draw(app);
}
