#ifndef IMAGE_BUILDLAST_H
#define IMAGE_BUILDLAST_H

#include "image/store.h"

/** build_last() - of all build steps that @is_it says yes to, the one used last. ENOENT: none.
 */
int build_last(const struct image_store *store,
	       bool (*is_it)(void *arg, const struct build_entry *entry), void *arg,
	       struct build_entry *out_entry, struct err *err);

#endif
