#ifndef IMAGE_COLLECT_H
#define IMAGE_COLLECT_H

#include "image/store.h"

/* Looking at the whole store, and throwing away. Nothing here needs the network or root. */

/** struct image_list - everything that has a name or a record */
struct image_list {
	struct image_ref *refs;
	size_t ref_count;
	struct image *images;
	size_t image_count;
	struct layer_meta *layers;
	size_t layer_count;
	struct build_entry *builds;
	size_t build_count;
};
int image_list_read(const struct image_store *store, struct image_list *out_list,
		    struct err *err);
void image_list_done(struct image_list *list);

/**
 * image_users_read() - what boxes with a layer of their own stand on
 * @out_ids:	ids of layers, and digests of images ("sha256:<hex>")
 * @out_boxes:	"PROJECT/BOX", one for each of them
 *
 * From `projects/<id>/box/<box>/layers`, which is written before a box starts: one id a line,
 * lines that are none ("rootfs:DIR") do not count.
 */
int image_users_read(const struct image_store *store, struct strv *out_ids,
		     struct strv *out_boxes, struct err *err);

/** image_untag() - forget a name, for all platforms; the image stays until it is collected.
 * ENOENT. */
int image_untag(const struct image_store *store, const char *text, struct err *err);
/** image_remove() - forget an image that has no name; its layers go with image_collect().
 * ENOENT; EBUSY: it has a name. Whether a box uses it is the caller's question. */
int image_remove(const struct image_store *store, const char *id, struct err *err);

/**
 * struct collect_options - what may go besides garbage (dead work, trash, layers that nothing
 * names)
 * @images:	images without a name, and
 * @all_images:	also those with a name that no box uses
 * @builds_older_ms: build steps that were last used before this moment (CLOCK_REALTIME); -1:
 * none
 * @dry_run:	only say what would go
 */
struct collect_options {
	bool images;
	bool all_images;
	int64_t builds_older_ms;
	bool dry_run;
	/** removes a folder whose files belong to ids of the boxes (api_remove_tree) */
	int (*remove_tree)(void *arg, const char *path, struct err *err);
	void *arg;
};
/** struct collected - what went (or would go); one line for people each in @words */
struct collected {
	struct strv words;
	size_t count;
	uint64_t bytes;
	size_t in_use; /* layers that were let be because somebody holds them */
};
/**
 * image_collect() - safe at any time beside pulls, builds and boxes
 * What cannot be removed stays in trash/ and is warned of. Documents that no image names stay
 * for a day: they may be those of an image that is on its way.
 */
int image_collect(const struct image_store *store, const struct collect_options *options,
		  struct collected *out_collected, struct err *err);
void collected_done(struct collected *collected);
/** image_sweep() - only dead work and trash, after a pull that failed or when the disk is full:
 * layers that a pull left whole are there for the next one. */
int image_sweep(const struct image_store *store,
		int (*remove_tree)(void *arg, const char *path, struct err *err), void *arg,
		struct err *err);

#endif
