#include "image/document.h"

#include "image/document_json.h"
#include "util/cleanup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEALTH_MAX UINT64_C(86400000000000) /* a day of nanoseconds */
#define ENV_MAX 4096

void image_config_done(struct image_config *config)
{
	struct strv *const lists[] = {&config->env,      &config->entrypoint,
				      &config->command,  &config->exposed_ports,
				      &config->volumes,  &config->labels,
				      &config->diff_ids, &config->health.test};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		strv_done(lists[i]);
	for (size_t i = 0; i < config->history_count; i++) {
		free(config->history[i].created);
		free(config->history[i].created_by);
		free(config->history[i].comment);
	}
	free(config->history);
	platform_done(&config->platform);
	free(config->working_dir);
	free(config->user);
	free(config->stop_signal);
	free(config->created);
	*config = (struct image_config){0};
}

static int read_platform(const struct doc *d, const json_t *root, struct platform *out,
			 struct err *err)
{
	if (doc_copy(d, root, "os", &out->os, err) < 0 ||
	    doc_copy(d, root, "architecture", &out->architecture, err) < 0 ||
	    doc_copy(d, root, "variant", &out->variant, err) < 0)
		return -1;
	if (!out->os)
		return doc_fail(d, "os", err, "is missing");
	if (!out->architecture)
		return doc_fail(d, "architecture", err, "is missing");
	if (!str_is_printable(out->os) || !str_is_printable(out->architecture) ||
	    (out->variant && !str_is_printable(out->variant)))
		return doc_fail(d, NULL, err, "the platform makes no sense");
	return 0;
}

/* A later one of a name wins; what is no NAME=VALUE means nothing. */
static int read_env(const struct doc *d, const json_t *object, struct strv *out,
		    struct err *err)
{
	AUTO_STRV struct strv lines = {0};

	if (doc_strings(d, object, "Env", &lines, err) < 0)
		return -1;
	if (lines.count > ENV_MAX)
		return doc_fail(d, "Env", err, "has more than %d entries", ENV_MAX);

	for (size_t i = 0; i < lines.count; i++) {
		char *value = strchr(lines.items[i], '=');

		if (!value || value == lines.items[i])
			continue;
		*value++ = '\0';
		env_set(out, lines.items[i], value);
	}
	return 0;
}

static int read_labels(const struct doc *d, const json_t *object, struct strv *out,
		       struct err *err)
{
	const char *key;
	json_t *labels, *value;

	if (doc_object(d, object, "Labels", &labels, err) < 0)
		return -1;

	json_object_foreach(labels, key, value)
	{
		if (!json_is_string(value) && !json_is_null(value))
			return doc_fail(d, "Labels", err, "must hold strings only");
		strv_addf(out, "%s=%s", key,
			  json_is_string(value) ? json_string_value(value) : "");
	}
	return 0;
}

static int read_number(const struct doc *d, const json_t *object, const char *key,
		       uint64_t *out, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	return value && !json_is_null(value) ? doc_size(d, object, key, HEALTH_MAX, out, err)
					     : 0;
}

/* Of docker-archives and images in Docker's format; OCI has none. */
static int read_health(struct doc *d, const json_t *config, struct image_health *out,
		       struct err *err)
{
	json_t *object;

	if (doc_object(d, config, "Healthcheck", &object, err) < 0)
		return -1;
	if (!object)
		return 0;
	doc_enter(d, "config.Healthcheck");
	if (doc_strings(d, object, "Test", &out->test, err) < 0 ||
	    read_number(d, object, "Interval", &out->interval_ns, err) < 0 ||
	    read_number(d, object, "Timeout", &out->timeout_ns, err) < 0 ||
	    read_number(d, object, "StartPeriod", &out->start_period_ns, err) < 0 ||
	    read_number(d, object, "StartInterval", &out->start_interval_ns, err) < 0 ||
	    read_number(d, object, "Retries", &out->retries, err) < 0)
		return -1;
	doc_enter(d, "config");
	return 0;
}

static int read_process(struct doc *d, const json_t *root, struct image_config *out,
			struct err *err)
{
	json_t *object;

