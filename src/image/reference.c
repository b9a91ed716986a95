#include "image/reference.h"

#include "image/reference_name.h"
#include "util/cleanup.h"
#include "util/path.h"
#include "util/str.h"

#include <limits.h>
#include <string.h>

#define NAME_INSIDE_MAX 512

/* enum image_source as a prefix; what follows is a path, for some with a name after a colon */
static const struct scheme {
	const char *prefix;
	enum image_source source;
	bool has_name;
} schemes[] = {
	{"rootfs:", IMAGE_ROOTFS, false},
	{"oci:", IMAGE_OCI_DIR, true},
	{"oci-archive:", IMAGE_OCI_ARCHIVE, true},
	{"docker-archive:", IMAGE_DOCKER_ARCHIVE, true},
	{"tar:", IMAGE_TAR, false},
};

/* Sources of other programs, which would otherwise read as a repository and its tag. */
static const struct {
	const char *prefix;
	const char *hint;
} foreign[] = {
	{"http://", "leave 'http://' out: HOST/REPOSITORY[:TAG]"},
	{"https://", "leave 'https://' out: HOST/REPOSITORY[:TAG]"},
	{"oci://", "leave 'oci://' out: HOST/REPOSITORY[:TAG], or oci:DIR for a folder"},
	{"docker-daemon:", "write it to a file with 'docker save -o FILE IMAGE' and use "
			   "docker-archive:FILE"},
	{"containers-storage:", "write it to a file with 'podman save -o FILE IMAGE' and use "
				"docker-archive:FILE"},
	{"dir:", "copy it with 'skopeo copy dir:DIR oci:DIR' and use oci:DIR"},
	{"box:", "the image of that name is 'docker.io/library/box'"},
};

void reference_done(struct reference *reference)
{
	free(reference->text);
	free(reference->host);
	free(reference->repository);
	free(reference->tag);
	free(reference->digest);
	free(reference->path);
	*reference = (struct reference){0};
}

/* Docker's archives name images as registries do, OCI layouts as they like. */
static int check_inside(const char *text, enum image_source source, const char *name,
			struct err *err)
{
	AUTO_REFERENCE struct reference inside = {0};

	if (!*name || strlen(name) > NAME_INSIDE_MAX || strpbrk(name, " \t")) {
		(void)err_set(err, "image '%s': '%s' is not the name of an image", text, name);
		return err_hint(err, "what follows the second colon is the name inside; "
				     "a colon in a path is not possible here");
	}
	if (source == IMAGE_DOCKER_ARCHIVE)
		return reference_name_parse(name, &inside, err);
	return 0;
}

static int parse_path(const char *text, const struct scheme *scheme, const char *base_dir,
		      struct reference *out_reference, struct err *err)
{
	AUTO_FREE char *path = xstrdup(text + strlen(scheme->prefix));
	AUTO_FREE char *whole = NULL;
	char *colon = scheme->has_name ? strchr(path, ':') : NULL;

	if (colon)
		*colon++ = '\0';
	if (!*path) {
		(void)err_set(err, "image '%s' names no %s", text,
			      scheme->source == IMAGE_OCI_DIR || scheme->source == IMAGE_ROOTFS
				      ? "folder"
				      : "file");
		return err_hint(err, "use '%sPATH%s'", scheme->prefix,
				scheme->has_name ? "[:NAME]" : "");
	}
	if (colon && check_inside(text, scheme->source, colon, err) < 0)
		return -1;
	if (*path != '/' && !base_dir) {
		(void)err_set(err, "image '%s': the path is relative", text);
		return err_hint(err, "an absolute path is needed here");
	}

	whole = path_normalize(base_dir ? base_dir : "/", path);
	if (strlen(whole) >= PATH_MAX)
		return err_set(err, "image '%.60s…': the path is too long", text);

	*out_reference = (struct reference){.source = scheme->source, .tag = xstrdup(colon)};
	out_reference->text = xasprintf("%s%s%s%s", scheme->prefix, whole, colon ? ":" : "",
					colon ? colon : "");
	out_reference->path = STEAL(whole);
	return 0;
}

static int refuse_foreign(const char *text, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		if (!str_starts(text, foreign[i].prefix))
			continue;
		(void)err_set(err, "image '%s': images of '%s' are not supported", text,
			      foreign[i].prefix);
		return err_hint(err, "%s", foreign[i].hint);
	}
	return 0;
}

int reference_parse(const char *text, const char *base_dir, struct reference *out_reference,
		    struct err *err)
{
	if (!*text)
		return err_set(err, "the name of the image is empty");
	if (!str_is_printable(text) || strlen(text) > REFERENCE_MAX)
		return err_set(err, "the name of the image is too long or holds control "
				    "characters");

	if (str_eq(text, "host")) {
		*out_reference = (struct reference){IMAGE_HOST, .text = xstrdup(text)};
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_starts(text, schemes[i].prefix) && !str_starts(text, "oci://"))
			return parse_path(text, &schemes[i], base_dir, out_reference, err);
	if (refuse_foreign(text, err) < 0)
		return -1;

	if (str_starts(text, "docker://"))
		text += strlen("docker://");
	return reference_name_parse(text, out_reference, err);
}

char *reference_short(const struct reference *reference)
{
	static const char host[] = "docker.io/", folder[] = "library/";
	AUTO_REFERENCE struct reference back = {0};
	struct err ignored;
	const char *text = reference->text;

	if (reference->source != IMAGE_REGISTRY || !str_starts(text, host))
		return xstrdup(text);
	text += strlen(host);
	if (str_starts(text, folder) && !strchr(reference->repository + strlen(folder), '/'))
		text += strlen(folder);

	/* "oci:1", "localhost/x" and the like would mean something else. */
	if (reference_parse(text, NULL, &back, &ignored) < 0 ||
	    !str_eq(back.text, reference->text))
		return xstrdup(reference->text);
	return xstrdup(text);
}

bool reference_is_same_name(const char *a, const char *b)
{
	AUTO_REFERENCE struct reference first = {0};
	AUTO_REFERENCE struct reference second = {0};
	struct err ignored;

	if (str_eq(a, b))
		return true;
	return str_is_printable(a) && str_is_printable(b) &&
	       reference_name_parse(a, &first, &ignored) == 0 &&
	       reference_name_parse(b, &second, &ignored) == 0 &&
	       str_eq(first.text, second.text);
}
