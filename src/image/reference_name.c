#include "image/reference_name.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define HEX "0123456789abcdef"
#define HEX_UPPER "ABCDEF"
#define DIGEST_PREFIX "sha256:"
#define DIGEST_HEX_LEN 64
#define NAME_LEN_MAX 255
#define TAG_LEN_MAX 128
#define PORT_MAX 65535
/* Above the longest name with a tag and a digest. */
#define TEXT_LEN_MAX 600

#define DOCKER_HOST "docker.io"
#define DOCKER_FOLDER "library/"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

bool digest_check(const char *text)
{
	if (!str_starts(text, DIGEST_PREFIX))
		return false;
	text += strlen(DIGEST_PREFIX);
	return strlen(text) == DIGEST_HEX_LEN && strspn(text, HEX) == DIGEST_HEX_LEN;
}

const char *digest_hex(const char *digest)
{
	return digest + strlen(DIGEST_PREFIX);
}

static char *lower(const char *text)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static int check_digest(const char *text, const char *digest, struct err *err)
{
	const char *colon = strchr(digest, ':');

	if (digest_check(digest))
		return 0;
	if (!str_starts(digest, DIGEST_PREFIX) && colon && colon > digest) {
		(void)err_set(err, "image '%s': digests of type '%.*s' are not supported", text,
			      (int)(colon - digest), digest);
		return err_hint(err, "name the image by its sha256 digest, or by a tag");
	}
	(void)err_set(err, "image '%s': '%s' is not a digest", text, digest);
	return err_hint(err, "a digest is 'sha256:' and %d digits out of 0-9 and a-f",
			DIGEST_HEX_LEN);
}

static int check_tag(const char *text, const char *tag, struct err *err)
{
	size_t len = strlen(tag);
	size_t i;

	for (i = 0; i < len; i++)
		if (!is_alnum(tag[i]) && tag[i] != '_' && (i == 0 || !strchr(".-", tag[i])))
			break;
	if (len > 0 && len <= TAG_LEN_MAX && i == len)
		return 0;

	(void)err_set(err, "image '%s': '%s' is not a tag", text, tag);
	return err_hint(
		err,
		"a tag is made of letters, digits, '_', '.' and '-', at most %d of them, "
		"no '.' or '-' first",
		TAG_LEN_MAX);
}

/* Letters and digits, between them a dot, one or two underscores, or dashes. */
static bool is_component(const char *s, size_t len)
{
	size_t i = 0;

	for (;;) {
		size_t start = i;
		size_t gap;

		while (i < len && is_lower_alnum(s[i]))
			i++;
		if (i == start)
			return false;
		if (i == len)
			return true;

		gap = strspn(s + i, s[i] == '-' ? "-" : s[i] == '_' ? "_" : ".");
		if (!strchr("-_.", s[i]) || (s[i] == '.' && gap > 1) ||
		    (s[i] == '_' && gap > 2))
			return false;
		i += gap;
	}
}

static int check_repository(const char *text, const char *repository, struct err *err)
{
	AUTO_FREE char *right = lower(repository);

	if (!str_eq(right, repository)) {
		(void)err_set(err, "image '%s': the repository '%s' is not in lower case", text,
			      repository);
		return err_hint(err, "did you mean '%s'?", right);
	}
	for (const char *p = repository;; p++) {
		size_t len = strcspn(p, "/");

		if (!is_component(p, len)) {
			(void)err_set(err, "image '%s': '%.*s' cannot be part of a repository",
				      text, (int)len, p);
			return err_hint(err, "each part between slashes is made of a-z and "
					     "0-9, with '.', '_', '__' or dashes between them");
		}
		p += len;
		if (!*p)
			return 0;
	}
}

/* Labels of letters, digits and inner dashes, with dots between. */
static bool is_host_name(const char *s)
{
	for (;;) {
		size_t len = strcspn(s, ".");

		if (len == 0 || !is_alnum(s[0]) || !is_alnum(s[len - 1]))
			return false;
		for (size_t i = 0; i < len; i++)
			if (!is_alnum(s[i]) && s[i] != '-')
				return false;
		if (!s[len])
			return true;
		s += len + 1;
	}
}

/* "[address" of an IPv6 literal, cut before its bracket, in canonical form; NULL when it is not
 * one. */
static char *canonical_address(const char *s)
{
	struct in6_addr address;
	char words[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET6, s + 1, &address) != 1 ||
	    !inet_ntop(AF_INET6, &address, words, sizeof(words)))
		return NULL;
	return xasprintf("[%s]", words);
}

