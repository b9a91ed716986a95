#ifndef BOX_JOIN_H
#define BOX_JOIN_H

#include "box/identity.h"
#include "box/stdio.h"
#include "sec/filter.h"
#include "state/record.h"
#include "util/err.h"

#include <stdbool.h>
#include <sys/ioctl.h>

/**
 * struct join_request - a command in a running box; borrowed
 * @identity:	somebody else than the box's own user; NULL: him
 * @wants_tty:	give it a terminal of the box
 * @stdio:	its 0, 1, 2 otherwise
 * @runtime_dir: $XDG_RUNTIME_DIR, to reach the box's cgroup from a login session
 */
struct join_request {
	const struct record *record;
	const struct strv *argv;
	const struct strv *env;
	const char *cwd;
	const struct box_identity *identity;
	bool wants_tty;
	struct stdio *stdio;
	struct winsize winsize;
	const char *runtime_dir;
};

/** struct joined - the command's init, our child, and the terminal's master (-1 without one) */
struct joined {
	pid_t pid;
	int socket;
	int master;
};

/**
 * box_join() - start a command in the namespaces and the cgroup of a running box
 * The calling process enters the box's namespaces itself and stays there: nothing of the host
 * can be opened after.
 * @out_exit: on failure 125, 126 or 127
 * Kernel interface: setns(2) with a pidfd, all namespaces at once.
 */
int box_join(const struct join_request *request, struct joined *out_joined, int *out_exit,
	     struct err *err);

#endif
