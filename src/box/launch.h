#ifndef BOX_LAUNCH_H
#define BOX_LAUNCH_H

#include "box/prepare.h"
#include "net/net.h"

/**
 * struct launch_options - where a prepared box goes
 * @log_fd:	what slirp4netns and fuse-overlayfs say; borrowed
 * @on_ready:	called when the box stands and before its command begins; -1 ends it. NULL:
 * nothing
 */
struct launch_options {
	int cgroup_fd;
	int stdio[3];
	uint32_t flags; /* INIT_TTY, … */
	struct winsize winsize;
	enum net_mode network;
	int log_fd;
	const char *runtime_dir; /* where the kept user namespace is found; NULL: do without */
	int (*on_ready)(void *arg, struct err *err);
	void *on_ready_arg;
};

/** struct launched - a running box */
struct launched {
	struct box_process process;
	struct net_slirp slirp;
	int master; /* -1 without a terminal */
};

/**
 * box_launch() - start, connect to the network, let the command begin, wait until it runs
 * @out_exit: as box_await()
 * On failure nothing is left. @out_overlay_refused: it was native overlayfs that did not work
 * here: prepare again with force_fuse.
 */
int box_launch(const struct prepared *p, const struct launch_options *options,
	       struct launched *out_launched, int *out_exit, bool *out_overlay_refused,
	       struct err *err);

#endif
