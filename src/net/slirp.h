#ifndef NET_SLIRP_H
#define NET_SLIRP_H

#include "net/net.h"

/* Private to the room. */

/**
 * struct slirp_host - what of the host slirp4netns needs; tests put places of their own here
 * @program:	its absolute path; NULL when it is not installed
 * @tun:	"/dev/net/tun"
 * @resolv_conf: "/etc/resolv.conf"
 */
struct slirp_host {
	const char *program;
	const char *tun;
	const char *resolv_conf;
};

/** slirp_check() - can it be started at all? */
int slirp_check(const struct slirp_host *host, const char *api_path, struct err *err);

/**
 * slirp_has_sandbox() - may it run with --enable-sandbox?
 * In its sandbox it sees /etc and /run of the host only, and versions before 1.2.1 cannot
 * resolve names when resolv.conf is a link to another place.
 */
bool slirp_has_sandbox(const struct slirp_host *host);

/** struct slirp_request - the arguments of net_slirp_start(), or of net_slirp_start_bridge() */
struct slirp_request {
	const struct net_layout *layout;
	pid_t pid;
	const char *api_path;
	int log_fd;
	bool is_bridge;
};
/** slirp_follow_log() - a descriptor at the end of a log that is a file; -1 when it is none. */
int slirp_follow_log(int log_fd);
/** slirp_explain_end() - why it ended before it was ready. Return: -1. */
int slirp_explain_end(const struct net_slirp *slirp, struct err *err);

/** slirp_start() - net_slirp_start() with what @host says. */
int slirp_start(const struct slirp_host *host, const struct slirp_request *request,
		struct net_slirp *out_slirp, struct err *err);

#endif
