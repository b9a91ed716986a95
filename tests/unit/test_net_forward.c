#include "net_box.h"

#include <netinet/tcp.h>
#include <sys/resource.h>

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void each_end_closes_for_itself(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int server = box_server(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int client = -1;
	AUTO_CLOSE int inner = -1;

	net_forwarder_begin(box->forwarder);
	client = box_client(&at, NET_TCP);
	inner = box_accept(box, server);
	say(client, "question");
	box_expect(box, inner, "question");
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	box_expect(box, inner, "");
	say(inner, "answer");
	box_expect(box, client, "answer");
	say(inner, "more");
	box_expect(box, client, "more");
	assert_int_equal(shutdown(inner, SHUT_WR), 0);
	box_expect(box, client, "");
}

static void servers_on_any_loopback_are_found(void **state)
{
	static const char *const places[] = {"127.0.0.1", "0.0.0.0", "::1", "::"};
	struct net_box *box = *state;

	net_forwarder_begin(box->forwarder);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		uint16_t port = (uint16_t)(3000 + i);
		struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", port);
		AUTO_CLOSE int server = box_server(box, NET_TCP, places[i], port);

		for (int again = 0; again < 3; again++) {
			AUTO_CLOSE int client = box_client(&at, NET_TCP);
			AUTO_CLOSE int inner = box_accept(box, server);

			say(inner, places[i]);
			box_expect(box, client, places[i]);
		}
	}
}

