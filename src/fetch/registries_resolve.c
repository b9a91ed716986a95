#include "fetch/registries.h"

#include "fetch/registries_parts.h"
#include "util/cleanup.h"

#include <errno.h>
#include <string.h>

#define DOCKER_FOLDER "library/"

void registry_places_free(struct registry_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(places[i].host);
		free(places[i].repository);
		free(places[i].alias);
	}
	free(places);
}

static const struct alias *find_alias(const struct registries *registries, const char *name)
{
	for (size_t i = 0; i < registries->alias_count; i++)
		if (str_eq(registries->aliases[i].name, name))
			return &registries->aliases[i];
	return NULL;
}

/* "library/debian" may have been written "debian". */
static const struct alias *alias_of(const struct registries *registries,
				    const struct reference *ref)
{
	const struct alias *alias = NULL;

	if (!ref->is_short)
		return NULL;
	if (str_starts(ref->repository, DOCKER_FOLDER))
		alias = find_alias(registries, ref->repository + strlen(DOCKER_FOLDER));
	if (!alias)
		alias = find_alias(registries, ref->repository);
	return alias && alias->host ? alias : NULL;
}

static bool is_closer(const struct spot *a, const struct spot *b)
{
	size_t a_len = strlen(a->text), b_len = strlen(b->text);

	return a_len > b_len || (a_len == b_len && b->is_wildcard);
}

/* The longest prefix that fits. */
static const struct registry *find_registry(const struct registries *registries,
					    const char *host, const char *repository,
					    const struct reference *ref)
{
	const struct registry *best = NULL;

	for (size_t i = 0; i < registries->count; i++) {
		const struct registry *registry = &registries->items[i];

		if (spot_rest(&registry->prefix, host, repository, ref) &&
		    (!best || is_closer(&registry->prefix, &best->prefix)))
			best = registry;
	}
	return best;
}

/**
 * struct asked - a name on its way to places
 * @rest:	what follows the prefix
 */
struct asked {
	const char *host;
	const char *repository;
	const char *rest;
	const struct reference *ref;
	const struct alias *alias;
};

static void set_place(struct registry_place *place, const struct asked *asked, const char *host,
		      const char *repository)
{
	place->host = xstrdup(host);
	place->repository = xstrdup(repository);
	if (asked->alias)
		place->alias = xasprintf("%s:%d", asked->alias->file, asked->alias->line);
}

/* The rest of the name below @at. */
static int add_place(const struct asked *asked, const struct spot *at, const char *file,
		     int line, struct registry_place *place, struct err *err)
{
	const char *slash = *at->path && *asked->rest ? "/" : "";
	AUTO_FREE char *name = xasprintf("%s/%s%s%s", at->host, at->path, slash, asked->rest);
	AUTO_REFERENCE struct reference ref = {0};
	struct err ignored;

	if (reference_parse(name, NULL, &ref, &ignored) < 0 || ref.is_short) {
		(void)err_set(err, "'%s' is not the name of an image, to which '%s' leads",
			      name, asked->ref->text);
		return err_at(err, file, line, 1);
	}
	set_place(place, asked, ref.host, ref.repository);
	return 0;
}

static bool is_used(const struct registry *registry, const struct mirror *mirror,
		    const struct reference *ref)
{
	if (registry->by_digest_only || mirror->use == MIRROR_DIGEST_ONLY)
		return ref->digest;
	return mirror->use != MIRROR_TAG_ONLY || !ref->digest;
}

static int fill_places(const struct registry *registry, const struct asked *asked,
		       struct registry_place *places, size_t *count, struct err *err)
{
	for (size_t i = 0; i < registry->mirror_count; i++) {
		const struct mirror *mirror = &registry->mirrors[i];

		if (!is_used(registry, mirror, asked->ref))
			continue;
		if (add_place(asked, &mirror->at, registry->file, mirror->line, &places[*count],
			      err) < 0)
			return -1;
		places[*count].insecure = mirror->insecure;
		places[*count].is_mirror = true;
		(*count)++;
	}

	if (!registry->at.text)
		set_place(&places[*count], asked, asked->host, asked->repository);
	else if (add_place(asked, &registry->at, registry->file, registry->line,
			   &places[*count], err) < 0)
		return -1;
	places[*count].insecure = registry->insecure;
	(*count)++;
	return 0;
}

static int fail_blocked(const struct registry *registry, const struct reference *ref,
			struct err *err)
{
	(void)err_set(err, "images of '%s' are blocked on this machine, '%s' is one",
		      registry->prefix.text, ref->text);
	(void)err_hint(err, "'blocked = true' stands there, see containers-registries.conf(5)");
	err->code = EACCES;
	return err_at(err, registry->file, registry->line, 1);
}

int registries_resolve(const struct registries *registries, const struct reference *ref,
		       struct registry_place **out_places, size_t *out_count, struct err *err)
{
	const struct alias *alias = alias_of(registries, ref);
	struct asked asked = {.host = alias ? alias->host : ref->host,
			      .repository = alias ? alias->repository : ref->repository,
			      .ref = ref,
			      .alias = alias};
	const struct registry *registry =
		find_registry(registries, asked.host, asked.repository, ref);
	struct registry_place *places;
	size_t count = 0;

	if (registry && registry->blocked)
		return fail_blocked(registry, ref, err);

	places = xmalloc((registry ? registry->mirror_count + 1 : 1) * sizeof(*places));
	if (!registry) {
		set_place(&places[count++], &asked, asked.host, asked.repository);
	} else {
		asked.rest = spot_rest(&registry->prefix, asked.host, asked.repository, ref);
		if (fill_places(registry, &asked, places, &count, err) < 0) {
			registry_places_free(places, count);
			return -1;
		}
	}
	*out_places = places;
	*out_count = count;
	return 0;
}
