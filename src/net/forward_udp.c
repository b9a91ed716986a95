#include "net/forward_private.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define DATAGRAM_BYTES 65536
#define DATAGRAMS_MAX 64 /* at a time */

/* Where a datagram came from, and which address of ours it was sent to. */
struct letter {
	struct sockaddr_storage peer;
	struct in6_pktinfo local;
	size_t len;
};

union letter_control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static size_t bucket_of(const struct sockaddr_storage *peer)
{
	return (size_t)(str_hash(peer, net_address_len(peer), STR_HASH_SEED) % SESSION_BUCKETS);
}

/* An IPv4 address of ours is kept as if it were mapped. */
static void take_local(struct msghdr *message, struct letter *letter)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(message);
	struct in_pktinfo v4;

	if (!c)
		return;
	if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&letter->local, CMSG_DATA(c), sizeof(letter->local));
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&v4, CMSG_DATA(c), sizeof(v4));
		memcpy(&letter->local.ipi6_addr.s6_addr[12], &v4.ipi_spec_dst,
		       sizeof(v4.ipi_spec_dst));
	}
}

static int receive(struct net_forwarder *f, const struct gate *gate, struct letter *out)
{
	union letter_control control = {0};
	struct iovec part = {.iov_base = f->datagram, .iov_len = DATAGRAM_BYTES};
	struct letter letter = {0};
	struct msghdr message = {.msg_name = &letter.peer,
				 .msg_namelen = sizeof(letter.peer),
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = sizeof(control.space)};
	ssize_t n = recvmsg(gate->fd, &message, MSG_DONTWAIT);

	if (n < 0)
		return -1;
	letter.len = (size_t)n;
	if (gate->wants_pktinfo)
		take_local(&message, &letter);
	*out = letter;
	return 0;
}

static void put_local(const struct session *session, struct msghdr *message,
		      union letter_control *control)
{
	struct cmsghdr *c = &control->header;
	struct in_pktinfo v4 = {0};

	message->msg_control = control->space;
	if (session->peer.ss_family == AF_INET6) {
		struct in6_pktinfo local = session->local;

		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(local));
		memcpy(CMSG_DATA(c), &local, sizeof(local));
		message->msg_controllen = CMSG_SPACE(sizeof(local));
		return;
	}
	memcpy(&v4.ipi_spec_dst, &session->local.ipi6_addr.s6_addr[12],
	       sizeof(v4.ipi_spec_dst));
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(v4));
	memcpy(CMSG_DATA(c), &v4, sizeof(v4));
	message->msg_controllen = CMSG_SPACE(sizeof(v4));
}

static void session_close(struct net_forwarder *f, struct session *session)
{
	struct session **at = &f->sessions[bucket_of(&session->peer)];

	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	f->session_count--;
	forward_close(f, &session->fd);
	forward_bury(f, &session->source);
}

/* Towards the next target, when the one before said that nobody is there. */
static int aim(struct net_forwarder *f, struct session *session)
{
	const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	struct sockaddr_in6 to;
	size_t index;

	while (gate_target(f, session->gate, session->target, &to, &index)) {
		session->target++;
		/* The address of the attempt before must not stay as the one to send from. */
		(void)connect(session->fd, &nowhere, sizeof(nowhere));
		if (inner_connect(session->fd, &to) == 0)
			return 0;
	}
	return -1;
}

static bool is_refused(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == ECONNREFUSED;
}

/* The first words of a peer find out where somebody listens: on loopback a refusal is there as
 * soon as send(2) is back. */
static void session_send(struct net_forwarder *f, struct session *session, size_t len)
{
	session->last_s = f->now_s;
	for (int i = 0; i <= TARGETS_MAX; i++) {
		ssize_t n = send(session->fd, f->datagram, len, MSG_DONTWAIT);

		if (n < 0 && errno != ECONNREFUSED)
			return;
		if (session->is_answered || (n >= 0 && !is_refused(session->fd)))
			return;
		if (aim(f, session) < 0) {
			session_close(f, session);
			return;
		}
	}
}

