#include "config/parts.h"

#include "util/cleanup.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

struct anchor {
	char *name;
	struct node *node;
};

/* Owns copies of what is anchored: a value may be gone (merged with <<) when an alias asks for
 * it. */
struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one being looked at; type YAML_NO_EVENT: none */
	const struct source *source;
	struct anchor *anchors;
	size_t anchor_count;
	size_t node_count;
	int depth;
	struct err *err;
};

static int read_value(struct reader *r, struct node **out_node);

static struct place place_of(const struct reader *r, const yaml_mark_t *mark)
{
	return (struct place){.source = r->source,
			      .line = (int)mark->line + 1,
			      .column = (int)mark->column + 1};
}

static struct place place_here(const struct reader *r)
{
	return place_of(r, &r->event.start_mark);
}

static int fail_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct place at = place_of(r, &p->problem_mark);
	const char *problem = p->problem ? p->problem : "unreadable";

	if (p->error == YAML_READER_ERROR)
		return place_fail(r->err, &(struct place){.source = r->source},
				  "not valid YAML: %s at byte %zu", problem, p->problem_offset);

	(void)place_fail(r->err, &at, "not valid YAML: %s%s%s", problem, p->context ? " " : "",
			 p->context ? p->context : "");
	if (strstr(problem, "tab character"))
		return err_hint(r->err, "indent with spaces");
	if (strstr(problem, "cannot start any token"))
		return err_hint(r->err,
				"indent with spaces, not tabs, and quote text that begins with "
				"'@', '%%' or '`'");
	if (strstr(problem, "mapping values are not allowed"))
		return err_hint(r->err, "quote a text that holds ': '");
	return -1;
}

static int next_event(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (!yaml_parser_parse(&r->parser, &r->event))
		return fail_syntax(r);
	return 0;
}

static int spend(struct reader *r, size_t nodes)
{
	struct place at = place_here(r);

	if (nodes > CONFIG_VALUES_MAX - r->node_count)
		return place_fail(r->err, &at, "more than %d values, aliases counted as copies",
				  CONFIG_VALUES_MAX);
	r->node_count += nodes;
	return 0;
}

static int apply_tag(struct reader *r, const char *tag, struct node *node)
{
	static const char core[] = "tag:yaml.org,2002:";
	static const char *const known[] = {"str",  "int", "float", "bool",
					    "null", "seq", "map",   NULL};

	if (!tag)
		return 0;
	if (strcmp(tag, "!override") == 0) {
		node->merge = NODE_OVERRIDES;
		return 0;
	}
	if (strcmp(tag, "!reset") == 0) {
		node->merge = NODE_RESETS;
		return 0;
	}
	if (strcmp(tag, "!") == 0 || strcmp(tag, "tag:yaml.org,2002:str") == 0)
		node->is_quoted = true;
	if (strcmp(tag, "!") == 0)
		return 0;
	for (size_t i = 0; known[i]; i++)
		if (str_starts(tag, core) && strcmp(tag + strlen(core), known[i]) == 0)
			return 0;
	(void)place_fail(r->err, &node->at, "unknown tag '%.100s'", tag);
	return err_hint(r->err, "the tags of a profile are !override and !reset");
}

static int keep_anchor(struct reader *r, const char *name, const struct node *node)
{
	if (!name)
		return 0;
	if (spend(r, node_weight(node)) < 0)
		return -1;
	r->anchors = xrealloc(r->anchors, (r->anchor_count + 1) * sizeof(*r->anchors));
	r->anchors[r->anchor_count++] =
		(struct anchor){.name = xstrdup(name), .node = node_copy(node)};
	return 0;
}

static int fail_depth(struct reader *r)
{
	struct place at = place_here(r);

	return place_fail(r->err, &at, "nested more than %d levels deep", CONFIG_DEPTH_MAX);
}

