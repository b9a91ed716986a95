#include "api/images.h"

#include "api/images_parts.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int shelf_open(struct devbox *devbox, struct shelf *out_shelf, struct err *err)
{
	struct shelf shelf = {.has_store = true};
	struct err error;

	if (image_store_open(devbox->dirs.data, false, &shelf.store, &error) < 0) {
		if (error.code != ENOENT) {
			*err = error;
			return -1;
		}
		*out_shelf = (struct shelf){0};
		return 0;
	}
	if (image_list_read(&shelf.store, &shelf.list, err) < 0 ||
	    image_users_read(&shelf.store, &shelf.user_ids, &shelf.user_boxes, err) < 0) {
		shelf_close(&shelf);
		return -1;
	}
	*out_shelf = shelf;
	return 0;
}

void shelf_close(struct shelf *shelf)
{
	image_list_done(&shelf->list);
	strv_done(&shelf->user_ids);
	strv_done(&shelf->user_boxes);
	image_store_close(&shelf->store);
}

const struct layer_meta *shelf_layer(const struct shelf *shelf, const char *id)
{
	for (size_t i = 0; i < shelf->list.layer_count; i++)
		if (strcmp(shelf->list.layers[i].id, id) == 0)
			return &shelf->list.layers[i];
	return NULL;
}

/* Whether the layer at @index was there before: some images have an empty one several times. */
static bool is_repeated(const struct strv *layers, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(layers->items[i], layers->items[index]) == 0)
			return true;
	return false;
}

static uint64_t layer_bytes(const struct shelf *shelf, const struct strv *layers, size_t index)
{
	const struct layer_meta *meta = shelf_layer(shelf, layers->items[index]);

	return meta && !is_repeated(layers, index) ? meta->bytes : 0;
}

uint64_t shelf_bytes(const struct shelf *shelf, const struct image *image)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->layers.count; i++)
		bytes += layer_bytes(shelf, &image->layers, i);
	return bytes;
}

static bool has_other(const struct shelf *shelf, const struct image *image, const char *layer)
{
	for (size_t i = 0; i < shelf->list.image_count; i++)
		if (&shelf->list.images[i] != image &&
		    strv_has(&shelf->list.images[i].layers, layer))
			return true;
	return false;
}

static uint64_t unique_bytes(const struct shelf *shelf, const struct image *image)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->layers.count; i++)
		if (!has_other(shelf, image, image->layers.items[i]))
			bytes += layer_bytes(shelf, &image->layers, i);
	return bytes;
}

void shelf_boxes(const struct shelf *shelf, const char *id, struct strv *out_boxes)
{
	for (size_t i = 0; i < shelf->user_ids.count; i++)
		if (strcmp(shelf->user_ids.items[i], id) == 0)
			strv_add(out_boxes, shelf->user_boxes.items[i]);
}

char *reference_words(const char *text)
{
	AUTO_REFERENCE struct reference reference = {0};
	struct err ignored;

	if (reference_parse(text, NULL, &reference, &ignored) < 0)
		return xstrdup(text);
	return reference_short(&reference);
}

/* An image whose config cannot be read is an image still. */
static char *created_of(const struct shelf *shelf, const struct image *image)
{
	struct image_config config;
	struct err err;
	char *created;

	if (image_read_config(&shelf->store, image, &config, &err) < 0) {
		log_debug("%s", err.message);
		return NULL;
	}
	created = STEAL(config.created);
	image_config_done(&config);
	return created;
}

static void add_row(const struct shelf *shelf, const struct image *image, const char *reference,
		    struct image_rows *rows)
{
	struct image_row row = {
		.name = reference ? reference_words(reference) : NULL,
		.reference = xstrdup(reference),
		.id = xstrdup(image->id),
		.platform = platform_words(&image->platform),
		.created = created_of(shelf, image),
		.stored_ms = image->stored_ms,
		.bytes = shelf_bytes(shelf, image),
		.unique_bytes = unique_bytes(shelf, image),
		.layer_count = image->layers.count,
	};

	row.shared_bytes = row.bytes - row.unique_bytes;
	shelf_boxes(shelf, image->id, &row.boxes);
	rows->items = xrealloc(rows->items, (rows->count + 1) * sizeof(*rows->items));
	rows->items[rows->count++] = row;
}

/* By name, those without one last. */
static int compare_rows(const void *a, const void *b)
{
	const struct image_row *left = a, *right = b;

	if (!left->name || !right->name)
		return (left->name == NULL) - (right->name == NULL);
	if (strcmp(left->name, right->name) != 0)
		return strcmp(left->name, right->name);
	return strcmp(left->platform, right->platform);
}

void shelf_rows(const struct shelf *shelf, bool all, struct image_rows *out_rows)
{
	struct image_rows rows = {0};

	for (size_t i = 0; i < shelf->list.image_count; i++) {
		const struct image *image = &shelf->list.images[i];
		size_t names = 0;

		for (size_t k = 0; k < shelf->list.ref_count; k++) {
			if (strcmp(shelf->list.refs[k].image, image->id) != 0)
				continue;
			add_row(shelf, image, shelf->list.refs[k].text, &rows);
			names++;
		}
		if (!names && all)
			add_row(shelf, image, NULL, &rows);
	}
	if (rows.count)
		qsort(rows.items, rows.count, sizeof(*rows.items), compare_rows);
	*out_rows = rows;
}

int devbox_images(struct devbox *devbox, bool all, struct image_rows *out_rows, struct err *err)
{
	struct shelf shelf;

	if (shelf_open(devbox, &shelf, err) < 0)
		return -1;
	shelf_rows(&shelf, all, out_rows);
	shelf_close(&shelf);
	return 0;
}

void image_rows_done(struct image_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct image_row *row = &rows->items[i];

		free(row->name);
		free(row->reference);
		free(row->id);
		free(row->platform);
		free(row->created);
		strv_done(&row->boxes);
	}
	free(rows->items);
	*rows = (struct image_rows){0};
}
