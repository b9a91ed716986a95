#include "tui/draw.h"

#define WARN_PERCENT 70.0
#define CRIT_PERCENT 90.0
#define SCALE_WIDTH 5

uint32_t level_style(double percent)
{
	if (percent > CRIT_PERCENT)
		return STYLE_CRIT;
	return percent > WARN_PERCENT ? STYLE_WARN : STYLE_NORMAL;
}

static void put_edge(struct canvas *canvas, struct rect area, int y, const char *words)
{
	const bool is_top = y == area.y;
	const uint32_t line = canvas->ascii ? '-' : 0x2500;

	canvas_fill(canvas, (struct rect){area.x, y, area.width, 1}, STYLE_FRAME, line);
	canvas_code(canvas, area.x, y, STYLE_FRAME,
		    canvas->ascii ? '+' : (is_top ? 0x250c : 0x2514));
	canvas_code(canvas, area.x + area.width - 1, y, STYLE_FRAME,
		    canvas->ascii ? '+' : (is_top ? 0x2510 : 0x2518));
	if (words && *words && area.width > 4) {
		const int used = canvas_put(canvas, area.x + 2, y, area.width - 4,
					    is_top ? STYLE_BOLD : STYLE_DIM, words);

		canvas_code(canvas, area.x + 1, y, STYLE_FRAME, ' ');
		canvas_code(canvas, area.x + 2 + used, y, STYLE_FRAME, ' ');
	}
}

struct rect draw_frame(struct canvas *canvas, struct rect area, const char *title,
		       const char *foot)
{
	const uint32_t side = canvas->ascii ? '|' : 0x2502;
	const struct rect inside = {area.x + 1, area.y + 1, area.width - 2, area.height - 2};

	if (area.width < 2 || area.height < 2)
		return (struct rect){area.x, area.y, 0, 0};
	for (int y = area.y + 1; y < area.y + area.height - 1; y++) {
		canvas_code(canvas, area.x, y, STYLE_FRAME, side);
		canvas_code(canvas, area.x + area.width - 1, y, STYLE_FRAME, side);
	}
	put_edge(canvas, area, area.y, title);
	put_edge(canvas, area, area.y + area.height - 1, foot);
	return inside;
}

void draw_rule(struct canvas *canvas, int x, int y, int width, const char *title)
{
	canvas_fill(canvas, (struct rect){x, y, width, 1}, STYLE_FRAME,
		    canvas->ascii ? '-' : 0x2500);
	if (title && width > 4) {
		const int used = canvas_put(canvas, x + 2, y, width - 4, STYLE_BOLD, title);

		canvas_code(canvas, x + 1, y, STYLE_FRAME, ' ');
		canvas_code(canvas, x + 2 + used, y, STYLE_FRAME, ' ');
	}
}

void draw_bar(struct canvas *canvas, int x, int y, int width, double share)
{
	const uint32_t full = canvas->ascii ? '#' : 0x2588;
	const uint32_t empty = canvas->ascii ? '.' : 0x2591;
	const uint32_t style = level_style(share * 100);
	int filled;

	if (!is_known(share) || share < 0)
		share = 0;
	filled = share >= 1 ? width : (int)(share * width + 0.5);
	canvas_fill(canvas, (struct rect){x, y, filled, 1},
		    style == STYLE_NORMAL ? STYLE_OK : style, full);
	canvas_fill(canvas, (struct rect){x + filled, y, width - filled, 1}, STYLE_DIM, empty);
}

static double full_scale(const struct series *series, int samples, double full)
{
	if (!is_known(full) || full <= 0)
		full = series_max(series, (size_t)samples);
	return is_known(full) && full > 0 ? full : 1;
}

/* Of @steps; anything above nothing is seen. -1: not known. */
static int step_of(double value, double full, int steps)
{
	int step;

	if (!is_known(value))
		return -1;
	if (value <= 0)
		return 0;
	if (value >= full)
		return steps;
	step = (int)(value / full * steps + 0.5);
	return step > 0 ? step : 1;
}

void draw_spark(struct canvas *canvas, int x, int y, int width, const struct series *series,
		double full)
{
	static const char ascii[] = " .:-=+*%#";
	const double scale = full_scale(series, width, full);

	for (int i = 0; i < width; i++) {
		const int step =
			step_of(series_back(series, (size_t)(width - 1 - i)), scale, 8);
		uint32_t code = ' ';

		if (step >= 0)
			code = canvas->ascii ? (uint32_t)ascii[step ? step : 1]
					     : 0x2580U + (uint32_t)(step ? step : 1);
		canvas_code(canvas, x + i, y, STYLE_GRAPH, code);
	}
}

/* How many of the dots of one column of braille (of four) are below @height. */
static uint32_t dots(int height, int base, bool is_right)
{
	static const uint32_t left[4] = {0x40, 0x04, 0x02, 0x01};
	static const uint32_t right[4] = {0x80, 0x20, 0x10, 0x08};
	uint32_t bits = 0;

	for (int i = 0; i < 4 && base + i < height; i++)
		bits |= is_right ? right[i] : left[i];
	return bits;
}

static void draw_column(struct canvas *canvas, const struct rect *area, int x, int first,
			int second)
{
	for (int row = 0; row < area->height; row++) {
		const int base = (area->height - 1 - row) * 4;
		const int most = first > second ? first : second;
		uint32_t code = 0x2800 + dots(first, base, false) + dots(second, base, true);

		if (canvas->ascii)
			code = most > base + 2 ? '#' : (most > base ? '.' : ' ');
		else if (code == 0x2800)
			code = ' ';
		canvas_code(canvas, x, area->y + row, STYLE_GRAPH, code);
	}
}

static void draw_scale(struct canvas *canvas, const struct rect *area, const char *top)
{
	for (int row = 0; row < area->height; row++)
		canvas_code(canvas, area->x + SCALE_WIDTH, area->y + row, STYLE_FRAME,
			    canvas->ascii ? '|' : 0x2524);
	canvas_right(canvas, area->x, area->y, SCALE_WIDTH, STYLE_DIM, top);
	if (area->height > 1)
		canvas_right(canvas, area->x, area->y + area->height - 1, SCALE_WIDTH,
			     STYLE_DIM, "0");
}

void draw_graph(struct canvas *canvas, struct rect area, const struct series *series,
		double full, const char *top)
{
	int samples;
	double scale;

	if (area.height < 1 || area.width < SCALE_WIDTH + 2)
		return;
	draw_scale(canvas, &area, top);
	area.x += SCALE_WIDTH + 1;
	area.width -= SCALE_WIDTH + 1;
	samples = area.width * 2;
	scale = full_scale(series, samples, full);
	for (int i = 0; i < area.width; i++) {
		const size_t age = (size_t)(samples - 1 - i * 2);
		const int first = step_of(series_back(series, age), scale, area.height * 4);
		const int second =
			step_of(series_back(series, age - 1), scale, area.height * 4);

		draw_column(canvas, &area, area.x + i, first, second);
	}
}
