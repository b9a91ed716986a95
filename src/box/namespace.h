#ifndef BOX_NAMESPACE_H
#define BOX_NAMESPACE_H

#include "host/host.h"
#include "util/err.h"

/**
 * box_userns_open() - a user namespace with the map of @user's boxes, for programs that make
 * files for them
 * @runtime_dir:	"$XDG_RUNTIME_DIR/devbox", where the kept one is looked for
 *
 * Without a kept one (box/keep.h) it is made by a child that has ended: the descriptor alone
 * keeps it. Return: descriptor for setns(2), or -1.
 */
int box_userns_open(const struct host_user *user, const char *runtime_dir, struct err *err);

#endif
