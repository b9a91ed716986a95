#include "fetch/toml.h"

#include "util/cleanup.h"

#include <string.h>

/* Keys are compared with all before them in their table. */
#define KEYS_MAX 4096
#define LIST_MAX 4096
#define PATH_NAMES_MAX 8

#define BARE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

/**
 * struct toml - a text being read
 * @at:		next byte
 * @keys:	those of the table in hand
 * @tables:	headers seen, "[a.b]"
 */
struct toml {
	const char *at;
	const char *line_start;
	int line;
	struct strv keys;
	struct strv tables;
};

static int column(const struct toml *t)
{
	return (int)(t->at - t->line_start) + 1;
}

static int fail(const struct toml *t, struct err *err, const char *words)
{
	(void)err_set(err, "%s", words);
	return err_at(err, NULL, t->line, column(t));
}

static void skip_space(struct toml *t)
{
	t->at += strspn(t->at, " \t");
}

static void skip_comment(struct toml *t)
{
	if (*t->at == '#')
		t->at += strcspn(t->at, "\n");
}

/* Return: whether there was one. */
static bool skip_newline(struct toml *t)
{
	if (t->at[0] == '\r' && t->at[1] == '\n')
		t->at++;
	if (*t->at != '\n')
		return false;
	t->at++;
	t->line_start = t->at;
	t->line++;
	return true;
}

static void skip_blank(struct toml *t)
{
	do {
		skip_space(t);
		skip_comment(t);
	} while (skip_newline(t));
}

static int end_line(struct toml *t, struct err *err)
{
	skip_space(t);
	skip_comment(t);
	if (*t->at && !skip_newline(t))
		return fail(t, err, "nothing but a comment may follow on this line");
	return 0;
}

static void add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_putc(out, (char)(0xe0 | c >> 12));
		} else {
			buf_putc(out, (char)(0xf0 | c >> 18));
			buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_putc(out, (char)(0x80 | (c & 0x3f)));
}

/* @t stands behind "\u" or "\U". */
static int read_unicode(struct toml *t, size_t digits, struct buf *out, struct err *err)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	uint32_t c = 0;

	for (size_t i = 0; i < digits; i++, t->at++) {
		const char *found = *t->at ? strchr(hex, *t->at) : NULL;
		uint32_t digit;

		if (!found)
			return fail(t, err, "'\\u' takes 4 and '\\U' 8 hexadecimal digits");
		digit = (uint32_t)(found - hex);
		c = c << 4 | (digit < 16 ? digit : digit - 6);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return fail(t, err, "there is no such character");
	add_utf8(out, c);
	return 0;
}

