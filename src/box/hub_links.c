#include "box/hub_parts.h"

#include "net/net.h"
#include "net/rtnl.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* Whoever enters a user namespace does not come back: each of these is done by a child. */

#define BRIDGE "br0"
#define BOX_INTERFACE "eth0"

struct work {
	int userns_fd;
	int netns_fd; /* -1: a new one */
	int mtu;
	const struct hub_link *link;
	int (*run)(const struct work *work, struct err *err);
};

static int enter(const struct work *work, struct err *err)
{
	if (setns(work->userns_fd, CLONE_NEWUSER) < 0)
		return err_sys(err, "enter the user namespace of the project");
	if (work->netns_fd >= 0)
		return setns(work->netns_fd, CLONE_NEWNET) < 0
			       ? err_sys(err, "enter the network of the project")
			       : 0;
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(err, "make a network namespace");
	/* Entering has closed our /proc to the one who waits to look there. */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return 0;
}

/* Says how it went, then stays until the other end is closed. */
__attribute__((noreturn)) static void child_main(const struct work *work, int socket)
{
	struct hub_ready ready = {0};
	char byte;

	ready.is_up = enter(work, &ready.err) == 0 && work->run(work, &ready.err) == 0;
	(void)!write(socket, &ready, sizeof(ready));
	if (ready.is_up && work->netns_fd < 0)
		(void)!read(socket, &byte, 1);
	_exit(0);
}

static int open_netns(pid_t pid, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/net", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open the network of the project") : fd;
}

/* Until it has said how it went. */
static int begin(const struct work *work, struct hub_inside *out_inside, struct err *err)
{
	struct hub_ready ready = {0};
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, "make a socket pair");
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		child_main(work, ends[1]);
	}
	(void)close(ends[1]);
	do {
		n = pid < 0 ? -1 : read(ends[0], &ready, sizeof(ready));
	} while (n < 0 && errno == EINTR);
	*out_inside = (struct hub_inside){pid, ends[0]};
	if (n == (ssize_t)sizeof(ready) && ready.is_up)
		return 0;
	hub_release(out_inside);
	if (n != (ssize_t)sizeof(ready))
		return err_set(err, "set up the network of the project: a process ended");
	*err = ready.err;
	return -1;
}

void hub_release(struct hub_inside *inside)
{
	(void)close(inside->socket);
	if (inside->pid > 0)
		(void)proc_wait(inside->pid);
}

static int work_inside(const struct work *work, struct err *err)
{
	struct hub_inside inside;

	if (begin(work, &inside, err) < 0)
		return -1;
	hub_release(&inside);
	return 0;
}

static int run_bridge(const struct work *work, struct err *err)
{
	AUTO_CLOSE int fd = rtnl_open(err);

	if (fd < 0)
		return -1;
	if (net_lo_up() < 0)
		return err_sys(err, "bring the loopback interface up");
	return rtnl_add_bridge(fd, BRIDGE, work->mtu, err);
}

int hub_make_bridge(int userns_fd, int mtu, struct hub_inside *out_inside, struct err *err)
{
	const struct work work = {userns_fd, -1, mtu, NULL, run_bridge};
	struct hub_inside inside;
	int fd;

	if (begin(&work, &inside, err) < 0)
		return -1;
	fd = open_netns(inside.pid, err);
	if (fd < 0)
		hub_release(&inside);
	else
		*out_inside = inside;
	return fd;
}

/*
 * A station's number is made of its address, so that a box that comes back is the same to those
 * who remember it. slirp4netns makes its own the same way, with its own beginning.
 */
static void make_mac(uint32_t address, bool is_uplink, unsigned char out[RTNL_MAC])
{
	out[0] = is_uplink ? 0x52 : 0x02;
	out[1] = is_uplink ? 0x55 : 0xdb;
	for (int i = 0; i < 4; i++)
		out[i + 2] = (unsigned char)(address >> (24 - 8 * i));
}

/* slirp4netns makes the number of an IPv6 station of the end of its address. */
static int add_ipv6_uplink(int fd, struct err *err)
{
	unsigned char mac[RTNL_MAC] = {0x52, 0x56};

	mac[5] = NET_GATEWAY_AT;
	if (rtnl_add_station(fd, NET_DEVICE, mac, err) < 0)
		return -1;
	mac[5] = NET_DNS_AT;
	return rtnl_add_station(fd, NET_DEVICE, mac, err);
}

/*
 * What is for a box that is gone must not leave: slirp4netns would take it for a host outside
 * and connect there.
 */
