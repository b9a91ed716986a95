#include "config/fill.h"

#include "util/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool env_is_name(const char *name, size_t len)
{
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f ||
		    strchr("='\"`", name[i]))
			return false;
	return true;
}

/* @value NULL: the caller's, and nothing when the caller has none. */
static int set_variable(struct fill *f, const struct node *at, const char *name,
			const char *value)
{
	if (!env_is_name(name, strlen(name)))
		return place_fail(f->err, &at->at, "environment: '%.200s' is not a name", name);
	if (!value)
		value = env_get(&f->config->env, name);
	if (value)
		env_set(&f->spec->environment, name, value);
	return 0;
}

static int add_pair(struct fill *f, const char *what, const struct node *item)
{
	AUTO_FREE char *name = NULL;
	const char *equals;
	const char *text;

	if (value_text(f, what, item, "a map, or a list of NAME=VALUE", &text) < 0)
		return -1;
	equals = strchr(text, '=');
	name = xstrndup(text, strcspn(text, "="));
	return set_variable(f, item, name, equals ? equals + 1 : NULL);
}

/* As in a map, where a key that is given twice is an error. */
static int check_twice(struct fill *f, const struct node *list)
{
	AUTO_STRV struct strv names = {0};

	for (size_t i = 0; i < list->count; i++) {
		const struct node *item = list->items[i];
		AUTO_FREE char *name = NULL;

		if (item->kind != NODE_SCALAR)
			continue;
		name = xstrndup(item->text, strcspn(item->text, "="));
		if (strv_has(&names, name))
			return place_fail(f->err, &item->at,
					  "environment: '%.200s' is given twice", name);
		strv_add(&names, name);
	}
	return 0;
}

int fill_environment(struct fill *f, const char *key, const struct node *value)
{
	if (value->kind != NODE_MAP) {
		if (value->kind == NODE_SCALAR)
			return value_refuse(f, key, value, "a map, or a list of NAME=VALUE");
		return check_twice(f, value) < 0 ? -1
						 : value_each(f, key, value, false, add_pair);
	}

	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];
		const char *name = value->keys[i].name;
		AUTO_FREE char *what = xasprintf("environment: %.100s", name);

		if (item->kind == NODE_LIST || item->kind == NODE_MAP)
			return value_refuse(f, what, item, "one text");
		if (set_variable(f, item, name, item->kind == NODE_NULL ? NULL : item->text) <
		    0)
			return -1;
	}
	return 0;
}

static int read_env_file(struct fill *f, const struct node *item, const char *text,
			 bool is_required)
{
	AUTO_FREE char *path = NULL;
	struct stat st;

	if (value_host_path(f, "env_file", item, text, &path) < 0)
		return -1;
	if (stat(path, &st) < 0) {
		if (!is_required && (errno == ENOENT || errno == ENOTDIR))
			return 0;
		(void)place_fail(f->err, &item->at, "env_file: open '%.200s': %s", path,
				 strerror(errno));
		return err_hint(f->err,
				"a file that may be missing is written "
				"{path: %.100s, required: false}",
				text);
	}
	return env_file_read(&f->config->env, path, text, &f->spec->environment, f->err);
}

static int add_env_file(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "a path, a list of paths, or of {path, required}";
	const struct node *path = item;
	bool is_required = true;
	const char *text;

	if (item->kind == NODE_MAP) {
		const struct node *required = node_get(item, "required");

		path = node_get(item, "path");
		if (!path)
			return place_fail(f->err, &item->at, "env_file: 'path' is missing");
		if (required && value_bool(f, "env_file.required", required, &is_required) < 0)
			return -1;
		what = "env_file.path";
	}
	if (value_text(f, what, path, path == item ? accepted : "a path", &text) < 0)
		return -1;
	return read_env_file(f, path, text, is_required);
}

int fill_env_file(struct fill *f, const char *key, const struct node *value)
{
	if (value->kind == NODE_MAP)
		return value_refuse(f, key, value,
				    "a path, a list of paths, or of {path, required}");
	return value_each(f, key, value, true, add_env_file);
}

static int add_glob(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "a list of variable names, '*' and '?' allowed";
	const char *text;

	if (value_text(f, what, item, accepted, &text) < 0)
		return -1;
	if (!env_is_name(text, strlen(text)))
		return value_refuse(f, what, item, accepted);
	strv_add(&f->spec->env_pass, text);
	return 0;
}

int fill_env_pass(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, false, add_glob);
}
