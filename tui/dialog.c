#include "tui/parts.h"

#include "tui/text.h"
#include "util/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dialog_close(struct app *app)
{
	free(app->dialog.title);
	strv_done(&app->dialog.lines);
	app->dialog = (struct dialog){0};
}

static void open_dialog(struct app *app, enum dialog_kind kind, enum action action, char *title)
{
	dialog_close(app);
	app->dialog.kind = kind;
	app->dialog.action = action;
	app->dialog.title = title;
}

void dialog_confirm(struct app *app, enum action action, char *title)
{
	open_dialog(app, DIALOG_CONFIRM, action, title);
}

void dialog_input(struct app *app, enum action action, const char *title, bool is_line,
		  const char *value)
{
	open_dialog(app, DIALOG_INPUT, action, xstrdup(title));
	app->dialog.is_line = is_line;
	(void)snprintf(app->dialog.input, INPUT_MAX, "%s", value);
	(void)snprintf(app->dialog.before, INPUT_MAX, "%s", value);
}

void dialog_menu(struct app *app, enum action action, const char *title)
{
	open_dialog(app, DIALOG_MENU, action, xstrdup(title));
}

/* --- keys --- */

static void input_key(struct app *app, int key)
{
	struct dialog *dialog = &app->dialog;
	size_t len = strlen(dialog->input);
	AUTO_BUF struct buf typed = {0};

	if (key == TK_ENTER) {
		dialog_answered(app);
		return;
	}
	if (key == TK_ESC || key == TK_CTRL('c')) {
		(void)snprintf(dialog->input, INPUT_MAX, "%s", dialog->before);
		dialog_typed(app);
		dialog_close(app);
		return;
	}
	if (key == TK_CTRL('u')) {
		dialog->input[0] = '\0';
	} else if (key == TK_BACKSPACE || key == TK_CTRL('h')) {
		while (len && (dialog->input[len - 1] & 0xc0) == 0x80)
			len--;
		dialog->input[len ? len - 1 : 0] = '\0';
	} else if (key_is_text(key)) {
		text_put(&typed, (uint32_t)key);
		if (len + typed.len < INPUT_MAX)
			memcpy(dialog->input + len, typed.data, typed.len + 1);
	}
	dialog_typed(app);
}

static void confirm_key(struct app *app, int key)
{
	struct dialog *dialog = &app->dialog;

	if (key == 'y' || key == 'Y') {
		dialog->at = 1;
		dialog_answered(app);
	} else if (key == 'n' || key == 'N' || key == 'q' || key == TK_ESC ||
		   key == TK_CTRL('c')) {
		dialog_close(app);
	} else if (key == TK_LEFT || key == TK_RIGHT || key == TK_TAB || key == TK_BACKTAB ||
		   key == TK_UP || key == TK_DOWN) {
		dialog->at = !dialog->at;
	} else if (key == TK_ENTER) {
		if (dialog->at)
			dialog_answered(app);
		else
			dialog_close(app);
	}
}

static void menu_key(struct app *app, int key)
{
	struct dialog *dialog = &app->dialog;
	const int last = (int)dialog->lines.count - 1;

	if (key == TK_UP || key == 'k')
		dialog->at = dialog->at > 0 ? dialog->at - 1 : last;
	else if (key == TK_DOWN || key == 'j')
		dialog->at = dialog->at < last ? dialog->at + 1 : 0;
	else if (key == TK_HOME)
		dialog->at = 0;
	else if (key == TK_END)
		dialog->at = last;
	else if (key == ' ' && dialog->kind == DIALOG_CHECKS)
		dialog->checks ^= 1U << dialog->at;
	else if (key == TK_ENTER)
		dialog_answered(app);
	else if (key == TK_ESC || key == 'q' || key == TK_CTRL('c'))
		dialog_close(app);
}

void dialog_key(struct app *app, int key)
{
	if (app->dialog.kind == DIALOG_INPUT)
		input_key(app, key);
	else if (app->dialog.kind == DIALOG_CONFIRM)
		confirm_key(app, key);
	else
		menu_key(app, key);
}

/* --- drawing --- */

static struct rect centre(const struct app *app, int width, int height)
{
	if (width > app->canvas.width)
		width = app->canvas.width;
	if (height > app->canvas.height)
		height = app->canvas.height;
	return (struct rect){(app->canvas.width - width) / 2, (app->canvas.height - height) / 2,
			     width, height};
}

static void draw_button(struct app *app, int x, int y, const char *words, int value)
{
	const int used = canvas_putf(&app->canvas, x, y, STYLE_BOLD, "[ %s ]", words);
	const struct rect area = {x, y, used, 1};

	if (app->dialog.at == value) {
		canvas_select(&app->canvas, area);
		app->canvas.cursor_x = x + 2;
		app->canvas.cursor_y = y;
	}
	add_hit(app, area, HIT_DIALOG, value);
}

