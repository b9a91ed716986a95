#include "config/node.h"

#include "util/cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct node *node_new(enum node_kind kind, const struct place *at)
{
	struct node *node = xmalloc(sizeof(*node));

	node->kind = kind;
	node->at = *at;
	return node;
}

void node_free(struct node *node)
{
	if (!node)
		return;

	for (size_t i = 0; i < node->count; i++) {
		node_free(node->items[i]);
		if (node->keys)
			free(node->keys[i].name);
	}
	free(node->items);
	free(node->keys);
	free(node->text);
	free(node);
}

void node_free_scope(struct node **node)
{
	node_free(*node);
}

struct node *node_copy(const struct node *node)
{
	struct node *copy = node_new(node->kind, &node->at);

	copy->merge = node->merge;
	copy->is_quoted = node->is_quoted;
	copy->text_column = node->text_column;
	copy->text = xstrdup(node->text);
	for (size_t i = 0; i < node->count; i++)
		node_add(copy, node->keys ? &node->keys[i] : NULL, node_copy(node->items[i]));
	return copy;
}

size_t node_weight(const struct node *node)
{
	size_t weight = 1;

	for (size_t i = 0; i < node->count; i++)
		weight += node_weight(node->items[i]);
	return weight;
}

int node_depth(const struct node *node)
{
	int deepest = 0;

	if (node->kind != NODE_LIST && node->kind != NODE_MAP)
		return 0;
	for (size_t i = 0; i < node->count; i++) {
		int depth = node_depth(node->items[i]);

		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

void node_add(struct node *node, const struct node_key *key, struct node *item)
{
	size_t n = node->count;

	/* Room doubles at each power of two, so that no size has to be kept. */
	if ((n & (n - 1)) == 0) {
		size_t room = n ? 2 * n : 1;

		node->items = xrealloc(node->items, room * sizeof(struct node *));
		if (key)
			node->keys = xrealloc(node->keys, room * sizeof(*node->keys));
	}
	node->items[n] = item;
	if (key)
		node->keys[n] = (struct node_key){.name = xstrdup(key->name), .at = key->at};
	node->count++;
}

ssize_t node_index(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return -1;

	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->keys[i].name, key) == 0)
			return (ssize_t)i;
	return -1;
}

const struct node *node_get(const struct node *map, const char *key)
{
	ssize_t index = node_index(map, key);

	return index < 0 ? NULL : map->items[index];
}

struct node *node_take(struct node *node, size_t index)
{
	struct node *item = node->items[index];
	size_t after = node->count - index - 1;

	memmove(&node->items[index], &node->items[index + 1], after * sizeof(struct node *));
	if (node->keys) {
		free(node->keys[index].name);
		memmove(&node->keys[index], &node->keys[index + 1],
			after * sizeof(*node->keys));
	}
	node->count--;
	return item;
}

int place_fail(struct err *err, const struct place *at, const char *format, ...)
{
	char text[ERR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	/* A profile comes with a repository: its bytes must not drive the reader's terminal. */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	(void)err_set(err, "%s", text);
	return err_at(err, at->source ? at->source->shown : NULL, at->line, at->column);
}
