#ifndef API_IMAGES_H
#define API_IMAGES_H

#include "api/api.h"
#include "image/collect.h"

/* The images of the store: verbs that need no network. Sizes are those on disk, from the
 * records of the layers; no layer is walked. */

/**
 * struct image_row - an image under one of its names
 * @name:	as people write it; NULL: it has none
 * @created:	RFC 3339 or NULL, as the image says
 * @bytes:	of all its layers
 * @unique_bytes: of those that no other image has; @shared_bytes: the rest
 * @boxes:	"PROJECT/BOX" of those with a layer of their own on it
 */
struct image_row {
	char *name;
	char *reference; /* canonical, or NULL */
	char *id;
	char *platform;
	char *created;
	int64_t stored_ms;
	uint64_t bytes;
	uint64_t unique_bytes;
	uint64_t shared_bytes;
	size_t layer_count;
	struct strv boxes;
};
struct image_rows {
	struct image_row *items;
	size_t count;
};
/** devbox_images() - sorted by name. @all: also those without a name. */
int devbox_images(struct devbox *devbox, bool all, struct image_rows *out_rows,
		  struct err *err);
void image_rows_done(struct image_rows *rows);

/**
 * struct image_details - all that is known of an image
 * @layers:	as many as @image has, bottom first; one that is gone is empty
 */
struct image_details {
	struct strv names;
	struct image image;
	struct image_config config;
	struct layer_meta *layers;
	uint64_t bytes;
	struct strv boxes;
};
/**
 * devbox_image() - look at one image
 * @name:	a name as people write it, or the unique begin of an id
 * @err:	ENOENT
 */
int devbox_image(struct devbox *devbox, const char *name, struct image_details *out_details,
		 struct err *err);
void image_details_done(struct image_details *details);

/**
 * devbox_rmi() - forget names, and images that then have none
 * @force:	also images that boxes stand on (which keep their layers), and by id those with
 * several names
 * What nothing names any more is removed.
 */
int devbox_rmi(struct devbox *devbox, const struct strv *names, bool force, struct err *err);

struct prune_options {
	bool all;    /* also images that have a name and no box */
	bool builds; /* also build steps that no box stands on */
	bool dry_run;
};
/**
 * devbox_prune() - remove what nobody needs: garbage in any case, images only when the user
 * says yes
 */
int devbox_prune(struct devbox *devbox, const struct prune_options *options,
		 struct collected *out_collected, struct err *err);

/** struct project_use - bytes of one project on disk */
struct project_use {
	char *id;
	uint64_t boxes_bytes; /* what boxes wrote into their roots, now and before */
	uint64_t home_bytes;
	uint64_t volumes_bytes;
};
struct cache_use {
	char *name;
	uint64_t bytes;
};
/**
 * struct disk_use - what lies in the store and beside it
 * @images_bytes: layers of images, each once; @builds_bytes: those only build steps have;
 * @garbage_bytes: those that neither has
 * @prune_bytes: what prune would free; @prune_all_bytes: prune --all --builds
 */
struct disk_use {
	struct image_rows images;
	struct project_use *projects;
	size_t project_count;
	struct cache_use *caches;
	size_t cache_count;
	size_t build_count;
	uint64_t images_bytes;
	uint64_t builds_bytes;
	uint64_t garbage_bytes;
	uint64_t prune_bytes;
	uint64_t prune_all_bytes;
};
int devbox_du(struct devbox *devbox, struct disk_use *out_use, struct err *err);
void disk_use_done(struct disk_use *use);

#endif
