#include "net/listeners.h"

#include "util/str.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LISTEN_STATE 10 /* TCP_LISTEN of the kernel */
#define ANSWER_BYTES 16384
#define ANSWERS_MAX 256

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

void net_listeners_done(struct net_listeners *list)
{
	free(list->items);
	*list = (struct net_listeners){0};
}

/* The smaller the better: which of several that listen on one port is reached. */
static int rank(const struct in6_addr *address)
{
	static const struct in6_addr any;
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(address);

	if (is_v4 && (memcmp(&address->s6_addr[12], &any, 4) == 0 ||
		      memcmp(&address->s6_addr[12], "\x7f\0\0\1", 4) == 0))
		return 0;
	if (IN6_IS_ADDR_UNSPECIFIED(address) || IN6_IS_ADDR_LOOPBACK(address))
		return 1;
	return 2;
}

static void add(struct net_listeners *list, const struct net_listener *one)
{
	size_t at = 0;

	while (at < list->count && list->items[at].port < one->port)
		at++;
	if (at < list->count && list->items[at].port == one->port) {
		if (rank(&one->address) < rank(&list->items[at].address))
			list->items[at].address = one->address;
		return;
	}
	if (list->count == NET_LISTENERS_MAX)
		return;
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(*one));
	memmove(&list->items[at + 1], &list->items[at], (list->count - at) * sizeof(*one));
	list->items[at] = *one;
	list->count++;
}

static int add_answer(const char *data, size_t len, struct net_listeners *list)
{
	struct net_listener one = {0};
	struct inet_diag_msg msg;

	if (len < sizeof(msg)) {
		errno = EBADMSG;
		return -1;
	}
	memcpy(&msg, data, sizeof(msg));
	if (msg.idiag_state != LISTEN_STATE || msg.id.idiag_sport == 0)
		return 0;
	one.port = ntohs(msg.id.idiag_sport);
	if (msg.idiag_family == AF_INET6) {
		memcpy(&one.address, msg.id.idiag_src, sizeof(one.address));
	} else {
		one.address.s6_addr[10] = one.address.s6_addr[11] = 0xff;
		memcpy(&one.address.s6_addr[12], msg.id.idiag_src, 4);
	}
	add(list, &one);
	return 0;
}

static int take_error(const char *data, size_t len)
{
	int code;

	if (len < sizeof(code)) {
		errno = EBADMSG;
		return -1;
	}
	memcpy(&code, data, sizeof(code));
	errno = -code;
	return code == 0 ? 0 : -1;
}

int net_listeners_parse(const void *data, size_t len, struct net_listeners *list,
			bool *out_ended)
{
	const char *at = data;
	struct nlmsghdr header;

	*out_ended = false;
	while (len >= sizeof(header)) {
		const size_t head = NLMSG_HDRLEN;
		size_t step;
		int rc = 0;

		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < head || header.nlmsg_len > len)
			break;
		if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
			*out_ended = true;
			return header.nlmsg_type == NLMSG_DONE
				       ? 0
				       : take_error(at + head, header.nlmsg_len - head);
		}
		if (header.nlmsg_type == SOCK_DIAG_BY_FAMILY)
			rc = add_answer(at + head, header.nlmsg_len - head, list);
		if (rc < 0)
			return -1;
		step = NLMSG_ALIGN(header.nlmsg_len);
		if (step >= len)
			return 0;
		at += step;
		len -= step;
	}
	if (len == 0)
		return 0;
	errno = EBADMSG;
	return -1;
}

static int dump(int fd, int family, struct net_listeners *list)
{
	const struct request request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = (uint8_t)family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = 1U << LISTEN_STATE},
	};
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	__attribute__((aligned(NLMSG_ALIGNTO))) char answer[ANSWER_BYTES];
	bool is_over = false;

	if (sendto(fd, &request, sizeof(request), MSG_DONTWAIT,
		   (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -1;
	/* The kernel answers while it is asked: what is not there now never comes. */
	for (int i = 0; i < ANSWERS_MAX && !is_over; i++) {
		ssize_t n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);

		if (n < 0 || net_listeners_parse(answer, (size_t)n, list, &is_over) < 0)
			return -1;
	}
	return 0;
}

int net_listeners_read(int diag_fd, struct net_listeners *out_list, struct err *err)
{
	struct net_listeners list = {0};

	if (dump(diag_fd, AF_INET, &list) < 0 ||
	    (dump(diag_fd, AF_INET6, &list) < 0 && errno != EAFNOSUPPORT && errno != ENOENT)) {
		int code = errno;

		net_listeners_done(&list);
		return err_code(err, code, "look for listeners");
	}
	*out_list = list;
	return 0;
}
