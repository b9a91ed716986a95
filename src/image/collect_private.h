#ifndef IMAGE_COLLECT_PRIVATE_H
#define IMAGE_COLLECT_PRIVATE_H

#include "image/collect.h"

/* Between the files that throw away. The lock of the store is held, but for sweep_trash(). */

#define SHORT_ID_MAX 12 /* digits of an id that people read */

/** collected_add() - one thing that goes. */
void collected_add(struct collected *collected, uint64_t bytes, const char *format, ...)
	ERR_PRINTF(3, 4);

/** sweep_trash_list() - what was thrown away before; its names and words. */
int sweep_trash_list(const struct image_store *store, struct collected *collected,
		     struct err *err);
/** sweep_tmp() - dead work goes into trash/. */
int sweep_tmp(const struct image_store *store, bool dry_run, struct collected *collected,
	      struct err *err);
/** sweep_trash() - remove what is in trash/. */
int sweep_trash(const struct image_store *store, const struct collect_options *options,
		struct err *err);

/** drop_image() - the image, and those of its documents that none of @list (but those
 * @is_dropped) names. */
int drop_image(const struct image_store *store, const struct image_list *list,
	       const bool *is_dropped, size_t index, struct err *err);
/** drop_documents() - those that no image of @list (but those @is_dropped) names, and that are
 * older than a day. */
int drop_documents(const struct image_store *store, const struct image_list *list,
		   const bool *is_dropped, bool dry_run, struct collected *collected,
		   struct err *err);

#endif
