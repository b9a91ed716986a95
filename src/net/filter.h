#ifndef NET_FILTER_H
#define NET_FILTER_H

#include "net/net.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * The filter: what a box has instead of a network when only some hosts may be reached. Its
 * namespace has nothing but a loopback interface; on that a process of ours listens:
 *
 *   NET_FILTER_ADDRESS:53	a resolver. Each allowed name gets an address of its own on
 *				loopback, 127.127.1.0 and up; others do not exist. It asks
 *nobody.
 *   those addresses		the name's ports: the connection goes on to the name, when the
 *				server name of TLS, or the Host of HTTP, is that name
 *   NET_FILTER_ADDRESS:3128	an HTTP proxy: CONNECT, and URLs of http
 *
 * A helper inside the box's namespaces makes the sockets that listen, and does nothing else.
 *One thread a connection, FILTER_CONNECTIONS_MAX of them.
 */
#define NET_FILTER_ADDRESS "127.127.0.1"
#define NET_FILTER_PROXY "http://127.127.0.1:3128"

/**
 * struct net_filter - what is let through
 * @allow:	"NAME", "*.NAME" (what is below it), each with ":PORT" or for ports 80 and 443
 * @to_private:	names may have addresses of this machine and of private networks, and
 *		NET_HOST_NAME is the host's own loopback
 * @log_path:	gets a line for each connection, and for each that was refused; rotated as the
 * logs of boxes are; NULL: none
 */
struct net_filter {
	struct strv allow;
	bool to_private;
	char *log_path;
};
void net_filter_done(struct net_filter *filter);

/** net_filter_is_own() - one of its addresses, IPv4 mapped into IPv6: who listens there is no
 * server of the box. */
static inline bool net_filter_is_own(const struct in6_addr *address)
{
	return IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127 &&
	       address->s6_addr[13] == 127;
}

/**
 * net_filter_start() - start it for a box, which may begin when this is back
 * @pid:	a process of the box
 * @out_process: of ours, to be ended by net_slirp_stop()
 */
int net_filter_start(const struct net_filter *filter, pid_t pid, struct net_slirp *out_process,
		     struct err *err);

#endif
