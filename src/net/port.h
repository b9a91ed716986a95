#ifndef NET_PORT_H
#define NET_PORT_H

#include "util/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum net_protocol { NET_TCP, NET_UDP };

/**
 * struct net_port - one port of the host that leads to one of a box
 * @host:	address and port; port 0: the kernel chooses
 */
struct net_port {
	enum net_protocol protocol;
	struct sockaddr_storage host;
	uint16_t box_port;
};

/** net_protocol_name() - "tcp", "udp". */
const char *net_protocol_name(enum net_protocol protocol);

/** net_address_set() - @text, "127.0.0.1" or "::1" without brackets, and @port. Return: 0, or
 * -1 when it is no address. */
int net_address_set(const char *text, uint16_t port, struct sockaddr_storage *out);
/** net_address_text() - the address without its port. */
#define NET_ADDRESS_MAX 46
const char *net_address_text(const struct sockaddr_storage *address, char out[NET_ADDRESS_MAX]);
uint16_t net_address_port(const struct sockaddr_storage *address);
void net_address_set_port(struct sockaddr_storage *address, uint16_t port);
socklen_t net_address_len(const struct sockaddr_storage *address);
bool net_address_is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

/** net_address_is_loopback() - reached from this machine only. */
bool net_address_is_loopback(const struct sockaddr_storage *address);

/** net_port_url() - "http://127.77.3.1:3000" as people reach it: without the scheme where the
 * port is known to speak something else. free() it. */
char *net_port_url(const char *address, uint16_t host_port, uint16_t box_port);

/**
 * net_ports_parse() - ports as a plan has them: lines "port PROTOCOL ADDRESS HOST BOX", HOST
 * and BOX a number or a range FIRST-LAST of the same length; HOST 0: the kernel chooses Other
 * lines are skipped. @out_ports: free() it. Return: 0, or -1 when a line is damaged.
 */
#define NET_PORTS_MAX 1024
int net_ports_parse(const char *text, struct net_port **out_ports, size_t *out_count);

/**
 * net_loopback_address() - the address of a project on loopback: 127.X.Y.1, worked out from its
 * @folder; @attempt counts up where others have the first ones
 * Never 127.0.*.*, where services of the machine are.
 */
struct in_addr net_loopback_address(const char *folder, unsigned attempt);

/**
 * struct net_holder - who listens on a port
 * @pid:	0: not one of the caller's processes, or gone
 * @name:	of the program
 */
struct net_holder {
	pid_t pid;
	char name[32];
};
/** net_port_holder() - who has what keeps @port from being bound. Reads /proc. */
void net_port_holder(const struct net_port *port, struct net_holder *out_holder);

/**
 * net_port_listen() - a socket of the host that listens there; not blocking
 * @port:	.host gets the port that the kernel chose
 * @err:	EADDRINUSE names the holder, EACCES the sysctl of low ports
 * Return: descriptor, or -1.
 */
int net_port_listen(struct net_port *port, struct err *err);
/** net_port_bind() - the same, without words: -1 with errno. */
int net_port_bind(struct net_port *port);

#endif
