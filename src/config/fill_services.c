#include "config/fill.h"

#include "util/cleanup.h"

#include <string.h>

/* `services`, and what only they have. A service is a profile of its own with fewer keys. */

#define SERVICES_MAX 64
#define NAME_LEN_MAX 40

/* Names that mean something else where a service's name is used. */
static const char *const reserved[] = {"dev", "supervisor"};

/* What belongs to the project as a whole, or to the box one works in. */
static const char *const not_theirs[] = {"name", "extends",    "packages",  "build",
					 "home", "home_files", "workspace", "services"};

static int check_name(struct fill *f, const struct node_key *key)
{
	const char *name = key->name;
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (strcmp(name, reserved[i]) == 0)
			return place_fail(f->err, &key->at, "a service cannot be named '%s'",
					  name);
	if (len > 0 && len <= NAME_LEN_MAX &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len && *name != '_' &&
	    *name != '-')
		return 0;
	(void)place_fail(f->err, &key->at, "services: '%.100s' is no name of a service", name);
	return err_hint(f->err,
			"at most %d lower case letters, digits, '_' and '-', a letter or digit "
			"first",
			NAME_LEN_MAX);
}

static int check_keys(struct fill *f, const struct node *map)
{
	for (size_t i = 0; i < map->count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(not_theirs); k++) {
			if (strcmp(map->keys[i].name, not_theirs[k]) != 0)
				continue;
			(void)place_fail(f->err, &map->keys[i].at, "a service has no key '%s'",
					 not_theirs[k]);
			return err_hint(f->err, "it belongs to the top of the profile");
		}
	}
	return 0;
}

static int fill_one_service(struct fill *f, const struct node_key *key,
			    const struct node *value)
{
	struct config config = *f->config;
	const struct node *map = value;
	AUTO_NODE struct node *empty = node_new(NODE_MAP, &value->at);
	struct spec *spec;

	if (check_name(f, key) < 0)
		return -1;
	if (value->kind == NODE_NULL)
		map = empty;
	if (map->kind != NODE_MAP)
		return value_refuse(f, "services", value, "a map of keys");
	if (check_keys(f, map) < 0)
		return -1;
	f->spec->services = xrealloc(f->spec->services,
				     (f->spec->service_count + 1) * sizeof(*f->spec->services));
	spec = &f->spec->services[f->spec->service_count++];
	*spec = (struct spec){0};
	config.root = (struct node *)(uintptr_t)map;
	spec->service = xstrdup(key->name);
	spec->service_at = (struct origin){
		.file = key->at.source ? f->spec->owned_files.items[key->at.source->index]
				       : NULL,
		.line = key->at.line,
		.column = key->at.column,
	};
	return spec_fill(&config, spec, f->err);
}

int fill_services(struct fill *f, const char *key, const struct node *value)
{
	if (value->kind == NODE_NULL)
		return 0;
	if (value->kind != NODE_MAP)
		return value_refuse(f, key, value, "a map of NAME: KEYS");
	if (value->count > SERVICES_MAX)
		return place_fail(f->err, &value->at, "more than %d services", SERVICES_MAX);
	for (size_t i = 0; i < value->count; i++)
		if (fill_one_service(f, &value->keys[i], value->items[i]) < 0)
			return -1;
	return services_order(f->spec, f->err);
}

/* --- keys of a service --- */

static int add_profile(struct fill *f, const char *what, const struct node *item)
{
	static const char accepted[] = "a name of letters, digits, '_', '.' and '-'";
	const char *text;

	if (value_text(f, what, item, accepted, &text) < 0)
		return -1;
	if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
	    strlen(text))
		return value_refuse(f, what, item, accepted);
	strv_add(&f->spec->profiles, text);
	return 0;
}

int fill_profiles(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, true, add_profile);
}

/* --- depends_on --- */

static int add_dependency(struct fill *f, const struct node *at, const char *name,
			  enum dependency_kind kind)
{
	struct spec *spec = f->spec;

	for (size_t i = 0; i < spec->dependency_count; i++)
		if (strcmp(spec->dependencies[i].service, name) == 0)
			return place_fail(f->err, &at->at,
					  "depends_on: '%.100s' is there twice", name);
	spec->dependencies = xrealloc(spec->dependencies, (spec->dependency_count + 1) *
								  sizeof(*spec->dependencies));
	spec->dependencies[spec->dependency_count++] = (struct spec_dependency){
		.service = xstrdup(name), .kind = kind, .at = value_origin(f, at)};
	return 0;
}

static int add_dependency_text(struct fill *f, const char *what, const struct node *item)
{
	const char *text;

	if (value_text(f, what, item, "the name of a service", &text) < 0)
		return -1;
	return add_dependency(f, item, text, DEPENDS_STARTED);
}

static int add_dependency_map(struct fill *f, const char *name, const struct node *value)
{
	static const char *const choices[] = {
		"service_started", "service_completed_successfully", "service_healthy", NULL};
	static const enum dependency_kind kinds[] = {DEPENDS_STARTED, DEPENDS_COMPLETED,
						     DEPENDS_HEALTHY};
	const struct node *condition = node_get(value, "condition");
	size_t i = 0;

	if (value->kind != NODE_NULL && value->kind != NODE_MAP)
		return value_refuse(f, "depends_on", value, "a map with 'condition'");
	if (condition && value_choice(f, "depends_on: condition", condition, choices, &i) < 0)
		return -1;
	return add_dependency(f, value, name, kinds[i]);
}

int fill_depends_on(struct fill *f, const char *key, const struct node *value)
{
	if (value->kind != NODE_MAP)
		return value_each(f, key, value, false, add_dependency_text);
	for (size_t i = 0; i < value->count; i++)
		if (add_dependency_map(f, value->keys[i].name, value->items[i]) < 0)
			return -1;
	return 0;
}
