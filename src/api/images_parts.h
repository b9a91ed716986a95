#ifndef API_IMAGES_PARTS_H
#define API_IMAGES_PARTS_H

#include "api/images.h"
#include "box/prepare.h"

/* Between the files of images. Private to this room. */

/**
 * struct shelf - the store, read once
 * @has_store:	nothing was ever stored: the lists are empty
 * @user_ids, @user_boxes: image_users_read()
 */
struct shelf {
	bool has_store;
	struct image_store store;
	struct image_list list;
	struct strv user_ids;
	struct strv user_boxes;
};
int shelf_open(struct devbox *devbox, struct shelf *out_shelf, struct err *err);
void shelf_close(struct shelf *shelf);

/** struct found_image - @index: in the list; @reference: canonical name it was found by, NULL:
 * by its id; borrowed from the shelf */
struct found_image {
	size_t index;
	const char *reference;
};
/** shelf_find() - by a name as people write it, else by the begin of an id. */
int shelf_find(const struct devbox *devbox, const struct shelf *shelf, const char *name,
	       struct found_image *out_found, struct err *err);

/** shelf_layer() - the record of a layer; NULL. */
const struct layer_meta *shelf_layer(const struct shelf *shelf, const char *id);
/** shelf_bytes() - of all layers of an image, each once. */
uint64_t shelf_bytes(const struct shelf *shelf, const struct image *image);
/** shelf_boxes() - those on the image of that digest, or on the layer of that id. */
void shelf_boxes(const struct shelf *shelf, const char *id, struct strv *out_boxes);
/** shelf_rows() - devbox_images() of a shelf. */
void shelf_rows(const struct shelf *shelf, bool all, struct image_rows *out_rows);

/** reference_words() - a canonical reference as people write it. free() it. */
char *reference_words(const char *reference);

/** struct remover - removes trees of the boxes' ids; asks for the maps when the first one is
 * there */
struct remover {
	struct devbox *devbox;
	struct prepared maps;
	bool has_maps;
};
/** remover_run() - a remove_tree of struct collect_options; @arg: struct remover. */
int remover_run(void *arg, const char *path, struct err *err);
void remover_done(struct remover *remover);

/** images_sweep() - what pulls that failed or were killed left unfinished goes, as far as it
 * can; after a pull, not before: a file system that just lost many files is slow to make new
 * ones. */
void images_sweep(struct devbox *devbox);

/**
 * api_disk_bytes() - how much lies below each of @paths (relative to <data>), in @out_bytes
 * What is not there has none. Hard links count once; what lies deeper than 200 folders does not
 * count.
 */
int api_disk_bytes(struct devbox *devbox, const struct strv *paths, uint64_t *out_bytes,
		   struct err *err);

#endif
