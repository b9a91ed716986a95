#include "net/filter_private.h"

#include "util/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define EVENTS_MAX 32
#define TURNS_MAX 32 /* of one socket at a time */
#define STACK_BYTES ((size_t)512 * 1024)

static int add(struct filter_server *server, int fd, enum filter_event event)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = filter_event_data(event, 0, 0)};

	return fd < 0 ? -1 : epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

/* Names of the profile have their addresses from the beginning: their sockets can be had. */
static int open_names(struct filter_server *server, struct err *err)
{
	for (size_t i = 0; i < server->rules.count; i++) {
		const struct filter_rule *rule = &server->rules.items[i];
		struct filter_slot *slot =
			rule->is_below ? NULL : filter_slot_find(server, rule->name);

		if (!rule->is_below && !slot)
			return err_sys(err, "listen for '%s' in the box", rule->name);
		if (slot)
			slot->is_fixed = true;
	}
	return 0;
}

int filter_server_open(struct filter_server *server, struct err *err)
{
	struct in_addr own;

	(void)inet_pton(AF_INET, NET_FILTER_ADDRESS, &own);
	(void)pthread_mutex_init(&server->lock, NULL);
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->dns_udp = filter_listen(server, own, 53, SOCK_DGRAM);
	server->dns_tcp = filter_listen(server, own, 53, SOCK_STREAM);
	server->proxy = filter_listen(server, own, FILTER_PROXY_PORT, SOCK_STREAM);
	if (add(server, server->exit_fd, EVENT_EXIT) < 0 ||
	    add(server, server->dns_udp, EVENT_DNS) < 0 ||
	    add(server, server->dns_tcp, EVENT_DNS_TCP) < 0 ||
	    add(server, server->proxy, EVENT_PROXY) < 0)
		return err_sys(err, "listen in the network of the box");
	return open_names(server, err);
}

size_t filter_answer(struct filter_server *server, const uint8_t *query, size_t len,
		     uint8_t out[DNS_ANSWER_MAX])
{
	uint16_t ports[FILTER_PORTS_MAX];
	const struct filter_slot *slot;
	struct dns_question question;
	struct in_addr address = {0};
	int code = dns_parse(query, len, &question);

	if (code < 0)
		return 0;
	if (code == DNS_OK &&
	    (!*question.name || filter_ports(&server->rules, question.name, ports) == 0)) {
		filter_say(&server->log, "refused", "%s: network.allow does not name it",
			   *question.shown ? question.shown : ".");
		code = DNS_NO_NAME;
	}
	if (code == DNS_OK && question.type == DNS_TYPE_A) {
		(void)pthread_mutex_lock(&server->lock);
		slot = filter_slot_find(server, question.name);
		if (slot)
			address = filter_slot_address(server, slot);
		(void)pthread_mutex_unlock(&server->lock);
		code = slot ? DNS_OK : DNS_FAILED;
		if (!slot)
			filter_say(&server->log, "failed", "%s: no address is left for it",
				   question.name);
	}
	return dns_answer(query, &question, code, address.s_addr ? &address : NULL, out);
}

static void answer_datagrams(struct filter_server *server)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		uint8_t query[DNS_QUESTION_MAX];
		uint8_t answer[DNS_ANSWER_MAX];
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(server->dns_udp, query, sizeof(query), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &from_len);
		size_t len = n > 0 ? filter_answer(server, query, (size_t)n, answer) : 0;

		if (n < 0)
			return;
		if (len > 0)
			(void)sendto(server->dns_udp, answer, len, MSG_DONTWAIT | MSG_NOSIGNAL,
				     (struct sockaddr *)&from, from_len);
	}
}

static void *client_main(void *arg)
{
	struct filter_client *client = arg;
	struct filter_server *server = client->server;

	client->data = xmalloc(FILTER_DATA_MAX);
	filter_client_serve(client);
	cleanup_close(&client->fd);
	free(client->data);
	free(client);
	atomic_fetch_sub(&server->connections, 1);
	return NULL;
}

/* Takes @client. */
static void begin(struct filter_client *client)
{
	struct filter_server *server = client->server;
	pthread_attr_t attributes;
	pthread_t thread;
	int code;

	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
	if (atomic_fetch_add(&server->connections, 1) >= FILTER_CONNECTIONS_MAX)
		code = EAGAIN;
	else
		code = pthread_create(&thread, &attributes, client_main, client);
	(void)pthread_attr_destroy(&attributes);
	if (code == 0)
		return;
	atomic_fetch_sub(&server->connections, 1);
	filter_say(&server->log, "refused", "%s: too many connections at once",
		   *client->name ? client->name : "the proxy");
	cleanup_close(&client->fd);
	free(client);
}

static void accept_clients(struct filter_server *server, int fd, enum filter_event event,
			   const struct filter_slot *slot, size_t port)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		struct filter_client *client;

		if (accepted < 0)
			return;
		client = xmalloc(sizeof(*client));
		client->server = server;
		client->event = event;
		client->fd = accepted;
		if (slot) {
			memcpy(client->name, slot->name, sizeof(client->name));
			client->port = slot->ports[port];
		}
		begin(client);
	}
}

static void serve_slot(struct filter_server *server, uint64_t data)
{
	const size_t index = data >> 8 & 0xffff;
	const size_t port = data & 0xff;
	const struct filter_slot *slot = &server->slots[index];

	(void)pthread_mutex_lock(&server->lock);
	/* It may have become another's since the event. */
	if (port < slot->count)
		accept_clients(server, slot->fds[port], EVENT_SLOT, slot, port);
	(void)pthread_mutex_unlock(&server->lock);
}

void filter_serve(struct filter_server *server)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int n = epoll_wait(server->epoll_fd, events, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++) {
			switch ((enum filter_event)(events[i].data.u64 >> 32)) {
			case EVENT_EXIT:
				(void)close(server->maker);
				(void)waitpid(server->maker_pid, NULL, 0);
				return;
			case EVENT_DNS:
				answer_datagrams(server);
				break;
			case EVENT_DNS_TCP:
				accept_clients(server, server->dns_tcp, EVENT_DNS_TCP, NULL, 0);
				break;
			case EVENT_PROXY:
				accept_clients(server, server->proxy, EVENT_PROXY, NULL, 0);
				break;
			case EVENT_SLOT:
				serve_slot(server, events[i].data.u64);
				break;
			}
		}
		if (n < 0 && errno != EINTR)
			return;
	}
}
