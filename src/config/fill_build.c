#include "config/fill.h"

#include "config/caches.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <string.h>

/* --- packages --- */

static const char *const packagers[] = {"apt", "apk", "dnf", "pacman", NULL};
static const enum packager packager_of[] = {PACKAGER_APT, PACKAGER_APK, PACKAGER_DNF,
					    PACKAGER_PACMAN};

/* What goes to a package manager as one word, and is none of its options. */
static bool is_package(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c == 0x7f || strchr("'\"\\`$;|&", *c))
			return false;
	return *text != '-';
}

static int add_packages(struct fill *f, const char *what, const struct node *list,
			enum packager packager)
{
	static const char accepted[] = "the name of a package";
	struct spec_list *out = &f->spec->packages[packager];

	if (list->kind == NODE_NULL)
		return 0;
	if (list->kind != NODE_LIST)
		return value_refuse(f, what, list, "a list of packages");
	for (size_t i = 0; i < list->count; i++) {
		const struct node *item = list->items[i];
		const char *text;

		if (value_text(f, what, item, accepted, &text) < 0)
			return -1;
		if (!is_package(text))
			return value_refuse(f, what, item, accepted);
		out->at = xrealloc(out->at, (out->items.count + 1) * sizeof(*out->at));
		out->at[out->items.count] = value_origin(f, item);
		strv_add(&out->items, text);
	}
	return 0;
}

int fill_packages(struct fill *f, const char *key, const struct node *value)
{
	f->spec->packages_at = value_origin(f, value);
	if (value->kind == NODE_SCALAR)
		return value_refuse(f, key, value,
				    "a list, or a map of 'apt', 'apk', 'dnf' and 'pacman'");
	if (value->kind != NODE_MAP)
		return add_packages(f, key, value, PACKAGER_ANY);
	for (size_t i = 0; packagers[i]; i++) {
		AUTO_FREE char *what = xasprintf("%s.%s", key, packagers[i]);
		const struct node *list = node_get(value, packagers[i]);

		if (list && add_packages(f, what, list, packager_of[i]) < 0)
			return -1;
	}
	return 0;
}

/* --- build --- */

static struct spec_build_step *last_step(struct fill *f)
{
	return &f->spec->build_steps[f->spec->build_step_count - 1];
}

static int add_cache(struct fill *f, const char *what, const struct node *item)
{
	struct strv *caches = &last_step(f)->caches;
	const char *text;
	char *path;

	if (value_text(f, what, item, "a list of folders in the box, or of short words",
		       &text) < 0)
		return -1;
	if (*text != '/') {
		const char *words[16] = {NULL};
		size_t count = 0;

		if (cache_word_find(text)) {
			strv_add(caches, text);
			return 0;
		}
		for (const struct cache_word *w = cache_words(); w->word; w++)
			words[count++] = w->word;
		(void)place_fail(f->err, &item->at,
				 "%s: '%.200s' is neither a folder in the box nor a known word",
				 what, text);
		if (str_nearest(text, words))
			return err_hint(f->err, "did you mean '%s'?", str_nearest(text, words));
		return err_hint(f->err, "known are apt, dnf, apk, pacman, pip, npm, cargo, go "
					"and ccache; a folder begins with '/'");
	}
	if (value_box_target(f, what, item, text, &path) < 0)
		return -1;
	strv_take(caches, path);
	return 0;
}

static int add_input(struct fill *f, const char *what, const struct node *item)
{
	struct spec_list *inputs = &last_step(f)->inputs;
	const char *text;
	char *path;

	if (value_text(f, what, item, "a list of files and folders of the workspace", &text) <
		    0 ||
	    value_host_path(f, what, item, text, &path) < 0)
		return -1;
	inputs->at = xrealloc(inputs->at, (inputs->items.count + 1) * sizeof(*inputs->at));
	inputs->at[inputs->items.count] = value_origin(f, item);
	strv_take(&inputs->items, path);
	return 0;
}

static int set_variable(struct fill *f, const struct node *at, const char *name,
			const char *value)
{
	static const char what[] = "build.steps.env";

	if (!env_is_name(name, strlen(name)))
		return place_fail(f->err, &at->at, "%s: '%.200s' is not a name", what, name);
	if (!value) {
		(void)place_fail(f->err, &at->at, "%s: '%.200s' has no value", what, name);
		return err_hint(f->err,
				"a variable of yours is written '%.100s: ${%.100s}': its value "
				"is then part of what the step is known by",
				name, name);
	}
	env_set(&last_step(f)->env, name, value);
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

static int fill_step_env(struct fill *f, const char *what, const struct node *value)
{
	if (value->kind != NODE_MAP)
		return value_each(f, what, value, false, add_pair);
	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];

		if (item->kind == NODE_LIST || item->kind == NODE_MAP)
			return value_refuse(f, what, item, "one text");
		if (set_variable(f, item, value->keys[i].name,
				 item->kind == NODE_NULL ? NULL : item->text) < 0)
			return -1;
	}
	return 0;
}

