#include "fetch/registries_parts.h"

#include "fetch/toml.h"
#include "util/cleanup.h"

#include <string.h>

enum section { AT_TOP, AT_REGISTRY, AT_MIRROR, AT_ALIASES };

/**
 * struct reading - one file
 * @found:	what it holds; put onto the rest when all of it is good
 */
struct reading {
	const char *file;
	struct registries found;
	enum section section;
};

/* They have no effect here: registries.h says why. */
static const char *const ignored_keys[] = {"unqualified-search-registries", "short-name-mode",
					   "credential-helpers",
					   "additional-layer-store-auth-helper", NULL};

void registry_done(struct registry *registry)
{
	spot_done(&registry->prefix);
	spot_done(&registry->at);
	for (size_t i = 0; i < registry->mirror_count; i++)
		spot_done(&registry->mirrors[i].at);
	free(registry->mirrors);
	free(registry->file);
	*registry = (struct registry){0};
}

static void alias_done(struct alias *alias)
{
	free(alias->name);
	free(alias->host);
	free(alias->repository);
	free(alias->file);
	*alias = (struct alias){0};
}

static void clear(struct registries *registries)
{
	for (size_t i = 0; i < registries->count; i++)
		registry_done(&registries->items[i]);
	free(registries->items);
	for (size_t i = 0; i < registries->alias_count; i++)
		alias_done(&registries->aliases[i]);
	free(registries->aliases);
	*registries = (struct registries){0};
}

void registries_free(struct registries *registries)
{
	if (!registries)
		return;
	clear(registries);
	free(registries);
}

static struct registry *last_registry(struct reading *r)
{
	return &r->found.items[r->found.count - 1];
}

static struct mirror *last_mirror(struct reading *r)
{
	struct registry *registry = last_registry(r);

	return &registry->mirrors[registry->mirror_count - 1];
}

static void add_registry(struct registries *to, struct registry registry)
{
	to->items = xrealloc(to->items, (to->count + 1) * sizeof(*to->items));
	to->items[to->count++] = registry;
}

static void add_alias(struct registries *to, struct alias alias)
{
	to->aliases = xrealloc(to->aliases, (to->alias_count + 1) * sizeof(*to->aliases));
	to->aliases[to->alias_count++] = alias;
}

static int begin_mirror(struct reading *r, int line, struct err *err)
{
	struct registry *registry;

	if (r->found.count == 0)
		return err_set(err, "a mirror without a [[registry]] before it");
	registry = last_registry(r);
	registry->mirrors = xrealloc(registry->mirrors,
				     (registry->mirror_count + 1) * sizeof(*registry->mirrors));
	registry->mirrors[registry->mirror_count++] = (struct mirror){.line = line};
	r->section = AT_MIRROR;
	return 0;
}

static int take_table(void *arg, const struct strv *path, bool is_array, int line,
		      struct err *err)
{
	struct reading *r = arg;
	const char *name = path->items[0];

	if (is_array && path->count == 1 && str_eq(name, "registry")) {
		add_registry(&r->found,
			     (struct registry){.file = xstrdup(r->file), .line = line});
		r->section = AT_REGISTRY;
		return 0;
	}
	if (is_array && path->count == 2 && str_eq(name, "registry") &&
	    str_eq(path->items[1], "mirror"))
		return begin_mirror(r, line, err);
	if (!is_array && path->count == 1 && str_eq(name, "aliases")) {
		r->section = AT_ALIASES;
		return 0;
	}

	if (str_eq(name, "registries")) {
		(void)err_set(err, "version 1 of registries.conf is not supported");
		return err_hint(err, "write [[registry]] tables with 'location' and 'insecure' "
				     "or 'blocked', see containers-registries.conf(5)");
	}
	(void)err_set(err, "unknown table '%s'", path->items[path->count - 1]);
	return err_hint(err, "there are [[registry]], [[registry.mirror]] and [aliases]");
}

static int take_bool(const char *key, const struct toml_value *value, bool *out,
		     struct err *err)
{
	if (value->kind != TOML_BOOL)
		return err_set(err, "'%s' must be true or false", key);
	*out = value->is_true;
	return 0;
}

