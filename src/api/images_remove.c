#include "api/images.h"

#include "api/images_parts.h"
#include "api/internal.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_ID 12

int remover_run(void *arg, const char *path, struct err *err)
{
	struct remover *remover = arg;
	struct devbox *devbox = remover->devbox;

	/* Root needs no map to remove, and may have none. */
	if (!remover->has_maps && devbox->user.uid != 0 &&
	    prepare_maps(&devbox->user, &remover->maps, err) < 0)
		return -1;
	remover->has_maps = true;
	return api_remove_tree(devbox, &remover->maps, path, err);
}

void remover_done(struct remover *remover)
{
	prepared_done(&remover->maps);
}

/* --- rmi --- */

static size_t count_names(const struct shelf *shelf, const char *id)
{
	size_t count = 0;

	for (size_t i = 0; i < shelf->list.ref_count; i++)
		count += strcmp(shelf->list.refs[i].image, id) == 0;
	return count;
}

/* All names of the image but @reference are others; the same for another platform is not. */
static bool has_other_name(const struct shelf *shelf, const char *id, const char *reference)
{
	for (size_t i = 0; i < shelf->list.ref_count; i++)
		if (strcmp(shelf->list.refs[i].image, id) == 0 &&
		    !str_eq(shelf->list.refs[i].text, reference))
			return true;
	return false;
}

static int refuse_used(const struct shelf *shelf, const char *name, const char *id,
		       struct err *err)
{
	AUTO_STRV struct strv boxes = {0};

	shelf_boxes(shelf, id, &boxes);
	if (!boxes.count)
		return 0;
	(void)err_set(err, "image '%s' is what box '%s' stands on", name, boxes.items[0]);
	err->code = EBUSY;
	return err_hint(err, "'devbox -p %.*s down' removes the box; --force forgets the image",
			(int)strcspn(boxes.items[0], "/"), boxes.items[0]);
}

static int refuse_named(const struct shelf *shelf, const char *name, const char *id,
			struct err *err)
{
	AUTO_BUF struct buf names = {0};

	if (count_names(shelf, id) < 2)
		return 0;
	for (size_t i = 0; i < shelf->list.ref_count; i++) {
		AUTO_FREE char *words = NULL;

		if (strcmp(shelf->list.refs[i].image, id) != 0)
			continue;
		words = reference_words(shelf->list.refs[i].text);
		buf_printf(&names, "%s%s", names.len ? ", " : "", words);
	}
	(void)err_set(err, "image '%s' has several names", name);
	err->code = EBUSY;
	return err_hint(err, "remove %s; or all of them with --force", names.data);
}

/* One that somebody else removed meanwhile is gone, too. */
static int untag(const struct shelf *shelf, const char *reference, struct err *err)
{
	AUTO_FREE char *words = reference_words(reference);
	struct err error;

	if (image_untag(&shelf->store, reference, &error) < 0) {
		if (error.code == ENOENT)
			return 0;
		*err = error;
		return -1;
	}
	log_note(" %-16s untagged", words);
	return 0;
}

static int untag_all(const struct shelf *shelf, const char *id, struct err *err)
{
	for (size_t i = 0; i < shelf->list.ref_count; i++)
		if (strcmp(shelf->list.refs[i].image, id) == 0 &&
		    untag(shelf, shelf->list.refs[i].text, err) < 0)
			return -1;
	return 0;
}

static int remove_image(const struct shelf *shelf, const char *id, struct err *err)
{
	if (image_remove(&shelf->store, id, err) < 0)
		return -1;
	log_note(" %-16.*s removed", SHORT_ID, digest_hex(id));
	return 0;
}

static int remove_found(const struct shelf *shelf, const char *name,
			const struct found_image *found, bool force, struct err *err)
{
	const char *id = shelf->list.images[found->index].id;

	if (found->reference && has_other_name(shelf, id, found->reference))
		return untag(shelf, found->reference, err);
	if (!force && refuse_used(shelf, name, id, err) < 0)
		return -1;
	if (!force && !found->reference && refuse_named(shelf, name, id, err) < 0)
		return -1;
	if (untag_all(shelf, id, err) < 0)
		return -1;
	return remove_image(shelf, id, err);
}

static int remove_one(struct devbox *devbox, const char *name, bool force, struct err *err)
{
	struct found_image found;
	struct shelf shelf;
	int result;

	if (shelf_open(devbox, &shelf, err) < 0)
		return -1;
	result = shelf_find(devbox, &shelf, name, &found, err);
	if (result == 0)
		result = remove_found(&shelf, name, &found, force, err);
	shelf_close(&shelf);
	return result;
}

