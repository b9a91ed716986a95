#include "cli/image_words.h"

#include "cli/format.h"
#include "util/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ID_DIGITS 12

/* "Z", "+02:00" behind the seconds and their fraction. Return: seconds east of Greenwich, -1 in
 * *out_ok when it is none. */
static int64_t parse_zone(const char *zone, bool *out_ok)
{
	int hours, minutes, len = 0;

	*out_ok = true;
	if (strcmp(zone, "Z") == 0 || strcmp(zone, "z") == 0)
		return 0;
	if ((*zone == '+' || *zone == '-') &&
	    sscanf(zone + 1, "%2d:%2d%n", &hours, &minutes, &len) == 2 && len == 5 &&
	    !zone[1 + len])
		return (*zone == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	*out_ok = false;
	return 0;
}

int64_t created_ms(const char *text)
{
	struct tm tm = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t east;
	bool ok;

	if (!rest)
		return 0;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	east = parse_zone(rest, &ok);
	return ok ? ((int64_t)timegm(&tm) - east) * 1000 : 0;
}

char *id_words(const char *id)
{
	const char *digits = strchr(id, ':');
	int prefix = str_starts(id, "b-") ? 2 : 0;

	return xasprintf("%.*s", ID_DIGITS + prefix, digits ? digits + 1 : id);
}

void json_list(struct json *j, const char *key, const struct strv *list)
{
	json_array_begin(j, key);
	for (size_t i = 0; i < list->count; i++)
		json_text(j, NULL, list->items[i]);
	json_array_end(j);
}

void json_created(struct json *j, const char *created)
{
	const int64_t ms = created_ms(created);

	json_text(j, "created", created);
	if (ms > 0)
		json_i64(j, "created_ms", ms);
	else
		json_none(j, "created_ms");
}

static void put_layers(struct json *j, const struct image_details *details)
{
	json_array_begin(j, "layers");
	for (size_t i = 0; i < details->image.layers.count; i++) {
		const struct layer_meta *layer = &details->layers[i];

		json_object_begin(j, NULL);
		json_text(j, "id", details->image.layers.items[i]);
		if (layer->id) {
			json_text(j, "digest", *layer->digest ? layer->digest : NULL);
			json_u64(j, "blob_bytes", layer->blob_bytes);
			json_u64(j, "size_bytes", layer->bytes);
			json_u64(j, "tar_bytes", layer->tar_bytes);
			json_u64(j, "entries", layer->entries);
			json_list(j, "warnings", &layer->warnings);
		}
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_config(struct json *j, const struct image_config *config)
{
	json_object_begin(j, "config");
	json_list(j, "environment", &config->env);
	json_list(j, "entrypoint", &config->entrypoint);
	json_list(j, "command", &config->command);
	json_text(j, "working_dir", config->working_dir);
	json_text(j, "user", config->user);
	json_text(j, "stop_signal", config->stop_signal);
	json_list(j, "exposed_ports", &config->exposed_ports);
	json_list(j, "volumes", &config->volumes);
	json_list(j, "labels", &config->labels);
	json_object_end(j);
}

char *image_describe(const struct image_details *details)
{
	AUTO_FREE char *platform = platform_words(&details->image.platform);
	struct json j = {0};

	json_object_begin(&j, NULL);
	json_text(&j, "id", details->image.id);
	json_list(&j, "names", &details->names);
	json_text(&j, "platform", platform);
	json_created(&j, details->config.created);
	json_i64(&j, "stored_ms", details->image.stored_ms);
	json_u64(&j, "size_bytes", details->bytes);
	json_text(&j, "config_digest", details->image.config_digest);
	json_list(&j, "boxes", &details->boxes);
	put_config(&j, &details->config);
	put_layers(&j, details);
	json_object_end(&j);
	buf_putc(&j.text, '\n');
	return buf_take(&j.text);
}
