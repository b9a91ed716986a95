#include "tui/term.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

/* curses defines the names of keys and more: no other file includes it. */
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#define ESCAPE_MS 25
#define RUN_MAX 256

static const struct {
	int code;
	int key;
} special[] = {
	{KEY_UP, TK_UP},       {KEY_DOWN, TK_DOWN},     {KEY_LEFT, TK_LEFT},
	{KEY_RIGHT, TK_RIGHT}, {KEY_PPAGE, TK_PAGE_UP}, {KEY_NPAGE, TK_PAGE_DOWN},
	{KEY_HOME, TK_HOME},   {KEY_END, TK_END},       {KEY_IC, TK_INSERT},
	{KEY_DC, TK_DELETE},   {KEY_BTAB, TK_BACKTAB},  {KEY_BACKSPACE, TK_BACKSPACE},
	{KEY_ENTER, TK_ENTER},
};

struct look {
	short fore, back;
	attr_t attributes;
};

/* -1 is the terminal's own colour. */
static const struct look looks[THEME_COUNT][STYLE_COUNT] =
	{
		[THEME_DEFAULT] =
			{
				[STYLE_NORMAL] = {-1, -1, 0},
				[STYLE_DIM] = {-1, -1, A_DIM},
				[STYLE_BOLD] = {-1, -1, A_BOLD},
				[STYLE_TITLE] = {COLOR_CYAN, -1, A_BOLD},
				[STYLE_HEAD] = {COLOR_BLACK, COLOR_CYAN, 0},
				[STYLE_OK] = {COLOR_GREEN, -1, 0},
				[STYLE_WARN] = {COLOR_YELLOW, -1, 0},
				[STYLE_CRIT] = {COLOR_RED, -1, A_BOLD},
				[STYLE_FRAME] = {COLOR_BLUE, -1, 0},
				[STYLE_GRAPH] = {COLOR_GREEN, -1, 0},
				[STYLE_KEY] = {COLOR_CYAN, -1, A_BOLD},
				[STYLE_MARK] = {COLOR_YELLOW, -1, A_BOLD},
				[STYLE_MATCH] = {COLOR_BLACK, COLOR_YELLOW, 0},
			},
		[THEME_LIGHT] =
			{
				[STYLE_NORMAL] = {-1, -1, 0},
				[STYLE_DIM] = {-1, -1, 0},
				[STYLE_BOLD] = {-1, -1, A_BOLD},
				[STYLE_TITLE] = {COLOR_BLUE, -1, A_BOLD},
				[STYLE_HEAD] = {COLOR_WHITE, COLOR_BLUE, 0},
				[STYLE_OK] = {COLOR_GREEN, -1, 0},
				[STYLE_WARN] = {COLOR_MAGENTA, -1, A_BOLD},
				[STYLE_CRIT] = {COLOR_RED, -1, A_BOLD},
				[STYLE_FRAME] = {COLOR_BLUE, -1, 0},
				[STYLE_GRAPH] = {COLOR_BLUE, -1, 0},
				[STYLE_KEY] = {COLOR_BLUE, -1, A_BOLD},
				[STYLE_MARK] = {COLOR_MAGENTA, -1, A_BOLD},
				[STYLE_MATCH] = {COLOR_WHITE, COLOR_MAGENTA, 0},
			},
		[THEME_CONTRAST] =
			{
				[STYLE_NORMAL] = {COLOR_WHITE, COLOR_BLACK, A_BOLD},
				[STYLE_DIM] = {COLOR_WHITE, COLOR_BLACK, 0},
				[STYLE_BOLD] = {COLOR_WHITE, COLOR_BLACK, A_BOLD},
				[STYLE_TITLE] = {COLOR_YELLOW, COLOR_BLACK, A_BOLD},
				[STYLE_HEAD] = {COLOR_BLACK, COLOR_WHITE, A_BOLD},
				[STYLE_OK] = {COLOR_CYAN, COLOR_BLACK, A_BOLD},
				[STYLE_WARN] = {COLOR_YELLOW, COLOR_BLACK, A_BOLD},
				[STYLE_CRIT] = {COLOR_BLACK, COLOR_YELLOW, A_BOLD},
				[STYLE_FRAME] = {COLOR_WHITE, COLOR_BLACK, 0},
				[STYLE_GRAPH] = {COLOR_CYAN, COLOR_BLACK, A_BOLD},
				[STYLE_KEY] = {COLOR_YELLOW, COLOR_BLACK, A_BOLD},
				[STYLE_MARK] = {COLOR_YELLOW, COLOR_BLACK, A_BOLD},
				[STYLE_MATCH] = {COLOR_BLACK, COLOR_WHITE, A_BOLD},
			},
		[THEME_MONO] =
			{
				[STYLE_NORMAL] = {-1, -1, 0},
				[STYLE_DIM] = {-1, -1, A_DIM},
				[STYLE_BOLD] = {-1, -1, A_BOLD},
				[STYLE_TITLE] = {-1, -1, A_BOLD},
				[STYLE_HEAD] = {-1, -1, A_BOLD | A_UNDERLINE},
				[STYLE_OK] = {-1, -1, 0},
				[STYLE_WARN] = {-1, -1, A_BOLD},
				[STYLE_CRIT] = {-1, -1, A_BOLD | A_STANDOUT},
				[STYLE_FRAME] = {-1, -1, A_DIM},
				[STYLE_GRAPH] = {-1, -1, 0},
				[STYLE_KEY] = {-1, -1, A_BOLD},
				[STYLE_MARK] = {-1, -1, A_BOLD},
				[STYLE_MATCH] = {-1, -1, A_REVERSE},
			},
};