static int run_uplink(const struct work *work, struct err *err)
{
	AUTO_CLOSE int fd = rtnl_open(err);
	unsigned char gateway[RTNL_MAC], dns[RTNL_MAC];

	make_mac(work->link->network->gateway, true, gateway);
	make_mac(work->link->network->dns, true, dns);
	if (fd < 0 || rtnl_set_up(fd, NET_DEVICE, BRIDGE, work->mtu, err) < 0 ||
	    rtnl_stop_flood(fd, NET_DEVICE, err) < 0 ||
	    rtnl_add_station(fd, NET_DEVICE, gateway, err) < 0)
		return -1;
	if (rtnl_add_station(fd, NET_DEVICE, dns, err) < 0)
		return -1;
	return work->link->network->has_ipv6 ? add_ipv6_uplink(fd, err) : 0;
}

int hub_add_uplink(int userns_fd, int netns_fd, const struct net_layout *network,
		   struct err *err)
{
	const struct hub_link link = {.network = network};
	const struct work work = {userns_fd, netns_fd, network->mtu, &link, run_uplink};

	return work_inside(&work, err);
}

static int add_pair(const struct work *work, int fd, struct err *err)
{
	const struct hub_link *link = work->link;
	char name[16];
	struct rtnl_link veth = {.name = name,
				 .peer = BOX_INTERFACE,
				 .peer_ns = link->box_netns_fd,
				 .mtu = work->mtu};

	(void)snprintf(name, sizeof(name), "v%u", link->number);
	make_mac(link->address, false, veth.mac);
	if (rtnl_add_veth(fd, &veth, err) < 0 || rtnl_set_up(fd, name, BRIDGE, 0, err) < 0)
		return -1;
	return rtnl_add_station(fd, name, veth.mac, err);
}

static int add_macvlan(const struct work *work, int fd, struct err *err)
{
	const struct hub_link *link = work->link;
	struct rtnl_link macvlan = {.name = BRIDGE,
				    .peer = BOX_INTERFACE,
				    .peer_ns = link->box_netns_fd,
				    .mtu = work->mtu};

	make_mac(link->address, false, macvlan.mac);
	if (rtnl_add_macvlan(fd, &macvlan, err) < 0) {
		if (err->code != EOPNOTSUPP)
			return -1;
		(void)err_set(err, "network_mode 'macvlan': this kernel has no macvlan");
		return err_hint(err, "sudo modprobe macvlan, or network_mode 'project'");
	}
	/* A bridge does not learn who is on top of itself, and would send it to everybody. */
	return rtnl_add_own_station(fd, BRIDGE, macvlan.mac, err);
}

/* Without this, what the uplink announces would make addresses that nobody knows. */
static void refuse_announcements(void)
{
	AUTO_CLOSE int fd = open("/proc/sys/net/ipv6/conf/" BOX_INTERFACE "/accept_ra",
				 O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "0", 1);
}

static int add_ipv6(int fd, uint32_t address, struct err *err)
{
	const struct in6_addr own = net_ipv6_of(address), gateway = net_ipv6_of(NET_GATEWAY_AT);

	if (rtnl_add_ipv6(fd, BOX_INTERFACE, &own, NET_IPV6_BITS, err) < 0)
		return err->code == EOPNOTSUPP || err->code == EACCES
			       ? err_hint(err, "this kernel has IPv6 switched off: remove "
					       "network.ipv6")
			       : -1;
	return rtnl_add_ipv6_gateway(fd, BOX_INTERFACE, &gateway, err);
}

static int run_link(const struct work *work, struct err *err)
{
	const struct hub_link *link = work->link;
	AUTO_CLOSE int outer = rtnl_open(err);
	AUTO_CLOSE int inner = -1;

	if (outer < 0 ||
	    (link->is_macvlan ? add_macvlan(work, outer, err) : add_pair(work, outer, err)) < 0)
		return -1;
	if (setns(link->box_netns_fd, CLONE_NEWNET) < 0)
		return err_sys(err, "enter the network of the box");
	inner = rtnl_open(err);
	if (inner < 0 || rtnl_add_address(inner, BOX_INTERFACE, link->address,
					  link->network->subnet.bits, err) < 0)
		return -1;
	if (link->network->has_ipv6)
		refuse_announcements();
	if (rtnl_set_up(inner, BOX_INTERFACE, NULL, 0, err) < 0 ||
	    rtnl_add_gateway(inner, link->network->gateway, err) < 0)
		return -1;
	return link->network->has_ipv6 ? add_ipv6(inner, link->address, err) : 0;
}

int hub_add_link(int userns_fd, int netns_fd, const struct hub_link *link, struct err *err)
{
	const struct work work = {userns_fd, netns_fd, link->network->mtu, link, run_link};

	return work_inside(&work, err);
}

static int run_unlink(const struct work *work, struct err *err)
{
	AUTO_CLOSE int fd = rtnl_open(err);

	(void)work;
	return fd < 0 ? -1 : rtnl_remove(fd, BOX_INTERFACE, err);
}

int hub_remove_link(int userns_fd, int box_netns_fd, struct err *err)
{
	const struct work work = {
		.userns_fd = userns_fd, .netns_fd = box_netns_fd, .run = run_unlink};

	return work_inside(&work, err);
}
