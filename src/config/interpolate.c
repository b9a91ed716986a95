#include "config/parts.h"

#include "util/cleanup.h"

#include <string.h>

#define NESTING_MAX 16
#define NAME_MAX_BYTES 256

/* A recursive descent over one text. @active is false in the branch that is not taken: it is
 * only read. */
struct scan {
	struct interpolation *in;
	const char *text;
	size_t pos;
	size_t fail_pos;
	int depth;
	struct err *err;
};

static int expand(struct scan *s, char stop, bool active, struct buf *out);

static bool is_name_start(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_name(char c)
{
	return is_name_start(c) || (c >= '0' && c <= '9');
}

static int fail_at(struct scan *s, size_t pos)
{
	s->fail_pos = pos;
	return -1;
}

static int emit(struct scan *s, const char *text, size_t len, struct buf *out)
{
	if (len > s->in->budget) {
		(void)err_set(s->err, "variables make the profile larger than %u bytes",
			      CONFIG_EXPANDED_MAX);
		return fail_at(s, s->pos);
	}
	s->in->budget -= len;
	buf_add(out, text, len);
	return 0;
}

static const char *value_of(const struct scan *s, const char *name)
{
	const char *value = s->in->more ? env_get(s->in->more, name) : NULL;

	return value ? value : env_get(s->in->env, name);
}

static int read_name(struct scan *s, char name[NAME_MAX_BYTES])
{
	size_t start = s->pos;
	size_t len = 0;

	while (is_name(s->text[start + len]))
		len++;
	if (len >= NAME_MAX_BYTES) {
		(void)err_set(s->err, "a variable name of more than %d letters",
			      NAME_MAX_BYTES - 1);
		return fail_at(s, start);
	}
	memcpy(name, s->text + start, len);
	name[len] = '\0';
	s->pos += len;
	return 0;
}

static int emit_variable(struct scan *s, const char *name, size_t start, struct buf *out)
{
	const char *value = value_of(s, name);

	if (value)
		return emit(s, value, strlen(value), out);
	if (s->in->warn)
		s->in->warn(s->in->warn_arg, name, start);
	return 0;
}

/* Of ${NAME?message}, when NAME is wanted and is not set: read the message and fail with it. */
static int fail_required(struct scan *s, const char *name, size_t start)
{
	AUTO_BUF struct buf words = {0};

	if (expand(s, '}', true, &words) < 0)
		return -1;
	(void)err_set(s->err, "variable '%s' is %s%s%.300s", name,
		      value_of(s, name) ? "empty" : "not set", words.len ? ": " : "",
		      words.len ? words.data : "");
	(void)err_hint(s->err, "%s=... devbox ..., or export it", name);
	return fail_at(s, start);
}

/* After "${NAME": the operator and what it applies to, up to the closing brace. */
static int operate(struct scan *s, const char *name, size_t start, bool active, struct buf *out)
{
	const char *value = value_of(s, name);
	bool with_empty = s->text[s->pos] == ':';
	bool is_set = value && (!with_empty || *value);
	char op = s->text[s->pos + (with_empty ? 1 : 0)];

	if (op != '-' && op != '?' && op != '+') {
		(void)err_set(s->err, "'${%.100s' is followed by neither '}' nor an operator",
			      name);
		(void)err_hint(s->err,
			       "the forms are ${NAME}, ${NAME:-default}, ${NAME:?message} "
			       "and ${NAME:+other}, each also without ':'");
		return fail_at(s, s->pos);
	}
	s->pos += with_empty ? 2 : 1;
	if (op == '?' && active && !is_set)
		return fail_required(s, name, start);
	if (op != '+' && is_set && active && emit(s, value, strlen(value), out) < 0)
		return -1;
	return expand(s, '}', active && (op == '+' ? is_set : !is_set), out);
}

static int expand_braces(struct scan *s, bool active, struct buf *out)
{
	size_t start = s->pos - 2;
	char name[NAME_MAX_BYTES];

	if (!is_name_start(s->text[s->pos])) {
		(void)err_set(s->err, "'${' is not followed by the name of a variable");
		(void)err_hint(s->err, "write '$${' for these two characters");
		return fail_at(s, start);
	}
	if (read_name(s, name) < 0)
		return -1;
	if (s->text[s->pos] == '}') {
		if (active && emit_variable(s, name, start, out) < 0)
			return -1;
	} else if (s->text[s->pos] && operate(s, name, start, active, out) < 0) {
		return -1;
	}
	if (s->text[s->pos] != '}') {
		(void)err_set(s->err, "'${%s' has no closing brace", name);
		return fail_at(s, start);
	}
	s->pos++;
	return 0;
}

static int expand_dollar(struct scan *s, bool active, struct buf *out)
{
	size_t start = s->pos++;
	char name[NAME_MAX_BYTES];
	char next = s->text[s->pos];

	if (next == '$') {
		s->pos++;
		return active ? emit(s, "$", 1, out) : 0;
	}
	if (next == '{') {
		int result;

		if (s->depth >= NESTING_MAX) {
			(void)err_set(s->err, "more than %d variables inside one another",
				      NESTING_MAX);
			return fail_at(s, start);
		}
		s->pos++;
		s->depth++;
		result = expand_braces(s, active, out);
		s->depth--;
		return result;
	}
	if (!is_name_start(next)) {
		(void)err_set(s->err, "'$' is not followed by the name of a variable");
		(void)err_hint(s->err, "write '$$' for a dollar sign");
		return fail_at(s, start);
	}
	if (read_name(s, name) < 0)
		return -1;
	return active ? emit_variable(s, name, start, out) : 0;
}

/* Up to @stop (left in place) or the end of the text. */
static int expand(struct scan *s, char stop, bool active, struct buf *out)
{
	while (s->text[s->pos] && s->text[s->pos] != stop) {
		size_t plain = 0;

		if (s->text[s->pos] == '$') {
			if (expand_dollar(s, active, out) < 0)
				return -1;
			continue;
		}
		while (s->text[s->pos + plain] && s->text[s->pos + plain] != '$' &&
		       s->text[s->pos + plain] != stop)
			plain++;
		if (active && emit(s, s->text + s->pos, plain, out) < 0)
			return -1;
		s->pos += plain;
	}
	return 0;
}

int interpolate_text(struct interpolation *in, const char *text, char **out_text,
		     size_t *out_offset, struct err *err)
{
	struct scan s = {.in = in, .text = text, .err = err};
	AUTO_BUF struct buf out = {0};

	if (expand(&s, '\0', true, &out) < 0) {
		*out_offset = s.fail_pos;
		return -1;
	}
	*out_text = buf_take(&out);
	return 0;
}

/* Where byte @offset of the text of a scalar is in its file, as well as it is known. */
static struct place place_within(const struct node *node, size_t offset)
{
	struct place at = node->at;

	if (node->text_column) {
		at.column = node->text_column;
		for (size_t i = 0; i < offset; i++)
			at.column += ((unsigned char)node->text[i] & 0xc0) != 0x80;
	}
	return at;
}

static int interpolate_scalar(struct interpolation *in, struct node *node, struct err *err)
{
	char *text = NULL;
	size_t offset = 0;

	if (!strchr(node->text, '$'))
		return 0;
	in->warn_arg = node;
	if (interpolate_text(in, node->text, &text, &offset, err) < 0) {
		struct place at = place_within(node, offset);
		struct err cause = *err;

		(void)place_fail(err, &at, "%s", cause.message);
		return err_hint(err, "%s", cause.hint);
	}
	free(node->text);
	node->text = text;
	node->text_column = 0;
	return 0;
}

int interpolate_tree(struct interpolation *in, struct node *node, struct err *err)
{
	if (node->kind == NODE_SCALAR)
		return interpolate_scalar(in, node, err);

	for (size_t i = 0; i < node->count; i++)
		if (interpolate_tree(in, node->items[i], err) < 0)
			return -1;
	return 0;
}
