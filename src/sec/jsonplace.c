#include "sec/jsonplace.h"

#include <stdbool.h>
#include <string.h>

struct cursor {
	const char *text;
	size_t len;
	size_t at;
};

static char look(const struct cursor *c)
{
	return c->at < c->len ? c->text[c->at] : '\0';
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->len && strchr(" \t\r\n", c->text[c->at]))
		c->at++;
}

static void skip_string(struct cursor *c)
{
	for (c->at++; c->at < c->len && c->text[c->at] != '"'; c->at++) {
		if (c->text[c->at] == '\\')
			c->at++;
	}
	c->at++;
}

static void skip_value(struct cursor *c)
{
	size_t depth = 0;

	while (c->at < c->len) {
		char ch = look(c);

		if (ch == '"') {
			skip_string(c);
		} else if (ch == '{' || ch == '[') {
			depth++;
			c->at++;
		} else if (depth == 0) {
			c->at += strcspn(c->text + c->at, ",]} \t\r\n");
		} else {
			if (ch == '}' || ch == ']')
				depth--;
			c->at++;
			if (depth > 0 || (ch != '}' && ch != ']'))
				continue;
		}
		if (depth == 0)
			return;
	}
}

/* From inside a container to its next item. Return: false at its end. */
static bool next_item(struct cursor *c)
{
	skip_space(c);
	if (look(c) != ',')
		return false;
	c->at++;
	skip_space(c);
	return true;
}

/* @c stands on '{'; afterwards on the value of @key. */
static int find_key(struct cursor *c, const char *key)
{
	size_t key_len = strlen(key);

	if (look(c) != '{')
		return -1;
	c->at++;
	skip_space(c);
	if (look(c) == '}')
		return -1;

	do {
		size_t start = c->at + 1;
		bool is_it;

		skip_string(c);
		if (c->at > c->len)
			return -1;
		is_it = c->at - 1 - start == key_len &&
			memcmp(c->text + start, key, key_len) == 0;
		skip_space(c);
		c->at++; /* the colon */
		skip_space(c);
		if (is_it)
			return 0;
		skip_value(c);
	} while (next_item(c));
	return -1;
}

static int find_index(struct cursor *c, size_t from, size_t index)
{
	for (size_t i = from; i < index; i++) {
		skip_value(c);
		if (!next_item(c))
			return -1;
	}
	return 0;
}

static int enter_array(struct cursor *c)
{
	if (look(c) != '[')
		return -1;
	c->at++;
	skip_space(c);
	return 0;
}

/* The item of the long array, from where the last one was seen if that is on the way. */
static int find_long(struct jsonread *r, struct cursor *c)
{
	const char *key = r->steps[0].key;
	size_t wanted = r->steps[1].index;
	size_t from = 0;

	if (r->item_key == key && r->item <= wanted) {
		from = r->item;
		c->at = r->item_offset;
	} else if (find_key(c, key) < 0 || enter_array(c) < 0) {
		return -1;
	}

	if (find_index(c, from, wanted) < 0)
		return -1;
	r->item_key = key;
	r->item = wanted;
	r->item_offset = c->at;
	return 0;
}

static void count_lines(struct jsonread *r, size_t offset, struct jsonplace *out)
{
	if (r->lines.line == 0 || offset < r->lines.offset)
		r->lines = (struct jsonread_lines){.line = 1};

	for (; r->lines.offset < offset; r->lines.offset++) {
		if (r->text[r->lines.offset] == '\n') {
			r->lines.line++;
			r->lines.start = r->lines.offset + 1;
		}
	}
	out->offset = offset;
	out->line = r->lines.line;
	out->column = (int)(offset - r->lines.start) + 1;
}

int jsonplace_find(struct jsonread *r, struct jsonplace *out)
{
	struct cursor c = {.text = r->text, .len = r->len};
	size_t i = 0;

	skip_space(&c);
	if (r->depth >= 2 && r->steps[0].key && !r->steps[1].key) {
		if (find_long(r, &c) < 0)
			return -1;
		i = 2;
	}

	for (; i < r->depth; i++) {
		const struct jsonread_step *step = &r->steps[i];

		if (step->key) {
			if (find_key(&c, step->key) < 0)
				return -1;
		} else if (enter_array(&c) < 0 || find_index(&c, 0, step->index) < 0) {
			return -1;
		}
	}

	if (c.at >= c.len)
		return -1;
	count_lines(r, c.at, out);
	return 0;
}
