#include "tui/parts.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHEEL_LINES 3

void app_init(struct app *app)
{
	*app = (struct app){.zoomed = -1};
	model_init(&app->model);
	settings_init(&app->settings);
	keymap_init(&app->keys);
}

void app_done(struct app *app)
{
	model_done(&app->model);
	canvas_done(&app->canvas);
	dialog_close(app);
	text_clear(&app->text);
	text_clear(&app->help);
	log_close(&app->log.log);
	free(app->log.box);
	free(app->rows);
	free(app->selected);
	free(app->status);
	for (size_t i = 0; i < app->request_count; i++)
		request_done(&app->requests[i]);
	free(app->requests);
}

static void set_status(struct app *app, bool is_bad, char *text)
{
	free(app->status);
	app->status = text;
	app->status_is_bad = is_bad;
}

void app_say(struct app *app, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_status(app, false, xvasprintf(format, args));
	va_end(args);
}

void app_complain(struct app *app, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_status(app, true, xvasprintf(format, args));
	va_end(args);
}

static unsigned int place_of(enum screen screen)
{
	if (screen == SCREEN_LIST)
		return ON_LIST;
	if (screen == SCREEN_STATS)
		return ON_STATS;
	if (screen == SCREEN_LOGS)
		return ON_LOGS;
	return screen == SCREEN_PROCESSES ? ON_PROCESSES : ON_TEXT;
}

/* --- screens --- */

static void ask_inspect(struct app *app, const struct box *box)
{
	struct request *request;

	if (str_eq(app->text.box, box->name))
		return;
	text_clear(&app->text);
	request = add_request(app, REQUEST_INSPECT, box);
	strv_add(&request->argv, app->devbox ? app->devbox : "devbox");
	strv_add(&request->argv, "inspect");
	strv_add(&request->argv, box->name);
}

void app_take_inspect(struct app *app, const char *box, const char *text)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *rest = copy;
	const char *line;

	text_clear(&app->text);
	app->text.box = xstrdup(box);
	while ((line = strsep(&rest, "\n")))
		if (*line || rest)
			strv_add(&app->text.lines, line);
}

void open_screen(struct app *app, enum screen screen)
{
	const struct box *box = selected_box(app);

	if (!box && screen >= SCREEN_STATS && screen <= SCREEN_INSPECT) {
		app_complain(app, "there is no box");
		return;
	}
	if (screen == SCREEN_HELP) {
		if (app->screen != SCREEN_HELP)
			app->before_help = app->screen;
		help_build(app);
	}
	app->scroll = 0;
	app->screen = screen;
	if (screen == SCREEN_LOGS)
		log_open_box(app, box);
	if (screen == SCREEN_INSPECT)
		ask_inspect(app, box);
}

static void go_back(struct app *app)
{
	if (app->screen == SCREEN_HELP)
		app->screen = app->before_help;
	else if (app->screen == SCREEN_STATS && app->zoomed >= 0)
		app->zoomed = -1;
	else if (app->screen == SCREEN_LOGS && app->log.only[0])
		app->log.only[0] = '\0';
	else if (app->screen != SCREEN_LIST)
		app->screen = SCREEN_LIST;
	else
		app->filter[0] = '\0';
	rows_update(app);
}

/* Seen is seen: an alert that does not hold any more goes away. */
static void see_alerts(struct app *app)
{
	for (size_t i = 0; i < app->model.count; i++)
		for (int kind = 0; kind < ALERT_COUNT; kind++)
			app->model.boxes[i]->alerts[kind].is_set = false;
}

static bool open_by(struct app *app, enum action action)
{
	static const struct {
		enum action action;
		enum screen screen;
	} screens[] = {
		{ACTION_STATS, SCREEN_STATS},         {ACTION_LOGS, SCREEN_LOGS},
		{ACTION_PROCESSES, SCREEN_PROCESSES}, {ACTION_PROCESSES_TAB, SCREEN_PROCESSES},
		{ACTION_EVENTS, SCREEN_EVENTS},       {ACTION_INSPECT, SCREEN_INSPECT},
		{ACTION_HELP, SCREEN_HELP},
	};

	for (size_t i = 0; i < ARRAY_LEN(screens); i++) {
		if (screens[i].action != action)
			continue;
		open_screen(app, screens[i].screen);
		return true;
	}
	if (action == ACTION_ALERTS && app->screen == SCREEN_ALERTS)
		see_alerts(app);
	else if (action == ACTION_ALERTS)
		open_screen(app, SCREEN_ALERTS);
	else if (action == ACTION_OPEN && app->screen == SCREEN_LIST)
		open_screen(app, SCREEN_STATS);
	else if (action == ACTION_BACK || (action == ACTION_HELP && app->screen == SCREEN_HELP))
		go_back(app);
	else
		return false;
	return true;
}

