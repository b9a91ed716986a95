#include "tui/parts.h"

#include "tui/text.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

#define HELP_WIDTH 40

void text_clear(struct text *text)
{
	strv_done(&text->lines);
	free(text->box);
	*text = (struct text){0};
}

bool text_search(struct app *app, struct text *text, bool is_forward)
{
	const int step = is_forward ? 1 : -1;

	for (int i = text->top + step; i >= 0 && i < (int)text->lines.count; i += step) {
		if (!contains(text->lines.items[i], app->search))
			continue;
		text->top = i;
		return true;
	}
	return false;
}

static void clamp_scroll(int *at, int count, int height)
{
	if (*at > count - height)
		*at = count - height;
	if (*at < 0)
		*at = 0;
}

/* From column @left on. */
static const char *from_column(const char *text, int left)
{
	const char *end = text + strlen(text);

	while (text < end && left > 0)
		left -= text_width(text_next(&text, end));
	return text;
}

void draw_text(struct app *app, struct text *text, struct rect area)
{
	clamp_scroll(&text->top, (int)text->lines.count, area.height);
	for (int i = 0; i < area.height && text->top + i < (int)text->lines.count; i++) {
		AUTO_BUF struct buf clean = {0};
		const char *line = text->lines.items[text->top + i];
		const bool is_match = app->search[0] && contains(line, app->search);
		const bool is_head = app->screen == SCREEN_HELP && line[0] == ' ' &&
				     line[1] >= 'A' && line[1] <= 'Z';

		text_clean(&clean, line, strlen(line));
		canvas_put(&app->canvas, area.x + 1, area.y + i, area.width - 1,
			   is_match  ? STYLE_MATCH
			   : is_head ? STYLE_BOLD
				     : STYLE_NORMAL,
			   from_column(clean.data ? clean.data : "", text->left));
	}
	if (!text->lines.count && app->screen == SCREEN_INSPECT)
		canvas_put(&app->canvas, area.x + 1, area.y, area.width, STYLE_DIM,
			   "asking devbox ...");
}

/* --- help --- */

static void help_group(struct app *app, enum action_group group, struct strv *out)
{
	strv_addf(out, " %s", action_group_name(group));
	for (int i = ACTION_NONE + 1; i < ACTION_COUNT; i++) {
		AUTO_FREE char *keys = NULL;

		if (action_info((enum action)i)->group != group)
			continue;
		keys = keymap_words(&app->keys, (enum action)i);
		strv_addf(out, " %-9s %s", *keys ? keys : "-",
			  action_info((enum action)i)->help);
	}
	strv_add(out, "");
}

/* Two columns where they fit; everything is one list for those who search it. */
static void pair_up(const struct strv *left, const struct strv *right, struct strv *out)
{
	for (size_t i = 0; i < left->count || i < right->count; i++)
		strv_addf(out, "%-*.*s %s", HELP_WIDTH, HELP_WIDTH,
			  i < left->count ? left->items[i] : "",
			  i < right->count ? right->items[i] : "");
}

void help_build(struct app *app)
{
	AUTO_STRV struct strv left = {0};
	AUTO_STRV struct strv right = {0};

	text_clear(&app->help);
	help_group(app, GROUP_MOVE, &left);
	help_group(app, GROUP_LIST, &left);
	help_group(app, GROUP_TEXT, &left);
	help_group(app, GROUP_ACT, &right);
	help_group(app, GROUP_VIEW, &right);
	if (app->canvas.width >= HELP_WIDTH * 2) {
		pair_up(&left, &right, &app->help.lines);
	} else {
		strv_add_all(&app->help.lines, &left);
		strv_add_all(&app->help.lines, &right);
	}
	strv_add(&app->help.lines, " Colours: yellow over 70% of a limit; red and ! over 90%. "
				   "Acts are for the marked boxes, else the selected one.");
	strv_add(&app->help.lines, " CPU% is of one processor, LIM% of the box's limit; PSI is "
				   "the share of 10 s in which something waited.");
	strv_add(&app->help.lines, " MEM is memory.current - inactive_file; the kernel's limit "
				   "is about memory.current.");
	strv_add(&app->help.lines,
		 " Keys can be changed: 'key ACTION = KEYS' in ~/.config/devbox/tui.conf");
}

