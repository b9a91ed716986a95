#include "image/collect.h"

#include "image/store_private.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <string.h>

#define USERS_MAX (64 * 1024)

static bool is_id(const char *word)
{
	return layer_id_check(word) || digest_check(word);
}

static void add_ids(char *text, const char *box, struct strv *ids, struct strv *boxes)
{
	char *rest = NULL;

	for (char *word = strtok_r(text, "\n", &rest); word;
	     word = strtok_r(NULL, "\n", &rest)) {
		if (!is_id(word))
			continue;
		strv_add(ids, word);
		strv_add(boxes, box);
	}
}

/* A folder that is not there, or no folder, has nothing in it. */
static int list_or_none(const struct image_store *store, const char *path, struct strv *out,
			struct err *err)
{
	struct err error;

	if (store_list(store, path, out, &error) == 0)
		return 0;
	if (error.code == ENOENT || error.code == ENOTDIR)
		return 0;
	*err = error;
	return -1;
}

static int add_box(const struct image_store *store, const char *project, const char *box,
		   struct strv *ids, struct strv *boxes, struct err *err)
{
	AUTO_FREE char *path = xasprintf("projects/%s/box/%s/layers", project, box);
	AUTO_FREE char *name = xasprintf("%s/%s", project, box);
	AUTO_FREE char *text = NULL;
	struct err error;

	if (fd_read_file(store->fd, path, USERS_MAX, &text, &error) == 0) {
		add_ids(text, name, ids, boxes);
		return 0;
	}
	if (error.code == ENOENT || error.code == ENOTDIR)
		return 0;
	/* Not to know what a box stands on is no leave to remove it. */
	*err = error;
	return err_wrap(err, "what box '%s' stands on", name);
}

static int add_project(const struct image_store *store, const char *project, struct strv *ids,
		       struct strv *boxes, struct err *err)
{
	AUTO_FREE char *path = xasprintf("projects/%s/box", project);
	AUTO_STRV struct strv names = {0};

	if (list_or_none(store, path, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (add_box(store, project, names.items[i], ids, boxes, err) < 0)
			return -1;
	return 0;
}

int image_users_read(const struct image_store *store, struct strv *out_ids,
		     struct strv *out_boxes, struct err *err)
{
	AUTO_STRV struct strv projects = {0};
	AUTO_STRV struct strv ids = {0};
	AUTO_STRV struct strv boxes = {0};

	if (list_or_none(store, "projects", &projects, err) < 0)
		return -1;
	for (size_t i = 0; i < projects.count; i++)
		if (add_project(store, projects.items[i], &ids, &boxes, err) < 0)
			return -1;
	*out_ids = ids;
	*out_boxes = boxes;
	ids = (struct strv){0};
	boxes = (struct strv){0};
	return 0;
}
