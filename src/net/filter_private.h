#ifndef NET_FILTER_PRIVATE_H
#define NET_FILTER_PRIVATE_H

#include "net/filter.h"
#include "net/filter_parse.h"

#include <pthread.h>
#include <stdatomic.h>

/* Private to filter*.c: the process that serves one box. */

#define FILTER_CONNECTIONS_MAX 256
#define FILTER_SLOTS_MAX 512 /* names that have an address at a time */
#define FILTER_HEAD_MS 30000 /* a client has this long to say what it wants */
#define FILTER_PROXY_PORT 3128

/** struct filter_log - one file; lines as those of box/logfile.h */
struct filter_log {
	pthread_mutex_t lock;
	const char *path;
	int fd; /* -1: none */
};
int filter_log_open(struct filter_log *log, const char *path, struct err *err);
/** filter_say() - one line; @verdict is its stream: "allowed", "refused" or "failed". */
void filter_say(struct filter_log *log, const char *verdict, const char *format, ...)
	ERR_PRINTF(3, 4);

/** struct filter_slot - a name that has an address; empty when *.name is */
struct filter_slot {
	char name[FILTER_NAME_MAX];
	bool is_fixed; /* of the profile: it keeps its address */
	uint64_t used; /* when it was asked for, in questions */
	uint16_t ports[FILTER_PORTS_MAX];
	int fds[FILTER_PORTS_MAX];
	size_t count;
};

struct filter_server {
	struct filter_rules rules;
	bool to_private;
	struct filter_log log;
	int maker; /* the helper in the box; SOCK_SEQPACKET */
	pid_t maker_pid;
	int exit_fd; /* end of file: it is over */
	int epoll_fd;
	int dns_udp, dns_tcp, proxy;
	pthread_mutex_t lock; /* of what follows */
	struct filter_slot slots[FILTER_SLOTS_MAX];
	uint64_t questions;
	atomic_int connections;
};

/* filter_maker.c */
/** filter_maker_start() - the helper, in the namespaces of @pid. */
int filter_maker_start(struct filter_server *server, pid_t pid, struct err *err);
/** filter_listen() - a socket of the box's network; @type SOCK_STREAM or SOCK_DGRAM. Return:
 * descriptor, or -1 with errno. */
int filter_listen(struct filter_server *server, struct in_addr address, uint16_t port,
		  int type);

/* filter_server.c */
/** filter_serve() - until the exit pipe ends. */
void filter_serve(struct filter_server *server);
/** filter_server_open() - what it listens on. */
int filter_server_open(struct filter_server *server, struct err *err);

/* filter_slots.c: all with the lock held */
/** filter_slot_find() - the slot of a name that is allowed, made when there is none. NULL:
 * there is none to be had. */
struct filter_slot *filter_slot_find(struct filter_server *server, const char *name);
struct in_addr filter_slot_address(const struct filter_server *server,
				   const struct filter_slot *slot);

/* What an event of the epoll set is about. */
enum filter_event { EVENT_EXIT, EVENT_DNS, EVENT_DNS_TCP, EVENT_PROXY, EVENT_SLOT };
static inline uint64_t filter_event_data(enum filter_event event, size_t slot, size_t port)
{
	return (uint64_t)event << 32 | (uint64_t)slot << 8 | port;
}

/** filter_answer() - to a question of DNS. Return: bytes, 0: none. */
size_t filter_answer(struct filter_server *server, const uint8_t *query, size_t len,
		     uint8_t out[DNS_ANSWER_MAX]);

/**
 * struct filter_client - a connection of the box, in a thread of its own
 * @event:	what it came to
 * @name, @port: what its address stands for (EVENT_SLOT)
 * @data, @len:	what it said and nobody used yet
 */
struct filter_client {
	struct filter_server *server;
	enum filter_event event;
	int fd;
	char name[FILTER_NAME_MAX];
	uint16_t port;
	char *data;
	size_t len;
};
#define FILTER_DATA_MAX ((size_t)40 * 1024)

/* filter_client.c */
void filter_client_serve(struct filter_client *client);

/* filter_reach.c */
/** filter_reach() - connect to a host. Return: descriptor; -1, and it is in the log. */
int filter_reach(struct filter_server *server, const char *name, uint16_t port);
/** filter_pump() - pass bytes both ways until it is over. @limit: of those to @server_fd; what
 * is more is dropped. */
void filter_pump(int client_fd, int server_fd, uint64_t limit);

#endif
