#ifndef NET_PASTA_H
#define NET_PASTA_H

#include "net/net.h"

/* Private to the room. pasta(1), of the package passt, in the place of slirp4netns. */

/**
 * pasta_start() - start it on the network namespace of @pid without waiting for it
 * @program:	its absolute path; NULL when it is not installed
 *
 * It does not end with its network nor with us, as slirp4netns does: a small process of ours is
 * its parent, and kills it when the exit pipe closes. That is @out_slirp->pid.
 */
int pasta_start(const char *program, const struct net_layout *layout, pid_t pid, int log_fd,
		struct net_slirp *out_slirp, struct err *err);
/** pasta_wait_ready() - wait until the box has a default route: it says nothing itself. */
int pasta_wait_ready(struct net_slirp *slirp, pid_t pid, int timeout_ms, struct err *err);

/** pasta_has_route() - the text of /proc/PID/net/route has a default route by NET_DEVICE. */
bool pasta_has_route(const char *text);

#endif
