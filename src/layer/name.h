#ifndef LAYER_NAME_H
#define LAYER_NAME_H

#include "util/err.h"

#include <limits.h>
#include <stddef.h>

/* Names of entries: what a stranger wrote, made into what can be used. */

#define NAME_DEPTH_MAX 256

/**
 * struct name - a path below the layer's folder: "a/b/c", no empty, "." or ".." component
 * @len:	of it; 0 is the folder itself
 * @parent_len:	of the path without the last component and its slash
 */
struct name {
	char path[PATH_MAX];
	size_t len;
	size_t parent_len;
};

/** name_base() - the last component; "" for the folder itself. */
static inline const char *name_base(const struct name *name)
{
	return name->path + name->parent_len + (name->parent_len ? 1 : 0);
}

/**
 * name_set() - from @text: leading slashes and "." mean nothing, ".." is refused
 * @err:	"..", more than NAME_DEPTH_MAX components, one over NAME_MAX, PATH_MAX or more
 */
int name_set(struct name *name, const char *text, struct err *err);

#define NAME_SAY_MAX 256
/** name_say() - @text for a message: control characters as '?', shortened in the middle. */
const char *name_say(const char *text, char out[NAME_SAY_MAX]);

#endif