static int collect(struct devbox *devbox, const struct collect_options *options,
		   struct collected *out_collected, struct err *err)
{
	struct remover remover = {.devbox = devbox};
	struct collect_options removing = *options;
	struct image_store store;
	int result;

	if (image_store_open(devbox->dirs.data, false, &store, err) < 0) {
		if (err->code != ENOENT)
			return -1;
		*out_collected = (struct collected){0};
		return 0;
	}
	removing.remove_tree = remover_run;
	removing.arg = &remover;
	result = image_collect(&store, &removing, out_collected, err);
	image_store_close(&store);
	remover_done(&remover);
	return result;
}

int devbox_rmi(struct devbox *devbox, const struct strv *names, bool force, struct err *err)
{
	const struct collect_options garbage = {.builds_older_ms = -1};
	struct collected collected = {0};
	char size[STR_SIZE_MAX];
	struct err error;
	size_t removed = 0;
	int result = 0;

	while (result == 0 && removed < names->count) {
		result = remove_one(devbox, names->items[removed], force, err);
		removed += result == 0;
	}
	/* What went before one that is refused is gone, too. */
	if (removed && collect(devbox, &garbage, &collected, result ? &error : err) < 0)
		return -1;
	if (collected.bytes)
		log_note("%s freed", str_format_size(collected.bytes, size));
	collected_done(&collected);
	return result;
}

void images_sweep(struct devbox *devbox)
{
	struct remover remover = {.devbox = devbox};
	struct image_store store;
	struct err err;

	if (image_store_open(devbox->dirs.data, false, &store, &err) < 0)
		return;
	if (image_sweep(&store, remover_run, &remover, &err) < 0)
		log_debug("%s", err.message);
	image_store_close(&store);
	remover_done(&remover);
}

/* --- prune --- */

static size_t count_images(const struct collected *collected)
{
	size_t count = 0;

	for (size_t i = 0; i < collected->words.count; i++)
		count += str_starts(collected->words.items[i], "image ");
	return count;
}

/* Return: 1 when images may go, 0 when the user says no, -1 when there is nobody to ask. */
static int may_remove(const struct devbox *devbox, const struct collected *would,
		      struct err *err)
{
	const size_t count = count_images(would);
	AUTO_BUF struct buf question = {0};
	char size[STR_SIZE_MAX];

	if (!count || devbox->options.yes)
		return 1;
	if (!devbox->options.ask) {
		(void)err_set(err, "%zu image%s would be removed, and there is nobody to ask",
			      count, count == 1 ? "" : "s");
		return err_hint(err, "--dry-run lists what would go, -y removes it");
	}
	for (size_t i = 0; i < would->words.count; i++)
		if (str_starts(would->words.items[i], "image ") ||
		    str_starts(would->words.items[i], "name "))
			buf_printf(&question, "  %s\n", would->words.items[i]);
	buf_printf(&question, "%zu image%s would be removed; %s in all. remove them?", count,
		   count == 1 ? "" : "s", str_format_size(would->bytes, size));
	return devbox->options.ask(devbox->options.ask_arg, question.data) ? 1 : 0;
}

/* What throw-away boxes left. */
static void sweep_boxes(struct devbox *devbox)
{
	struct prepared maps = {0};
	struct err err;

	if (devbox->user.uid == 0 || prepare_maps(&devbox->user, &maps, &err) == 0)
		api_sweep(devbox, &maps);
	prepared_done(&maps);
}

int devbox_prune(struct devbox *devbox, const struct prune_options *options,
		 struct collected *out_collected, struct err *err)
{
	struct collect_options collecting = {
		.images = true,
		.all_images = options->all,
		.builds_older_ms = options->builds ? INT64_MAX : -1,
		.dry_run = true,
	};
	struct collected would;
	struct err nobody = {0};
	int may;

	if (collect(devbox, &collecting, &would, err) < 0)
		return -1;
	if (options->dry_run) {
		*out_collected = would;
		return 0;
	}
	may = may_remove(devbox, &would, &nobody);
	collected_done(&would);
	collecting.images = may == 1;
	collecting.all_images = may == 1 && options->all;
	collecting.dry_run = false;
	sweep_boxes(devbox);
	if (collect(devbox, &collecting, &would, err) < 0)
		return -1;
	if (may < 0) {
		collected_done(&would);
		*err = nobody;
		return -1;
	}
	*out_collected = would;
	return 0;
}
