#include "config/parts.h"

#include "util/cleanup.h"

#include <string.h>
#include <strings.h>

static bool is_plain_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       strchr("_./+=-", c);
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

/* Can the text stand without quotes, and is it then read as what it is? */
static bool is_plain(const char *text, bool is_quoted)
{
	static const char *const nulls[] = {"", "~", "null", NULL};
	static const char *const booleans[] = {"true", "false", "yes", "no", "on",
					       "off",  "y",     "n",   NULL};

	if (is_one_of(text, nulls) || *text == '=' || (*text == '-' && is_quoted))
		return false;
	/* Somebody quoted what a reader of YAML could take for a number or a boolean. */
	if (is_quoted && (is_one_of(text, booleans) ||
			  (strchr("0123456789.+", *text) && !strchr(text, '/'))))
		return false;
	if (*text == '-' && (text[1] < '0' || text[1] > '9'))
		return false;
	for (const char *c = text; *c; c++) {
		/* "a: b" begins a map, "a:b" does not. */
		bool is_colon = *c == ':' && c > text && c[1] && is_plain_letter(c[1]);

		if (!is_plain_letter(*c) && !is_colon)
			return false;
	}
	return true;
}

static void print_letter(uint32_t letter, const char *bytes, size_t len, struct buf *out)
{
	bool is_odd = letter < 0xa0 || (letter & 0xfffe) == 0xfffe || letter == 0xfeff ||
		      letter == 0x2028 || letter == 0x2029;

	if (!is_odd)
		buf_add(out, bytes, len);
	else if (letter < 0x100)
		buf_printf(out, "\\x%02x", letter);
	else
		buf_printf(out, "\\U%08x", letter);
}

static void print_quoted(const char *text, const char *dollar, struct buf *out)
{
	uint32_t letter;
	size_t len;

	buf_putc(out, '"');
	for (; *text; text += len ? len : 1) {
		len = text_letter(text, strnlen(text, 4), &letter);
		if (*text == '"' || *text == '\\')
			buf_printf(out, "\\%c", *text);
		else if (*text == '\n')
			buf_puts(out, "\\n");
		else if (*text == '$')
			buf_puts(out, dollar);
		else if (len == 0) /* a variable may hold anything; YAML may not */
			buf_puts(out, "\xef\xbf\xbd");
		else if (len == 1 && letter >= 0x20 && letter < 0x7f)
			buf_putc(out, *text);
		else
			print_letter(letter, text, len, out);
	}
	buf_putc(out, '"');
}

static void print_scalar(const struct node *node, struct buf *out)
{
	if (node->kind == NODE_NULL)
		buf_puts(out, "null");
	else if (is_plain(node->text, node->is_quoted))
		buf_puts(out, node->text);
	else
		print_quoted(node->text, "$$", out);
}

struct printer {
	bool with_origin;
	bool is_after_dash; /* the line has its indentation */
	struct buf *out;
};

static void print_items(struct printer *p, const struct node *node, int level);

static void print_line_end(const struct printer *p, const struct node *node)
{
	if (p->with_origin && node->at.source)
		buf_printf(p->out, " # %s:%d", node->at.source->shown, node->at.line);
	buf_putc(p->out, '\n');
}

/* What follows "key:" or "-". */
static void print_value(struct printer *p, const struct node *node, int level, bool is_item)
{
	if (node->kind == NODE_SCALAR || node->kind == NODE_NULL) {
		buf_putc(p->out, ' ');
		print_scalar(node, p->out);
		print_line_end(p, node);
	} else if (node->count == 0) {
		buf_puts(p->out, node->kind == NODE_MAP ? " {}" : " []");
		print_line_end(p, node);
	} else {
		/* A map or list in a list begins on the line of its dash. */
		p->is_after_dash = is_item;
		buf_putc(p->out, is_item ? ' ' : '\n');
		print_items(p, node, level);
	}
}

static void print_items(struct printer *p, const struct node *node, int level)
{
	for (size_t i = 0; i < node->count; i++) {
		for (int n = 0; n < level && !p->is_after_dash; n++)
			buf_puts(p->out, "  ");
		p->is_after_dash = false;
		if (node->kind == NODE_LIST) {
			buf_putc(p->out, '-');
		} else {
			const char *key = node->keys[i].name;

			/* Keys are not interpolated: a dollar stands for itself. */
			if (is_plain(key, true))
				buf_puts(p->out, key);
			else
				print_quoted(key, "$", p->out);
			buf_putc(p->out, ':');
		}
		print_value(p, node->items[i], level + 1, node->kind == NODE_LIST);
	}
}

void config_print(const struct config *config, bool with_origin, struct buf *out)
{
	struct printer p = {.with_origin = with_origin, .out = out};

	if (config->root->count == 0)
		buf_puts(out, "{}\n");
	print_items(&p, config->root, 0);
}

static void print_json_text(struct json *out, const struct node *node, const char *type)
{
	bool is_true = strcasecmp(node->text, "true") == 0;
	int64_t number;

	if (strcmp(type, "integer") == 0 && str_to_i64(node->text, &number) == 0)
		json_i64(out, "value", number);
	else if (strcmp(type, "boolean") == 0 &&
		 (is_true || strcasecmp(node->text, "false") == 0))
		json_bool(out, "value", is_true);
	else
		json_text(out, "value", node->text);
}

static void print_json_node(struct json *out, const struct node *node, const char *key,
			    const char *path)
{
	const struct config_key *known = keys_find(path);

	json_object_begin(out, key);
	if (node->kind == NODE_NULL)
		json_none(out, "value");
	if (node->kind == NODE_SCALAR)
		print_json_text(out, node, known ? known->type : "");
	if (node->kind == NODE_LIST) {
		json_array_begin(out, "value");
		for (size_t i = 0; i < node->count; i++)
			print_json_node(out, node->items[i], NULL, path);
		json_array_end(out);
	}
	if (node->kind == NODE_MAP) {
		json_object_begin(out, "value");
		for (size_t i = 0; i < node->count; i++) {
			AUTO_FREE char *below = xasprintf("%s.%s", path, node->keys[i].name);

			print_json_node(out, node->items[i], node->keys[i].name, below);
		}
		json_object_end(out);
	}
	if (node->at.source) {
		json_text(out, "file", node->at.source->shown);
		json_i64(out, "line", node->at.line);
		json_i64(out, "column", node->at.column);
	}
	json_object_end(out);
}

void config_print_json(const struct config *config, struct json *out)
{
	const struct node *root = config->root;

	json_object_begin(out, NULL);
	for (size_t i = 0; i < root->count; i++)
		print_json_node(out, root->items[i], root->keys[i].name, root->keys[i].name);
	json_object_end(out);
}
