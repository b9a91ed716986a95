#include "net/routes.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define DUMP_BYTES 65536
#define ROUTES_MAX 65536
#define HALF_BITS 1 /* 0.0.0.0/1 and 128.0.0.0/1 */

void net_routes_done(struct net_routes *routes)
{
	free(routes->items);
	*routes = (struct net_routes){0};
}

/* The destination of a route message, whose attributes are @len bytes. Return: true when it
 * has one. */
static bool find_destination(const struct rtmsg *message, size_t len, uint32_t *out)
{
	const char *at = (const char *)message + NLMSG_ALIGN(sizeof(*message));

	while (len >= sizeof(struct rtattr)) {
		struct rtattr attribute;

		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.rta_len < sizeof(attribute) || attribute.rta_len > len)
			return false;
		if (attribute.rta_type == RTA_DST &&
		    attribute.rta_len >= RTA_LENGTH(sizeof(*out))) {
			memcpy(out, at + RTA_LENGTH(0), sizeof(*out));
			*out = ntohl(*out);
			return true;
		}
		if (RTA_ALIGN(attribute.rta_len) >= len)
			return false;
		at += RTA_ALIGN(attribute.rta_len);
		len -= RTA_ALIGN(attribute.rta_len);
	}
	return false;
}

static void add_route(const struct rtmsg *message, size_t len, struct net_routes *routes)
{
	struct cidr route = {.bits = message->rtm_dst_len};

	if (message->rtm_family != AF_INET || route.bits <= HALF_BITS || route.bits > 32 ||
	    (message->rtm_type != RTN_UNICAST && message->rtm_type != RTN_LOCAL) ||
	    routes->count >= ROUTES_MAX || !find_destination(message, len, &route.base))
		return;
	routes->items = xrealloc(routes->items, (routes->count + 1) * sizeof(*routes->items));
	routes->items[routes->count++] = route;
}

bool net_routes_parse(const void *data, size_t len, struct net_routes *routes)
{
	const size_t head = NLMSG_ALIGN(sizeof(struct nlmsghdr));
	const size_t body = NLMSG_ALIGN(sizeof(struct rtmsg));
	const char *at = data;

	while (len >= head) {
		struct nlmsghdr header;

		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < head || header.nlmsg_len > len ||
		    header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR)
			return true;
		if (header.nlmsg_type == RTM_NEWROUTE && header.nlmsg_len >= head + body) {
			struct {
				struct rtmsg message;
				char attributes[512];
			} copy;
			size_t part = header.nlmsg_len - head;

			if (part > sizeof(copy))
				part = sizeof(copy);
			memcpy(&copy, at + head, part);
			add_route(&copy.message, part - body, routes);
		}
		if (NLMSG_ALIGN(header.nlmsg_len) >= len)
			return false;
		at += NLMSG_ALIGN(header.nlmsg_len);
		len -= NLMSG_ALIGN(header.nlmsg_len);
	}
	return false;
}

int net_routes_read(struct net_routes *out_routes, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	AUTO_FREE char *buffer = xmalloc(DUMP_BYTES);
	const struct timeval patience = {.tv_sec = 2};
	struct net_routes routes = {0};
	const struct {
		struct nlmsghdr header;
		struct rtmsg message;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETROUTE,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.message = {.rtm_family = AF_INET},
	};
	bool is_last = false;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    send(fd, &request, sizeof(request), 0) != (ssize_t)sizeof(request))
		return err_sys(err, "read the routes of this machine");
	while (!is_last) {
		ssize_t n = recv(fd, buffer, DUMP_BYTES, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			net_routes_done(&routes);
			return err_sys(err, "read the routes of this machine");
		}
		is_last = net_routes_parse(buffer, (size_t)n, &routes);
	}
	*out_routes = routes;
	return 0;
}

const struct cidr *net_routes_find(const struct net_routes *routes, const struct cidr *subnet)
{
	for (size_t i = 0; i < routes->count; i++)
		if (cidr_overlaps(&routes->items[i], subnet))
			return &routes->items[i];
	return NULL;
}
