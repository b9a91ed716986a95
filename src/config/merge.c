#include "config/parts.h"

#include "util/cleanup.h"

#include <string.h>

enum merge_rule {
	MERGE_DEFAULT,
	MERGE_REPLACE,   /* a list replaces the list below it */
	MERGE_TEXT_LIST, /* one text stands for a list of one */
	MERGE_PAIRS,     /* a map stands for a list of NAME=VALUE */
};

static const struct {
	const char *key;
	enum merge_rule rule;
} rules[] = {
	{"command", MERGE_REPLACE},    {"entrypoint", MERGE_REPLACE},
	{"dns", MERGE_TEXT_LIST},      {"dns_search", MERGE_TEXT_LIST},
	{"env_file", MERGE_TEXT_LIST}, {"tmpfs", MERGE_TEXT_LIST},
	{"environment", MERGE_PAIRS},  {"sysctls", MERGE_PAIRS},
	{"extra_hosts", MERGE_PAIRS},
};

/* YAML text never holds this control character unless it is asked for: it is equal to nothing.
 */
#define NO_IDENTITY "\x01"

static enum merge_rule rule_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (strcmp(rules[i].key, key) == 0)
			return rules[i].rule;
	return MERGE_DEFAULT;
}

/* Target of "SOURCE:TARGET[:OPTIONS]", or of "TARGET". */
static char *short_target(const char *text)
{
	const char *start = strchr(text, ':');

	if (!start)
		return xstrdup(text);
	start++;
	return xstrndup(start, strcspn(start, ":"));
}

/*
 * What makes two items of a list the same thing, so that the later replaces the earlier; free()
 * it. NULL: nothing does.
 */
static char *identity(const char *key, const struct node *item)
{
	const struct node *field = NULL;

	if (item->kind == NODE_MAP) {
		field = node_get(item, "target");
		if (!field)
			field = node_get(item, "path");
		return field && field->kind == NODE_SCALAR ? xstrdup(field->text) : NULL;
	}
	if (item->kind != NODE_SCALAR)
		return NULL;
	if (strcmp(key, "volumes") == 0 || strcmp(key, "devices") == 0)
		return short_target(item->text);
	if (strcmp(key, "environment") == 0 || strcmp(key, "sysctls") == 0)
		return xstrndup(item->text, strcspn(item->text, "="));
	if (strcmp(key, "tmpfs") == 0)
		return xstrndup(item->text, strcspn(item->text, ":"));
	return xstrdup(item->text);
}

/* Items of one file are never compared with one another: that they repeat is for the checks to
 * say. */
static void merge_list(struct node *base, struct node *over, const char *key)
{
	AUTO_STRV struct strv ids = {0};

	for (size_t i = 0; i < base->count; i++) {
		char *id = identity(key, base->items[i]);

		strv_take(&ids, id ? id : xstrdup(NO_IDENTITY));
	}
	for (size_t i = 0; i < over->count; i++) {
		struct node *item = over->items[i];
		AUTO_FREE char *id = identity(key, item);
		size_t twin = 0;

		while (twin < ids.count && !(id && strcmp(ids.items[twin], id) == 0))
			twin++;
		if (twin == ids.count) {
			node_add(base, NULL, item);
		} else {
			node_free(base->items[twin]);
			base->items[twin] = item;
		}
	}
	over->count = 0;
}

static void add_pair(struct node *list, const char *name, const struct node *value)
{
	struct node *pair = node_new(NODE_SCALAR, &value->at);

	pair->is_quoted = true;
	pair->text = value->kind == NODE_SCALAR ? xasprintf("%s=%s", name, value->text)
						: xstrdup(name);
	node_add(list, NULL, pair);
}

static void pairs_to_list(struct node **value)
{
	struct node *list;

	if ((*value)->kind != NODE_MAP)
		return;
	list = node_new(NODE_LIST, &(*value)->at);
	for (size_t i = 0; i < (*value)->count; i++) {
		const struct node *item = (*value)->items[i];

		if (item->kind != NODE_LIST)
			add_pair(list, (*value)->keys[i].name, item);
		for (size_t j = 0; item->kind == NODE_LIST && j < item->count; j++)
			add_pair(list, (*value)->keys[i].name, item->items[j]);
	}
	node_free(*value);
	*value = list;
}

static void text_to_list(struct node **value)
{
	struct node *list;

	if ((*value)->kind != NODE_SCALAR)
		return;
	list = node_new(NODE_LIST, &(*value)->at);
	node_add(list, NULL, *value);
	*value = list;
}

static void merge_map(struct node *base, struct node *over, bool is_top);

/* Put @over on top of *slot; takes @over. @key is "" below the top, where no rule applies. */
static void merge_value(struct node **slot, struct node *over, const char *key)
{
	enum merge_rule rule = rule_of(key);

	if (rule == MERGE_TEXT_LIST) {
		text_to_list(slot);
		text_to_list(&over);
	}
	if (rule == MERGE_PAIRS && (*slot)->kind != over->kind) {
		pairs_to_list(slot);
		pairs_to_list(&over);
	}
	/* "volumes:" with nothing after it asks for nothing. */
	if (over->kind == NODE_NULL &&
	    ((*slot)->kind == NODE_LIST || (*slot)->kind == NODE_MAP)) {
		node_free(over);
		return;
	}
	if ((*slot)->kind == NODE_MAP && over->kind == NODE_MAP) {
		merge_map(*slot, over, false);
		node_free(over);
		return;
	}
	if ((*slot)->kind == NODE_LIST && over->kind == NODE_LIST && rule != MERGE_REPLACE) {
		merge_list(*slot, over, key);
		node_free(over);
		return;
	}
	node_free(*slot);
	*slot = over;
}

/* Tags inside a value that has nothing below it: !reset takes itself away, !override says
 * nothing. */
static void settle(struct node *value)
{
	value->merge = NODE_MERGES;
	for (size_t i = 0; i < value->count;) {
		if (value->items[i]->merge == NODE_RESETS) {
			node_free(node_take(value, i));
			continue;
		}
		settle(value->items[i++]);
	}
}

static void merge_map(struct node *base, struct node *over, bool is_top)
{
	while (over->count) {
		struct node_key key = {.name = xstrdup(over->keys[0].name),
				       .at = over->keys[0].at};
		struct node *value = node_take(over, 0);
		ssize_t index = node_index(base, key.name);
		enum node_merge merge = value->merge;

		value->merge = NODE_MERGES;
		if (merge == NODE_RESETS) {
			node_free(value);
			if (index >= 0)
				node_free(node_take(base, (size_t)index));
		} else if (index < 0) {
			settle(value);
			node_add(base, &key, value);
		} else if (merge == NODE_OVERRIDES) {
			settle(value);
			node_free(base->items[index]);
			base->items[index] = value;
			base->keys[index].at = key.at;
		} else {
			merge_value(&base->items[index], value, is_top ? key.name : "");
			base->keys[index].at = key.at;
		}
		free(key.name);
	}
}

void merge_into(struct node *base, struct node *over)
{
	merge_map(base, over, true);
}
