#ifndef NET_NET_H
#define NET_NET_H

#include "util/err.h"
#include "util/str.h"

#include <sys/types.h>

/** net_lo_up() - bring the loopback interface of the current network namespace up. System calls only. Return: 0 or -1 with errno. */
int net_lo_up(void);

/**
 * struct net_slirp - a running slirp4netns(1)
 * @exit_fd:	writing end of its exit pipe: closing it ends the process; held by the supervisor only (CLOEXEC)
 * @api_path:	its API socket, NULL when none; owned
 */
struct net_slirp {
	pid_t pid;
	uint64_t start_ticks;
	int exit_fd;
	int ready_fd;
	char *api_path;
};

#define NET_SLIRP_CIDR "10.0.2.0/24"
#define NET_SLIRP_DNS "10.0.2.3"
#define NET_SLIRP_MTU 65520

/**
 * net_slirp_start() - start slirp4netns on the network namespace of process @pid without waiting for it
 * With sandbox and seccomp, host loopback disabled, ready and exit descriptors (see slirp4netns(1)).
 * @log_fd:	gets its messages; borrowed
 * @err:	slirp4netns missing (hint: the package), /dev/net/tun missing or forbidden (hint)
 */
int net_slirp_start(pid_t pid, const char *api_path, int log_fd, struct net_slirp *out_slirp, struct err *err);
/** net_slirp_wait_ready() - wait until it says ready; end of file before that is failure. */
int net_slirp_wait_ready(struct net_slirp *slirp, int timeout_ms, struct err *err);
/** net_slirp_stop() - close the exit pipe, reap, unlink the socket. Accepts a zeroed (pid 0) one. */
void net_slirp_stop(struct net_slirp *slirp);

/**
 * net_resolv_conf() - text of /etc/resolv.conf for a box: @dns servers (empty: slirp's resolver for project mode, the host's for host mode), with the host's search and options
 * @host_text:	the host's resolv.conf, may be ""
 */
char *net_resolv_conf(const char *host_text, const struct strv *dns, const struct strv *search, bool own_network);
/** net_hosts() - text of /etc/hosts: localhost (IPv4 and IPv6), @hostname at @address (NULL: 127.0.1.1), and the @extra "ADDRESS NAME" lines. */
char *net_hosts(const char *hostname, const char *address, const struct strv *extra);

#endif
