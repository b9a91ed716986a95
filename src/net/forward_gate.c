#include "net/forward_private.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

static bool is_any(const struct sockaddr_storage *host)
{
	if (host->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)host)->sin6_addr);
	return ((const struct sockaddr_in *)host)->sin_addr.s_addr == INADDR_ANY;
}

struct gate *gate_new(const struct net_port *asked, int fd, const struct net_port *port)
{
	struct gate *gate = xmalloc(sizeof(*gate));

	gate->source.ready = asked->protocol == NET_UDP ? udp_ready : tcp_ready;
	gate->asked = *asked;
	gate->port = *port;
	gate->fd = fd;
	return gate;
}

/* What each connection has from the socket that it came by. */
static void set_options(struct gate *gate)
{
	const int on = 1;

	if (gate->port.protocol == NET_TCP) {
		(void)setsockopt(gate->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)setsockopt(gate->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		return;
	}
	/* An answer comes from the address that was asked. */
	gate->wants_pktinfo = is_any(&gate->port.host);
	if (gate->wants_pktinfo && gate->port.host.ss_family == AF_INET)
		(void)setsockopt(gate->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	else if (gate->wants_pktinfo)
		(void)setsockopt(gate->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

int gate_open(struct net_forwarder *f, struct gate *gate)
{
	set_options(gate);
	gate->is_paused = true;
	return forward_add(f, gate->fd, 0, &gate->source);
}

void gate_pause(struct net_forwarder *f, struct gate *gate, bool is_paused)
{
	struct epoll_event event = {.events = is_paused ? 0 : EPOLLIN,
				    .data.ptr = &gate->source};

	if (gate->fd < 0 || gate->is_paused == is_paused)
		return;
	gate->is_paused = is_paused;
	(void)epoll_ctl(f->epoll_fd, EPOLL_CTL_MOD, gate->fd, &event);
}

void gate_shut(struct net_forwarder *f, struct gate *gate)
{
	tcp_forget(f, gate);
	udp_forget(f, gate);
	forward_close(f, &gate->fd);
}

void gate_close(struct net_forwarder *f, struct gate *gate)
{
	gate_shut(f, gate);
	forward_bury(f, &gate->source);
}

void gates_add(struct gates *gates, struct gate *gate)
{
	gates->items = xrealloc(gates->items, (gates->count + 1) * sizeof(struct gate *));
	gates->items[gates->count++] = gate;
}

static size_t list_targets(const struct net_forwarder *f, const struct gate *gate,
			   struct in6_addr out[TARGETS_MAX])
{
	static const struct in6_addr loopback_v4 = {
		.s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
	size_t count = 0;

	if (!IN6_IS_ADDR_UNSPECIFIED(&gate->special))
		out[count++] = gate->special;
	out[count++] = loopback_v4;
	out[count++] = in6addr_loopback;
	if (f->has_address)
		out[count++] = f->address;
	return count;
}

bool gate_target(const struct net_forwarder *f, const struct gate *gate, size_t n,
		 struct sockaddr_in6 *out_address, size_t *out_index)
{
	struct in6_addr targets[TARGETS_MAX];
	size_t count = list_targets(f, gate, targets);
	size_t first = gate->target < count ? gate->target : 0;
	size_t index = n == 0 ? first : n <= first ? n - 1 : n;

	if (index >= count)
		return false;
	*out_address = (struct sockaddr_in6){.sin6_family = AF_INET6,
					     .sin6_port = htons(gate->port.box_port),
					     .sin6_addr = targets[index]};
	*out_index = index;
	return true;
}