static void make_pairs(const struct term *term)
{
	for (int style = 0; term->has_colours && style < STYLE_COUNT; style++)
		(void)init_pair((short)(style + 1), looks[term->theme][style].fore,
				looks[term->theme][style].back);
}

bool term_is_utf8(void)
{
	return str_eq(nl_langinfo(CODESET), "UTF-8");
}

static void set_modes(void)
{
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)raw();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)curs_set(0);
}

int term_open(struct term *term, bool wants_colour, struct err *err)
{
	const char *name = getenv("TERM");

	*term = (struct term){.theme = THEME_DEFAULT, .is_fresh = true};
	(void)setlocale(LC_ALL, "");
	if (!newterm(NULL, stdout, stdin)) {
		(void)err_set(err, "the terminal '%s' is not known", name ? name : "");
		return err_hint(err, "set TERM to one that is, such as xterm-256color");
	}
	(void)set_escdelay(ESCAPE_MS);
	set_modes();
	term->has_colours = wants_colour && has_colors() && start_color() == OK &&
			    use_default_colors() == OK;
	make_pairs(term);
	return 0;
}

void term_close(struct term *term)
{
	(void)mousemask(0, NULL);
	(void)endwin();
	canvas_done(&term->shown);
}

void term_size(int *out_width, int *out_height)
{
	struct winsize size;

	*out_width = 80;
	*out_height = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
		*out_width = size.ws_col;
		*out_height = size.ws_row;
	}
}

void term_resized(struct term *term, int *out_width, int *out_height)
{
	term_size(out_width, out_height);
	(void)resizeterm(*out_height, *out_width);
	term->is_fresh = true;
}

void term_settings(struct term *term, enum theme theme, bool has_mouse)
{
	const mmask_t mask = BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED |
			     BUTTON4_PRESSED | BUTTON5_PRESSED;

	if (term->theme != theme) {
		term->theme = theme;
		make_pairs(term);
		term->is_fresh = true;
	}
	if (term->has_mouse != has_mouse) {
		(void)mousemask(has_mouse ? mask : 0, NULL);
		(void)mouseinterval(has_mouse ? 0 : -1);
		term->has_mouse = has_mouse;
	}
}

static void set_style(const struct term *term, uint32_t style)
{
	const uint32_t plain = (style & ~(uint32_t)STYLE_SELECTED) % STYLE_COUNT;
	const enum theme theme = term->has_colours ? term->theme : THEME_MONO;
	attr_t attributes = looks[theme][plain].attributes;

	if (style & STYLE_SELECTED)
		attributes = (attributes & ~(attr_t)A_DIM) | A_REVERSE;
	(void)attr_set(attributes, (short)(term->has_colours ? plain + 1 : 0), NULL);
}

static const struct cell *line_of(const struct canvas *canvas, int y)
{
	return canvas->cells + (size_t)y * (size_t)canvas->width;
}

