#include "api/images.h"

#include "api/images_parts.h"
#include "util/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEX "0123456789abcdef"
#define PREFIX_MIN 3
#define HEX_DIGITS 64

static size_t index_of(const struct image_list *list, const char *id)
{
	size_t i = 0;

	while (i < list->image_count && strcmp(list->images[i].id, id) != 0)
		i++;
	return i;
}

/* Return: whether there is one; that of no special platform before others. */
static bool find_name(const struct image_list *list, const char *text, struct found_image *out)
{
	bool is_found = false;

	for (size_t i = 0; i < list->ref_count; i++) {
		const struct image_ref *ref = &list->refs[i];
		size_t index = index_of(list, ref->image);

		if (strcmp(ref->text, text) != 0 || index == list->image_count ||
		    (is_found && *ref->platform))
			continue;
		*out = (struct found_image){index, ref->text};
		is_found = true;
	}
	return is_found;
}

static bool is_prefix(const char *text)
{
	const size_t len = strlen(text);

	return len >= PREFIX_MIN && len <= HEX_DIGITS && strspn(text, HEX) == len;
}

static int say_ambiguous(const struct image_list *list, const char *prefix, struct err *err)
{
	AUTO_BUF struct buf words = {0};

	for (size_t i = 0; i < list->image_count; i++)
		if (str_starts(digest_hex(list->images[i].id), prefix))
			buf_printf(&words, "%s%.16s", words.len ? ", " : "",
				   digest_hex(list->images[i].id));
	(void)err_set(err, "'%s' is the begin of several ids", prefix);
	return err_hint(err, "they are %s", words.data);
}

/* Return: 1 when there is one, 0 none, -1 several. */
static int find_id(const struct image_list *list, const char *name, struct found_image *out,
		   struct err *err)
{
	const char *prefix = str_starts(name, "sha256:") ? digest_hex(name) : name;
	size_t count = 0;

	if (!is_prefix(prefix))
		return 0;
	for (size_t i = 0; i < list->image_count; i++) {
		if (!str_starts(digest_hex(list->images[i].id), prefix))
			continue;
		*out = (struct found_image){i, NULL};
		count++;
	}
	return count > 1 ? say_ambiguous(list, prefix, err) : (int)count;
}

int shelf_find(const struct devbox *devbox, const struct shelf *shelf, const char *name,
	       struct found_image *out_found, struct err *err)
{
	AUTO_REFERENCE struct reference reference = {0};
	struct found_image found;
	struct err error = {0};
	int result, ids;

	result = reference_parse(name, devbox->start_dir, &reference, &error);
	if (result == 0 && reference.text && find_name(&shelf->list, reference.text, out_found))
		return 0;
	ids = find_id(&shelf->list, name, &found, err);
	if (ids < 0)
		return -1;
	if (ids) {
		*out_found = found;
		return 0;
	}
	if (result < 0 && !is_prefix(name)) {
		*err = error;
		return -1;
	}
	(void)err_set(err, "image '%s' is not in the store", name);
	err->code = ENOENT;
	if (result == 0 && reference.source == IMAGE_REGISTRY)
		return err_hint(
			err,
			"'devbox images' lists those that are; 'devbox pull %s' fetches it",
			name);
	return err_hint(err, "'devbox images' lists those that are");
}

static void fill_layers(const struct shelf *shelf, struct image_details *details)
{
	const struct strv *ids = &details->image.layers;

	details->layers = xmalloc((ids->count + 1) * sizeof(*details->layers));
	for (size_t i = 0; i < ids->count; i++) {
		struct layer_meta meta;
		struct err ignored;

		if (layer_meta_read(&shelf->store, ids->items[i], &meta, &ignored) == 0)
			details->layers[i] = meta;
	}
}

static int fill(const struct shelf *shelf, const struct image *image,
		struct image_details *details, struct err *err)
{
	if (image_read(&shelf->store, image->id, &details->image, err) < 0 ||
	    image_read_config(&shelf->store, image, &details->config, err) < 0)
		return -1;
	for (size_t i = 0; i < shelf->list.ref_count; i++)
		if (strcmp(shelf->list.refs[i].image, image->id) == 0)
			strv_take(&details->names, reference_words(shelf->list.refs[i].text));
	fill_layers(shelf, details);
	details->bytes = shelf_bytes(shelf, image);
	shelf_boxes(shelf, image->id, &details->boxes);
	return 0;
}

int devbox_image(struct devbox *devbox, const char *name, struct image_details *out_details,
		 struct err *err)
{
	struct image_details details = {0};
	struct found_image found;
	struct shelf shelf;
	int result;

	if (shelf_open(devbox, &shelf, err) < 0)
		return -1;
	result = shelf_find(devbox, &shelf, name, &found, err);
	if (result == 0)
		result = fill(&shelf, &shelf.list.images[found.index], &details, err);
	shelf_close(&shelf);
	if (result < 0) {
		image_details_done(&details);
		return -1;
	}
	*out_details = details;
	return 0;
}

void image_details_done(struct image_details *details)
{
	for (size_t i = 0; details->layers && i < details->image.layers.count; i++)
		layer_meta_done(&details->layers[i]);
	free(details->layers);
	strv_done(&details->names);
	strv_done(&details->boxes);
	image_done(&details->image);
	image_config_done(&details->config);
	*details = (struct image_details){0};
}
