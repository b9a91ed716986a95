#include "puller/resolve.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <string.h>

/* An index may hold an index, and no more. */
#define INDEXES_MAX 2

int resolve_platform(const char *option, struct platform *out_platform, struct err *err)
{
	if (option)
		return platform_parse(option, out_platform, err);
	platform_host(out_platform);
	return 0;
}

int resolve_check(const struct image_config *config, const struct platform *wanted,
		  bool is_exact, char **out_odd, struct err *err)
{
	AUTO_FREE char *offered = NULL;
	AUTO_FREE char *asked = NULL;

	if (platform_rank(wanted, &config->platform) > 0)
		return 0;
	offered = platform_words(&config->platform);
	if (is_exact || !str_eq(config->platform.os, wanted->os)) {
		asked = platform_words(wanted);
		(void)err_set(err, "the image is for %s, not for %s", offered, asked);
		return err_hint(err, "it has no other platforms");
	}
	free(*out_odd);
	*out_odd = STEAL(offered);
	return 0;
}

static void move_fetched(struct fetched *to, struct fetched *from)
{
	*to = *from;
	*from = (struct fetched){0};
}

/* Through at most INDEXES_MAX indexes to a manifest. */
static int find_manifest(const struct resolver *resolver, struct resolved *r, struct err *err)
{
	const char *name = resolver->name;

	for (int depth = 0;; depth++) {
		const struct descriptor *chosen;
		struct document document;
		struct fetched next = {0};
		int rc;

		if (document_parse(r->manifest.text, r->manifest.len, r->manifest.media_type,
				   &document, err) < 0)
			return -1;
		if (document.kind == DOCUMENT_MANIFEST) {
			r->document = document;
			return 0;
		}
		chosen = NULL;
		if (depth == INDEXES_MAX + resolver->is_layout)
			(void)err_set(err, "its index holds an index that holds an index");
		else
			chosen = document_choose(&document, resolver->platform, name, err);
		if (chosen && !r->name)
			r->name = xstrdup(chosen->name);
		rc = chosen ? resolver->get_manifest(resolver->arg, chosen, &next, err) : -1;
		document_done(&document);
		if (rc < 0)
			return -1;
		fetched_done(&r->manifest);
		move_fetched(&r->manifest, &next);
		name = NULL;
	}
}

static int find_all(const struct resolver *resolver, struct resolved *r, struct err *err)
{
	if (find_manifest(resolver, r, err) < 0)
		return -1;
	/* Before any layer: it names what they unpack to, and those that are here need not
	 * come. */
	if (resolver->get_config(resolver->arg, &r->document.config, &r->config_text, err) < 0)
		return -1;
	if (image_config_parse(r->config_text.text, r->config_text.len, r->document.count,
			       &r->config, err) < 0)
		return -1;
	return resolve_check(&r->config, resolver->platform, resolver->is_exact,
			     &r->odd_platform, err);
}

int resolve(const struct resolver *resolver, struct fetched *first,
	    struct resolved *out_resolved, struct err *err)
{
	struct resolved r = {0};

	move_fetched(&r.manifest, first);
	r.index = xstrdup(r.manifest.digest);
	if (find_all(resolver, &r, err) < 0) {
		resolved_done(&r);
		return err->hint[0] ? -1
				    : err_hint(err, "whoever made the image has to make it, or "
						    "push it, again");
	}
	*out_resolved = r;
	return 0;
}

void resolved_done(struct resolved *resolved)
{
	free(resolved->index);
	free(resolved->name);
	free(resolved->odd_platform);
	fetched_done(&resolved->manifest);
	fetched_done(&resolved->config_text);
	document_done(&resolved->document);
	image_config_done(&resolved->config);
	*resolved = (struct resolved){0};
}