static void step_tab(struct app *app, int step)
{
	int screen = (int)app->screen + step;

	if (app->screen > SCREEN_INSPECT)
		return;
	if (screen < SCREEN_LIST)
		screen = SCREEN_INSPECT;
	open_screen(app, screen > SCREEN_INSPECT ? SCREEN_LIST : (enum screen)screen);
}

static void step_box(struct app *app, int step)
{
	select_step(app, step);
	if (app->screen == SCREEN_LOGS || app->screen == SCREEN_INSPECT)
		open_screen(app, app->screen);
}

/* --- moving --- */

static struct text *text_of(struct app *app)
{
	return app->screen == SCREEN_HELP ? &app->help : &app->text;
}

static void move_lines(struct app *app, int lines)
{
	if (app->screen == SCREEN_LIST)
		select_step(app, lines);
	else if (app->screen == SCREEN_LOGS)
		log_move(app, lines);
	else if (app->screen == SCREEN_INSPECT || app->screen == SCREEN_HELP)
		text_of(app)->top += lines;
	else if (app->screen == SCREEN_STATS)
		step_box(app, lines);
	else
		app->scroll += lines;
}

static void move_to_end(struct app *app, bool is_first)
{
	if (app->screen == SCREEN_LOGS && is_first)
		log_first(app);
	else if (app->screen == SCREEN_LOGS)
		log_follow(app, true);
	else
		move_lines(app, is_first ? -100000 : 100000);
}

static void move_sideways(struct app *app, int columns)
{
	int *left = app->screen == SCREEN_LOGS ? &app->log.left : &text_of(app)->left;

	*left += columns;
	if (*left < 0)
		*left = 0;
}

static bool move(struct app *app, enum action action)
{
	const int page = app->page > 1 ? app->page - 1 : 1;

	if (action == ACTION_UP)
		move_lines(app, -1);
	else if (action == ACTION_DOWN)
		move_lines(app, 1);
	else if (action == ACTION_PAGE_UP)
		move_lines(app, -page);
	else if (action == ACTION_PAGE_DOWN)
		move_lines(app, page);
	else if (action == ACTION_FIRST || action == ACTION_LAST)
		move_to_end(app, action == ACTION_FIRST);
	else if (action == ACTION_LEFT || action == ACTION_RIGHT)
		move_sideways(app, action == ACTION_LEFT ? -8 : 8);
	else if (action == ACTION_NEXT_TAB || action == ACTION_PREVIOUS_TAB)
		step_tab(app, action == ACTION_NEXT_TAB ? 1 : -1);
	else if (action == ACTION_NEXT_BOX || action == ACTION_PREVIOUS_BOX)
		step_box(app, action == ACTION_NEXT_BOX ? 1 : -1);
	else
		return false;
	return true;
}

/* --- text --- */

static void search(struct app *app, bool is_forward)
{
	bool found;

	if (!app->search[0])
		return;
	if (app->screen == SCREEN_LOGS)
		found = log_search(app, is_forward);
	else if (app->screen == SCREEN_INSPECT || app->screen == SCREEN_HELP)
		found = text_search(app, text_of(app), is_forward);
	else
		return;
	if (!found)
		app_complain(app, "no more '%s' %s", app->search,
			     is_forward ? "below" : "above");
}

static bool read_text(struct app *app, enum action action)
{
	if (action == ACTION_SEARCH)
		dialog_input(app, action, "search: ", true, "");
	else if (action == ACTION_ONLY)
		dialog_input(app, action, "only lines with: ", true, app->log.only);
	else if (action == ACTION_NEXT_MATCH || action == ACTION_PREVIOUS_MATCH)
		search(app, action == ACTION_NEXT_MATCH);
	else if (action == ACTION_FOLLOW)
		log_follow(app, !app->log.is_following);
	else if (action == ACTION_WRAP)
		app->settings.wrap = !app->settings.wrap;
	else if (action == ACTION_TIMES)
		app->settings.times = !app->settings.times;
	else
		return false;
	return true;
}

