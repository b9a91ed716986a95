#include "tui/parts.h"

#include "util/cleanup.h"

#include <string.h>

#define INTERVAL_STEPS 6

/* What may be sorted by, in the order of the menu. */
static const enum column sorts[] = {
	COLUMN_NAME,   COLUMN_STATE,        COLUMN_UP,     COLUMN_CPU,  COLUMN_LIMIT,
	COLUMN_MEMORY, COLUMN_MEMORY_SHARE, COLUMN_STALLS, COLUMN_PIDS, COLUMN_READ,
	COLUMN_WRITE,  COLUMN_RECEIVED,     COLUMN_SENT,   COLUMN_IMAGE};

static void sort_menu(struct app *app)
{
	dialog_menu(app, ACTION_SORT, "sort by");
	for (size_t i = 0; i < ARRAY_LEN(sorts); i++) {
		strv_add(&app->dialog.lines, column_name(sorts[i]));
		if (sorts[i] == app->settings.sort)
			app->dialog.at = (int)i;
	}
}

static void column_menu(struct app *app)
{
	dialog_menu(app, ACTION_COLUMNS, "columns");
	app->dialog.kind = DIALOG_CHECKS;
	app->dialog.checks = app->settings.columns;
	for (int i = 0; i < COLUMN_COUNT; i++)
		strv_add(&app->dialog.lines, column_name((enum column)i));
}

static void change_interval(struct app *app, int direction)
{
	static const int steps[INTERVAL_STEPS] = {250, 500, 1000, 2000, 5000, 10000};
	int at = 0;

	while (at < INTERVAL_STEPS - 1 && steps[at] < app->settings.interval_ms)
		at++;
	at += direction;
	if (at >= 0 && at < INTERVAL_STEPS)
		app->settings.interval_ms = steps[at];
	app_say(app, "every %.3g s", app->settings.interval_ms / 1000.0);
}

static void next_scale(struct app *app)
{
	static const char *const words[CPU_SCALE_COUNT] = {
		"of one processor", "of the box's limit", "of the whole machine"};

	app->settings.cpu_scale =
		(enum cpu_scale)((app->settings.cpu_scale + 1) % CPU_SCALE_COUNT);
	app_say(app, "cpu in percent %s", words[app->settings.cpu_scale]);
}

static void next_memory(struct app *app)
{
	static const char *const words[MEMORY_KIND_COUNT] = {
		"working set (memory.current - inactive_file)", "memory.current",
		"anonymous memory"};

	app->settings.memory_kind =
		(enum memory_kind)((app->settings.memory_kind + 1) % MEMORY_KIND_COUNT);
	app_say(app, "memory is the %s", words[app->settings.memory_kind]);
}

static void next_theme(struct app *app)
{
	app->settings.theme = (enum theme)((app->settings.theme + 1) % THEME_COUNT);
	app_say(app, "theme '%s'", theme_name(app->settings.theme));
}

static void flip(struct app *app, bool *flag, const char *name)
{
	*flag = !*flag;
	app_say(app, "%s %s", name, *flag ? "on" : "off");
}

static void mark(struct app *app, bool all_off)
{
	struct box *box = selected_box(app);

	for (size_t i = 0; all_off && i < app->model.count; i++)
		app->model.boxes[i]->is_marked = false;
	if (all_off || !box)
		return;
	box->is_marked = !box->is_marked;
	select_step(app, 1);
}

static bool choose_for_list(struct app *app, enum action action)
{
	if (action == ACTION_FILTER)
		dialog_input(app, action, "filter: ", true, app->filter);
	else if (action == ACTION_CLEAR_FILTER)
		app->filter[0] = '\0';
	else if (action == ACTION_SORT)
		sort_menu(app);
	else if (action == ACTION_INVERT)
		flip(app, &app->settings.invert, "the other way round");
	else if (action == ACTION_GROUP)
		flip(app, &app->settings.group, "by project");
	else if (action == ACTION_COLUMNS)
		column_menu(app);
	else if (action == ACTION_MARK)
		mark(app, false);
	else if (action == ACTION_UNMARK)
		mark(app, true);
	else
		return false;
	rows_update(app);
	return true;
}

bool choose(struct app *app, enum action action)
{
	if (action == ACTION_FASTER)
		change_interval(app, -1);
	else if (action == ACTION_SLOWER)
		change_interval(app, 1);
	else if (action == ACTION_CPU_SCALE)
		next_scale(app);
	else if (action == ACTION_MEMORY_KIND)
		next_memory(app);
	else if (action == ACTION_THEME)
		next_theme(app);
	else if (action == ACTION_MOUSE)
		flip(app, &app->settings.mouse, "mouse");
	else if (action == ACTION_HOLD)
		flip(app, &app->is_held, "held; numbers go on behind it:");
	else if (action == ACTION_REDRAW)
		(void)add_request(app, REQUEST_REDRAW, NULL);
	else if (action == ACTION_SAVE)
		(void)add_request(app, REQUEST_SAVE, NULL);
	else if (action == ACTION_SUSPEND)
		(void)add_request(app, REQUEST_SUSPEND, NULL);
	else if (action == ACTION_QUIT)
		app->is_done = true;
	else
		return choose_for_list(app, action);
	return true;
}

void choose_answered(struct app *app, enum action action, int at, uint32_t checks)
{
	if (action == ACTION_SORT && at >= 0 && at < (int)ARRAY_LEN(sorts))
		app->settings.sort = sorts[at];
	else if (action == ACTION_COLUMNS)
		app->settings.columns = checks | 1U << COLUMN_NAME;
	rows_update(app);
}
