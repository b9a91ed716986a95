#include "image/collect.h"

#include "image/collect_private.h"
#include "image/store_private.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* What there is, and what of it goes. */
struct round {
	const struct image_store *store;
	const struct collect_options *options;
	struct image_list list;
	struct strv used; /* by boxes: images and layers */
	struct strv boxes;
	bool *ref_goes;
	bool *image_goes;
	bool *build_goes;
	struct strv named; /* layers of what stays */
	struct collected collected;
};

void collected_add(struct collected *collected, uint64_t bytes, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strv_take(&collected->words, xvasprintf(format, args));
	va_end(args);
	collected->count++;
	collected->bytes += bytes;
}

void collected_done(struct collected *collected)
{
	strv_done(&collected->words);
	*collected = (struct collected){0};
}

static bool has_layer(const struct image_list *list, const char *id)
{
	for (size_t i = 0; i < list->layer_count; i++)
		if (strcmp(list->layers[i].id, id) == 0)
			return true;
	return false;
}

static bool is_named(const struct image_list *list, const char *image)
{
	for (size_t i = 0; i < list->ref_count; i++)
		if (strcmp(list->refs[i].image, image) == 0)
			return true;
	return false;
}

static void decide_images(struct round *r)
{
	const struct collect_options *options = r->options;

	for (size_t i = 0; i < r->list.image_count; i++) {
		const char *id = r->list.images[i].id;

		if (strv_has(&r->used, id))
			continue;
		r->image_goes[i] =
			options->all_images || (options->images && !is_named(&r->list, id));
	}
}

/* A name goes with its image, and when its image is not there. */
static void decide_refs(struct round *r)
{
	for (size_t i = 0; i < r->list.ref_count; i++) {
		r->ref_goes[i] = true;
		for (size_t k = 0; k < r->list.image_count; k++)
			if (strcmp(r->list.images[k].id, r->list.refs[i].image) == 0)
				r->ref_goes[i] = r->image_goes[k];
	}
}

static void decide_builds(struct round *r)
{
	const int64_t before_ms = r->options->builds_older_ms;

	for (size_t i = 0; i < r->list.build_count; i++) {
		const struct build_entry *entry = &r->list.builds[i];
		bool is_lost = *entry->layer && !has_layer(&r->list, entry->layer);

		r->build_goes[i] = is_lost || (entry->used_ms < before_ms &&
					       !strv_has(&r->used, entry->layer));
	}
}

static void name_layers(struct round *r)
{
	strv_add_all(&r->named, &r->used);
	for (size_t i = 0; i < r->list.image_count; i++)
		if (!r->image_goes[i])
			strv_add_all(&r->named, &r->list.images[i].layers);
	for (size_t i = 0; i < r->list.build_count; i++)
		if (!r->build_goes[i])
			strv_add(&r->named, r->list.builds[i].layer);
}

/* As people write it. */
static char *name_words(const char *text)
{
	AUTO_REFERENCE struct reference reference = {0};
	struct err ignored;

	if (reference_parse(text, NULL, &reference, &ignored) < 0)
		return xstrdup(text);
	return reference_short(&reference);
}

static int drop_refs(struct round *r, struct err *err)
{
	bool is_changed = false;

	for (size_t i = 0; i < r->list.ref_count; i++) {
		const struct image_ref *ref = &r->list.refs[i];
		AUTO_FREE char *path = ref_path(ref->text, ref->platform);
		AUTO_FREE char *words = NULL;

		if (!r->ref_goes[i])
			continue;
		words = name_words(ref->text);
		collected_add(&r->collected, 0, "name %s", words);
		if (r->options->dry_run)
			continue;
		if (unlinkat(r->store->fd, path, 0) < 0 && errno != ENOENT)
			return err_sys(err, "remove '%s/%s'", r->store->dir, path);
		is_changed = true;
	}
	return is_changed ? store_sync_dir(r->store, REFS_DIR, err) : 0;
}

static int drop_images(struct round *r, struct err *err)
{
	for (size_t i = 0; i < r->list.image_count; i++) {
		if (!r->image_goes[i])
			continue;
		collected_add(&r->collected, 0, "image %.*s", SHORT_ID_MAX,
			      digest_hex(r->list.images[i].id));
		if (!r->options->dry_run &&
		    drop_image(r->store, &r->list, r->image_goes, i, err) < 0)
			return -1;
	}
	return drop_documents(r->store, &r->list, r->image_goes, r->options->dry_run,
			      &r->collected, err);
}

