#include "cli/report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RED_BOLD "\033[1;31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

/* A control character of ISO 6429 above ASCII, as UTF-8: U+0080 to U+009F. */
static bool is_c1(const unsigned char *c)
{
	return c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f;
}

void text_put_clean(struct buf *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (is_c1(c)) {
			buf_putc(out, '?');
			c++;
		} else if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f) {
			buf_putc(out, '?');
		} else {
			buf_putc(out, (char)*c);
		}
	}
}

/* The end of the sequence that follows an escape character at @c. */
static const unsigned char *skip_sequence(const unsigned char *c)
{
	if (*c == '[') { /* CSI: parameters, then a final byte */
		c++;
		while (*c >= 0x20 && *c < 0x40)
			c++;
		return *c >= 0x40 && *c < 0x7f ? c + 1 : c;
	}
	if (*c && strchr("]PX^_", *c)) { /* a string, up to BEL or ESC \ */
		while (*c && *c != 0x07 && *c != 0x1b)
			c++;
		if (*c == 0x1b && c[1] == '\\')
			return c + 2;
		return *c == 0x07 ? c + 1 : c;
	}
	while (*c >= 0x20 && *c < 0x30)
		c++;
	return *c >= 0x30 && *c < 0x7f ? c + 1 : c;
}

void text_put_plain(struct buf *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	while (*c) {
		if (*c == 0x1b) {
			c = skip_sequence(c + 1);
		} else if (*c == '\r' && c[1] == '\0') {
			c++; /* a program that wrote to a terminal */
		} else if (is_c1(c)) {
			buf_putc(out, '?');
			c += 2;
		} else if ((*c < 0x20 && *c != '\t') || *c == 0x7f) {
			buf_putc(out, '^');
			buf_putc(out, (char)(*c ^ 0x40));
			c++;
		} else {
			buf_putc(out, (char)*c++);
		}
	}
}

/* A hint of several lines goes on below its first word. */
static void put_hint(struct buf *out, const char *hint)
{
	const char *indent = "  hint: ";

	while (*hint) {
		const size_t len = strcspn(hint, "\n");
		char *line = xstrndup(hint, len);

		buf_puts(out, indent);
		text_put_clean(out, line);
		buf_putc(out, '\n');
		free(line);
		indent = "        ";
		hint += len + (hint[len] == '\n');
	}
}

void report_error(const struct err *err, bool colour, struct buf *out)
{
	const char *on = colour ? RED_BOLD : "";
	const char *off = colour ? PLAIN : "";

	if (*err->file) {
		text_put_clean(out, err->file);
		if (err->line > 0)
			buf_printf(out, ":%d", err->line);
		if (err->line > 0 && err->column > 0)
			buf_printf(out, ":%d", err->column);
		buf_printf(out, ": %serror:%s ", on, off);
	} else {
		buf_printf(out, "%sdevbox:%s ", on, off);
	}
	text_put_clean(out, err->message);
	buf_putc(out, '\n');
	put_hint(out, err->hint);
}

void report_log(enum log_level level, const char *text, bool colour, struct buf *out)
{
	if (level == LOG_LEVEL_WARN)
		buf_printf(out, "devbox: %swarning:%s ", colour ? YELLOW : "",
			   colour ? PLAIN : "");
	else if (level == LOG_LEVEL_DEBUG)
		buf_puts(out, "devbox: ");
	text_put_clean(out, text);
	buf_putc(out, '\n');
}

bool report_colour(const char *when, int fd)
{
	const char *no_color, *term;

	if (when && strcmp(when, "always") == 0)
		return true;
	if (when && strcmp(when, "never") == 0)
		return false;
	no_color = getenv("NO_COLOR");
	term = getenv("TERM");
	return !(no_color && *no_color) && term && *term && strcmp(term, "dumb") != 0 &&
	       isatty(fd);
}
