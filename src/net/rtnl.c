#include "net/rtnl.h"

#include "util/cleanup.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_SECONDS 10

int rtnl_open(struct err *err)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return err_sys(err, "open a rtnetlink socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void *add_room(struct rtnl *message, size_t len)
{
	size_t at = NLMSG_ALIGN(message->header.nlmsg_len);

	assert(at + len <= RTNL_MAX);
	message->header.nlmsg_len = (uint32_t)(at + len);
	return message->bytes + at;
}

void rtnl_begin(struct rtnl *message, uint16_t type, uint16_t flags, const void *body,
		size_t len)
{
	memset(message, 0, sizeof(*message));
	message->header.nlmsg_len = NLMSG_HDRLEN;
	message->header.nlmsg_type = type;
	message->header.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST | NLM_F_ACK);
	memcpy(add_room(message, len), body, len);
}

void rtnl_put(struct rtnl *message, uint16_t type, const void *data, size_t len)
{
	struct rtattr *attribute = add_room(message, RTA_LENGTH(len));

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len > 0)
		memcpy(RTA_DATA(attribute), data, len);
}

size_t rtnl_nest(struct rtnl *message, uint16_t type)
{
	size_t at = NLMSG_ALIGN(message->header.nlmsg_len);

	rtnl_put(message, type, NULL, 0);
	return at;
}

void rtnl_end(struct rtnl *message, size_t nest)
{
	struct rtattr *attribute = (struct rtattr *)(void *)(message->bytes + nest);

	attribute->rta_len = (unsigned short)(message->header.nlmsg_len - nest);
}

