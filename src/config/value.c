#include "config/fill.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct origin value_origin(const struct fill *f, const struct node *node)
{
	const struct place *at = &node->at;
	const char *file = at->source ? f->spec->owned_files.items[at->source->index] : NULL;

	return (struct origin){.file = file, .line = at->line, .column = at->column};
}

int origin_fail(struct err *err, const struct origin *at, const char *format, ...)
{
	struct source source = {.shown = (char *)(uintptr_t)at->file};
	struct place place = {
		.source = at->file ? &source : NULL, .line = at->line, .column = at->column};
	char text[ERR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return place_fail(err, &place, "%s", text);
}

int value_refuse(const struct fill *f, const char *what, const struct node *node,
		 const char *accepted)
{
	switch (node->kind) {
	case NODE_NULL:
		(void)place_fail(f->err, &node->at, "%s has no value", what);
		return err_hint(f->err, "it takes %s; without one, remove the key", accepted);
	case NODE_LIST:
		return place_fail(f->err, &node->at, "%s must be %s, not a list", what,
				  accepted);
	case NODE_MAP:
		return place_fail(f->err, &node->at, "%s must be %s, not a map", what,
				  accepted);
	case NODE_SCALAR:
	default:
		return place_fail(f->err, &node->at, "%s must be %s, not '%.200s'", what,
				  accepted, node->text);
	}
}

int value_text(const struct fill *f, const char *what, const struct node *node,
	       const char *accepted, const char **out_text)
{
	if (node->kind != NODE_SCALAR)
		return value_refuse(f, what, node, accepted);
	if (!*node->text)
		return place_fail(f->err, &node->at, "%s is empty; it must be %s", what,
				  accepted);
	*out_text = node->text;
	return 0;
}

void value_keep(const struct fill *f, const struct node *node, char *text,
		struct spec_text *out)
{
	free(out->value);
	out->value = text;
	out->at = value_origin(f, node);
}

int value_bool(const struct fill *f, const char *what, const struct node *node, bool *out)
{
	static const char *const words[] = {"false", "False", "FALSE", "true", "True", "TRUE"};

	for (size_t i = 0; node->kind == NODE_SCALAR && i < ARRAY_LEN(words); i++) {
		if (strcmp(node->text, words[i]) == 0) {
			*out = i >= 3;
			return 0;
		}
	}
	return value_refuse(f, what, node, "true or false");
}

int value_integer(const struct fill *f, const char *what, const struct node *node,
		  const struct range *range, struct spec_number *out)
{
	int64_t value;

	if (node->kind != NODE_SCALAR || str_to_i64(node->text, &value) < 0)
		return value_refuse(f, what, node, range->accepted);
	if ((value < range->min || value > range->max) &&
	    !(range->takes_minus_one && value == -1))
		return value_refuse(f, what, node, range->accepted);
	*out = (struct spec_number){
		.is_set = true, .value = value, .at = value_origin(f, node)};
	return 0;
}

int value_size(const struct fill *f, const char *what, const struct node *node, uint64_t *out)
{
	uint64_t bytes;

	if (node->kind != NODE_SCALAR || str_to_size(node->text, &bytes) < 0 || bytes == 0 ||
	    bytes > INT64_MAX)
		return value_refuse(f, what, node, "a size such as '512m' or '2g'");
	*out = bytes;
	return 0;
}

int value_choice(const struct fill *f, const char *what, const struct node *node,
		 const char *const *choices, size_t *out_index)
{
	AUTO_BUF struct buf words = {0};
	const char *nearest;
	size_t i;

	for (i = 0; choices[i]; i++) {
		if (node->kind == NODE_SCALAR && strcmp(node->text, choices[i]) == 0) {
			*out_index = i;
			return 0;
		}
		buf_printf(&words, "%s'%s'",
			   i == 0           ? ""
			   : choices[i + 1] ? ", "
					    : " or ",
			   choices[i]);
	}
	(void)value_refuse(f, what, node, words.data);
	nearest = node->kind == NODE_SCALAR ? str_nearest(node->text, choices) : NULL;
	if (nearest)
		return err_hint(f->err, "did you mean '%s'?", nearest);
	return -1;
}

static int check_path_text(const struct fill *f, const char *what, const struct node *node,
			   const char *text)
{
	if (!*text)
		return place_fail(f->err, &node->at, "%s is empty; it must be a path", what);
	if (!str_is_printable(text))
		return place_fail(f->err, &node->at, "%s '%.200s' has a control character",
				  what, text);
	if (strlen(text) >= 4096)
		return place_fail(f->err, &node->at, "%s is longer than a path can be", what);
	return 0;
}

int value_host_path(const struct fill *f, const char *what, const struct node *node,
		    const char *text, char **out_path)
{
	const char *home = f->config->home;
	const char *base = node->at.source ? node->at.source->base_dir : f->config->project_dir;

	if (check_path_text(f, what, node, text) < 0)
		return -1;
	if (*text != '~') {
		*out_path = path_normalize(base, text);
		return 0;
	}
	if (text[1] && text[1] != '/') {
		(void)place_fail(f->err, &node->at,
				 "%s '%.200s' names the home of another user", what, text);
		return err_hint(f->err,
				"only '~' and '~/...' are understood; write './%.100s' for a "
				"file of that name",
				text);
	}
	if (!home || *home != '/')
		return place_fail(f->err, &node->at,
				  "%s '%.200s': the home folder is not known", what, text);
	text++;
	text += strspn(text, "/"); /* "~//x" is not "/x" */
	*out_path = path_normalize(home, *text ? text : ".");
	return 0;
}

int value_box_path(const struct fill *f, const char *what, const struct node *node,
		   const char *text, char **out_path)
{
	if (check_path_text(f, what, node, text) < 0)
		return -1;
	if (*text != '/') {
		(void)place_fail(f->err, &node->at, "%s '%.200s' is not an absolute path", what,
				 text);
		return err_hint(f->err, "a path in the box begins with '/'");
	}
	*out_path = path_normalize("/", text);
	return 0;
}

int value_box_target(const struct fill *f, const char *what, const struct node *node,
		     const char *text, char **out_path)
{
	static const char *const reserved[] = {"/proc", "/sys", "/dev"};
	AUTO_FREE char *path = NULL;

	if (value_box_path(f, what, node, text, &path) < 0)
		return -1;
	if (strcmp(path, "/") == 0) {
		(void)place_fail(f->err, &node->at, "%s cannot be '/'", what);
		return err_hint(f->err, "the root file system is chosen with 'image'");
	}
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
		if (!path_is_below(path, reserved[i]))
			continue;
		(void)place_fail(f->err, &node->at, "%s '%.200s' cannot be in %s", what, path,
				 reserved[i]);
		return err_hint(f->err, "devbox makes %s of every box itself%s", reserved[i],
				i == 2 ? "; see 'devices', and 'shm_size' for /dev/shm" : "");
	}
	*out_path = STEAL(path);
	return 0;
}

int value_each(struct fill *f, const char *what, const struct node *node, bool takes_text,
	       fill_one *one)
{
	if (node->kind == NODE_NULL)
		return 0;
	if (node->kind == NODE_SCALAR && takes_text)
		return one(f, what, node);
	if (node->kind != NODE_LIST)
		return value_refuse(f, what, node, takes_text ? "a text or a list" : "a list");

	for (size_t i = 0; i < node->count; i++)
		if (one(f, what, node->items[i]) < 0)
			return -1;
	return 0;
}