/* Cells of one style at once. */
static void show_line(const struct term *term, const struct canvas *canvas, int y)
{
	const struct cell *cells = line_of(canvas, y);
	wchar_t run[RUN_MAX];

	for (int x = 0; x < canvas->width;) {
		const int from = x;
		int count = 0;

		while (x < canvas->width && count < RUN_MAX &&
		       cells[x].style == cells[from].style) {
			if (cells[x].code)
				run[count++] = (wchar_t)cells[x].code;
			x++;
		}
		set_style(term, cells[from].style);
		(void)mvaddnwstr(y, from, run, count);
	}
}

void term_show(struct term *term, const struct canvas *canvas, bool has_cursor)
{
	const size_t width = (size_t)canvas->width;
	const bool is_other = term->is_fresh || term->shown.width != canvas->width ||
			      term->shown.height != canvas->height;

	if (is_other) {
		canvas_resize(&term->shown, canvas->width, canvas->height);
		(void)erase();
	}
	for (int y = 0; y < canvas->height; y++) {
		if (!is_other && memcmp(line_of(canvas, y), line_of(&term->shown, y),
					width * sizeof(struct cell)) == 0)
			continue;
		show_line(term, canvas, y);
	}
	memcpy(term->shown.cells, canvas->cells,
	       width * (size_t)canvas->height * sizeof(struct cell));
	term->is_fresh = false;
	(void)curs_set(has_cursor && canvas->cursor_x >= 0);
	if (canvas->cursor_x >= 0)
		(void)move(canvas->cursor_y, canvas->cursor_x);
	(void)refresh();
}

void term_redraw(struct term *term)
{
	(void)clearok(curscr, TRUE);
	term->is_fresh = true;
}

static struct input mouse_input(void)
{
	struct input input = {.kind = INPUT_MOUSE};
	MEVENT event;

	if (getmouse(&event) != OK)
		return (struct input){.kind = INPUT_NONE};
	input.mouse.x = event.x;
	input.mouse.y = event.y;
	if (event.bstate & BUTTON4_PRESSED)
		input.mouse.kind = MOUSE_WHEEL_UP;
	else if (event.bstate & BUTTON5_PRESSED)
		input.mouse.kind = MOUSE_WHEEL_DOWN;
	else if (event.bstate & BUTTON1_DOUBLE_CLICKED)
		input.mouse.kind = MOUSE_DOUBLE;
	else
		input.mouse.kind = MOUSE_CLICK;
	return input;
}

static int special_key(wint_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if ((int)code == special[i].code)
			return special[i].key;
	if (code >= KEY_F(1) && code <= KEY_F(12))
		return TK_F1 + (int)code - KEY_F(1);
	return -1;
}

struct input term_input(void)
{
	wint_t code;
	int kind;

	while ((kind = get_wch(&code)) != ERR) {
		struct input input = {.kind = INPUT_KEY, .key = (int)code};

		if (kind == KEY_CODE_YES && code == KEY_MOUSE) {
			input = mouse_input();
			if (input.kind != INPUT_NONE)
				return input;
			continue;
		}
		if (kind == KEY_CODE_YES)
			input.key = special_key(code);
		else if (code == '\n')
			input.key = TK_ENTER;
		else if (code == 8)
			input.key = TK_BACKSPACE;
		if (input.key >= 0)
			return input;
	}
	return (struct input){.kind = INPUT_NONE};
}

void term_leave(void)
{
	(void)def_prog_mode();
	(void)endwin();
}

void term_return(struct term *term)
{
	(void)reset_prog_mode();
	term->has_mouse = false;
	term_redraw(term);
	(void)refresh();
}

void term_copy(const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const size_t len = strlen(text);
	AUTO_BUF struct buf out = {0};

	buf_puts(&out, "\033]52;c;");
	for (size_t i = 0; i < len; i += 3) {
		const unsigned char a = (unsigned char)text[i];
		const unsigned char b = i + 1 < len ? (unsigned char)text[i + 1] : 0;
		const unsigned char c = i + 2 < len ? (unsigned char)text[i + 2] : 0;

		buf_putc(&out, digits[a >> 2]);
		buf_putc(&out, digits[(a & 3) << 4 | b >> 4]);
		buf_putc(&out, i + 1 < len ? digits[(b & 15) << 2 | c >> 6] : '=');
		buf_putc(&out, i + 2 < len ? digits[c & 63] : '=');
	}
	buf_putc(&out, '\a');
	(void)fd_write_all(STDOUT_FILENO, out.data, out.len);
}
