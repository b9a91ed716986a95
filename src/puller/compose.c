#include "puller/compose.h"

#include "util/json.h"
#include "util/sha256.h"

#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

char *compose_digest(const char *text, size_t len)
{
	char hex[SHA256_HEX_MAX];

	sha256_text(text, len, hex);
	return xasprintf("sha256:%s", hex);
}

static void add_descriptor(struct json *j, const char *key, const char *type,
			   const char *digest, uint64_t size)
{
	json_object_begin(j, key);
	json_text(j, "mediaType", type);
	json_text(j, "digest", digest);
	json_u64(j, "size", size);
	json_object_end(j);
}

char *compose_manifest(const char *config_digest, size_t config_len,
		       const struct compose_layer *layers, size_t count)
{
	struct json j = {0};

	json_object_begin(&j, NULL);
	json_u64(&j, "schemaVersion", 2);
	json_text(&j, "mediaType", MANIFEST_TYPE);
	add_descriptor(&j, "config", CONFIG_TYPE, config_digest, config_len);
	json_array_begin(&j, "layers");
	for (size_t i = 0; i < count; i++)
		add_descriptor(&j, NULL,
			       layers[i].media_type ? layers[i].media_type : COMPOSE_TAR,
			       layers[i].digest, layers[i].size);
	json_array_end(&j);
	json_object_end(&j);
	return buf_take(&j.text);
}

char *compose_config(const struct platform *platform, const char *diff_id,
		     const char *created_by)
{
	struct json j = {0};

	json_object_begin(&j, NULL);
	json_text(&j, "architecture", platform->architecture);
	json_text(&j, "os", platform->os);
	json_object_begin(&j, "config");
	json_object_end(&j);
	json_object_begin(&j, "rootfs");
	json_text(&j, "type", "layers");
	json_array_begin(&j, "diff_ids");
	json_text(&j, NULL, diff_id);
	json_array_end(&j);
	json_object_end(&j);
	json_array_begin(&j, "history");
	json_object_begin(&j, NULL);
	json_text(&j, "created_by", created_by);
	json_object_end(&j);
	json_array_end(&j);
	json_object_end(&j);
	return buf_take(&j.text);
}
