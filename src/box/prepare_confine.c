#include "box/prepare_parts.h"

#include "sec/caps.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <stdlib.h>

static int add_caps(const struct spec_list *list, uint64_t *set, struct err *err)
{
	size_t i;

	for (i = 0; i < list->items.count; i++) {
		uint64_t mask;

		if (caps_from_name(list->items.items[i], &mask, err) < 0)
			return spec_at(&list->at[i], err);
		*set |= mask;
	}
	return 0;
}

static int bounding_set(const struct spec *spec, uint64_t *out_set, uint64_t *out_added,
			struct err *err)
{
	const uint64_t all = caps_all();
	uint64_t added = 0;
	uint64_t dropped = 0;

	if (add_caps(&spec->cap_drop, &dropped, err) < 0 ||
	    add_caps(&spec->cap_add, &added, err) < 0)
		return -1;
	*out_set = ((caps_default() & ~dropped) | added) & all;
	*out_added = added & all;
	return 0;
}

/* The program must lie somewhere, or `exec` could not load the same one. */
static int get_filter(const struct prepare_request *request, struct filter_request *filter,
		      struct strv *warnings, struct filter *out_filter, struct err *err)
{
	AUTO_FREE char *fallback = NULL;

	if (filter_get(filter, out_filter, warnings, err) < 0)
		return -1;
	if (out_filter->file)
		return 0;
	filter_done(out_filter);
	fallback = path_join(request->dirs->runtime, "seccomp");
	filter->cache_dir = fallback;
	if (filter_get(filter, out_filter, warnings, err) < 0)
		return -1;
	if (out_filter->file)
		return 0;
	filter_done(out_filter);
	(void)err_set(err,
		      "the seccomp program can be written neither to '%s/seccomp' nor to '%s'",
		      request->dirs->cache, fallback);
	return err_hint(err, "free space, or set XDG_CACHE_HOME to a folder you may write");
}

/* The user's own profile is loaded so that devbox hears of what it refuses, and can name it. */
static int explain_filter(const struct prepare_request *request, struct filter_request *filter,
			  struct prepared *p, struct err *err)
{
	AUTO_STRV struct strv same = {0};

	filter->explain = true;
	filter_done(&p->filter);
	p->profile = xstrdup(filter->path);
	return get_filter(request, filter, &same, &p->filter, err);
}

int prepare_confine(const struct prepare_request *request, struct prepared *p, struct err *err)
{
	const struct spec *spec = request->spec;
	AUTO_FREE char *cache = path_join(request->dirs->cache, "seccomp");
	AUTO_STRV struct strv warnings = {0};
	struct filter_request filter = {.cache_dir = cache};
	size_t i;

	p->confine.uid = p->identity.uid;
	p->confine.gid = p->identity.gid;
	p->confine.can_setgroups = !p->facts.is_single_id;
	p->confine.umask = 0022;
	p->confine.no_new_privs = spec->no_new_privileges;
	if (bounding_set(spec, &p->confine.bounding, &p->added_caps, err) < 0)
		return -1;
	/* Root holds its bounding set anyway; anybody else gets what the profile adds as
	 * ambient. */
	if (p->confine.uid != 0)
		p->confine.ambient = p->added_caps;
	for (i = 0; i < p->identity.groups.count && i < CONFINE_GROUPS_MAX; i++) {
		uint64_t gid = 0;

		(void)str_to_u64(p->identity.groups.items[i], &gid);
		p->confine.groups[p->confine.group_count++] = (gid_t)gid;
	}
	if (str_eq(spec->seccomp.value, "unconfined"))
		return 0;
	filter.path = spec->seccomp.value;
	filter.bounding = p->confine.bounding;
	if (get_filter(request, &filter, &warnings, &p->filter, err) < 0)
		return err->file[0] ? -1 : spec_at(&spec->seccomp.at, err);
	for (i = 0; i < warnings.count; i++)
		strv_addf(&p->notes, "seccomp profile: %s", warnings.items[i]);
	p->exec_filter = xstrdup(p->filter.file);
	return filter.path ? explain_filter(request, &filter, p, err) : 0;
}
