#ifndef TESTS_IMAGE_STORE_FIXTURE_H
#define TESTS_IMAGE_STORE_FIXTURE_H

#include "image/store.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Ids of 64 digits that are easy to tell apart. */
#define DIGITS_60 "000000000000000000000000000000000000000000000000000000000000"
#define LAYER_A DIGITS_60 "aaaa"
#define LAYER_B DIGITS_60 "bbbb"
#define LAYER_C DIGITS_60 "cccc"
#define STEP_KEY DIGITS_60 "5555"
#define STEP_LAYER "b-" STEP_KEY

/* A store in a folder of its own. */
struct place {
	char *dir;
	struct image_store store;
};

static inline int place_make(void **state)
{
	const char *base = getenv("TMPDIR");
	AUTO_FREE char *data = NULL;
	struct place *place = xmalloc(sizeof(*place));
	struct err err;

	place->dir = xasprintf("%s/devbox-store-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(place->dir));
	data = path_join(place->dir, "data");
	assert_int_equal(image_store_open(data, true, &place->store, &err), 0);
	*state = place;
	return 0;
}

static inline int place_remove(void **state)
{
	struct place *place = *state;
	AUTO_FREE char *command = xasprintf("rm -rf '%s'", place->dir);

	image_store_close(&place->store);
	assert_int_equal(system(command), 0);
	free(place->dir);
	free(place);
	return 0;
}

#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

/* Whether @path is in the store. */
static inline bool place_has(const struct place *place, const char *path)
{
	return faccessat(place->store.fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* How many things are in the folder @path of the store. */
static inline size_t place_count(const struct place *place, const char *path)
{
	AUTO_FREE char *dir_path = path_join(place->store.dir, path);
	AUTO_CLOSEDIR DIR *dir = opendir(dir_path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	return count - 2;
}

static inline int begin_layer(const struct image_store *store, const char *id,
			      struct layer_work *work, struct err *err)
{
	bool done = true;

	if (layer_work_begin(store, id, NULL, NULL, work, &done, err) < 0)
		return -1;
	return done ? 1 : fd_write_file(work->diff_fd, "file", "x", 1, 0644, err);
}

static inline int publish_layer(const struct image_store *store, struct layer_work *work,
				uint64_t bytes, struct layer_lease *lease, struct err *err)
{
	AUTO_FREE char *id = xstrdup(work->id);
	struct layer_meta meta = {.id = id, .bytes = bytes, .entries = 1};

	return layer_work_publish(store, work, &meta, lease, err);
}

/* A layer with one file, of @bytes by its record. Return: 0 or -1; 1: it was there. */
static inline int put_layer(const struct image_store *store, const char *id, uint64_t bytes,
			    struct layer_lease *lease, struct err *err)
{
	struct layer_work work;
	int result = begin_layer(store, id, &work, err);

	return result ? result : publish_layer(store, &work, bytes, lease, err);
}

/* The digest of @text, which is put into the store. free() it. */
static inline char *put_blob(const struct image_store *store, const char *text, struct err *err)
{
	char hex[SHA256_HEX_MAX];

	sha256_text(text, strlen(text), hex);
	if (blob_write(store, text, strlen(text), NULL, err) < 0)
		return NULL;
	return xasprintf("sha256:%s", hex);
}

/* An image of the layers @ids (NULL-terminated) that are there, with documents named after
 * @name. @ref_text may be NULL. */
static inline int put_image(const struct image_store *store, const char *name,
			    const char *const *ids, const char *ref_text, char **out_id,
			    struct err *err)
{
	AUTO_FREE char *manifest_text = xasprintf("manifest of %s", name);
	AUTO_FREE char *config_text = xasprintf("config of %s", name);
	AUTO_FREE char *id = put_blob(store, manifest_text, err);
	AUTO_FREE char *config = put_blob(store, config_text, err);
	AUTO_STRV struct strv layers = {0};
	char os[] = "linux", machine[] = "amd64";
	struct image image = {.id = id,
			      .config_digest = config,
			      .platform = {.os = os, .architecture = machine},
			      .stored_ms = 1000};
	struct image_ref ref = {.text = (char *)(uintptr_t)ref_text, .image = id, .index = id};

	if (!id || !config)
		return -1;
	for (; *ids; ids++)
		strv_add(&layers, *ids);
	image.layers = layers;
	if (image_publish(store, &image, ref_text ? &ref : NULL, err) < 0)
		return -1;
	if (out_id)
		*out_id = STEAL(id);
	return 0;
}

#endif