static int take_spot(const char *key, const struct toml_value *value, bool can_be_wild,
		     struct spot *out, struct err *err)
{
	if (value->kind != TOML_STRING)
		return err_set(err, "'%s' must be a string", key);
	/* As good as missing. */
	if (!*value->text)
		return 0;
	if (spot_parse(value->text, out, err) < 0)
		return -1;
	if (out->is_wildcard && !can_be_wild)
		return err_set(err, "'%s' cannot have a '*'", key);
	return 0;
}

static int fail_key(const char *key, const char *const *known, struct err *err)
{
	const char *nearest = str_nearest(key, known);

	(void)err_set(err, "unknown key '%s'", key);
	return nearest ? err_hint(err, "did you mean '%s'?", nearest) : -1;
}

static int take_registry(struct registry *registry, const char *key,
			 const struct toml_value *value, struct err *err)
{
	static const char *const known[] = {
		"prefix", "location", "insecure", "blocked", "mirror-by-digest-only", NULL};

	if (str_eq(key, "prefix"))
		return take_spot(key, value, true, &registry->prefix, err);
	if (str_eq(key, "location"))
		return take_spot(key, value, false, &registry->at, err);
	if (str_eq(key, "insecure"))
		return take_bool(key, value, &registry->insecure, err);
	if (str_eq(key, "blocked"))
		return take_bool(key, value, &registry->blocked, err);
	if (str_eq(key, "mirror-by-digest-only"))
		return take_bool(key, value, &registry->by_digest_only, err);
	return fail_key(key, known, err);
}

static int take_use(struct mirror *mirror, const struct toml_value *value, struct err *err)
{
	static const char *const words[] = {"all", "digest-only", "tag-only"};

	if (value->kind == TOML_STRING && !*value->text)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (value->kind != TOML_STRING || !str_eq(value->text, words[i]))
			continue;
		mirror->use = (enum mirror_use)i;
		mirror->has_use = true;
		return 0;
	}
	return err_set(err, "'pull-from-mirror' must be \"all\", \"digest-only\" or "
			    "\"tag-only\"");
}

static int take_mirror(struct mirror *mirror, const char *key, const struct toml_value *value,
		       struct err *err)
{
	static const char *const known[] = {"location", "insecure", "pull-from-mirror", NULL};

	if (str_eq(key, "location"))
		return take_spot(key, value, false, &mirror->at, err);
	if (str_eq(key, "insecure"))
		return take_bool(key, value, &mirror->insecure, err);
	if (str_eq(key, "pull-from-mirror"))
		return take_use(mirror, value, err);
	return fail_key(key, known, err);
}

static int fail_target(const char *key, struct err *err)
{
	return err_set(err, "the alias '%s' must be HOST/REPOSITORY, without a tag", key);
}

static int take_alias(struct reading *r, const char *key, const struct toml_value *value,
		      struct err *err)
{
	AUTO_REFERENCE struct reference name = {0};
	AUTO_REFERENCE struct reference target = {0};
	AUTO_SPOT struct spot spot = {0};
	struct alias alias;
	struct err ignored;

	if (reference_parse(key, NULL, &name, &ignored) < 0 || !name.is_short || name.digest ||
	    strchr(key, ':'))
		return err_set(err, "'%s' is not a name without registry and tag", key);
	if (value->kind != TOML_STRING)
		return fail_target(key, err);
	if (*value->text) {
		if (spot_parse(value->text, &spot, &ignored) < 0 || spot.is_wildcard ||
		    !*spot.path || spot.tag || spot.digest ||
		    reference_parse(spot.text, NULL, &target, &ignored) < 0)
			return fail_target(key, err);
	}
	alias = (struct alias){.name = xstrdup(key),
			       .host = xstrdup(target.host),
			       .repository = xstrdup(target.repository),
			       .file = xstrdup(r->file),
			       .line = value->line};
	add_alias(&r->found, alias);
	return 0;
}

