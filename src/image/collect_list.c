#include "image/collect.h"

#include "image/collect_private.h"
#include "image/store_private.h"
#include "util/cleanup.h"

#include <errno.h>
#include <stdlib.h>

/* One more of @size bytes at the end of a vector; zeroed. */
static void *grow(void *items, size_t count, size_t size)
{
	char *grown = xrealloc(items, (count + 1) * size);

	for (size_t i = 0; i < size; i++)
		grown[count * size + i] = 0;
	return grown;
}

/* Return: 1 when somebody removed it meanwhile. */
static int gone(int result, const struct err *err)
{
	return result < 0 && err->code == ENOENT ? 1 : result;
}

static int add_ref(const struct image_store *store, const char *path, struct image_list *list,
		   struct err *err)
{
	list->refs = grow(list->refs, list->ref_count, sizeof(*list->refs));
	return ref_read_at(store, path, &list->refs[list->ref_count], err);
}

static int add_image(const struct image_store *store, const char *path, struct image_list *list,
		     struct err *err)
{
	list->images = grow(list->images, list->image_count, sizeof(*list->images));
	return image_read_at(store, path, &list->images[list->image_count], err);
}

static int add_build(const struct image_store *store, const char *path, struct image_list *list,
		     struct err *err)
{
	list->builds = grow(list->builds, list->build_count, sizeof(*list->builds));
	return build_read_at(store, path, &list->builds[list->build_count], err);
}

static int add_layer(const struct image_store *store, const char *path, struct image_list *list,
		     struct err *err)
{
	const char *id = path + sizeof(LAYERS_DIR);

	list->layers = grow(list->layers, list->layer_count, sizeof(*list->layers));
	return layer_meta_read(store, id, &list->layers[list->layer_count], err);
}

struct kind {
	const char *dir;
	bool (*is_name)(const char *name);
	int (*add)(const struct image_store *store, const char *path, struct image_list *list,
		   struct err *err);
	size_t *count;
};

static bool is_any_name(const char *name)
{
	(void)name;
	return true;
}

static int read_kind(const struct image_store *store, const struct kind *kind,
		     struct image_list *list, struct err *err)
{
	AUTO_STRV struct strv names = {0};
	struct err error = {0};

	if (store_list(store, kind->dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", kind->dir, names.items[i]);
		int result;

		if (!kind->is_name(names.items[i]))
			continue;
		result = gone(kind->add(store, path, list, &error), &error);
		if (result < 0) {
			*err = error;
			return -1;
		}
		*kind->count += result == 0;
	}
	return 0;
}

int image_list_read(const struct image_store *store, struct image_list *out_list,
		    struct err *err)
{
	struct image_list list = {0};
	/* Names first: what a name means is then there, too, whoever publishes meanwhile. */
	const struct kind kinds[] = {
		{REFS_DIR, is_any_name, add_ref, &list.ref_count},
		{IMAGES_DIR, key_check, add_image, &list.image_count},
		{BUILDS_DIR, key_check, add_build, &list.build_count},
		{LAYERS_DIR, layer_id_check, add_layer, &list.layer_count},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (read_kind(store, &kinds[i], &list, err) < 0) {
			image_list_done(&list);
			return -1;
		}
	*out_list = list;
	return 0;
}

void image_list_done(struct image_list *list)
{
	for (size_t i = 0; i < list->ref_count; i++)
		image_ref_done(&list->refs[i]);
	for (size_t i = 0; i < list->image_count; i++)
		image_done(&list->images[i]);
	for (size_t i = 0; i < list->layer_count; i++)
		layer_meta_done(&list->layers[i]);
	for (size_t i = 0; i < list->build_count; i++)
		build_entry_done(&list->builds[i]);
	free(list->refs);
	free(list->images);
	free(list->layers);
	free(list->builds);
	*list = (struct image_list){0};
}
