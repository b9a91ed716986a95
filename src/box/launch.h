#ifndef BOX_LAUNCH_H
#define BOX_LAUNCH_H

#include "box/keep.h"
#include "box/prepare.h"
#include "net/net.h"

/** struct launch_early - a birth in the kept user namespace, begun before the plan was made */
struct launch_early {
	struct kept kept;
	struct birth birth;
};

/**
 * launch_early() - begin the birth of a box of which only the profile is known
 * Where nothing is kept, or a group must be made for the box first, nothing is begun, and
 * box_launch() does it all.
 */
void launch_early(const char *runtime_dir, const struct spec *spec, struct launch_early *out);
/** launch_early_done() - end what no box_launch() has taken over. Accepts a zeroed one. */
void launch_early_done(struct launch_early *early);

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
	struct launch_early *early; /* taken over when it fits; NULL: none */
	const char *runtime_dir; /* where the kept user namespace is found; NULL: do without */
	int userns_fd;           /* the box has to be born in, 0: any; borrowed */
	int netns_fd;            /* of it, as well; 0: a new one; borrowed */
	/* instead of a slirp4netns of its own; NULL: that */
	int (*connect)(void *arg, pid_t pid, struct err *err);
	void *connect_arg;
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