static void session_ready(struct net_forwarder *f, struct source *source, uint32_t events)
{
	struct session *session = (struct session *)source;

	(void)events;
	for (int i = 0; i < DATAGRAMS_MAX; i++) {
		union letter_control control = {0};
		struct iovec part = {.iov_base = f->datagram};
		struct msghdr message = {.msg_name = &session->peer,
					 .msg_namelen = net_address_len(&session->peer),
					 .msg_iov = &part,
					 .msg_iovlen = 1};
		ssize_t n = recv(session->fd, f->datagram, DATAGRAM_BYTES, MSG_DONTWAIT);

		if (n < 0 && errno == ECONNREFUSED) {
			/* A server that ended; or one that is not there, a moment late. */
			if (session->is_answered || aim(f, session) < 0)
				session_close(f, session);
			return;
		}
		if (n < 0)
			return;
		session->is_answered = true;
		session->last_s = f->now_s;
		part.iov_len = (size_t)n;
		if (session->gate->wants_pktinfo)
			put_local(session, &message, &control);
		(void)sendmsg(session->gate->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static void drop_oldest(struct net_forwarder *f)
{
	struct session *oldest = NULL;

	for (size_t i = 0; i < SESSION_BUCKETS; i++)
		for (struct session *s = f->sessions[i]; s; s = s->next)
			if (!oldest || s->last_s < oldest->last_s)
				oldest = s;
	if (oldest)
		session_close(f, oldest);
}

static struct session *session_new(struct net_forwarder *f, struct gate *gate,
				   const struct letter *letter)
{
	size_t bucket = bucket_of(&letter->peer);
	struct session *session;

	if (f->session_count >= SESSIONS_MAX)
		drop_oldest(f);
	session = xmalloc(sizeof(*session));
	session->source.ready = session_ready;
	session->gate = gate;
	session->peer = letter->peer;
	session->local = letter->local;
	session->fd = stock_take(f, NET_SOCKET_UDP);
	session->next = f->sessions[bucket];
	f->sessions[bucket] = session;
	f->session_count++;
	if (session->fd < 0 || aim(f, session) < 0 ||
	    forward_add(f, session->fd, EPOLLIN, &session->source) < 0) {
		session_close(f, session);
		return NULL;
	}
	return session;
}

static struct session *session_find(struct net_forwarder *f, struct gate *gate,
				    const struct letter *letter)
{
	struct session *s = f->sessions[bucket_of(&letter->peer)];

	for (; s; s = s->next)
		if (s->gate == gate && net_address_is_same(&s->peer, &letter->peer) &&
		    memcmp(&s->local, &letter->local, sizeof(s->local)) == 0)
			return s;
	return session_new(f, gate, letter);
}

void udp_ready(struct net_forwarder *f, struct source *source, uint32_t events)
{
	struct gate *gate = (struct gate *)source;

	(void)events;
	if (!f->datagram)
		f->datagram = xmalloc(DATAGRAM_BYTES);
	/* Each may need a socket; without one they stay where they are. */
	for (int i = 0; i < DATAGRAMS_MAX && f->stocks[1].count > 0; i++) {
		struct letter letter;
		struct session *session;

		if (receive(f, gate, &letter) < 0)
			return;
		session = session_find(f, gate, &letter);
		if (session)
			session_send(f, session, letter.len);
	}
}

static void close_if(struct net_forwarder *f, const struct gate *gate, int64_t before_s)
{
	for (size_t i = 0; i < SESSION_BUCKETS && f->session_count > 0; i++) {
		struct session *next;

		for (struct session *s = f->sessions[i]; s; s = next) {
			next = s->next;
			if (gate ? s->gate == gate : s->last_s < before_s)
				session_close(f, s);
		}
	}
}

void udp_tick(struct net_forwarder *f)
{
	close_if(f, NULL, f->now_s - NET_UDP_IDLE_S);
}

void udp_forget(struct net_forwarder *f, const struct gate *gate)
{
	close_if(f, gate, 0);
}

void udp_done(struct net_forwarder *f)
{
	close_if(f, NULL, INT64_MAX);
	free(f->datagram);
	f->datagram = NULL;
}
