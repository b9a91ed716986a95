#include "config/fill.h"

#include "util/cleanup.h"

static void list_add(struct fill *f, struct spec_list *list, const char *word,
		     const struct node *item)
{
	list->at = xrealloc(list->at, (list->items.count + 1) * sizeof(*list->at));
	list->at[list->items.count] = value_origin(f, item);
	strv_add(&list->items, word);
}

static int fill_text(struct fill *f, const char *key, const struct node *value,
		     struct spec_list *out)
{
	AUTO_STRV struct strv words = {0};

	if (words_split(value->text, &words, f->err) < 0) {
		(void)err_wrap(f->err, "%s", key);
		return err_at(f->err, value->at.source ? value->at.source->shown : NULL,
			      value->at.line, value->at.column);
	}
	for (size_t i = 0; i < words.count; i++)
		list_add(f, out, words.items[i], value);
	return 0;
}

static int fill_argv(struct fill *f, const char *key, const struct node *value,
		     struct spec_list *out)
{
	static const char accepted[] = "a text or a list of words";

	if (value->kind == NODE_NULL)
		return 0;
	if (value->kind == NODE_MAP)
		return value_refuse(f, key, value, accepted);
	if (value->kind == NODE_SCALAR && fill_text(f, key, value, out) < 0)
		return -1;

	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];

		if (item->kind != NODE_SCALAR)
			return value_refuse(f, key, item, accepted);
		list_add(f, out, item->text, item);
	}
	if (out->items.count && !*out->items.items[0])
		return place_fail(f->err, &value->at, "%s: the name of the program is empty",
				  key);
	return 0;
}

int fill_entrypoint(struct fill *f, const char *key, const struct node *value)
{
	return fill_argv(f, key, value, &f->spec->entrypoint);
}

int fill_command(struct fill *f, const char *key, const struct node *value)
{
	return fill_argv(f, key, value, &f->spec->command);
}