/* @t stands behind the backslash. */
static int read_escape(struct toml *t, struct buf *out, struct err *err)
{
	static const char letters[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
	const char *found = *t->at ? strchr(letters, *t->at) : NULL;
	char letter = *t->at;

	if (!found && letter != 'u' && letter != 'U')
		return fail(t, err, "there is no such escape");
	t->at++;
	if (!found)
		return read_unicode(t, letter == 'u' ? 4 : 8, out, err);
	buf_putc(out, meant[found - letters]);
	return 0;
}

/* "basic" or 'literal', on one line. */
static int read_string(struct toml *t, char **out_text, struct err *err)
{
	AUTO_BUF struct buf text = {0};
	char quote = *t->at;

	if (t->at[1] == quote && t->at[2] == quote)
		return fail(t, err, "strings of several lines are not supported here");
	for (t->at++; *t->at != quote;) {
		unsigned char c = (unsigned char)*t->at;

		if (c == '\0' || c == '\n' || c == '\r')
			return fail(t, err, "the string does not end on its line");
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return fail(t, err, "there is a control character in the string");
		t->at++;
		if (c != '\\' || quote == '\'')
			buf_putc(&text, (char)c);
		else if (read_escape(t, &text, err) < 0)
			return -1;
	}
	t->at++;
	*out_text = buf_take(&text);
	return 0;
}

static int read_key(struct toml *t, char **out_key, struct err *err)
{
	size_t len = strspn(t->at, BARE);

	if (*t->at == '"' || *t->at == '\'') {
		AUTO_FREE char *key = NULL;

		if (read_string(t, &key, err) < 0)
			return -1;
		if (!str_is_printable(key))
			return fail(t, err, "there is a control character in the key");
		*out_key = STEAL(key);
		return 0;
	}
	if (len == 0)
		return fail(t, err, "a key or a [table] is expected here");
	*out_key = xstrndup(t->at, len);
	t->at += len;
	return 0;
}

/* @t stands behind '['. */
static int read_list(struct toml *t, struct strv *out, struct err *err)
{
	for (;;) {
		char *item;

		skip_blank(t);
		if (*t->at == ']')
			break;
		if (*t->at != '"' && *t->at != '\'')
			return fail(t, err, "a string or ']' is expected here");
		if (out->count == LIST_MAX)
			return fail(t, err, "the list is too long");
		if (read_string(t, &item, err) < 0)
			return -1;
		strv_take(out, item);

		skip_blank(t);
		if (*t->at == ']')
			break;
		if (*t->at != ',')
			return fail(t, err, "',' or ']' is expected here");
		t->at++;
	}
	t->at++;
	return 0;
}

static bool take_word(struct toml *t, const char *word)
{
	if (!str_starts(t->at, word) || strspn(t->at, BARE) != strlen(word))
		return false;
	t->at += strlen(word);
	return true;
}

static int read_value(struct toml *t, struct toml_value *out, struct err *err)
{
	out->line = t->line;
	out->column = column(t);

	if (*t->at == '"' || *t->at == '\'') {
		out->kind = TOML_STRING;
		return read_string(t, &out->text, err);
	}
	if (*t->at == '[') {
		t->at++;
		out->kind = TOML_STRINGS;
		return read_list(t, &out->list, err);
	}
	out->kind = TOML_BOOL;
	out->is_true = take_word(t, "true");
	if (out->is_true || take_word(t, "false"))
		return 0;
	return fail(t, err, "a string, true, false or a list of strings is expected here");
}

static int read_pair(struct toml *t, const struct toml_reader *reader, struct err *err)
{
	struct toml_value value = {0};
	AUTO_FREE char *key = NULL;
	int result, line = t->line, place = column(t);

	if (read_key(t, &key, err) < 0)
		return -1;
	if (strv_has(&t->keys, key)) {
		(void)err_set(err, "'%s' is there a second time", key);
		return err_at(err, NULL, line, place);
	}
	if (t->keys.count == KEYS_MAX)
		return fail(t, err, "the table is too long");
	strv_add(&t->keys, key);

	skip_space(t);
	if (*t->at != '=')
		return fail(t, err, "'=' is expected here");
	t->at++;
	skip_space(t);

	result = read_value(t, &value, err);
	if (result == 0)
		result = end_line(t, err);
	if (result == 0) {
		result = reader->value(reader->arg, key, &value, err);
		if (result < 0 && err->line == 0)
			(void)err_at(err, NULL, line, place);
	}
	free(value.text);
	strv_done(&value.list);
	return result;
}

/* The names between the brackets, and for comparison all of them in @text. */
static int read_path(struct toml *t, struct strv *out, struct buf *text, struct err *err)
{
	for (;;) {
		char *name;

		skip_space(t);
		if (read_key(t, &name, err) < 0)
			return -1;
		/* Keys have no control characters. */
		buf_printf(text, "%s\n", name);
		strv_take(out, name);
		skip_space(t);
		if (*t->at != '.')
			return 0;
		if (out->count == PATH_NAMES_MAX)
			return fail(t, err, "the name of the table is too long");
		t->at++;
	}
}

static int read_header(struct toml *t, const struct toml_reader *reader, struct err *err)
{
	bool is_array = t->at[1] == '[';
	AUTO_STRV struct strv path = {0};
	AUTO_BUF struct buf text = {0};
	const char *close = is_array ? "]]" : "]";
	int line = t->line;

	t->at += is_array ? 2 : 1;
	if (read_path(t, &path, &text, err) < 0)
		return -1;
	if (!str_starts(t->at, close))
		return fail(t, err,
			    is_array ? "']]' is expected here" : "']' is expected here");
	t->at += strlen(close);
	if (!is_array) {
		if (strv_has(&t->tables, text.data))
			return fail(t, err, "this table is there a second time");
		if (t->tables.count == KEYS_MAX)
			return fail(t, err, "there are too many tables");
		strv_add(&t->tables, text.data);
	}
	if (end_line(t, err) < 0)
		return -1;

	strv_done(&t->keys);
	if (reader->table(reader->arg, &path, is_array, line, err) < 0)
		return err->line ? -1 : err_at(err, NULL, line, 1);
	return 0;
}

int toml_read(const char *file, const char *text, const struct toml_reader *reader,
	      struct err *err)
{
	struct toml t = {.at = text, .line_start = text, .line = 1};
	struct err why = {0};
	int result = 0;

	for (skip_blank(&t); *t.at && result == 0; skip_blank(&t))
		result = *t.at == '[' ? read_header(&t, reader, &why)
				      : read_pair(&t, reader, &why);
	strv_done(&t.keys);
	strv_done(&t.tables);
	if (result == 0)
		return 0;

	if (!why.file[0])
		(void)err_at(&why, file, why.line, why.column);
	*err = why;
	return -1;
}
