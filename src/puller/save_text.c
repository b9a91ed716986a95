#include "puller/save.h"

#include "util/json.h"
#include "util/str.h"

#include <jansson.h>
#include <string.h>

#define REF_NAME "org.opencontainers.image.ref.name"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

const char *save_media_type(enum layer_compression compression)
{
	switch (compression) {
	case LAYER_PLAIN:
		return "application/vnd.oci.image.layer.v1.tar";
	case LAYER_GZIP:
		return "application/vnd.oci.image.layer.v1.tar+gzip";
	case LAYER_ZSTD:
		return "application/vnd.oci.image.layer.v1.tar+zstd";
	}
	return "application/vnd.oci.image.layer.v1.tar";
}

static json_t *array_of(const struct strv *items)
{
	json_t *array = json_array();

	for (size_t i = 0; i < items->count; i++)
		(void)json_array_append_new(array, json_string(items->items[i]));
	return array;
}

char *save_config(const char *config, size_t len, const struct strv *diff_ids, struct err *err)
{
	json_error_t why;
	json_t *root = json_loadb(config, len, JSON_REJECT_DUPLICATES, &why);
	json_t *rootfs;
	char *text = NULL;

	if (!json_is_object(root)) {
		json_decref(root);
		(void)err_set(err, "it is no JSON object");
		return NULL;
	}
	/* Everything else stays as it was, what we do not know included. */
	rootfs = json_object();
	(void)json_object_set_new(rootfs, "type", json_string("layers"));
	(void)json_object_set_new(rootfs, "diff_ids", array_of(diff_ids));
	if (json_object_set_new(root, "rootfs", rootfs) == 0)
		text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	if (!text)
		(void)err_set(err, "it cannot be written");
	return text;
}

static void add_platform(struct json *j, const struct platform *platform)
{
	json_object_begin(j, "platform");
	json_text(j, "architecture", platform->architecture);
	json_text(j, "os", platform->os);
	if (platform->variant)
		json_text(j, "variant", platform->variant);
	json_object_end(j);
}

char *save_index(const struct saving *saving)
{
	struct json j = {0};

	json_object_begin(&j, NULL);
	json_u64(&j, "schemaVersion", 2);
	json_text(&j, "mediaType", INDEX_TYPE);
	json_array_begin(&j, "manifests");
	for (size_t i = 0; i < saving->image_count; i++) {
		const struct saved *saved = &saving->images[i];

		json_object_begin(&j, NULL);
		json_text(&j, "mediaType", MANIFEST_TYPE);
		json_text(&j, "digest", saved->manifest_digest);
		json_u64(&j, "size", strlen(saved->manifest));
		add_platform(&j, &saved->image.platform);
		if (*saved->name) {
			json_object_begin(&j, "annotations");
			json_text(&j, REF_NAME, saved->name);
			json_object_end(&j);
		}
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	return buf_take(&j.text);
}

char *save_docker_index(const struct saving *saving)
{
	struct json j = {0};

	json_array_begin(&j, NULL);
	for (size_t i = 0; i < saving->image_count; i++) {
		const struct saved *saved = &saving->images[i];
		char *path = xasprintf("%s.json", digest_hex(saved->config_digest));

		json_object_begin(&j, NULL);
		json_text(&j, "Config", path);
		free(path);
		json_array_begin(&j, "RepoTags");
		if (strpbrk(saved->name, "/:"))
			json_text(&j, NULL, saved->name);
		json_array_end(&j);
		json_array_begin(&j, "Layers");
		for (size_t k = 0; k < saved->image.layers.count; k++) {
			path = xasprintf("%s.tar", digest_hex(saved->layers[k]->digest));
			json_text(&j, NULL, path);
			free(path);
		}
		json_array_end(&j);
		json_object_end(&j);
	}
	json_array_end(&j);
	return buf_take(&j.text);
}
