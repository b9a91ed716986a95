#ifndef NET_NET_H
#define NET_NET_H

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
 * @pid_fd:	readable when it has ended: poll(2) it to notice its death
 * @exit_fd:	writing end of its exit pipe: closing it ends the process; must be held by the
 *		supervisor only
 * @ready_fd:	readable when it is ready or has failed; -1 after net_slirp_wait_ready()
 * @log_fd:	its messages from the start on, for the text of an error; -1 when the log cannot
 *		be read back
 * @api_path:	its API socket, NULL when none; owned
 */
struct net_slirp {
	pid_t pid;
	uint64_t start_ticks;
	int pid_fd;
	int exit_fd;
	int ready_fd;
	int log_fd;
	char *api_path;
};

#define NET_SLIRP_CIDR "10.0.2.0/24"
#define NET_SLIRP_DNS "10.0.2.3"
#define NET_SLIRP_ADDRESS "10.0.2.100" /* of the box */
/*
 * Measured with 1.2.0, HTTP over loopback and veth: uploads of 5 to 50 MB stall for 0.2 to 0.9
 * s now and then at 65520 and at 32768, never at 16384, which moves as much a second; 1500 a
 * sixth of it.
 */
#define NET_SLIRP_MTU 16384

/**
 * net_slirp_start() - start slirp4netns on a network namespace without waiting for it
 * @pid:	whose namespace. Between setresuid(2) and execve(2) of a box's first process the
 *		kernel closes it to everybody, its parent too (EACCES)
 * @api_path:	where to make its API socket, NULL for none; in a folder closed to others: the
 *		socket itself is open to all
 * @log_fd:	gets its messages; borrowed
 * @err:	slirp4netns missing, /dev/net/tun missing or forbidden (hint)
 *
 * With sandbox and seccomp, host loopback disabled. It stays in our session and process group.
 */
int net_slirp_start(pid_t pid, const char *api_path, int log_fd, struct net_slirp *out_slirp,
		    struct err *err);
/** net_slirp_wait_ready() - wait until it says ready; end of file before that is failure. */
int net_slirp_wait_ready(struct net_slirp *slirp, int timeout_ms, struct err *err);
/** net_slirp_stop() - close the exit pipe, reap, unlink the socket; a zeroed one is no error.
 */
void net_slirp_stop(struct net_slirp *slirp);

/**
 * net_resolv_conf() - text of /etc/resolv.conf for a box
 * @host_text:	the host's resolv.conf, may be ""; its search and options are kept
 * @dns:	servers; when empty slirp's resolver with @own_network, else the host's
 * @search:	when empty the host's
 *
 * Return: free() it.
 */
char *net_resolv_conf(const char *host_text, const struct strv *dns, const struct strv *search,
		      bool own_network);
/**
 * net_hosts() - text of /etc/hosts: localhost (IPv4 and IPv6), @hostname, and the @extra lines
 * @address:	of @hostname; NULL: 127.0.1.1
 * @extra:	"ADDRESS NAME"
 *
 * Return: free() it.
 */
char *net_hosts(const char *hostname, const char *address, const struct strv *extra);

#endif
