#include "tui/canvas.h"

#include "tui/text.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

static int clamp(int value, int low, int high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

void canvas_resize(struct canvas *canvas, int width, int height)
{
	canvas->width = clamp(width, 1, CANVAS_WIDTH_MAX);
	canvas->height = clamp(height, 1, CANVAS_HEIGHT_MAX);
	free(canvas->cells);
	canvas->cells = xmalloc((size_t)canvas->width * (size_t)canvas->height *
				sizeof(*canvas->cells));
	canvas_erase(canvas);
}

void canvas_done(struct canvas *canvas)
{
	free(canvas->cells);
	*canvas = (struct canvas){0};
}

static struct cell *cell_at(const struct canvas *canvas, int x, int y)
{
	return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

void canvas_erase(struct canvas *canvas)
{
	canvas_fill(canvas, (struct rect){0, 0, canvas->width, canvas->height}, STYLE_NORMAL,
		    ' ');
	canvas->cursor_x = canvas->cursor_y = -1;
}

static bool is_inside(const struct canvas *canvas, int x, int y)
{
	return x >= 0 && y >= 0 && x < canvas->width && y < canvas->height;
}

/* Whatever a write cuts a wide character in two, the other half becomes blank. */
static void clear_halves(const struct canvas *canvas, int x, int y)
{
	if (x > 0 && cell_at(canvas, x, y)->code == 0)
		cell_at(canvas, x - 1, y)->code = ' ';
	if (x + 1 < canvas->width && cell_at(canvas, x + 1, y)->code == 0)
		cell_at(canvas, x + 1, y)->code = ' ';
}

static uint32_t shown_code(const struct canvas *canvas, uint32_t code)
{
	if (text_is_control(code))
		return '?';
	return canvas->ascii && code > 0x7e ? '?' : code;
}

void canvas_code(struct canvas *canvas, int x, int y, uint32_t style, uint32_t code)
{
	struct cell *cell;

	if (!is_inside(canvas, x, y))
		return;
	clear_halves(canvas, x, y);
	cell = cell_at(canvas, x, y);
	cell->code = shown_code(canvas, code);
	cell->style = style;
}

static void put_wide(struct canvas *canvas, int x, int y, uint32_t style, uint32_t code)
{
	canvas_code(canvas, x, y, style, code);
	clear_halves(canvas, x + 1, y);
	*cell_at(canvas, x + 1, y) = (struct cell){.code = 0, .style = style};
	cell_at(canvas, x, y)->code = code;
}

int canvas_put(struct canvas *canvas, int x, int y, int max, uint32_t style, const char *text)
{
	const char *end = text + strnlen(text, (size_t)CANVAS_WIDTH_MAX * 16);
	int used = 0;

	if (y < 0 || y >= canvas->height || x >= canvas->width)
		return 0;
	if (max > canvas->width - x)
		max = canvas->width - x;
	while (text < end) {
		const uint32_t code = shown_code(canvas, text_next(&text, end));
		const int width = text_width(code);

		if (width == 0)
			continue;
		if (used + width > max)
			break;
		if (width == 2 && x + used >= 0)
			put_wide(canvas, x + used, y, style, code);
		else
			canvas_code(canvas, x + used, y, style, width == 2 ? ' ' : code);
		used += width;
	}
	return used;
}

int canvas_putf(struct canvas *canvas, int x, int y, uint32_t style, const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	return canvas_put(canvas, x, y, canvas->width, style, text);
}

void canvas_right(struct canvas *canvas, int x, int y, int width, uint32_t style,
		  const char *text)
{
	const int columns = text_columns(text);

	if (columns >= width)
		canvas_put(canvas, x, y, width, style, text);
	else
		canvas_put(canvas, x + width - columns, y, columns, style, text);
}

static struct rect cut(const struct canvas *canvas, struct rect area)
{
	const int right = clamp(area.x + area.width, 0, canvas->width);
	const int bottom = clamp(area.y + area.height, 0, canvas->height);
	const int x = clamp(area.x, 0, canvas->width), y = clamp(area.y, 0, canvas->height);

	return (struct rect){x, y, right - x, bottom - y};
}

void canvas_fill(struct canvas *canvas, struct rect area, uint32_t style, uint32_t code)
{
	const struct cell fill = {.code = shown_code(canvas, code), .style = style};

	area = cut(canvas, area);
	for (int y = area.y; y < area.y + area.height; y++) {
		if (area.width > 0) {
			clear_halves(canvas, area.x, y);
			clear_halves(canvas, area.x + area.width - 1, y);
		}
		for (int x = area.x; x < area.x + area.width; x++)
			*cell_at(canvas, x, y) = fill;
	}
}

void canvas_restyle(struct canvas *canvas, struct rect area, uint32_t style)
{
	area = cut(canvas, area);
	for (int y = area.y; y < area.y + area.height; y++)
		for (int x = area.x; x < area.x + area.width; x++)
			cell_at(canvas, x, y)->style = style;
}

void canvas_select(struct canvas *canvas, struct rect area)
{
	area = cut(canvas, area);
	for (int y = area.y; y < area.y + area.height; y++)
		for (int x = area.x; x < area.x + area.width; x++)
			cell_at(canvas, x, y)->style |= STYLE_SELECTED;
}

void canvas_text(const struct canvas *canvas, struct buf *out)
{
	for (int y = 0; y < canvas->height; y++) {
		int width = canvas->width;

		while (width > 0 && cell_at(canvas, width - 1, y)->code == ' ')
			width--;
		for (int x = 0; x < width; x++)
			if (cell_at(canvas, x, y)->code)
				text_put(out, cell_at(canvas, x, y)->code);
		buf_putc(out, '\n');
	}
}

void canvas_styles(const struct canvas *canvas, struct buf *out)
{
	static const char letters[STYLE_COUNT] = {' ', 'd', 'b', 't', 'h', 'o', 'w',
						  'c', 'f', 'g', 'k', 'm', 's'};

	for (int y = 0; y < canvas->height; y++) {
		size_t kept = out->len;

		for (int x = 0; x < canvas->width; x++) {
			const uint32_t style = cell_at(canvas, x, y)->style;
			char letter =
				letters[(style & ~(uint32_t)STYLE_SELECTED) % STYLE_COUNT];

			if (style & STYLE_SELECTED)
				letter = (char)(letter == ' ' ? 'N' : letter - 'a' + 'A');
			buf_putc(out, letter);
			if (letter != ' ')
				kept = out->len;
		}
		out->len = kept;
		buf_putc(out, '\n');
	}
}
