#include "config/fill.h"

#include "util/cleanup.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define PLATFORM_MAX_LEN 64

/* References that begin with a path; @has_name: a name inside may follow after a colon. */
static const struct scheme {
	const char *prefix;
	const char *what;
	bool has_name;
} schemes[] = {
	{"rootfs:", "folder", false},   {"oci:", "folder", true},
	{"oci-archive:", "file", true}, {"docker-archive:", "file", true},
	{"tar:", "file", false},
};

/* What may be the name of an image in a registry; the image store has the last word. */
static bool is_name(const char *text)
{
	static const char *const wrong[] = {"//", "/:", "/@"};

	if (str_starts(text, "docker://"))
		text += strlen("docker://");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (strstr(text, wrong[i]))
			return false;
	return *text && strchr(LETTERS "[", *text) &&
	       text[strspn(text, LETTERS "._-/:@+[]")] == '\0' && !str_ends(text, "/") &&
	       !str_ends(text, ":") && !str_ends(text, "@");
}

/* The path becomes absolute, as other paths of a profile do. */
static int fill_path(struct fill *f, const struct node *value, const struct scheme *scheme)
{
	AUTO_FREE char *what =
		xasprintf("image: the %s after '%s'", scheme->what, scheme->prefix);
	AUTO_FREE char *text = xstrdup(value->text + strlen(scheme->prefix));
	char *name = scheme->has_name ? strchr(text, ':') : NULL;
	AUTO_FREE char *path = NULL;

	if (name)
		*name++ = '\0';
	if (value_host_path(f, what, value, text, &path) < 0)
		return -1;
	if (name && (!*name || !str_is_printable(name)))
		return place_fail(f->err, &value->at,
				  "image: after the second ':' comes the name inside");
	if (strcmp(path, "/") == 0) {
		(void)place_fail(f->err, &value->at, "image cannot be '%s/'", scheme->prefix);
		return err_hint(f->err, "'host' is a box with the tools of this machine");
	}
	if (scheme->has_name && strchr(path, ':'))
		return place_fail(f->err, &value->at,
				  "image: the path '%.200s' holds a ':', which begins the name "
				  "inside",
				  path);
	value_keep(
		f, value,
		xasprintf("%s%s%s%s", scheme->prefix, path, name ? ":" : "", name ? name : ""),
		&f->spec->image);
	return 0;
}

int fill_image(struct fill *f, const char *key, const struct node *value)
{
	static const char accepted[] =
		"'host', the name of an image such as 'debian:12', or 'rootfs:', 'oci:', "
		"'oci-archive:', 'docker-archive:' or 'tar:' with a path";
	const char *text;

	if (value_text(f, key, value, accepted, &text) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_starts(text, schemes[i].prefix))
			return fill_path(f, value, &schemes[i]);
	if (!is_name(text))
		return value_refuse(f, key, value, accepted);
	value_keep(f, value, xstrdup(text), &f->spec->image);
	return 0;
}

int fill_platform(struct fill *f, const char *key, const struct node *value)
{
	static const char accepted[] = "a platform such as 'linux/arm64' or 'linux/arm/v7'";
	const char *text;
	size_t slashes = 0;

	if (value_text(f, key, value, accepted, &text) < 0)
		return -1;
	for (const char *c = text; *c; c++)
		slashes += *c == '/';
	if (slashes > 2 || strlen(text) > PLATFORM_MAX_LEN || strstr(text, "//") ||
	    *text == '/' || str_ends(text, "/") || text[strspn(text, LETTERS "/_.-")] != '\0')
		return value_refuse(f, key, value, accepted);
	value_keep(f, value, xstrdup(text), &f->spec->platform);
	return 0;
}

int fill_pull_policy(struct fill *f, const char *key, const struct node *value)
{
	static const char *const choices[] = {"missing", "always", "never", NULL};
	static const enum pull_policy policies[] = {PULL_MISSING, PULL_ALWAYS, PULL_NEVER};
	size_t i;

	if (value_choice(f, key, value, choices, &i) < 0)
		return -1;
	f->spec->pull_policy = policies[i];
	return 0;
}