static int read_alias(struct reader *r, struct node **out_node)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	struct place at = place_here(r);

	for (size_t i = r->anchor_count; i-- > 0;) {
		if (strcmp(r->anchors[i].name, name) != 0)
			continue;
		if (spend(r, node_weight(r->anchors[i].node)) < 0)
			return -1;
		if (r->depth + node_depth(r->anchors[i].node) > CONFIG_DEPTH_MAX)
			return fail_depth(r);
		*out_node = node_copy(r->anchors[i].node);
		return 0;
	}
	(void)place_fail(r->err, &at, "alias '*%.100s' names no anchor before it", name);
	return err_hint(r->err, "an anchor is written '&%.100s', and cannot hold itself", name);
}

static bool is_null_text(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int read_scalar(struct reader *r, struct node **out_node)
{
	const yaml_event_t *e = &r->event;
	const char *text = (const char *)e->data.scalar.value;
	bool is_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	size_t quotes = is_plain ? 0 : 2;
	struct place at = place_here(r);
	AUTO_NODE struct node *node = node_new(NODE_SCALAR, &at);

	if (strlen(text) != e->data.scalar.length)
		return place_fail(r->err, &at, "a NUL byte in a value");

	node->is_quoted = !is_plain;
	if (apply_tag(r, (const char *)e->data.scalar.tag, node) < 0)
		return -1;
	if (!node->is_quoted && is_null_text(text))
		node->kind = NODE_NULL;
	else
		node->text = xstrdup(text);

	if (e->start_mark.line == e->end_mark.line &&
	    e->end_mark.index - e->start_mark.index == count_characters(text) + quotes)
		node->text_column = at.column + (is_plain ? 0 : 1);
	if (keep_anchor(r, (const char *)e->data.scalar.anchor, node) < 0)
		return -1;
	*out_node = STEAL(node);
	return 0;
}

static int read_list(struct reader *r, struct node **out_node)
{
	struct place at = place_here(r);
	AUTO_NODE struct node *list = node_new(NODE_LIST, &at);
	AUTO_FREE char *anchor = xstrdup((const char *)r->event.data.sequence_start.anchor);

	if (apply_tag(r, (const char *)r->event.data.sequence_start.tag, list) < 0)
		return -1;

	for (;;) {
		struct node *item = NULL;

		if (next_event(r) < 0)
			return -1;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (read_value(r, &item) < 0)
			return -1;
		assert(item);
		node_add(list, NULL, item);
		if (item->merge != NODE_MERGES)
			return place_fail(r->err, &item->at,
					  "!override and !reset belong to the value of a key");
	}
	if (keep_anchor(r, anchor, list) < 0)
		return -1;
	*out_node = STEAL(list);
	return 0;
}

/* Keys of the map win over merged ones, and a merged map wins over those after it. */
static int merge_one(struct reader *r, struct node *map, const struct node *merged)
{
	if (merged->kind != NODE_MAP)
		return place_fail(r->err, &merged->at, "'<<' takes a map or a list of maps");

	for (size_t i = 0; i < merged->count; i++) {
		if (node_index(map, merged->keys[i].name) >= 0)
			continue;
		if (spend(r, node_weight(merged->items[i])) < 0)
			return -1;
		node_add(map, &merged->keys[i], node_copy(merged->items[i]));
	}
	return 0;
}

static int apply_merge_key(struct reader *r, struct node *map, const struct node *merged)
{
	if (!merged)
		return 0;
	if (merged->kind != NODE_LIST)
		return merge_one(r, map, merged);

	for (size_t i = 0; i < merged->count; i++)
		if (merge_one(r, map, merged->items[i]) < 0)
			return -1;
	return 0;
}

static int read_key(struct reader *r, const struct node *map, struct node **out_key)
{
	AUTO_NODE struct node *key = NULL;
	ssize_t twin;

	if (read_value(r, &key) < 0)
		return -1;
	if (key->kind != NODE_SCALAR || !*key->text)
		return place_fail(r->err, &key->at, "a key must be a word, not %s",
				  key->kind == NODE_LIST  ? "a list"
				  : key->kind == NODE_MAP ? "a map"
							  : "nothing");

	twin = node_index(map, key->text);
	if (twin >= 0)
		return place_fail(r->err, &key->at,
				  "key '%.100s' is given twice, on lines %d and %d", key->text,
				  map->keys[twin].at.line, key->at.line);
	*out_key = STEAL(key);
	return 0;
}

static int read_entry(struct reader *r, struct node *map, struct node **merged)
{
	AUTO_NODE struct node *key = NULL;
	struct node *value = NULL;

	if (read_key(r, map, &key) < 0 || next_event(r) < 0)
		return -1;
	if (strcmp(key->text, "<<") == 0 && !key->is_quoted) {
		if (*merged)
			return place_fail(r->err, &key->at,
					  "key '<<' is given twice, on lines %d and %d",
					  (*merged)->at.line, key->at.line);
		return read_value(r, merged);
	}
	if (read_value(r, &value) < 0)
		return -1;
	/* Nothing was written where the value would be: point at the key. */
	if (value->kind == NODE_NULL)
		value->at = key->at;
	node_add(map, &(struct node_key){.name = key->text, .at = key->at}, value);
	return 0;
}

static int read_map(struct reader *r, struct node **out_node)
{
	struct place at = place_here(r);
	AUTO_NODE struct node *map = node_new(NODE_MAP, &at);
	AUTO_NODE struct node *merged = NULL;
	AUTO_FREE char *anchor = xstrdup((const char *)r->event.data.mapping_start.anchor);

	if (apply_tag(r, (const char *)r->event.data.mapping_start.tag, map) < 0)
		return -1;

	for (;;) {
		if (next_event(r) < 0)
			return -1;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			break;
		if (read_entry(r, map, &merged) < 0)
			return -1;
	}
	if (apply_merge_key(r, map, merged) < 0 || keep_anchor(r, anchor, map) < 0)
		return -1;
	*out_node = STEAL(map);
	return 0;
}

/* The current event begins a value; it is left at the event that ends it. */
static int read_value(struct reader *r, struct node **out_node)
{
	int result;

	if (r->event.type == YAML_ALIAS_EVENT)
		return read_alias(r, out_node);
	if (spend(r, 1) < 0)
		return -1;
	if (r->event.type == YAML_SCALAR_EVENT)
		return read_scalar(r, out_node);
	if (r->depth >= CONFIG_DEPTH_MAX)
		return fail_depth(r);

	r->depth++;
	result = r->event.type == YAML_SEQUENCE_START_EVENT ? read_list(r, out_node)
							    : read_map(r, out_node);
	r->depth--;
	return result;
}

static int read_document(struct reader *r, struct node **out_root)
{
	AUTO_NODE struct node *root = NULL;
	struct place at = {.source = r->source, .line = 1, .column = 1};

	for (int i = 0; i < 2; i++) /* the beginning of the stream, and of a document */
		if (next_event(r) < 0)
			return -1;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		*out_root = node_new(NODE_MAP, &at);
		return 0;
	}
	if (next_event(r) < 0 || read_value(r, &root) < 0)
		return -1;
	assert(root);
	for (int i = 0; i < 2; i++) /* the end of the document, and of the stream */
		if (next_event(r) < 0)
			return -1;

	at = place_here(r);
	if (r->event.type != YAML_STREAM_END_EVENT) {
		(void)place_fail(r->err, &at, "a second YAML document begins here");
		return err_hint(r->err, "a file holds one profile: remove the '---'");
	}
	if (root->merge != NODE_MERGES)
		return place_fail(r->err, &root->at,
				  "!override and !reset belong to the value of a key");
	if (root->kind == NODE_NULL) {
		*out_root = node_new(NODE_MAP, &root->at);
		return 0;
	}
	if (root->kind != NODE_MAP) {
		(void)place_fail(r->err, &root->at,
				 "not a profile: the file holds %s, not keys",
				 root->kind == NODE_LIST ? "a list" : "one text");
		return err_hint(r->err, "write 'key: value', with a space after the colon");
	}
	*out_root = STEAL(root);
	return 0;
}

int tree_read(const char *text, size_t len, const struct source *source, struct node **out_root,
	      struct err *err)
{
	struct reader r = {.source = source, .err = err};
	int result;

	if (text_check(text, len, source, err) < 0)
		return -1;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);

	result = read_document(&r, out_root);

	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	for (size_t i = 0; i < r.anchor_count; i++) {
		free(r.anchors[i].name);
		node_free(r.anchors[i].node);
	}
	free(r.anchors);
	return result;
}
