#include "fetch/registries_parts.h"

#include "util/cleanup.h"

#include <string.h>

/* Put in front of a path, so that Docker Hub's "library/" is not. */
#define LEADER "a/"

void spot_done(struct spot *spot)
{
	free(spot->text);
	free(spot->host);
	free(spot->path);
	free(spot->tag);
	free(spot->digest);
	*spot = (struct spot){0};
}

static int fail(const char *text, struct err *err)
{
	(void)err_set(err, "'%s' is not a registry or a part of one", text);
	return err_hint(err,
			"write HOST[:PORT][/NAMESPACE…], the host with a '.' or ':' in it or "
			"'localhost', without 'https://'");
}

static int parse_wildcard(const char *text, struct spot *out, struct err *err)
{
	AUTO_FREE char *name = xasprintf("x.%s/" LEADER "a", text + 2);
	AUTO_REFERENCE struct reference ref = {0};
	struct err ignored;

	if (strpbrk(text + 2, "/:@*") || reference_parse(name, NULL, &ref, &ignored) < 0 ||
	    !str_starts(ref.host, "x.")) {
		(void)err_set(err, "'%s' is not a prefix", text);
		return err_hint(err, "with '*' it is '*.DOMAIN' and nothing else");
	}
	out->is_wildcard = true;
	out->host = xstrdup(ref.host + 1);
	out->path = xstrdup("");
	out->text = xasprintf("*%s", out->host);
	return 0;
}

/* A tag is after the last slash, and not part of the digest. */
static bool has_tag(const char *rest)
{
	const char *at = strchrnul(rest, '@');
	const char *slash = memrchr(rest, '/', (size_t)(at - rest));
	const char *name = slash ? slash : rest;

	return memchr(name, ':', (size_t)(at - name));
}

int spot_parse(const char *text, struct spot *out_spot, struct err *err)
{
	AUTO_FREE char *trimmed = xstrdup(text);
	AUTO_FREE char *name = NULL;
	AUTO_REFERENCE struct reference ref = {0};
	struct spot spot = {0};
	struct err ignored;
	char *rest;
	size_t len = strlen(trimmed);

	while (len && trimmed[len - 1] == '/')
		trimmed[--len] = '\0';
	if (!str_is_printable(trimmed) || strstr(trimmed, "://"))
		return fail(str_is_printable(text) ? text : "…", err);
	if (str_starts(trimmed, "*.")) {
		if (parse_wildcard(trimmed, &spot, err) < 0)
			return -1;
		*out_spot = spot;
		return 0;
	}

	rest = strchrnul(trimmed, '/');
	if (*rest)
		*rest++ = '\0';
	name = xasprintf("%s/" LEADER "%s", trimmed, *rest ? rest : "a");
	if (reference_parse(name, NULL, &ref, &ignored) < 0 || ref.source != IMAGE_REGISTRY ||
	    ref.is_short)
		return fail(text, err);

	spot.host = STEAL(ref.host);
	spot.path = xstrdup(*rest ? ref.repository + strlen(LEADER) : "");
	if (*rest && has_tag(rest))
		spot.tag = STEAL(ref.tag);
	spot.digest = STEAL(ref.digest);
	spot.text = xasprintf("%s%s%s%s%s%s%s", spot.host, *rest ? "/" : "", spot.path,
			      spot.tag ? ":" : "", spot.tag ? spot.tag : "",
			      spot.digest ? "@" : "", spot.digest ? spot.digest : "");
	*out_spot = spot;
	return 0;
}

/* "*.example.com" stands for all hosts below, at any port. */
static bool is_host_below(const char *host, const char *domain)
{
	AUTO_FREE char *name = xstrndup(host, strcspn(host, ":"));

	return *host != '[' && str_ends(name, domain) && strlen(name) > strlen(domain);
}

const char *spot_rest(const struct spot *spot, const char *host, const char *repository,
		      const struct reference *ref)
{
	size_t len = strlen(spot->path);

	if (spot->is_wildcard)
		return is_host_below(host, spot->host) ? repository : NULL;
	if (!str_eq(spot->host, host) || !str_starts(repository, spot->path))
		return NULL;
	if (spot->tag || spot->digest) {
		if (repository[len] || (spot->tag && !str_eq(spot->tag, ref->tag)) ||
		    (spot->digest && !str_eq(spot->digest, ref->digest)))
			return NULL;
	}
	if (len == 0 || !repository[len])
		return repository + len;
	return repository[len] == '/' ? repository + len + 1 : NULL;
}
