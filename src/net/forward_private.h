#ifndef NET_FORWARD_PRIVATE_H
#define NET_FORWARD_PRIVATE_H

#include "net/forward.h"
#include "net/listeners.h"

#include <sys/socket.h>

/* Private to forward*.c. */

#define STOCK_MAX 64
#define STOCK_LEAST 4
#define SPARE_PIPES 16
#define TARGETS_MAX 4
#define SESSION_BUCKETS 256
#define SESSIONS_MAX 1024

/**
 * struct source - what an event of the epoll set is about; the first member of what it is a
 * part of. What ends while events are handled is freed after them.
 */
struct source {
	void (*ready)(struct net_forwarder *f, struct source *source, uint32_t events);
	struct source *next_dead;
	bool is_dead;
};

/**
 * struct gate - a socket of the host that listens
 * @asked:	as it was wanted; .host of @port is what it got
 * @fd:		-1: it could not be had
 * @special:	where the listener inside is, when not on loopback or any; all zeroes: there
 * @target:	which of its targets answered last
 */
struct gate {
	struct source source;
	struct net_port asked, port;
	int fd;
	bool is_published, is_wanted, is_said;
	bool is_paused;
	bool wants_pktinfo;
	struct in6_addr special;
	size_t target;
};

struct gates {
	struct gate **items;
	size_t count;
};

/* The two directions of a link: the number is that of the end which is read. */
struct flow {
	int pipe[2]; /* -1: none */
	size_t held; /* bytes in it */
	bool has_ended;
};

enum link_state { LINK_WAITING, LINK_CONNECTING, LINK_OPEN };

struct link;
struct link_end {
	struct source source;
	struct link *link;
	int fd;
};

/**
 * struct link - a TCP connection of the host and its other half inside
 * @ends:	who connected, and the server
 * @gate:	where it came from; NULL: that is closed, which only open links outlive
 * @tries:	how many targets were tried
 */
struct link {
	struct link_end ends[2];
	struct flow flows[2];
	struct gate *gate;
	enum link_state state;
	size_t tries;
	struct link *previous, *next;
	struct link *next_waiting;
};

/** struct session - a UDP peer of the host and its socket inside */
struct session {
	struct source source;
	struct gate *gate;
	struct session *next;
	struct sockaddr_storage peer;
	struct in6_pktinfo local; /* of ours, where @gate listens on any address */
	int fd;
	size_t target;
	bool is_answered;
	int64_t last_s;
};

/** struct stock - sockets made in advance, so that a connection does not wait for them */
struct stock {
	int fds[STOCK_MAX];
	int count, pending, wanted;
	int64_t used_s;
};

struct net_forwarder {
	struct net_forward_hooks hooks;
	int epoll_fd;
	int timer_fd;
	struct source timer;
	bool is_ticking;
	bool has_begun;
	bool has_address;
	struct in6_addr address;
	int64_t now_s;
	struct gates published, found;
	struct stock stocks[2]; /* NET_SOCKET_TCP, NET_SOCKET_UDP */
	bool is_open;           /* TCP gates accept */
	bool is_short;          /* of descriptors: until one is closed */
	bool is_said;
	struct link *links, *waiting, **waiting_end;
	size_t link_count, link_max, waiting_count;
	int spare[SPARE_PIPES][2];
	size_t spare_count;
	struct session *sessions[SESSION_BUCKETS];
	size_t session_count;
	char *datagram;
	struct source *dead;
	/* watching */
	bool is_watching, is_diag_asked;
	int diag_fd;
	struct sockaddr_storage watch_address;
	struct net_range *ranges;
	size_t range_count;
};

/* forward.c */
int forward_add(struct net_forwarder *f, int fd, uint32_t events, struct source *source);
/** forward_close() - close *@fd, which may be -1. Out of the epoll set first: close(2) takes it
 * out only when nobody else has a copy, and the box may have kept one. */
void forward_close(struct net_forwarder *f, int *fd);
void forward_bury(struct net_forwarder *f, struct source *source);
void forward_note(struct net_forwarder *f, const char *format, ...) ERR_PRINTF(2, 3);
void forward_changed(struct net_forwarder *f);
/** forward_settle() - stock, gates and timer as they should be now. */
void forward_settle(struct net_forwarder *f);

/* forward_gate.c */
struct gate *gate_new(const struct net_port *asked, int fd, const struct net_port *port);
/** gate_open() - let it have events. */
int gate_open(struct net_forwarder *f, struct gate *gate);
/** gate_shut() - close its socket and what has not connected yet; it stays. */
void gate_shut(struct net_forwarder *f, struct gate *gate);
void gate_close(struct net_forwarder *f, struct gate *gate);
void gates_add(struct gates *gates, struct gate *gate);
/** gate_target() - the @n-th place to try, the one that answered last first. Return: false
 * after the last. */
bool gate_target(const struct net_forwarder *f, const struct gate *gate, size_t n,
		 struct sockaddr_in6 *out_address, size_t *out_index);
/** gate_pause() - whether it has events. */
void gate_pause(struct net_forwarder *f, struct gate *gate, bool is_paused);

/* forward_stock.c */
/** stock_take() - a socket of the box's network. Return: -1: none is there now. */
int stock_take(struct net_forwarder *f, enum net_socket kind);
void stock_fill(struct net_forwarder *f, enum net_socket kind, bool is_needed);
void stock_done(struct net_forwarder *f);
/** inner_connect() - connect(2) with whatever family the socket is of. */
int inner_connect(int fd, const struct sockaddr_in6 *to);

/* forward_tcp.c */
void tcp_ready(struct net_forwarder *f, struct source *source, uint32_t events);
bool tcp_may_accept(const struct net_forwarder *f);
/** tcp_serve() - connect links that wait, as far as the stock reaches. */
void tcp_serve(struct net_forwarder *f);
/** tcp_fail() - there are no sockets for those that wait. */
void tcp_fail(struct net_forwarder *f);
/** tcp_forget() - @gate goes. */
void tcp_forget(struct net_forwarder *f, struct gate *gate);
void tcp_done(struct net_forwarder *f);

/* forward_udp.c */
void udp_ready(struct net_forwarder *f, struct source *source, uint32_t events);
void udp_tick(struct net_forwarder *f);
void udp_forget(struct net_forwarder *f, const struct gate *gate);
void udp_done(struct net_forwarder *f);

/* forward_watch.c */
void watch_tick(struct net_forwarder *f);
void watch_done(struct net_forwarder *f);

#endif