int rtnl_ask(int fd, struct rtnl *message, const char *what, struct err *err)
{
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} answer;
	const struct nlmsgerr *result = NLMSG_DATA(&answer.header);
	ssize_t n;

	if (send(fd, message, message->header.nlmsg_len, 0) < 0)
		return err_sys(err, "%s", what);
	do {
		n = recv(fd, &answer, sizeof(answer), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, "%s", what);
	if ((size_t)n < NLMSG_LENGTH(sizeof(*result)) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return err_set(err, "%s: the kernel gave another answer", what);
	return result->error == 0 ? 0 : err_code(err, -result->error, "%s", what);
}

static void put_text(struct rtnl *message, uint16_t type, const char *text)
{
	rtnl_put(message, type, text, strlen(text) + 1);
}

int rtnl_add_bridge(int fd, const char *name, int mtu, struct err *err)
{
	const struct ifinfomsg body = {
		.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct rtnl message;
	size_t nest;

	rtnl_begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	put_text(&message, IFLA_IFNAME, name);
	rtnl_put(&message, IFLA_MTU, &mtu, sizeof(mtu));
	nest = rtnl_nest(&message, IFLA_LINKINFO);
	put_text(&message, IFLA_INFO_KIND, "bridge");
	rtnl_end(&message, nest);
	return rtnl_ask(fd, &message, "make a bridge", err);
}

static int find_index(const char *name, int *out, struct err *err)
{
	*out = (int)if_nametoindex(name);
	return *out > 0 ? 0 : err_sys(err, "find network interface '%s'", name);
}

int rtnl_add_veth(int fd, const struct rtnl_link *veth, struct err *err)
{
	const struct ifinfomsg body = {.ifi_family = AF_UNSPEC};
	struct rtnl message;
	size_t info, data, other;

	rtnl_begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	put_text(&message, IFLA_IFNAME, veth->name);
	rtnl_put(&message, IFLA_MTU, &veth->mtu, sizeof(veth->mtu));
	info = rtnl_nest(&message, IFLA_LINKINFO);
	put_text(&message, IFLA_INFO_KIND, "veth");
	data = rtnl_nest(&message, IFLA_INFO_DATA);
	other = rtnl_nest(&message, VETH_INFO_PEER);
	memcpy(add_room(&message, sizeof(body)), &body, sizeof(body));
	put_text(&message, IFLA_IFNAME, veth->peer);
	rtnl_put(&message, IFLA_MTU, &veth->mtu, sizeof(veth->mtu));
	rtnl_put(&message, IFLA_ADDRESS, veth->mac, sizeof(veth->mac));
	rtnl_put(&message, IFLA_NET_NS_FD, &veth->peer_ns, sizeof(veth->peer_ns));
	rtnl_end(&message, other);
	rtnl_end(&message, data);
	rtnl_end(&message, info);
	return rtnl_ask(fd, &message, "make a pair of network interfaces", err);
}

int rtnl_add_macvlan(int fd, const struct rtnl_link *macvlan, struct err *err)
{
	const struct ifinfomsg body = {.ifi_family = AF_UNSPEC};
	const uint32_t mode = MACVLAN_MODE_BRIDGE;
	struct rtnl message;
	size_t info, data;
	int below;

	if (find_index(macvlan->name, &below, err) < 0)
		return -1;
	rtnl_begin(&message, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	put_text(&message, IFLA_IFNAME, macvlan->peer);
	rtnl_put(&message, IFLA_LINK, &below, sizeof(below));
	rtnl_put(&message, IFLA_MTU, &macvlan->mtu, sizeof(macvlan->mtu));
	rtnl_put(&message, IFLA_ADDRESS, macvlan->mac, sizeof(macvlan->mac));
	rtnl_put(&message, IFLA_NET_NS_FD, &macvlan->peer_ns, sizeof(macvlan->peer_ns));
	info = rtnl_nest(&message, IFLA_LINKINFO);
	put_text(&message, IFLA_INFO_KIND, "macvlan");
	data = rtnl_nest(&message, IFLA_INFO_DATA);
	rtnl_put(&message, IFLA_MACVLAN_MODE, &mode, sizeof(mode));
	rtnl_end(&message, data);
	rtnl_end(&message, info);
	return rtnl_ask(fd, &message, "make a macvlan interface", err);
}

int rtnl_set_up(int fd, const char *name, const char *master, int mtu, struct err *err)
{
	struct ifinfomsg body = {
		.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct rtnl message;
	int bridge = 0;

	if (find_index(name, &body.ifi_index, err) < 0 ||
	    (master && find_index(master, &bridge, err) < 0))
		return -1;
	rtnl_begin(&message, RTM_NEWLINK, 0, &body, sizeof(body));
	if (mtu > 0)
		rtnl_put(&message, IFLA_MTU, &mtu, sizeof(mtu));
	if (master)
		rtnl_put(&message, IFLA_MASTER, &bridge, sizeof(bridge));
	return rtnl_ask(fd, &message, "bring a network interface up", err);
}

int rtnl_add_address(int fd, const char *name, uint32_t address, unsigned bits, struct err *err)
{
	const uint32_t local = htonl(address);
	const uint32_t broadcast = htonl(address | (bits < 32 ? UINT32_MAX >> bits : 0));
	struct ifaddrmsg body = {.ifa_family = AF_INET, .ifa_prefixlen = (uint8_t)bits};
	struct rtnl message;
	int index;

	if (find_index(name, &index, err) < 0)
		return -1;
	body.ifa_index = (uint32_t)index;
	rtnl_begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	rtnl_put(&message, IFA_LOCAL, &local, sizeof(local));
	rtnl_put(&message, IFA_ADDRESS, &local, sizeof(local));
	rtnl_put(&message, IFA_BROADCAST, &broadcast, sizeof(broadcast));
	return rtnl_ask(fd, &message, "give a network interface its address", err);
}

int rtnl_add_ipv6(int fd, const char *name, const struct in6_addr *address, unsigned bits,
		  struct err *err)
{
	struct ifaddrmsg body = {.ifa_family = AF_INET6,
				 .ifa_prefixlen = (uint8_t)bits,
				 .ifa_flags = IFA_F_NODAD};
	struct rtnl message;
	int index;

	if (find_index(name, &index, err) < 0)
		return -1;
	body.ifa_index = (uint32_t)index;
	rtnl_begin(&message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	rtnl_put(&message, IFA_LOCAL, address, sizeof(*address));
	rtnl_put(&message, IFA_ADDRESS, address, sizeof(*address));
	return rtnl_ask(fd, &message, "give a network interface its IPv6 address", err);
}

static int add_station(int fd, const char *port, uint16_t state, uint8_t flags,
		       const unsigned char mac[RTNL_MAC], struct err *err)
{
	struct ndmsg body = {
		.ndm_family = AF_BRIDGE,
		.ndm_state = state,
		.ndm_flags = flags,
	};
	struct rtnl message;

	if (find_index(port, &body.ndm_ifindex, err) < 0)
		return -1;
	rtnl_begin(&message, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof(body));
	rtnl_put(&message, NDA_LLADDR, mac, RTNL_MAC);
	return rtnl_ask(fd, &message, "tell the bridge where a box is", err);
}

int rtnl_add_station(int fd, const char *port, const unsigned char mac[RTNL_MAC],
		     struct err *err)
{
	return add_station(fd, port, NUD_NOARP, NTF_MASTER, mac, err);
}

int rtnl_add_own_station(int fd, const char *bridge, const unsigned char mac[RTNL_MAC],
			 struct err *err)
{
	return add_station(fd, bridge, NUD_PERMANENT, NTF_SELF, mac, err);
}

int rtnl_stop_flood(int fd, const char *port, struct err *err)
{
	struct ifinfomsg body = {.ifi_family = AF_BRIDGE};
	const uint8_t off = 0;
	struct rtnl message;
	size_t nest;

	if (find_index(port, &body.ifi_index, err) < 0)
		return -1;
	rtnl_begin(&message, RTM_SETLINK, 0, &body, sizeof(body));
	nest = rtnl_nest(&message, IFLA_PROTINFO | NLA_F_NESTED);
	rtnl_put(&message, IFLA_BRPORT_UNICAST_FLOOD, &off, sizeof(off));
	rtnl_end(&message, nest);
	return rtnl_ask(fd, &message, "set a port of the bridge", err);
}

int rtnl_remove(int fd, const char *name, struct err *err)
{
	struct ifinfomsg body = {.ifi_family = AF_UNSPEC};
	struct rtnl message;

	if (find_index(name, &body.ifi_index, err) < 0)
		return -1;
	rtnl_begin(&message, RTM_DELLINK, 0, &body, sizeof(body));
	return rtnl_ask(fd, &message, "remove a network interface", err);
}

int rtnl_add_gateway(int fd, uint32_t gateway, struct err *err)
{
	const uint32_t address = htonl(gateway);
	const struct rtmsg body = {
		.rtm_family = AF_INET,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct rtnl message;

	rtnl_begin(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	rtnl_put(&message, RTA_GATEWAY, &address, sizeof(address));
	return rtnl_ask(fd, &message, "set the default route", err);
}

int rtnl_add_ipv6_gateway(int fd, const char *name, const struct in6_addr *gateway,
			  struct err *err)
{
	const struct rtmsg body = {
		.rtm_family = AF_INET6,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct rtnl message;
	int index;

	if (find_index(name, &index, err) < 0)
		return -1;
	rtnl_begin(&message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	rtnl_put(&message, RTA_GATEWAY, gateway, sizeof(*gateway));
	rtnl_put(&message, RTA_OIF, &index, sizeof(index));
	return rtnl_ask(fd, &message, "set the default route of IPv6", err);
}
