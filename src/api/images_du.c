#include "api/images.h"

#include "api/images_parts.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 3 /* of a project: boxes, home, volumes */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_caches(const struct devbox *devbox, struct strv *out_names, struct err *err)
{
	AUTO_FREE char *path = path_join(devbox->dirs.data, "caches");
	AUTO_CLOSEDIR DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, "read folder '%s'", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			strv_add(out_names, entry->d_name);
	if (out_names->count)
		qsort(out_names->items, out_names->count, sizeof(*out_names->items), compare);
	return 0;
}

/* Takes the sizes of @projects and @caches from @bytes, in the order of fill_places(). */
static void take_bytes(const struct strv *projects, const struct strv *caches,
		       const uint64_t *bytes, struct disk_use *use)
{
	use->projects = xmalloc((projects->count + 1) * sizeof(*use->projects));
	use->project_count = projects->count;
	for (size_t i = 0; i < projects->count; i++, bytes += PARTS)
		use->projects[i] = (struct project_use){.id = xstrdup(projects->items[i]),
							.boxes_bytes = bytes[0],
							.home_bytes = bytes[1],
							.volumes_bytes = bytes[2]};
	use->caches = xmalloc((caches->count + 1) * sizeof(*use->caches));
	use->cache_count = caches->count;
	for (size_t i = 0; i < caches->count; i++)
		use->caches[i] = (struct cache_use){xstrdup(caches->items[i]), bytes[i]};
}

static int fill_places(struct devbox *devbox, struct disk_use *use, struct err *err)
{
	AUTO_STRV struct strv projects = {0};
	AUTO_STRV struct strv caches = {0};
	AUTO_STRV struct strv paths = {0};
	AUTO_FREE uint64_t *bytes = NULL;

	if (project_list(&devbox->dirs, &projects, err) < 0 ||
	    list_caches(devbox, &caches, err) < 0)
		return -1;
	for (size_t i = 0; i < projects.count; i++) {
		strv_addf(&paths, "projects/%s/box", projects.items[i]);
		strv_addf(&paths, "projects/%s/home", projects.items[i]);
		strv_addf(&paths, "volumes/%s", projects.items[i]);
	}
	for (size_t i = 0; i < caches.count; i++)
		strv_addf(&paths, "caches/%s", caches.items[i]);
	bytes = xmalloc((paths.count + 1) * sizeof(*bytes));
	if (api_disk_bytes(devbox, &paths, bytes, err) < 0)
		return -1;
	take_bytes(&projects, &caches, bytes, use);
	return 0;
}

static bool is_of_image(const struct image_list *list, const char *layer)
{
	for (size_t i = 0; i < list->image_count; i++)
		if (strv_has(&list->images[i].layers, layer))
			return true;
	return false;
}

static bool is_of_build(const struct image_list *list, const char *layer)
{
	for (size_t i = 0; i < list->build_count; i++)
		if (strcmp(list->builds[i].layer, layer) == 0)
			return true;
	return false;
}

static void fill_layers(const struct image_list *list, struct disk_use *use)
{
	for (size_t i = 0; i < list->layer_count; i++) {
		const struct layer_meta *layer = &list->layers[i];

		if (is_of_image(list, layer->id))
			use->images_bytes += layer->bytes;
		else if (is_of_build(list, layer->id))
			use->builds_bytes += layer->bytes;
		else
			use->garbage_bytes += layer->bytes;
	}
	use->build_count = list->build_count;
}

static int would_free(const struct shelf *shelf, bool all, uint64_t *out_bytes, struct err *err)
{
	const struct collect_options options = {.images = true,
						.all_images = all,
						.builds_older_ms = all ? INT64_MAX : -1,
						.dry_run = true};
	struct collected collected;

	if (image_collect(&shelf->store, &options, &collected, err) < 0)
		return -1;
	*out_bytes = collected.bytes;
	collected_done(&collected);
	return 0;
}

int devbox_du(struct devbox *devbox, struct disk_use *out_use, struct err *err)
{
	struct disk_use use = {0};
	struct shelf shelf;
	int result = 0;

	if (shelf_open(devbox, &shelf, err) < 0)
		return -1;
	if (shelf.has_store) {
		shelf_rows(&shelf, true, &use.images);
		fill_layers(&shelf.list, &use);
		if (would_free(&shelf, false, &use.prune_bytes, err) < 0 ||
		    would_free(&shelf, true, &use.prune_all_bytes, err) < 0)
			result = -1;
	}
	shelf_close(&shelf);
	if (result == 0)
		result = fill_places(devbox, &use, err);
	if (result < 0) {
		disk_use_done(&use);
		return -1;
	}
	*out_use = use;
	return 0;
}

void disk_use_done(struct disk_use *use)
{
	for (size_t i = 0; i < use->project_count; i++)
		free(use->projects[i].id);
	for (size_t i = 0; i < use->cache_count; i++)
		free(use->caches[i].name);
	free(use->projects);
	free(use->caches);
	image_rows_done(&use->images);
	*use = (struct disk_use){0};
}