/* Return: HOST[:PORT] in canonical form, NULL when it is not one. */
static char *canonical_host(const char *text)
{
	AUTO_FREE char *copy = lower(text);
	AUTO_FREE char *name = NULL;
	char *rest = copy;
	uint64_t port;

	if (*copy == '[') {
		(void)strsep(&rest, "]");
		name = rest ? canonical_address(copy) : NULL;
		if (!name)
			return NULL;
		if (!*rest)
			rest = NULL;
		else if (*rest++ != ':')
			return NULL;
	} else {
		(void)strsep(&rest, ":");
		name = is_host_name(copy) ? xstrdup(copy) : NULL;
	}
	if (!name)
		return NULL;
	if (!rest)
		return STEAL(name);
	if (str_to_u64(rest, &port) < 0 || port == 0 || port > PORT_MAX)
		return NULL;
	return xasprintf("%s:%" PRIu64, name, port);
}

/* Whether the part before the first slash is a registry; otherwise it is a folder of Docker
 * Hub. */
static bool is_host_part(const char *s, size_t len)
{
	return memchr(s, '.', len) || memchr(s, ':', len) ||
	       (len == strlen("localhost") && strncasecmp(s, "localhost", len) == 0);
}

static bool is_docker_hub(const char *host)
{
	return str_eq(host, DOCKER_HOST) || str_eq(host, "index." DOCKER_HOST) ||
	       str_eq(host, "registry-1." DOCKER_HOST);
}

/* [HOST/]REPOSITORY into its two parts. */
static int split_name(const char *text, const char *name, struct reference *ref,
		      struct err *err)
{
	size_t len = strcspn(name, "/");

	ref->is_short = !name[len] || !is_host_part(name, len);
	if (ref->is_short) {
		ref->host = xstrdup(DOCKER_HOST);
	} else {
		AUTO_FREE char *host = xstrndup(name, len);

		ref->host = canonical_host(host);
		if (!ref->host) {
			(void)err_set(err, "image '%s': '%s' is not the host of a registry",
				      text, host);
			return err_hint(err, "a host is a name or an address, with ':PORT' if "
					     "need be; IPv6 in brackets, as in '[::1]:5000'");
		}
		name += len + 1;
	}
	if (check_repository(text, name, err) < 0)
		return -1;

	if (is_docker_hub(ref->host)) {
		free(ref->host);
		ref->host = xstrdup(DOCKER_HOST);
		if (!strchr(name, '/')) {
			ref->repository = xasprintf(DOCKER_FOLDER "%s", name);
			return 0;
		}
	}
	ref->repository = xstrdup(name);
	return 0;
}

/* Cut what follows @mark off @name. Return: it, or NULL. */
static const char *cut(char *mark)
{
	if (!mark)
		return NULL;
	*mark = '\0';
	return mark + 1;
}

static int parse(const char *text, struct reference *ref, struct err *err)
{
	AUTO_FREE char *name = xstrdup(text);
	const char *digest = cut(strchr(name, '@'));
	char *slash = strrchr(name, '/');
	const char *tag = cut(strchr(slash ? slash : name, ':'));

	if (!*name)
		return err_set(err, "image '%s' has no name", text);
	if (digest && check_digest(text, digest, err) < 0)
		return -1;
	if (tag && check_tag(text, tag, err) < 0)
		return -1;
	if (split_name(text, name, ref, err) < 0)
		return -1;
	if (strlen(ref->host) + 1 + strlen(ref->repository) > NAME_LEN_MAX)
		return err_set(err,
			       "image '%s': registry and repository together are longer "
			       "than %d characters",
			       text, NAME_LEN_MAX);

	if (!tag && !digest)
		tag = "latest";
	ref->source = IMAGE_REGISTRY;
	ref->tag = xstrdup(tag);
	ref->digest = xstrdup(digest);
	ref->text = xasprintf("%s/%s%s%s%s%s", ref->host, ref->repository, tag ? ":" : "",
			      tag ? tag : "", digest ? "@" : "", digest ? digest : "");
	return 0;
}

static bool looks_like_id(const char *text)
{
	return strlen(text) == DIGEST_HEX_LEN && strspn(text, HEX HEX_UPPER) == DIGEST_HEX_LEN;
}

int reference_name_parse(const char *text, struct reference *out_reference, struct err *err)
{
	AUTO_REFERENCE struct reference ref = {0};

	if (strlen(text) > TEXT_LEN_MAX)
		return err_set(err, "image '%.60s…': the name is too long", text);
	if (looks_like_id(text)) {
		(void)err_set(err, "image '%s' is an id, not a name", text);
		return err_hint(err,
				"say REPOSITORY@sha256:%.12s…, with the repository it "
				"comes from",
				text);
	}
	if (parse(text, &ref, err) < 0)
		return -1;
	*out_reference = ref;
	ref = (struct reference){0};
	return 0;
}
