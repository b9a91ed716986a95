#include "util/json.h"

#include <inttypes.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

size_t json_utf8_length(const unsigned char *s)
{
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	if ((s[1] & 0xc0) != 0x80)
		return 0;
	if (s[0] < 0xe0)
		return 2;

	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	if ((s[2] & 0xc0) != 0x80)
		return 0;
	if (s[0] < 0xf0)
		return 3;
	return (s[3] & 0xc0) == 0x80 ? 4 : 0;
}

static void put_ascii(struct buf *b, unsigned char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char escaped[] = "\"\\bfnrt";
	const char *found = strchr(plain, c);

	if (found) {
		buf_putc(b, '\\');
		buf_putc(b, escaped[found - plain]);
	} else if (c < 0x20 || c == 0x7f) {
		buf_printf(b, "\\u%04x", c);
	} else {
		buf_putc(b, (char)c);
	}
}

static void put_quoted(struct buf *b, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	buf_putc(b, '"');
	while (*s) {
		size_t len = json_utf8_length(s);

		if (len == 1)
			put_ascii(b, *s);
		else if (len)
			buf_add(b, s, len);
		else
			buf_puts(b, REPLACEMENT);
		s += len ? len : 1;
	}
	buf_putc(b, '"');
}

static void begin_value(struct json *j, const char *key)
{
	if (j->needs_comma)
		buf_putc(&j->text, ',');
	j->needs_comma = true;
	if (key) {
		put_quoted(&j->text, key);
		buf_putc(&j->text, ':');
	}
}

static void open_group(struct json *j, const char *key, char bracket)
{
	begin_value(j, key);
	buf_putc(&j->text, bracket);
	j->needs_comma = false;
}

static void close_group(struct json *j, char bracket)
{
	buf_putc(&j->text, bracket);
	j->needs_comma = true;
}

void json_object_begin(struct json *j, const char *key)
{
	open_group(j, key, '{');
}

void json_object_end(struct json *j)
{
	close_group(j, '}');
}

void json_array_begin(struct json *j, const char *key)
{
	open_group(j, key, '[');
}

void json_array_end(struct json *j)
{
	close_group(j, ']');
}

void json_text(struct json *j, const char *key, const char *value)
{
	if (!value) {
		json_none(j, key);
		return;
	}
	begin_value(j, key);
	put_quoted(&j->text, value);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	begin_value(j, key);
	buf_printf(&j->text, "%" PRIu64, value);
}

void json_i64(struct json *j, const char *key, int64_t value)
{
	begin_value(j, key);
	buf_printf(&j->text, "%" PRId64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin_value(j, key);
	buf_puts(&j->text, value ? "true" : "false");
}

void json_none(struct json *j, const char *key)
{
	begin_value(j, key);
	buf_puts(&j->text, "null");
}

void json_done(struct json *j)
{
	buf_done(&j->text);
	j->needs_comma = false;
}
