#include "tui/text.h"

#include "util/cleanup.h"

#include <string.h>

#define TAB_COLUMNS 8
/* An escape sequence that does not end within this is no sequence. */
#define SEQUENCE_MAX 4096

struct range {
	uint32_t first, last;
};

/* Unicode: what combines with the character before it, joins, or changes the direction. */
static const struct range zero_width[] = {
	{0x0300, 0x036f},   {0x0483, 0x0489},   {0x0591, 0x05bd}, {0x05bf, 0x05bf},
	{0x05c1, 0x05c2},   {0x05c4, 0x05c5},   {0x0610, 0x061c}, {0x064b, 0x065f},
	{0x0670, 0x0670},   {0x06d6, 0x06dc},   {0x06df, 0x06e4}, {0x06e7, 0x06e8},
	{0x06ea, 0x06ed},   {0x0711, 0x0711},   {0x0730, 0x074a}, {0x0900, 0x0902},
	{0x093a, 0x093a},   {0x093c, 0x093c},   {0x0941, 0x0948}, {0x094d, 0x094d},
	{0x0e31, 0x0e31},   {0x0e34, 0x0e3a},   {0x0e47, 0x0e4e}, {0x1160, 0x11ff},
	{0x1ab0, 0x1aff},   {0x1dc0, 0x1dff},   {0x200b, 0x200f}, {0x2028, 0x202e},
	{0x2060, 0x206f},   {0x20d0, 0x20ff},   {0x302a, 0x302d}, {0x3099, 0x309a},
	{0xfe00, 0xfe0f},   {0xfe20, 0xfe2f},   {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
	{0x1f3fb, 0x1f3ff}, {0xe0000, 0xe0fff},
};

/* East Asian wide and full width, and what terminals draw as pictures. */
static const struct range double_width[] = {
	{0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
	{0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},
	{0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
	{0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},
	{0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
	{0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
	{0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},
	{0x2757, 0x2757},   {0x2795, 0x2797},   {0x27b0, 0x27b0},   {0x27bf, 0x27bf},
	{0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
	{0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},
	{0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},
	{0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x1f004, 0x1f004},
	{0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a}, {0x1f200, 0x1f265},
	{0x1f300, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393},
	{0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4},
	{0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d},
	{0x1f54b, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4},
	{0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d7},
	{0x1f6dc, 0x1f6df}, {0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7f0},
	{0x1f90c, 0x1f93a}, {0x1f93c, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t code)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (code > ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && code >= ranges[low].first;
}

bool text_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

int text_width(uint32_t code)
{
	if (code < 0x300)
		return code == 0xad ? 0 : 1;
	if (in_ranges(zero_width, ARRAY_LEN(zero_width), code))
		return 0;
	return in_ranges(double_width, ARRAY_LEN(double_width), code) ? 2 : 1;
}

/* How many bytes follow @first, and the bits it carries. Return: -1, no first byte. */
static int sequence_tail(unsigned char first, uint32_t *out_bits)
{
	if (first >= 0xc2 && first <= 0xdf) {
		*out_bits = first & 0x1fU;
		return 1;
	}
	if ((first & 0xf0) == 0xe0) {
		*out_bits = first & 0x0fU;
		return 2;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		*out_bits = first & 0x07U;
		return 3;
	}
	return -1;
}

uint32_t text_next(const char **at, const char *end)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const unsigned char *c = (const unsigned char *)*at;
	uint32_t code = *c;
	int tail;

	(*at)++;
	if (*c < 0x80)
		return code;
	tail = sequence_tail(*c, &code);
	if (tail < 0 || end - *at < tail)
		return TEXT_BAD;
	for (int i = 1; i <= tail; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return TEXT_BAD;
		code = code << 6 | (c[i] & 0x3fU);
	}
	if (code < least[tail] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return TEXT_BAD;
	*at += tail;
	return code;
}

void text_put(struct buf *out, uint32_t code)
{
	if (code < 0x80) {
		buf_putc(out, (char)code);
	} else if (code < 0x800) {
		buf_putc(out, (char)(0xc0 | code >> 6));
		buf_putc(out, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_putc(out, (char)(0xe0 | code >> 12));
		buf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_putc(out, (char)(0xf0 | code >> 18));
		buf_putc(out, (char)(0x80 | (code >> 12 & 0x3f)));
		buf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (code & 0x3f)));
	}
}

int text_columns(const char *text)
{
	const char *end = text + strlen(text);
	int columns = 0;

	while (text < end)
		columns += text_width(text_next(&text, end));
	return columns;
}

/* A string sequence (OSC, DCS, …) ends with BEL or ESC \. */
static const char *skip_string(const char *c, const char *end)
{
	const char *limit = end - c > SEQUENCE_MAX ? c + SEQUENCE_MAX : end;

	for (; c < limit; c++) {
		if (*c == 0x07)
			return c + 1;
		if (*c == 0x1b)
			return c + 1 < end && c[1] == '\\' ? c + 2 : c;
	}
	return c;
}

/* What follows an ESC; what is no sequence is left to be shown. */
static const char *skip_sequence(const char *c, const char *end)
{
	if (c == end)
		return c;
	if (*c == '[') {
		for (c++; c < end && *c >= 0x20 && *c < 0x40; c++)
			;
		return c < end && *c >= 0x40 && *c < 0x7f ? c + 1 : c;
	}
	if (strchr("]PX^_", *c))
		return skip_string(c + 1, end);
	while (c < end && *c >= 0x20 && *c < 0x30)
		c++;
	return c < end && *c >= 0x30 && *c < 0x7f ? c + 1 : c;
}

static int put_clean(struct buf *out, uint32_t code, int column)
{
	int width = text_width(code);

	if (code == '\t') {
		width = TAB_COLUMNS - column % TAB_COLUMNS;
		for (int i = 0; i < width; i++)
			buf_putc(out, ' ');
	} else if (code < 0x20 || code == 0x7f) {
		buf_putc(out, '^');
		buf_putc(out, (char)(code ^ 0x40));
		width = 2;
	} else {
		text_put(out, text_is_control(code) ? '?' : code);
	}
	return column + width;
}

void text_clean(struct buf *out, const char *line, size_t len)
{
	const char *end = line + len;
	int column = 0;

	while (line < end) {
		if (*line == 0x1b)
			line = skip_sequence(line + 1, end);
		else if (*line == '\r' && line + 1 == end)
			line++; /* a program that wrote to a terminal */
		else
			column = put_clean(out, text_next(&line, end), column);
	}
}
