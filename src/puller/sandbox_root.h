#ifndef PULLER_SANDBOX_ROOT_H
#define PULLER_SANDBOX_ROOT_H

#include "util/err.h"

#include <stdbool.h>

/**
 * sandbox_root() - in a new mount namespace of ours: a mount of its own of the folder @path,
 * and an empty root instead of all that was there
 * @dir_fd:	the folder that must be found at @path
 * Return: a descriptor of the folder, or -1 with @err.
 */
int sandbox_root(const char *path, int dir_fd, bool is_read_only, struct err *err);

#endif