/* --- events and alerts --- */

static bool is_of(const struct app *app, const struct happening *event)
{
	return app->screen == SCREEN_ALERTS || str_eq(event->box, app->selected);
}

/* The newest first. */
void draw_events(struct app *app, struct rect area)
{
	const struct model *model = &app->model;
	int y = area.y, count = 0, skipped = 0;

	for (size_t i = 0; i < model->event_count; i++)
		count += is_of(app, &model->events[i]);
	if (app->screen == SCREEN_EVENTS || app->screen == SCREEN_ALERTS)
		clamp_scroll(&app->scroll, count, area.height);
	for (size_t i = model->event_count; i > 0 && y < area.y + area.height; i--) {
		const struct happening *event = &model->events[i - 1];
		const bool has_name = app->screen == SCREEN_ALERTS;
		char clock[WORD_MAX];

		if (!is_of(app, event) || skipped++ < app->scroll)
			continue;
		(void)canvas_putf(&app->canvas, area.x + 1, y++,
				  event->is_bad ? STYLE_WARN : STYLE_NORMAL, "%s  %c %s%s%s",
				  word_clock(event->time_ms, clock), event->is_bad ? '!' : ' ',
				  has_name ? event->box : "", has_name ? ": " : "",
				  event->text);
	}
	if (!count)
		canvas_put(&app->canvas, area.x + 1, area.y, area.width, STYLE_DIM,
			   "nothing was written down yet");
}

void draw_alerts(struct app *app, struct rect area)
{
	const int end = area.y + area.height;

	canvas_put(&app->canvas, 1, area.y++, area.width, STYLE_HEAD,
		   model_alerts(&app->model) ? "Alerts; press the key again when they are seen"
					     : "No alerts");
	for (size_t i = 0; i < app->model.count; i++) {
		const struct box *box = app->model.boxes[i];

		for (int kind = 0; kind < ALERT_COUNT && area.y < end - 2; kind++) {
			AUTO_FREE char *words = NULL;
			char clock[WORD_MAX];

			if (!box->alerts[kind].is_set)
				continue;
			words = box_alert_words(box, (enum alert_kind)kind);
			(void)canvas_putf(
				&app->canvas, 1, area.y++,
				box->alerts[kind].is_now ? STYLE_CRIT : STYLE_WARN,
				"%s  %s: %s%s", word_clock(box->alerts[kind].time_ms, clock),
				box->name, words, box->alerts[kind].is_now ? "" : " (was)");
		}
	}
	draw_rule(&app->canvas, 0, area.y++, area.width, "Events of all boxes");
	draw_events(app, (struct rect){0, area.y, area.width, end - area.y});
}

/* --- processes --- */

void draw_processes(struct app *app, struct rect area)
{
	const struct processes *processes = &app->model.processes;
	const bool is_right = str_eq(processes->box, app->selected);
	const int count = is_right ? (int)processes->count : 0;
	int top = app->screen == SCREEN_PROCESSES ? app->scroll : 0;

	if (area.height < 1)
		return;
	canvas_put(&app->canvas, area.x, area.y, area.width, STYLE_HEAD,
		   "    PID USER       CPU%    RSS S COMMAND");
	clamp_scroll(&top, count, area.height - 1);
	if (app->screen == SCREEN_PROCESSES)
		app->scroll = top;
	for (int i = 0; i + 1 < area.height && top + i < count; i++) {
		const struct process *process = &processes->items[top + i];
		char cpu[WORD_MAX], rss[WORD_MAX];
		AUTO_BUF struct buf command = {0};
		AUTO_FREE char *line = NULL;

		text_clean(&command, process->command, strlen(process->command));
		line = xasprintf("%7ld %-8s %6s %6s %c %s", (long)process->pid, process->user,
				 word_percent(process->cpu, cpu), word_size(process->rss, rss),
				 process->state, command.data ? command.data : "");
		canvas_put(&app->canvas, area.x, area.y + 1 + i, area.width, STYLE_NORMAL,
			   line);
	}
	if (!count)
		canvas_put(&app->canvas, area.x + 1, area.y + 1, area.width - 1, STYLE_DIM,
			   "no processes");
}
