#include "config/fill.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <string.h>

static const char *const volume_types[] = {"bind", "volume", "tmpfs", "cache", "overlay", NULL};
#define VOLUME_TYPE_OVERLAY 4

static void volume_done(struct spec_volume *volume)
{
	free(volume->source);
	free(volume->target);
}
#define AUTO_VOLUME __attribute__((cleanup(volume_done)))

/* Takes what *volume owns. */
static void add_volume(struct fill *f, const struct node *item, struct spec_volume *volume)
{
	struct spec *spec = f->spec;

	volume->at = value_origin(f, item);
	spec->volumes =
		xrealloc(spec->volumes, (spec->volume_count + 1) * sizeof(*spec->volumes));
	spec->volumes[spec->volume_count++] = *volume;
	*volume = (struct spec_volume){0};
}

static bool is_volume_name(const char *name)
{
	if (strlen(name) > 100)
		return false;
	for (const char *c = name; *c; c++) {
		bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
				 (*c >= '0' && *c <= '9');

		if (!is_letter && (c == name || !strchr("_.-", *c)))
			return false;
	}
	return *name != '\0';
}

static int set_name(struct fill *f, const struct node *node, const char *name, char **out_name)
{
	if (!is_volume_name(name)) {
		(void)place_fail(f->err, &node->at,
				 "volumes: '%.200s' is not the name of a volume", name);
		return err_hint(
			f->err,
			"a folder of the host begins with './', '/' or '~/'; a name has "
			"letters, digits, '_', '.' and '-'");
	}
	*out_name = xstrdup(name);
	return 0;
}

/* "ro", "rw" and nothing else: what else Compose knows has no meaning here, and nothing is
 * ignored. */
static int apply_options(struct fill *f, const struct node *item, const char *options,
			 struct spec_volume *volume)
{
	AUTO_FREE char *copy = xstrdup(options);
	char *rest = copy;
	char *word;

	while ((word = strsep(&rest, ","))) {
		if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0) {
			volume->is_read_only = word[1] == 'o';
			continue;
		}
		return place_fail(f->err, &item->at,
				  "volumes: option '%.100s' is not one of 'ro' and 'rw'", word);
	}
	return 0;
}

/* SOURCE:TARGET[:OPTIONS] */
static int add_short(struct fill *f, const struct node *item)
{
	AUTO_VOLUME struct spec_volume volume = {0};
	AUTO_FREE char *copy = xstrdup(item->text);
	char *target = strchr(copy, ':');
	char *options;

	if (!target || target == copy) {
		(void)place_fail(f->err, &item->at,
				 "volumes: '%.200s' is not SOURCE:TARGET[:ro]", copy);
		return err_hint(
			f->err,
			"'data:/data' is a volume named data, './data:/data' the folder");
	}
	*target++ = '\0';
	options = strchr(target, ':');
	if (options)
		*options++ = '\0';

	volume.type = strchr("./~", *copy) ? VOLUME_BIND : VOLUME_NAMED;
	if (volume.type == VOLUME_BIND) {
		if (value_host_path(f, "volumes: source", item, copy, &volume.source) < 0)
			return -1;
	} else if (set_name(f, item, copy, &volume.source) < 0) {
		return -1;
	}
	if (value_box_target(f, "volumes: target", item, target, &volume.target) < 0)
		return -1;
	if (options && apply_options(f, item, options, &volume) < 0)
		return -1;
	add_volume(f, item, &volume);
	return 0;
}

static int read_type(struct fill *f, const struct node *item, struct spec_volume *volume)
{
	static const enum volume_type types[] = {VOLUME_BIND, VOLUME_NAMED, VOLUME_TMPFS,
						 VOLUME_CACHE};
	const struct node *type = node_get(item, "type");
	size_t i;

	if (!type) {
		(void)place_fail(f->err, &item->at, "volumes: 'type' is missing");
		return err_hint(f->err, "it is 'bind', 'volume', 'tmpfs' or 'cache'");
	}
	if (value_choice(f, "volumes.type", type, volume_types, &i) < 0)
		return -1;
	if (i == VOLUME_TYPE_OVERLAY)
		return place_fail(f->err, &type->at,
				  "volumes: type 'overlay' is not built yet");
	volume->type = types[i];
	return 0;
}