static void draw_confirm(struct app *app)
{
	const int columns = text_columns(app->dialog.title);
	const struct rect area = centre(app, columns < 30 ? 36 : columns + 6, 6);
	struct rect inside;

	canvas_fill(&app->canvas, area, STYLE_NORMAL, ' ');
	inside = draw_frame(&app->canvas, area, NULL, "y yes   n no");
	canvas_put(&app->canvas, inside.x + 1, inside.y + 1, inside.width - 2, STYLE_BOLD,
		   app->dialog.title);
	draw_button(app, inside.x + 2, inside.y + inside.height - 1, "Cancel", 0);
	draw_button(app, inside.x + 15, inside.y + inside.height - 1, "Yes", 1);
}

static void draw_input_line(struct app *app)
{
	const struct dialog *dialog = &app->dialog;
	const int y = app->canvas.height > 1 ? app->canvas.height - 2 : 0;
	int x;

	canvas_fill(&app->canvas, (struct rect){0, y, app->canvas.width, 1}, STYLE_NORMAL, ' ');
	x = 1 + canvas_putf(&app->canvas, 1, y, STYLE_BOLD, "%s", dialog->title);
	x += canvas_put(&app->canvas, x, y, app->canvas.width, STYLE_NORMAL, dialog->input);
	canvas_code(&app->canvas, x, y, STYLE_SELECTED, ' ');
	app->canvas.cursor_x = x;
	app->canvas.cursor_y = y;
}

static void draw_input(struct app *app)
{
	const struct dialog *dialog = &app->dialog;
	const int columns = text_columns(dialog->title);
	const struct rect area = centre(app, columns < 40 ? 46 : columns + 6, 6);
	struct rect inside;
	int x;

	canvas_fill(&app->canvas, area, STYLE_NORMAL, ' ');
	inside = draw_frame(&app->canvas, area, NULL, "Enter does it   Esc cancels");
	canvas_put(&app->canvas, inside.x + 1, inside.y + 1, inside.width - 2, STYLE_BOLD,
		   dialog->title);
	x = inside.x + 1;
	x += canvas_put(&app->canvas, x, inside.y + 2, inside.width - 3, STYLE_NORMAL, "> ");
	x += canvas_put(&app->canvas, x, inside.y + 2, inside.width - 5, STYLE_NORMAL,
			dialog->input);
	canvas_code(&app->canvas, x, inside.y + 2, STYLE_SELECTED, ' ');
	app->canvas.cursor_x = x;
	app->canvas.cursor_y = inside.y + 2;
}

static void draw_menu(struct app *app)
{
	struct dialog *dialog = &app->dialog;
	const bool has_checks = dialog->kind == DIALOG_CHECKS;
	const char *foot = has_checks ? "Space changes   Enter done" : "Enter   Esc";
	int width = text_columns(dialog->title) + 8;
	struct rect inside;

	if (width < text_columns(foot) + 6)
		width = text_columns(foot) + 6;
	for (size_t i = 0; i < dialog->lines.count; i++)
		if (text_columns(dialog->lines.items[i]) + 8 > width)
			width = text_columns(dialog->lines.items[i]) + 8;
	inside = centre(app, width, (int)dialog->lines.count + 2);
	canvas_fill(&app->canvas, inside, STYLE_NORMAL, ' ');
	inside = draw_frame(&app->canvas, inside, dialog->title, foot);
	if (dialog->at < dialog->top)
		dialog->top = dialog->at;
	if (inside.height > 0 && dialog->at >= dialog->top + inside.height)
		dialog->top = dialog->at - inside.height + 1;
	for (int i = 0; i < inside.height && dialog->top + i < (int)dialog->lines.count; i++) {
		const int line = dialog->top + i;
		const struct rect area = {inside.x, inside.y + i, inside.width, 1};

		canvas_put(&app->canvas, area.x + 1, area.y, area.width - 1, STYLE_NORMAL,
			   !has_checks                          ? ""
			   : dialog->checks & 1U << (line & 31) ? "[x]"
								: "[ ]");
		canvas_put(&app->canvas, area.x + (has_checks ? 5 : 1), area.y,
			   area.width - (has_checks ? 5 : 1), STYLE_NORMAL,
			   dialog->lines.items[line]);
		add_hit(app, area, HIT_DIALOG, line);
		if (line != dialog->at)
			continue;
		canvas_select(&app->canvas, area);
		app->canvas.cursor_x = area.x + 1;
		app->canvas.cursor_y = area.y;
	}
}

void dialog_draw(struct app *app)
{
	if (app->dialog.kind == DIALOG_NONE)
		return;
	app->canvas.cursor_x = app->canvas.cursor_y = -1;
	app->hit_count = 0;
	if (app->dialog.kind == DIALOG_CONFIRM)
		draw_confirm(app);
	else if (app->dialog.kind != DIALOG_INPUT)
		draw_menu(app);
	else if (app->dialog.is_line)
		draw_input_line(app);
	else
		draw_input(app);
}
