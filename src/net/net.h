#ifndef NET_NET_H
#define NET_NET_H

#include "net/layout.h"
#include "util/err.h"
#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * net_lo_up() - bring the loopback interface of the current network namespace up
 * System calls only. Return: 0 or -1 with errno.
 */
int net_lo_up(void);

/**
 * struct net_slirp - a running slirp4netns(1)
 * @name:	for people, when it is another that does the same; NULL: slirp4netns
 * @backend_pid: process that does the work, when @pid only watches over it; else 0
 * @pid_fd:	readable when it has ended: poll(2) it to notice its death
 * @exit_fd:	writing end of its exit pipe: closing it ends the process; must be held by the
 *		supervisor only
 * @ready_fd:	readable when it is ready or has failed; -1 after net_slirp_wait_ready()
 * @log_fd:	its messages from the start on, for the text of an error; -1 when the log cannot
 *		be read back
 * @api_path:	its API socket, NULL when none; owned
 */
struct net_slirp {
	const char *name;
	pid_t pid;
	pid_t backend_pid;
	uint64_t start_ticks;
	int pid_fd;
	int exit_fd;
	int ready_fd;
	int log_fd;
	char *api_path;
};

#define NET_DEVICE "tap0"

#define NET_READY_MS 10000
/**
 * net_connect() - lead the network namespace of @pid outside by the backend of @layout, and
 * wait until it does
 * @out_slirp:	net_slirp_stop() it, also on failure
 */
int net_connect(const struct net_layout *layout, pid_t pid, int log_fd,
		struct net_slirp *out_slirp, struct err *err);
/** net_backend_check() - can @backend be started? @program: its path, NULL: not installed. */
int net_backend_check(enum net_backend backend, const char *program, struct err *err);

/**
 * net_slirp_start() - start slirp4netns on a network namespace without waiting for it
 * @layout:	the box gets the hundredth address, whatever it says: net_move_address()
 * @pid:	whose namespace. Between setresuid(2) and execve(2) of a box's first process the
 *		kernel closes it to everybody, its parent too (EACCES)
 * @api_path:	where to make its API socket, NULL for none; in a folder closed to others: the
 *		socket itself is open to all
 * @log_fd:	gets its messages; borrowed
 * @err:	slirp4netns missing, /dev/net/tun missing or forbidden (hint)
 *
 * With sandbox and seccomp. It stays in our session and process group.
 */
int net_slirp_start(const struct net_layout *layout, pid_t pid, const char *api_path,
		    int log_fd, struct net_slirp *out_slirp, struct err *err);
/** net_slirp_start_bridge() - as net_slirp_start() for a bridge in the namespace of @pid, which
 * is needed until slirp4netns is ready: NET_DEVICE is down and has no address. */
int net_slirp_start_bridge(const struct net_layout *layout, pid_t pid, int log_fd,
			   struct net_slirp *out_slirp, struct err *err);
/** net_slirp_wait_ready() - wait until it says ready; end of file before that is failure. */
int net_slirp_wait_ready(struct net_slirp *slirp, int timeout_ms, struct err *err);
/** net_slirp_end_words() - how it ended by itself, "slirp4netns was killed by signal 9"; before
 * net_slirp_stop(). free() it. */
char *net_slirp_end_words(const struct net_slirp *slirp);
/** net_slirp_stop() - close the exit pipe, reap, unlink the socket; a zeroed one is no error.
 */
void net_slirp_stop(struct net_slirp *slirp);
/** net_slirp_leave() - the same for who ends himself: slirp4netns is killed, and not waited
 * for, as the kernel takes 20 ms to take its interface away. */
void net_slirp_leave(struct net_slirp *slirp);

/** net_move_address() - NET_DEVICE of the network namespace of @pid has the address and the
 * gateway of @layout from now on, and no other. The caller owns its user namespace. */
int net_move_address(pid_t pid, const struct net_layout *layout, struct err *err);

/**
 * net_resolv_conf() - text of /etc/resolv.conf for a box
 * @host_text:	the host's resolv.conf, may be ""; its search and options are kept
 * @dns:	servers; when empty @resolver
 * @search:	when empty the host's
 * @resolver:	address of the network's own; NULL: it has the host's
 *
 * Return: free() it.
 */
char *net_resolv_conf(const char *host_text, const struct strv *dns, const struct strv *search,
		      const char *resolver);
#define NET_HOST_NAME "host.devbox"
/**
 * net_hosts() - text of /etc/hosts: localhost (IPv4 and IPv6), @hostname, and the @extra lines
 * @address:	of @hostname, where others reach it; NULL: one of the loopback
 * @gateway:	address of NET_HOST_NAME; NULL: there is no such name
 * @extra:	"ADDRESS NAME"
 *
 * Return: free() it.
 */
char *net_hosts(const char *hostname, const char *address, const char *gateway,
		const struct strv *extra);

#endif