	if (doc_object(d, root, "config", &object, err) < 0)
		return -1;
	if (!object)
		return 0;

	doc_enter(d, "config");
	if (read_env(d, object, &out->env, err) < 0 ||
	    doc_strings(d, object, "Entrypoint", &out->entrypoint, err) < 0 ||
	    doc_strings(d, object, "Cmd", &out->command, err) < 0 ||
	    doc_copy(d, object, "WorkingDir", &out->working_dir, err) < 0 ||
	    doc_copy(d, object, "User", &out->user, err) < 0 ||
	    doc_copy(d, object, "StopSignal", &out->stop_signal, err) < 0 ||
	    read_health(d, object, &out->health, err) < 0 ||
	    doc_keys(d, object, "ExposedPorts", &out->exposed_ports, err) < 0 ||
	    doc_keys(d, object, "Volumes", &out->volumes, err) < 0 ||
	    read_labels(d, object, &out->labels, err) < 0)
		return -1;
	doc_enter(d, "%s", "");
	return 0;
}

static int read_rootfs(struct doc *d, const json_t *root, size_t layers, struct strv *out,
		       struct err *err)
{
	const char *type;
	char word[DOC_WORD_MAX];
	json_t *rootfs;

	if (doc_object(d, root, "rootfs", &rootfs, err) < 0)
		return -1;
	if (!rootfs)
		return doc_fail(d, "rootfs", err, "is missing");

	doc_enter(d, "rootfs");
	if (doc_string(d, rootfs, "type", &type, err) < 0 ||
	    doc_strings(d, rootfs, "diff_ids", out, err) < 0)
		return -1;
	if (!str_eq(type, "layers"))
		return doc_fail(d, "type", err, "must be 'layers', not '%s'",
				type ? doc_clean(type, word) : "");
	if (layers != SIZE_MAX && out->count != layers)
		return doc_fail(d, "diff_ids", err, "are %zu, but the manifest has %zu layers",
				out->count, layers);
	if (out->count > DOCUMENT_LAYERS_MAX)
		return doc_fail(d, "diff_ids", err,
				"are %zu, more than the %d that fit on a box", out->count,
				DOCUMENT_LAYERS_MAX);
	for (size_t i = 0; i < out->count; i++) {
		doc_enter(d, "rootfs.diff_ids[%zu]", i);
		if (doc_check_digest(d, NULL, out->items[i], err) < 0)
			return -1;
	}
	doc_enter(d, "%s", "");
	return 0;
}

static int read_history(struct doc *d, const json_t *root, struct image_config *out,
			struct err *err)
{
	json_t *array, *item;
	size_t i;

	if (doc_array(d, root, "history", &array, err) < 0)
		return -1;

	out->history = xmalloc(json_array_size(array) * sizeof(*out->history));
	json_array_foreach(array, i, item)
	{
		struct image_history *line = &out->history[i];

		doc_enter(d, "history[%zu]", i);
		out->history_count = i + 1;
		if (!json_is_object(item))
			return doc_fail(d, NULL, err, "must be an object");
		if (doc_copy(d, item, "created", &line->created, err) < 0 ||
		    doc_copy(d, item, "created_by", &line->created_by, err) < 0 ||
		    doc_copy(d, item, "comment", &line->comment, err) < 0 ||
		    doc_bool(d, item, "empty_layer", &line->is_empty, err) < 0)
			return -1;
	}
	doc_enter(d, "%s", "");
	return 0;
}

int image_config_parse(const char *text, size_t len, size_t layers,
		       struct image_config *out_config, struct err *err)
{
	struct doc d = {.what = "image config"};
	struct image_config config = {0};
	AUTO_DECREF json_t *root = NULL;

	if (doc_load(&d, text, len, &root, err) < 0)
		return -1;
	if (read_platform(&d, root, &config.platform, err) < 0 ||
	    read_process(&d, root, &config, err) < 0 ||
	    read_rootfs(&d, root, layers, &config.diff_ids, err) < 0 ||
	    read_history(&d, root, &config, err) < 0 ||
	    doc_copy(&d, root, "created", &config.created, err) < 0) {
		image_config_done(&config);
		return -1;
	}
	*out_config = config;
	return 0;
}