static void without_a_server_the_connection_is_reset(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int client = -1;
	char byte;

	net_forwarder_begin(box->forwarder);
	client = box_client(&at, NET_TCP);
	box_until(box, client, POLLIN);
	assert_int_equal(recv(client, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void a_reset_reaches_the_other_side(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int server = box_server(box, NET_TCP, "127.0.0.1", 8080);
	const struct linger at_once = {.l_onoff = 1};
	AUTO_CLOSE int inner = -1;
	int client;
	char byte;

	net_forwarder_begin(box->forwarder);
	client = box_client(&at, NET_TCP);
	inner = box_accept(box, server);
	say(client, "x");
	box_expect(box, inner, "x");
	assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)),
			 0);
	(void)close(client);
	box_until(box, inner, POLLIN);
	assert_int_equal(recv(inner, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

/* A server that answers before it has read everything, and closes: the answer arrives. */
static void an_early_answer_is_not_lost(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int server = box_server(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int client = -1;
	int inner;

	net_forwarder_begin(box->forwarder);
	client = box_client(&at, NET_TCP);
	inner = box_accept(box, server);
	say(client, "much");
	box_until(box, inner, POLLIN);
	say(inner, "too large");
	(void)close(inner);
	box_expect(box, client, "too large");
}

/* As much as goes in without anybody reading; then all of it comes out. */
static void who_is_not_read_is_slowed_and_loses_nothing(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int server = box_server(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int client = -1;
	AUTO_CLOSE int inner = -1;
	AUTO_FREE unsigned char *data = xmalloc(100003);
	size_t sent = 0, got = 0;
	int idle = 0;

	net_forwarder_begin(box->forwarder);
	client = box_client(&at, NET_TCP);
	inner = box_accept(box, server);
	while (idle < 200) {
		ssize_t n;

		for (size_t i = 0; i < 100003; i++)
			data[i] = (unsigned char)((sent + i) % 251);
		n = send(client, data, 100003, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		box_turn(box, 1);
		assert_true(sent < (size_t)256 << 20);
	}
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	for (;;) {
		ssize_t n;

		box_until(box, inner, POLLIN);
		n = recv(inner, data, 100003, 0);
		assert_true(n >= 0);
		if (n == 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(data[i], (got + (size_t)i) % 251);
		got += (size_t)n;
	}
	assert_int_equal(got, sent);
}

static void many_connections_stand_at_once(void **state)
{
	enum { MANY = 300 };
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int server = box_server(box, NET_TCP, "127.0.0.1", 8080);
	static int clients[MANY], inners[MANY];

	net_forwarder_begin(box->forwarder);
	for (int i = 0; i < MANY; i++)
		clients[i] = box_client(&at, NET_TCP);
	for (int i = 0; i < MANY; i++)
		inners[i] = box_accept(box, server);
	for (int i = 0; i < MANY; i++)
		say(clients[i], "x");
	for (int i = 0; i < MANY; i++) {
		box_expect(box, inners[i], "x");
		say(inners[i], "y");
	}
	for (int i = 0; i < MANY; i++) {
		box_expect(box, clients[i], "y");
		(void)close(clients[i]);
		(void)close(inners[i]);
	}
	assert_int_equal(box->notes.count, 0);
}

/* At the limit of descriptors connections wait for others to end; nothing is lost. */
static void beyond_the_limit_of_files_connections_wait(void **state)
{
	enum { MANY = 60 };
	struct net_box *box = *state;
	const struct rlimit few = {600, 600};
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int server = box_server(box, NET_TCP, "127.0.0.1", 8080);
	int clients[MANY];
	int inner;

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	net_forwarder_begin(box->forwarder);
	for (int i = 0; i < MANY; i++) {
		clients[i] = box_client(&at, NET_TCP);
		say(clients[i], "x");
	}
	for (int i = 0; i < MANY; i++) {
		inner = box_accept(box, server);
		box_expect(box, inner, "x");
		(void)close(inner);
		(void)close(clients[i]);
	}
	assert_int_equal(box->notes.count, 1);
	assert_non_null(strstr(box->notes.items[0], "limit of open files"));
}

static void a_box_that_gives_no_sockets_makes_callers_wait(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int server = box_server(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int client = -1;
	AUTO_CLOSE int inner = -1;

	box->is_silent = true;
	net_forwarder_begin(box->forwarder);
	client = box_client(&at, NET_TCP);
	say(client, "patience");
	for (int i = 0; i < 20; i++)
		box_turn(box, 1);
	box->is_silent = false;
	inner = box_accept(box, server);
	box_expect(box, inner, "patience");
}

static void what_is_no_socket_of_the_kind_is_refused(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int client = -1;
	int pair[2];
	char byte;

	box->is_silent = true;
	net_forwarder_begin(box->forwarder);
	client = box_client(&at, NET_TCP);
	for (int i = 0; i < 5; i++)
		box_turn(box, 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	net_forwarder_give(box->forwarder, NET_SOCKET_TCP, pair[0], 0);
	assert_int_equal(recv(pair[1], &byte, 1, MSG_DONTWAIT), 0);
	(void)close(pair[1]);
	box_until(box, client, POLLIN);
	assert_int_equal(recv(client, &byte, 1, 0), -1);
	assert_int_equal(box->notes.count, 1);
}

/* What it does with its copy of a socket is no business of a link that is over. */
static void a_socket_that_the_box_keeps_is_forgotten(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int server = box_server(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int kept = -1;
	int client, inner, fd;

	box->is_silent = true;
	net_forwarder_begin(box->forwarder);
	fd = box_socket(box, NET_SOCKET_TCP);
	kept = dup(fd);
	net_forwarder_give(box->forwarder, NET_SOCKET_TCP, fd, 0);
	client = box_client(&at, NET_TCP);
	inner = box_accept(box, server);
	say(client, "x");
	box_expect(box, inner, "x");
	(void)close(client);
	box_expect(box, inner, "");
	(void)close(inner);
	for (int i = 0; i < 20; i++)
		box_turn(box, 1);
	assert_int_equal(shutdown(kept, SHUT_RDWR) == 0 || errno == ENOTCONN, true);
	{
		struct pollfd p = {.fd = net_forwarder_fd(box->forwarder), .events = POLLIN};

		assert_int_equal(poll(&p, 1, 50), 0);
	}
}

static void datagrams_come_back_to_who_sent_them(void **state)
{
	static const char *const places[] = {"127.0.0.1", "::1", "::"};
	struct net_box *box = *state;

	net_forwarder_begin(box->forwarder);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		uint16_t port = (uint16_t)(5300 + i);
		struct sockaddr_storage at = box_publish(box, NET_UDP, "127.0.0.1", port);
		AUTO_CLOSE int server = box_server(box, NET_UDP, places[i], port);
		AUTO_CLOSE int one = box_client(&at, NET_UDP);
		AUTO_CLOSE int two = box_client(&at, NET_UDP);
		struct sockaddr_storage from[2];
		char text[2][16] = {"", ""};

		say(one, "one");
		say(two, "two");
		for (int n = 0; n < 2; n++) {
			socklen_t len = sizeof(from[n]);

			box_until(box, server, POLLIN);
			assert_int_equal(recvfrom(server, text[n], 15, 0,
						  (struct sockaddr *)&from[n], &len),
					 3);
		}
		for (int n = 0; n < 2; n++)
			assert_int_equal(sendto(server, text[n], 3, 0,
						(struct sockaddr *)&from[n],
						net_address_len(&from[n])),
					 3);
		box_expect(box, one, "one");
		box_expect(box, two, "two");
		say(one, "again");
		box_expect(box, server, "again");
	}
}

/* Who asked one address of several hears from that one. */
static void an_answer_comes_from_the_address_that_was_asked(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_UDP, "0.0.0.0", 53);
	AUTO_CLOSE int server = box_server(box, NET_UDP, "127.0.0.1", 53);
	AUTO_CLOSE int client = -1;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char text[16];

	net_forwarder_begin(box->forwarder);
	((struct sockaddr_in *)&at)->sin_addr.s_addr = htonl(0x7f010203);
	client = box_client(&at, NET_UDP);
	say(client, "who");
	box_until(box, server, POLLIN);
	assert_int_equal(
		recvfrom(server, text, sizeof(text), 0, (struct sockaddr *)&from, &len), 3);
	assert_int_equal(
		sendto(server, "me", 2, 0, (struct sockaddr *)&from, net_address_len(&from)),
		2);
	box_expect(box, client, "me");
}

static void a_port_that_is_taken_names_who_has_it(void **state)
{
	struct net_box *box = *state;
	struct net_port port = box_port(NET_TCP, "127.0.0.1", 0, 80);
	AUTO_FREE char *us = xasprintf("(process %d) has it", (int)getpid());
	struct net_port two[2];
	size_t bad = 9;
	struct err err = {0};
	AUTO_CLOSE int fd = net_port_listen(&port, &err);
	struct net_forward *list;

	assert_true(fd >= 0);
	two[0] = box_port(NET_TCP, "127.0.0.1", 0, 1);
	two[1] = port;
	assert_int_equal(net_forwarder_publish(box->forwarder, two, 2, &bad, &err), -1);
	assert_int_equal(bad, 1);
	assert_non_null(strstr(err.message, us));
	assert_int_equal(err.code, EADDRINUSE);
	/* Nothing has changed. */
	assert_int_equal(net_forwarder_list(box->forwarder, &list), 0);
	free(list);
}

static void an_address_of_another_machine_is_refused(void **state)
{
	struct net_port port = box_port(NET_TCP, "192.0.2.1", 8080, 80);
	struct err err = {0};

	(void)state;
	assert_int_equal(net_port_listen(&port, &err), -1);
	assert_non_null(strstr(err.message, "not one of this machine"));
}

static void ports_that_stay_are_not_disturbed(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = box_publish(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int server = box_server(box, NET_TCP, "127.0.0.1", 8080);
	AUTO_CLOSE int client = -1;
	AUTO_CLOSE int inner = -1;
	struct net_port two[2];
	size_t bad;
	struct err err;
	AUTO_FREE struct net_forward *list = NULL;

	net_forwarder_begin(box->forwarder);
	client = box_client(&at, NET_TCP);
	inner = box_accept(box, server);
	two[0] = box_port(NET_TCP, "127.0.0.1", 0, 9090);
	two[1] = box_port(NET_TCP, "127.0.0.1", 0, 8080);
	assert_int_equal(net_forwarder_publish(box->forwarder, two, 2, &bad, &err), 0);
	assert_int_equal(net_forwarder_list(box->forwarder, &list), 2);
	assert_true(net_address_is_same(&list[1].port.host, &at));
	say(client, "still");
	box_expect(box, inner, "still");
	/* Without any, what stands goes on, and nothing new is let in. */
	assert_int_equal(net_forwarder_publish(box->forwarder, NULL, 0, &bad, &err), 0);
	say(inner, "here");
	box_expect(box, client, "here");
	{
		AUTO_CLOSE int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_int_equal(connect(late, (struct sockaddr *)&at, net_address_len(&at)),
				 -1);
		assert_int_equal(errno, ECONNREFUSED);
	}
}

#define BOX_TEST(name) cmocka_unit_test_setup_teardown(name, box_make, box_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(each_end_closes_for_itself),
		BOX_TEST(servers_on_any_loopback_are_found),
		BOX_TEST(without_a_server_the_connection_is_reset),
		BOX_TEST(a_reset_reaches_the_other_side),
		BOX_TEST(an_early_answer_is_not_lost),
		BOX_TEST(who_is_not_read_is_slowed_and_loses_nothing),
		BOX_TEST(many_connections_stand_at_once),
		BOX_TEST(a_box_that_gives_no_sockets_makes_callers_wait),
		BOX_TEST(what_is_no_socket_of_the_kind_is_refused),
		BOX_TEST(a_socket_that_the_box_keeps_is_forgotten),
		BOX_TEST(datagrams_come_back_to_who_sent_them),
		BOX_TEST(an_answer_comes_from_the_address_that_was_asked),
		BOX_TEST(a_port_that_is_taken_names_who_has_it),
		BOX_TEST(an_address_of_another_machine_is_refused),
		BOX_TEST(ports_that_stay_are_not_disturbed),
		/* The last: it lowers a limit for good. */
		BOX_TEST(beyond_the_limit_of_files_connections_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