static int read_source(struct fill *f, const struct node *item, struct spec_volume *volume)
{
	const struct node *source = node_get(item, "source");
	const char *text;

	if (volume->type == VOLUME_TMPFS) {
		if (source)
			return place_fail(f->err, &source->at,
					  "volumes: a tmpfs has no 'source'");
		return 0;
	}
	if (!source)
		return place_fail(f->err, &item->at, "volumes: 'source' is missing");
	if (value_text(f, "volumes.source", source, "a path or a name", &text) < 0)
		return -1;
	if (volume->type == VOLUME_BIND)
		return value_host_path(f, "volumes.source", source, text, &volume->source);
	return set_name(f, source, text, &volume->source);
}

static bool is_dev_shm(const char *text)
{
	AUTO_FREE char *path = path_normalize("/", text);

	return strcmp(path, "/dev/shm") == 0;
}

static int set_tmpfs_target(struct fill *f, const char *what, const struct node *node,
			    const char *text, char **out_target)
{
	if (*text == '/' && is_dev_shm(text)) {
		*out_target = xstrdup("/dev/shm");
		return 0;
	}
	return value_box_target(f, what, node, text, out_target);
}

static int read_target(struct fill *f, const struct node *item, struct spec_volume *volume)
{
	const struct node *target = node_get(item, "target");
	const char *text;

	if (!target)
		return place_fail(f->err, &item->at, "volumes: 'target' is missing");
	if (value_text(f, "volumes.target", target, "a path in the box", &text) < 0)
		return -1;
	if (volume->type == VOLUME_TMPFS)
		return set_tmpfs_target(f, "volumes.target", target, text, &volume->target);
	return value_box_target(f, "volumes.target", target, text, &volume->target);
}

static int add_long(struct fill *f, const struct node *item)
{
	AUTO_VOLUME struct spec_volume volume = {0};
	const struct node *read_only = node_get(item, "read_only");
	const struct node *size = node_get(item, "size");

	if (read_type(f, item, &volume) < 0 || read_source(f, item, &volume) < 0 ||
	    read_target(f, item, &volume) < 0)
		return -1;
	if (read_only &&
	    value_bool(f, "volumes.read_only", read_only, &volume.is_read_only) < 0)
		return -1;
	if (size && volume.type != VOLUME_TMPFS)
		return place_fail(f->err, &size->at, "volumes: only a tmpfs has a 'size'");
	if (size && value_size(f, "volumes.size", size, &volume.size_bytes) < 0)
		return -1;
	add_volume(f, item, &volume);
	return 0;
}

static int add_any(struct fill *f, const char *what, const struct node *item)
{
	if (item->kind == NODE_SCALAR)
		return add_short(f, item);
	if (item->kind == NODE_MAP)
		return add_long(f, item);
	return value_refuse(f, what, item,
			    "a list of SOURCE:TARGET[:ro], or of {type, source, target}");
}

int fill_volumes(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, false, add_any);
}

static int apply_tmpfs_option(struct fill *f, const struct node *item, const char *word,
			      struct spec_volume *volume)
{
	if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0) {
		volume->is_read_only = word[1] == 'o';
		return 0;
	}
	if (!str_starts(word, "size="))
		return place_fail(
			f->err, &item->at,
			"tmpfs: option '%.100s' is not one of 'size=SIZE', 'ro' and 'rw'",
			word);
	if (str_to_size(word + 5, &volume->size_bytes) < 0 || volume->size_bytes == 0)
		return place_fail(
			f->err, &item->at,
			"tmpfs: size must be a size such as '512m' or '2g', not '%.100s'",
			word + 5);
	return 0;
}

static int add_tmpfs(struct fill *f, const char *what, const struct node *item)
{
	AUTO_VOLUME struct spec_volume volume = {.type = VOLUME_TMPFS};
	AUTO_FREE char *copy = NULL;
	const char *text;
	char *rest;
	char *word;

	if (value_text(f, what, item, "a path in the box, or a list of these", &text) < 0)
		return -1;
	copy = xstrdup(text);
	rest = strchr(copy, ':');
	if (rest)
		*rest++ = '\0';
	if (set_tmpfs_target(f, "tmpfs", item, copy, &volume.target) < 0)
		return -1;
	while ((word = strsep(&rest, ",")))
		if (apply_tmpfs_option(f, item, word, &volume) < 0)
			return -1;
	add_volume(f, item, &volume);
	return 0;
}

int fill_tmpfs(struct fill *f, const char *key, const struct node *value)
{
	return value_each(f, key, value, true, add_tmpfs);
}
