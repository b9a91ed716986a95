#ifndef BOX_HUB_PARTS_H
#define BOX_HUB_PARTS_H

#include "box/hub.h"

#include <sys/un.h>

/* Private to hub*.c. */

#define HUB_SOCKET "net.sock"
#define HUB_VETH "veth"
#define HUB_MACVLAN "macvlan"
#define HUB_ANSWER_MAX 1024
#define HUB_REQUEST_MAX 65536

/** struct hub_request - a network to hold; borrowed */
struct hub_request {
	const struct hub_plan *plan;
	const struct dirs *dirs;
	const struct project *project;
	const struct host_user *user;
};

struct hub_ready {
	int32_t is_up;
	struct err err;
};

/** hub_serve() - be the process that holds the network; @ready_fd gets one struct hub_ready */
__attribute__((noreturn)) void hub_serve(const struct hub_request *request, int ready_fd);

/** hub_words() - all of it that boxes share, "10.0.2.0/24, mtu 16384". free() it. */
char *hub_words(const struct net_layout *network);

/** hub_address() - of the socket, by way of *out_dir: the path itself may be too long. */
int hub_address(const char *runtime_dir, int *out_dir, struct sockaddr_un *address,
		struct err *err);

/* What happens inside, in children: the caller stays where it is. */

/** struct hub_inside - a process in the new network namespace, which waits */
struct hub_inside {
	pid_t pid;
	int socket;
};
/** hub_make_bridge() - a network namespace with a bridge; @out_inside: hub_release() it.
 * Return: descriptor or -1. */
int hub_make_bridge(int userns_fd, int mtu, struct hub_inside *out_inside, struct err *err);
void hub_release(struct hub_inside *inside);
/** struct hub_link - a box to connect: @number tells the pairs apart. Of the uplink only
 * @network counts. */
struct hub_link {
	int box_netns_fd;
	unsigned number;
	uint32_t address;
	bool is_macvlan;
	const struct net_layout *network;
};
/** hub_add_uplink() - NET_DEVICE becomes a port of it. */
int hub_add_uplink(int userns_fd, int netns_fd, const struct net_layout *network,
		   struct err *err);
int hub_add_link(int userns_fd, int netns_fd, const struct hub_link *link, struct err *err);
/** hub_remove_link() - at once: the box's network may live on with those who share it, and the
 * one that comes after it has its address. */
int hub_remove_link(int userns_fd, int box_netns_fd, struct err *err);

#endif
