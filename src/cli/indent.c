#include "cli/indent.h"

#include <stdbool.h>

static void new_line(struct buf *out, int depth)
{
	buf_putc(out, '\n');
	for (int i = 0; i < depth; i++)
		buf_puts(out, "  ");
}

static const char *put_string(const char *c, struct buf *out)
{
	buf_putc(out, *c++);
	while (*c && *c != '"') {
		if (*c == '\\' && c[1])
			buf_putc(out, *c++);
		buf_putc(out, *c++);
	}
	if (*c)
		buf_putc(out, *c++);
	return c;
}

static bool is_empty_group(const char *c)
{
	return (c[0] == '{' && c[1] == '}') || (c[0] == '[' && c[1] == ']');
}

void json_indent(const char *json, struct buf *out)
{
	const char *c = json;
	int depth = 0;

	while (*c) {
		if (*c == '"') {
			c = put_string(c, out);
		} else if (is_empty_group(c)) {
			buf_add(out, c, 2);
			c += 2;
		} else if (*c == '{' || *c == '[') {
			buf_putc(out, *c++);
			new_line(out, ++depth);
		} else if (*c == '}' || *c == ']') {
			new_line(out, --depth);
			buf_putc(out, *c++);
		} else if (*c == ',') {
			buf_putc(out, *c++);
			new_line(out, depth);
		} else if (*c == ':') {
			buf_puts(out, ": ");
			c++;
		} else {
			buf_putc(out, *c++);
		}
	}
}