static int fill_step(struct fill *f, const struct node *item)
{
	struct spec_build_step *step = last_step(f);
	const struct node *run = item->kind == NODE_MAP ? node_get(item, "run") : item;
	const struct node *cache = node_get(item, "cache");
	const struct node *env = node_get(item, "env");
	const struct node *inputs = node_get(item, "inputs");
	const struct node *network = node_get(item, "network");
	const char *text;

	if (!run) {
		(void)place_fail(f->err, &item->at, "build.steps: 'run' is missing");
		return err_hint(f->err, "it is the command of the step, read by /bin/sh");
	}
	if (value_text(f, "build.steps", run, "a command, or a map with 'run'", &text) < 0)
		return -1;
	step->run = xstrdup(text);
	if (cache && value_each(f, "build.steps.cache", cache, true, add_cache) < 0)
		return -1;
	if (env && fill_step_env(f, "build.steps.env", env) < 0)
		return -1;
	if (inputs && value_each(f, "build.steps.inputs", inputs, true, add_input) < 0)
		return -1;
	return network ? value_bool(f, "build.steps.network", network, &step->network) : 0;
}

static int add_step(struct fill *f, const char *what, const struct node *item)
{
	struct spec *spec = f->spec;

	if (item->kind != NODE_SCALAR && item->kind != NODE_MAP)
		return value_refuse(f, what, item, "a list of commands, or of maps with 'run'");
	spec->build_steps = xrealloc(spec->build_steps,
				     (spec->build_step_count + 1) * sizeof(*spec->build_steps));
	spec->build_steps[spec->build_step_count++] =
		(struct spec_build_step){.network = true, .at = value_origin(f, item)};
	return fill_step(f, item);
}

int fill_build(struct fill *f, const char *key, const struct node *value)
{
	static const char *const later[] = {"dockerfile", "context", "target", "args"};
	const struct node *steps = node_get(value, "steps");

	if (value->kind == NODE_NULL)
		return 0;
	if (value->kind != NODE_MAP)
		return value_refuse(f, key, value, "a map with 'steps'");
	for (size_t i = 0; i < ARRAY_LEN(later); i++) {
		ssize_t index = node_index(value, later[i]);

		if (index < 0)
			continue;
		(void)place_fail(f->err, &value->keys[index].at,
				 "key '%s' of build is not built yet", later[i]);
		return err_hint(f->err, "write the commands as 'steps', on top of an 'image'");
	}
	return steps ? value_each(f, "build.steps", steps, false, add_step) : 0;
}

/* --- beside other keys --- */

static int check_inputs(const struct spec *spec, const struct spec_build_step *step,
			struct err *err)
{
	for (size_t i = 0; i < step->inputs.items.count; i++) {
		const char *path = step->inputs.items.items[i];

		if (path_is_below(path, spec->workspace.source))
			continue;
		(void)origin_fail(err, &step->inputs.at[i],
				  "build.steps.inputs: '%.200s' is not in the workspace", path);
		return err_hint(err, "the workspace is '%.200s'", spec->workspace.source);
	}
	return 0;
}

static bool has_packages(const struct spec *spec)
{
	for (size_t i = 0; i < PACKAGER_COUNT; i++)
		if (spec->packages[i].items.count)
			return true;
	return false;
}

static int check_image(const struct spec *spec, struct err *err)
{
	const bool is_packages = has_packages(spec);

	if (strcmp(spec->image.value, "host") != 0 || (!is_packages && !spec->build_steps))
		return 0;
	(void)origin_fail(err, is_packages ? &spec->packages_at : &spec->build_steps[0].at,
			  "%s with image 'host', whose files are those of this machine",
			  is_packages ? "packages cannot be installed"
				      : "steps cannot be built");
	return err_hint(err, "set 'image: debian:12' for example, or install what is missing "
			     "on this machine");
}

int build_check(const struct spec *spec, struct err *err)
{
	if (check_image(spec, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->build_step_count; i++)
		if (check_inputs(spec, &spec->build_steps[i], err) < 0)
			return -1;
	return 0;
}
