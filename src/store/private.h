#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H

#include "util/err.h"

/* Between the files of store. */

/* In a project's runtime folder: held while a verb changes the project, names its holder. */
#define LOCK_FILE "lock"

/** dir_check_private() - @path is a folder of this user that nobody else can write; no link. */
int dir_check_private(const char *path, struct err *err);

/** dir_make_private() - make @path (0700) with its parents, and check it. */
int dir_make_private(const char *path, struct err *err);

#endif
