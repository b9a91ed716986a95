#include "puller/load.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/*
 * What `docker save` writes: manifest.json, an array of objects with Config, RepoTags and
 * Layers, which are paths. Layers have no digest of their own there, only what they unpack to
 * is known. Since Docker 25 the same file is an OCI layout too, with the same paths in it.
 */

#define LAYERS_MAX 127
#define NAMES_MAX 1024

static bool is_same_name(const char *a, const char *b)
{
	struct reference one, other;
	struct err ignored;
	bool same;

	if (strcmp(a, b) == 0)
		return true;
	if (reference_parse(a, NULL, &one, &ignored) < 0)
		return false;
	if (reference_parse(b, NULL, &other, &ignored) < 0) {
		reference_done(&one);
		return false;
	}
	same = str_eq(one.text, other.text);
	reference_done(&one);
	reference_done(&other);
	return same;
}

static bool has_name(const json_t *entry, const char *name)
{
	const json_t *names = json_object_get(entry, "RepoTags");

	for (size_t i = 0; i < json_array_size(names) && i < NAMES_MAX; i++) {
		const char *text = json_string_value(json_array_get(names, i));

		if (text && is_same_name(text, name))
			return true;
	}
	return false;
}

static char *list_names(const json_t *root)
{
	struct buf text = {0};

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *names = json_object_get(json_array_get(root, i), "RepoTags");

		for (size_t k = 0; k < json_array_size(names) && text.len < 300; k++) {
			const char *name = json_string_value(json_array_get(names, k));

			buf_printf(&text, "%s%.100s", text.len ? ", " : "", name ? name : "");
		}
	}
	return buf_take(&text);
}

/* Return: borrowed from @root, or NULL. */
static const json_t *choose(const json_t *root, const char *name, struct err *err)
{
	AUTO_FREE char *names = NULL;
	size_t count = json_array_size(root);

	if (!name && count == 1)
		return json_array_get(root, 0);
	for (size_t i = 0; name && i < count; i++) {
		if (has_name(json_array_get(root, i), name))
			return json_array_get(root, i);
	}
	names = list_names(root);
	if (name) {
		(void)err_code(err, ENOENT, "find '%s' in it, there are: %s", name, names);
		return NULL;
	}
	(void)err_set(err, "it holds %zu images", count);
	if (*names)
		(void)err_hint(err, "name one of them, with ':NAME' at the end: %s", names);
	return NULL;
}

static int read_file(struct source *source, const char *path, char **out_text, size_t *out_len,
		     struct err *err)
{
	struct piece piece;

	if (source_find(source, path, &piece, err) < 0)
		return -1;
	return source_read(&piece, path, out_text, out_len, err);
}

static json_t *read_manifest(struct source *source, struct err *err)
{
	AUTO_FREE char *text = NULL;
	json_error_t why;
	json_t *root;
	size_t len;

	if (read_file(source, "manifest.json", &text, &len, err) < 0) {
		if (err->code == ENOENT)
			(void)err_hint(err, "'docker save' writes one; 'oci-archive:' is an "
					    "OCI layout in a tar file, 'tar:' a bare root");
		return NULL;
	}
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_array(root)) {
		json_decref(root);
		(void)err_set(err, "its 'manifest.json' is no list of images");
		return NULL;
	}
	return root;
}

static int make_jobs(const json_t *layers, struct source *source,
		     const struct image_config *config, struct layer_job *jobs, struct err *err)
{
	for (size_t i = 0; i < config->diff_ids.count; i++) {
		const char *path = json_string_value(json_array_get(layers, i));
		AUTO_FREE char *clean = path ? archive_clean("", path) : NULL;
		struct piece piece;

		if (!clean)
			return err_set(err,
				       "'Layers' of its 'manifest.json' has no path at %zu", i);
		if (source_find(source, clean, &piece, err) < 0)
			return -1;
		jobs[i] = (struct layer_job){
			.diff_id = config->diff_ids.items[i],
			.size = piece.size,
			.fd = piece.fd,
			.offset = piece.offset,
		};
	}
	return 0;
}

static void add_names(const json_t *entry, struct strv *names)
{
	const json_t *tags = json_object_get(entry, "RepoTags");

	for (size_t i = 0; i < json_array_size(tags) && i < NAMES_MAX; i++)
		load_name(json_string_value(json_array_get(tags, i)), names);
}

/* @config: its text and what it says */
struct found {
	const json_t *entry;
	char *text;
	size_t len;
	struct image_config config;
};

static int find_config(struct puller *puller, struct source *source, struct found *found,
		       struct err *err)
{
	const char *path = json_string_value(json_object_get(found->entry, "Config"));
	const json_t *layers = json_object_get(found->entry, "Layers");
	AUTO_FREE char *clean = path ? archive_clean("", path) : NULL;
	AUTO_FREE char *odd = NULL;
	struct platform platform = {0};
	int rc;

	if (!clean || !json_is_array(layers) || json_array_size(layers) > LAYERS_MAX)
		return err_set(err, "its 'manifest.json' lacks 'Config' or 'Layers'");
	if (read_file(source, clean, &found->text, &found->len, err) < 0 ||
	    image_config_parse(found->text, found->len, json_array_size(layers), &found->config,
			       err) < 0)
		return -1;
	if (resolve_platform(puller->options.platform, &platform, err) < 0)
		return -1;
	rc = resolve_check(&found->config, &platform, puller->options.platform != NULL, &odd,
			   err);
	platform_done(&platform);
	if (rc == 0 && odd)
		report_warn(&puller->report, "the image is for %s", odd);
	return rc;
}

static int bring(struct puller *puller, const struct reference *reference,
		 struct source *source, const struct found *found, struct err *err)
{
	size_t count = found->config.diff_ids.count;
	struct crew crew = {.jobs = xmalloc((count + 1) * sizeof(struct layer_job)),
			    .count = count};
	AUTO_STRV struct strv names = {0};
	int rc;

	if (puller->options.names)
		add_names(found->entry, &names);
	rc = make_jobs(json_object_get(found->entry, "Layers"), source, &found->config,
		       crew.jobs, err);
	if (rc == 0)
		rc = intake_layers(puller, &crew, reference, err);
	if (rc == 0)
		rc = load_made(puller,
			       &(struct intake){.reference = reference,
						.platform = &found->config.platform,
						.config = found->text,
						.config_len = found->len,
						.names = &names},
			       &crew, err);
	crew_done(&crew);
	free(crew.jobs);
	return rc;
}

int load_docker(struct puller *puller, const struct reference *reference, struct source *source,
		struct err *err)
{
	struct found found = {0};
	json_t *root = read_manifest(source, err);
	int rc = -1;

	if (root) {
		found.entry = choose(root, reference->tag, err);
		rc = found.entry ? find_config(puller, source, &found, err) : -1;
	}
	if (rc < 0)
		(void)err_wrap(err, "'%s'", reference->path);
	else
		rc = bring(puller, reference, source, &found, err);
	free(found.text);
	image_config_done(&found.config);
	json_decref(root);
	return rc;
}