static void zoom(struct app *app)
{
	if (app->screen == SCREEN_LIST)
		app->settings.zoom = !app->settings.zoom;
	else if (++app->zoomed >= GRAPH_COUNT)
		app->zoomed = -1;
}

static void do_action(struct app *app, enum action action)
{
	if (action == ACTION_NONE || open_by(app, action) || move(app, action) ||
	    read_text(app, action) || choose(app, action))
		return;
	if (action == ACTION_ZOOM)
		zoom(app);
	else
		act(app, action);
}

void app_key(struct app *app, int key)
{
	if (app->dialog.kind != DIALOG_NONE) {
		dialog_key(app, key);
		return;
	}
	set_status(app, false, NULL);
	do_action(app, keymap_find(&app->keys, place_of(app->screen), key));
}

void dialog_typed(struct app *app)
{
	if (app->dialog.action == ACTION_FILTER) {
		(void)snprintf(app->filter, INPUT_MAX, "%s", app->dialog.input);
		rows_update(app);
	} else if (app->dialog.action == ACTION_ONLY) {
		(void)snprintf(app->log.only, INPUT_MAX, "%s", app->dialog.input);
	}
}

void dialog_answered(struct app *app)
{
	const struct dialog dialog = app->dialog;
	const bool is_menu = dialog.kind == DIALOG_MENU && dialog.at < (int)dialog.lines.count;

	/* The answer may ask the next question. */
	app->dialog = (struct dialog){0};
	if (dialog.action == ACTION_SEARCH) {
		(void)snprintf(app->search, INPUT_MAX, "%s", dialog.input);
		search(app, true);
	} else if (action_info(dialog.action)->group == GROUP_ACT) {
		act_answered(app, dialog.action, dialog.at,
			     is_menu ? dialog.lines.items[dialog.at] : dialog.input);
	} else {
		choose_answered(app, dialog.action, dialog.at, dialog.checks);
	}
	free(dialog.title);
	strv_done((struct strv *)&dialog.lines);
}

/* --- mouse --- */

static void click(struct app *app, const struct hit *hit, bool is_double)
{
	if (hit->kind == HIT_DIALOG) {
		app->dialog.at = hit->value;
		if (app->dialog.kind == DIALOG_CHECKS)
			app->dialog.checks ^= 1U << hit->value;
		else if (app->dialog.kind == DIALOG_CONFIRM && hit->value == 0)
			dialog_close(app);
		else
			dialog_answered(app);
	} else if (hit->kind == HIT_ROW) {
		if (hit->value >= (int)app->row_count || !app->rows[hit->value].box)
			return;
		free(app->selected);
		app->selected = xstrdup(app->rows[hit->value].box->name);
		if (is_double)
			open_screen(app, SCREEN_STATS);
	} else if (hit->kind == HIT_COLUMN) {
		if (app->settings.sort == (enum column)hit->value)
			app->settings.invert = !app->settings.invert;
		app->settings.sort = (enum column)hit->value;
		rows_update(app);
	} else {
		set_status(app, false, NULL);
		do_action(app, (enum action)hit->value);
	}
}

void app_mouse(struct app *app, const struct mouse *mouse)
{
	if (mouse->kind == MOUSE_WHEEL_UP || mouse->kind == MOUSE_WHEEL_DOWN) {
		const int direction = mouse->kind == MOUSE_WHEEL_UP ? -1 : 1;

		if (app->dialog.kind == DIALOG_NONE)
			move_lines(app, app->screen == SCREEN_LIST ? direction
								   : direction * WHEEL_LINES);
		return;
	}
	for (size_t i = app->hit_count; i > 0; i--) {
		const struct hit hit = app->hits[i - 1];

		if (mouse->x < hit.area.x || mouse->x >= hit.area.x + hit.area.width ||
		    mouse->y < hit.area.y || mouse->y >= hit.area.y + hit.area.height)
			continue;
		click(app, &hit, mouse->kind == MOUSE_DOUBLE);
		return;
	}
}

void add_hit(struct app *app, struct rect area, enum hit_kind kind, int value)
{
	if (app->hit_count < HITS_MAX)
		app->hits[app->hit_count++] = (struct hit){area, kind, value};
}

void app_updated(struct app *app)
{
	rows_update(app);
	log_updated(app);
}
