#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Private to config: the tree a profile is until it becomes a struct spec. */

/**
 * struct source - one file that was read
 * @shown:	path as the user would write it, for messages
 * @path:	absolute
 * @base_dir:	absolute folder that relative paths in the file are taken from
 * @index:	position in the list of the struct config that owns it
 */
struct source {
	char *shown;
	char *path;
	char *base_dir;
	size_t index;
};

/** struct place - where something was written; @source NULL: nowhere, it is a default. */
struct place {
	const struct source *source;
	int line;
	int column;
};

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };
enum node_merge { NODE_MERGES, NODE_OVERRIDES, NODE_RESETS };

struct node_key {
	char *name;
	struct place at;
};

/**
 * struct node - a value of the tree
 * @merge:	what its tag says: nothing, !override or !reset
 * @is_quoted:	a scalar that was quoted, so never a number or null
 * @text_column: column of the first character of @text when the file holds it letter by letter,
 * else 0
 * @text:	scalars only
 * @items:	values of a list or map
 * @keys:	maps only, one for each item
 */
struct node {
	enum node_kind kind;
	enum node_merge merge;
	bool is_quoted;
	int text_column;
	char *text;
	struct place at;
	struct node **items;
	struct node_key *keys;
	size_t count;
};

struct node *node_new(enum node_kind kind, const struct place *at);
void node_free(struct node *node);
void node_free_scope(struct node **node);
#define AUTO_NODE __attribute__((cleanup(node_free_scope)))
struct node *node_copy(const struct node *node);
/** node_weight() - how many nodes the tree below and including @node has. */
size_t node_weight(const struct node *node);

/** node_depth() - levels of lists and maps in it; 0 for a scalar. */
int node_depth(const struct node *node);

/** node_add() - append @item, taking ownership; @key is copied and NULL for a list. */
void node_add(struct node *node, const struct node_key *key, struct node *item);
/** node_index() - position of @key in a map. Return: -1 when it is not there (or @map is no
 * map). */
ssize_t node_index(const struct node *map, const char *key);
/** node_get() - value of @key; NULL when it is not there. */
const struct node *node_get(const struct node *map, const char *key);
/** node_take() - take item @index out of the list or map; the caller owns it. */
struct node *node_take(struct node *node, size_t index);

/** place_fail() - an error at @at; control characters of the text become '?'. Return: -1. */
int place_fail(struct err *err, const struct place *at, const char *format, ...)
	ERR_PRINTF(3, 4);

#endif