static int drop_builds(struct round *r, struct err *err)
{
	bool is_changed = false;

	for (size_t i = 0; i < r->list.build_count; i++) {
		const struct build_entry *entry = &r->list.builds[i];
		AUTO_FREE char *path = build_path(entry->key);

		if (!r->build_goes[i])
			continue;
		collected_add(&r->collected, 0, "build step %.*s %s", SHORT_ID_MAX, entry->key,
			      entry->what);
		if (r->options->dry_run)
			continue;
		if (unlinkat(r->store->fd, path, 0) < 0 && errno != ENOENT)
			return err_sys(err, "remove '%s/%s'", r->store->dir, path);
		is_changed = true;
	}
	return is_changed ? store_sync_dir(r->store, BUILDS_DIR, err) : 0;
}

static uint64_t layer_bytes(const struct image_list *list, const char *id)
{
	for (size_t i = 0; i < list->layer_count; i++)
		if (strcmp(list->layers[i].id, id) == 0)
			return list->layers[i].bytes;
	return 0;
}

static int drop_layer(struct round *r, const char *id, struct err *err)
{
	AUTO_FREE char *path = path_join(LAYERS_DIR, id);
	AUTO_CLOSE int fd =
		openat(r->store->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "layer '%s'", id);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r->collected.in_use++;
		return 0;
	}
	collected_add(&r->collected, layer_bytes(&r->list, id), "layer %.*s",
		      SHORT_ID_MAX + (str_starts(id, "b-") ? 2 : 0), id);
	/* Locked until it is renamed: who waits for it then finds it gone. */
	return r->options->dry_run ? 0 : store_trash(r->store, path, err);
}

static int drop_layers(struct round *r, struct err *err)
{
	AUTO_STRV struct strv ids = {0};

	if (store_list(r->store, LAYERS_DIR, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++)
		if (layer_id_check(ids.items[i]) && !strv_has(&r->named, ids.items[i]) &&
		    drop_layer(r, ids.items[i], err) < 0)
			return -1;
	return 0;
}

/* Names before images before layers: at any moment what is named is there. */
static int collect(struct round *r, struct err *err)
{
	if (image_list_read(r->store, &r->list, err) < 0 ||
	    image_users_read(r->store, &r->used, &r->boxes, err) < 0)
		return -1;
	r->ref_goes = xmalloc((r->list.ref_count + 1) * sizeof(*r->ref_goes));
	r->image_goes = xmalloc((r->list.image_count + 1) * sizeof(*r->image_goes));
	r->build_goes = xmalloc((r->list.build_count + 1) * sizeof(*r->build_goes));
	decide_images(r);
	decide_refs(r);
	decide_builds(r);
	name_layers(r);
	if (drop_refs(r, err) < 0 || drop_images(r, err) < 0 || drop_builds(r, err) < 0)
		return -1;
	if (sweep_trash_list(r->store, &r->collected, err) < 0 || drop_layers(r, err) < 0)
		return -1;
	return sweep_tmp(r->store, r->options->dry_run, &r->collected, err);
}

static void round_done(struct round *r)
{
	image_list_done(&r->list);
	strv_done(&r->used);
	strv_done(&r->boxes);
	strv_done(&r->named);
	free(r->ref_goes);
	free(r->image_goes);
	free(r->build_goes);
	collected_done(&r->collected);
}

int image_collect(const struct image_store *store, const struct collect_options *options,
		  struct collected *out_collected, struct err *err)
{
	struct round round = {.store = store, .options = options};
	AUTO_CLOSE int lock = store_lock(store, err);
	int result;

	if (lock < 0)
		return -1;
	result = collect(&round, err);
	/* Removing takes its time, and nobody needs to wait for it. */
	(void)close(steal_fd(&lock));
	if (result == 0 && !options->dry_run)
		result = sweep_trash(store, options, err);
	if (result == 0) {
		*out_collected = round.collected;
		round.collected = (struct collected){0};
	}
	round_done(&round);
	return result;
}