static int take_value(void *arg, const char *key, const struct toml_value *value,
		      struct err *err)
{
	struct reading *r = arg;

	switch (r->section) {
	case AT_REGISTRY:
		return take_registry(last_registry(r), key, value, err);
	case AT_MIRROR:
		return take_mirror(last_mirror(r), key, value, err);
	case AT_ALIASES:
		return take_alias(r, key, value, err);
	case AT_TOP:
		break;
	}
	for (size_t i = 0; ignored_keys[i]; i++)
		if (str_eq(key, ignored_keys[i]))
			return 0;
	return fail_key(key, ignored_keys, err);
}

/* Places in a prefix with a tag or a digest, which cannot change on the way. */
static bool is_same_version(const struct spot *prefix, const struct spot *at)
{
	return str_eq(prefix->tag, at->tag) && str_eq(prefix->digest, at->digest);
}

static int check_registry(struct registry *registry, struct err *err)
{
	if (!registry->prefix.text && !registry->at.text)
		return err_set(err, "a registry needs a 'location' or a 'prefix'");
	if (!registry->prefix.text) {
		registry->prefix = registry->at;
		registry->at = (struct spot){0};
	}
	if (registry->at.text && !is_same_version(&registry->prefix, &registry->at))
		return err_set(err, "'location' must end with the tag or digest of 'prefix'");

	for (size_t i = 0; i < registry->mirror_count; i++) {
		const struct mirror *mirror = &registry->mirrors[i];

		if (!mirror->at.text)
			(void)err_set(err, "a mirror needs a 'location'");
		else if (!is_same_version(&registry->prefix, &mirror->at))
			(void)err_set(err, "'location' must end with the tag or digest of "
					   "'prefix'");
		else if (registry->by_digest_only && mirror->has_use)
			(void)err_set(err, "'pull-from-mirror' is not possible beside the "
					   "registry's 'mirror-by-digest-only'");
		else
			continue;
		return err_at(err, registry->file, mirror->line, 1);
	}
	return 0;
}

static int check(struct registries *found, struct err *err)
{
	for (size_t i = 0; i < found->count; i++) {
		struct registry *registry = &found->items[i];

		if (check_registry(registry, err) < 0)
			return err->line ? -1 : err_at(err, registry->file, registry->line, 1);
		for (size_t j = 0; j < i; j++) {
			if (!str_eq(found->items[j].prefix.text, registry->prefix.text))
				continue;
			(void)err_set(err,
				      "the prefix '%s' is there a second time, after line "
				      "%d",
				      registry->prefix.text, found->items[j].line);
			return err_at(err, registry->file, registry->line, 1);
		}
	}
	return 0;
}

/* Tables and aliases of a later file stand for those of an earlier one. */
static void merge(struct registries *to, struct registries *found)
{
	for (size_t i = 0; i < found->count; i++) {
		size_t j = 0;

		while (j < to->count &&
		       !str_eq(to->items[j].prefix.text, found->items[i].prefix.text))
			j++;
		if (j == to->count) {
			add_registry(to, found->items[i]);
		} else {
			registry_done(&to->items[j]);
			to->items[j] = found->items[i];
		}
	}
	for (size_t i = 0; i < found->alias_count; i++) {
		size_t j = 0;

		while (j < to->alias_count &&
		       !str_eq(to->aliases[j].name, found->aliases[i].name))
			j++;
		if (j == to->alias_count) {
			add_alias(to, found->aliases[i]);
		} else {
			alias_done(&to->aliases[j]);
			to->aliases[j] = found->aliases[i];
		}
	}
	free(found->items);
	free(found->aliases);
	*found = (struct registries){0};
}

int registries_read(struct registries *registries, const char *file, const char *text,
		    struct err *err)
{
	struct reading r = {.file = file};
	const struct toml_reader reader = {take_table, take_value, &r};

	if (toml_read(file, text, &reader, err) < 0 || check(&r.found, err) < 0) {
		clear(&r.found);
		return -1;
	}
	merge(registries, &r.found);
	return 0;
}
