#include "net_box.h"

#include <arpa/inet.h>

/* Of this test's own run, so that two at once do not meet. */
static struct in_addr own_address(void)
{
	AUTO_FREE char *name = xasprintf("watch %d", (int)getpid());

	return net_loopback_address(name, 0);
}

static void begin(struct net_box *box, const struct net_range *only, size_t count)
{
	struct in_addr address = own_address();

	net_forwarder_begin(box->forwarder);
	net_forwarder_watch(box->forwarder, &address, only, count);
}

/* "3000>3000 9000>1000" of what was found, "!" behind what is blocked; free() it. */
static char *found(const struct net_box *box)
{
	AUTO_FREE struct net_forward *list = NULL;
	size_t count = net_forwarder_list(box->forwarder, &list);
	struct buf out = {0};

	buf_puts(&out, "");
	for (size_t i = 0; i < count; i++)
		if (!list[i].is_published)
			buf_printf(&out, "%s%u>%u%s", out.len ? " " : "",
				   net_address_port(&list[i].port.host), list[i].port.box_port,
				   list[i].is_blocked ? "!" : "");
	return buf_take(&out);
}

static void expect_found(struct net_box *box, const char *text)
{
	AUTO_FREE char *got = NULL;

	for (int i = 0; i < 5000; i++) {
		box_turn(box, 1);
		free(got);
		got = found(box);
		if (strcmp(got, text) == 0)
			return;
	}
	assert_string_equal(got, text);
}

static void listeners_come_and_go(void **state)
{
	struct net_box *box = *state;
	AUTO_FREE char *words = NULL;
	struct sockaddr_storage at = {0};
	char text[NET_ADDRESS_MAX];
	int server;

	begin(box, NULL, 0);
	expect_found(box, "");
	server = box_server(box, NET_TCP, "127.0.0.1", 3000);
	expect_found(box, "3000>3000");
	*(struct sockaddr_in *)&at = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr = own_address(), .sin_port = htons(3000)};
	words = xasprintf("3000 http://%s:3000", net_address_text(&at, text));
	assert_int_equal(box->appeared.count, 1);
	assert_string_equal(box->appeared.items[0], words);
	{
		AUTO_CLOSE int client = box_client(&at, NET_TCP);
		AUTO_CLOSE int inner = box_accept(box, server);

		assert_int_equal(send(inner, "hello", 5, MSG_NOSIGNAL), 5);
		box_expect(box, client, "hello");
	}
	(void)close(server);
	expect_found(box, "");
	server = box_server(box, NET_TCP, "::1", 3000);
	expect_found(box, "3000>3000");
	(void)close(server);
}

/* Also one that neither 127.0.0.1 nor ::1 reaches. */
static void a_listener_on_another_address_is_reached(void **state)
{
	struct net_box *box = *state;
	struct sockaddr_storage at = {0};
	AUTO_CLOSE int server = -1;
	AUTO_CLOSE int client = -1;
	AUTO_CLOSE int inner = -1;

	begin(box, NULL, 0);
	server = box_server(box, NET_TCP, "127.9.8.7", 3000);
	expect_found(box, "3000>3000");
	*(struct sockaddr_in *)&at = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr = own_address(), .sin_port = htons(3000)};
	client = box_client(&at, NET_TCP);
	inner = box_accept(box, server);
	assert_int_equal(send(client, "hello", 5, MSG_NOSIGNAL), 5);
	box_expect(box, inner, "hello");
}

static void sockets_of_the_filter_are_no_servers(void **state)
{
	struct net_box *box = *state;
	int filter = box_server(box, NET_TCP, "127.127.1.0", 3443);
	int other = box_server(box, NET_TCP, "127.0.0.5", 3444);

	begin(box, NULL, 0);
	expect_found(box, "3444>3444");
	(void)close(filter);
	(void)close(other);
}

/* As an ordinary user ports below 1024 belong to root. */
static void low_ports_appear_where_they_can(void **state)
{
	struct net_box *box = *state;
	AUTO_CLOSE int low = -1;
	AUTO_CLOSE int own = -1;

	if (geteuid() == 0)
		skip();
	begin(box, NULL, 0);
	low = box_server(box, NET_TCP, "127.0.0.1", 80);
	expect_found(box, "8080>80");
	/* Whose number it is gets it. */
	own = box_server(box, NET_TCP, "127.0.0.1", 8080);
	expect_found(box, "16080>80 8080>8080");
	(void)close(steal_fd(&own));
	expect_found(box, "16080>80");
}

static void a_taken_number_is_left_to_who_has_it(void **state)
{
	struct net_box *box = *state;
	struct net_port taken = {.box_port = 1};
	AUTO_CLOSE int other = -1;
	AUTO_CLOSE int server = -1;

	*(struct sockaddr_in *)&taken.host = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr = own_address(), .sin_port = htons(3000)};
	other = net_port_bind(&taken);
	assert_true(other >= 0);
	begin(box, NULL, 0);
	server = box_server(box, NET_TCP, "127.0.0.1", 3000);
	expect_found(box, "11000>3000");
}

static void published_ports_are_not_doubled(void **state)
{
	struct net_box *box = *state;
	AUTO_CLOSE int one = box_server(box, NET_TCP, "127.0.0.1", 3000);
	AUTO_CLOSE int two = box_server(box, NET_TCP, "127.0.0.1", 3001);
	size_t bad;
	struct err err;

	(void)box_publish(box, NET_TCP, "127.0.0.1", 3000);
	begin(box, NULL, 0);
	expect_found(box, "3001>3001");
	assert_int_equal(net_forwarder_publish(box->forwarder, NULL, 0, &bad, &err), 0);
	expect_found(box, "3000>3000 3001>3001");
}

static void a_list_says_which(void **state)
{
	static const struct net_range only[] = {{3000, 3000}, {4000, 4010}};
	struct net_box *box = *state;
	AUTO_CLOSE int a = box_server(box, NET_TCP, "127.0.0.1", 3000);
	AUTO_CLOSE int b = box_server(box, NET_TCP, "127.0.0.1", 3001);
	AUTO_CLOSE int c = box_server(box, NET_TCP, "127.0.0.1", 4010);
	struct in_addr address = own_address();

	begin(box, only, ARRAY_LEN(only));
	expect_found(box, "3000>3000 4010>4010");
	net_forwarder_watch(box->forwarder, &address, NULL, 0);
	expect_found(box, "3000>3000 3001>3001 4010>4010");
	net_forwarder_watch(box->forwarder, NULL, NULL, 0);
	expect_found(box, "");
}

#define BOX_TEST(name) cmocka_unit_test_setup_teardown(name, box_make, box_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(listeners_come_and_go),
		BOX_TEST(a_listener_on_another_address_is_reached),
		BOX_TEST(sockets_of_the_filter_are_no_servers),
		BOX_TEST(low_ports_appear_where_they_can),
		BOX_TEST(a_taken_number_is_left_to_who_has_it),
		BOX_TEST(published_ports_are_not_doubled),
		BOX_TEST(a_list_says_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
