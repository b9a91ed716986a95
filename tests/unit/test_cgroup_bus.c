#include "cgroup_fake.h"

#include "cgroup/bus.h"
#include "cgroup/bus_address.h"

static const struct bus_method method = {
	.destination = "org.example",
	.path = "/org/example",
	.interface = "org.example.I",
	.member = "Do",
	.signature = "s",
};

static void write_sample(struct buf *out)
{
	AUTO_BUF struct buf body = {0};

	bus_put_string(&body, "hello");
	bus_write_call(&method, 7, &body, out);
}

static void call_reads_back_as_it_was_written(void **state)
{
	AUTO_BUF struct buf text = {0};
	struct bus_message m;
	struct bus_cursor body;
	const char *word = NULL;

	(void)state;
	write_sample(&text);
	assert_int_equal(bus_message_size((const uint8_t *)text.data), text.len);
	assert_int_equal(bus_message_parse((const uint8_t *)text.data, text.len, &m), 0);
	assert_int_equal(m.type, BUS_METHOD_CALL);
	assert_int_equal(m.serial, 7);
	assert_string_equal(m.path, "/org/example");
	assert_string_equal(m.interface, "org.example.I");
	assert_string_equal(m.member, "Do");
	assert_string_equal(m.signature, "s");
	body = bus_body(&m);
	assert_true(bus_get_string(&body, &word));
	assert_string_equal(word, "hello");
	assert_false(bus_get_string(&body, &word));
}

/* A signal as a big-endian machine writes it: header fields PATH and REPLY_SERIAL, body of one
 * number. */
static const uint8_t big_endian[] = {
	'B', 4, 0,   1, 0, 0, 0, 4, 0,   0,   0, 9, 0, 0, 0, 24, /* head */
	1,   1, 'o', 0, 0, 0, 0, 2, '/', 'a', 0, 0, 0, 0, 0, 0,  /* path */
	5,   1, 'u', 0, 0, 0, 0, 3,                              /* reply serial */
	0,   0, 1,   2,                                          /* body */
};

static void message_of_the_other_byte_order_is_understood(void **state)
{
	struct bus_message m;
	struct bus_cursor body;
	uint32_t value = 0;

	(void)state;
	assert_int_equal(bus_message_size(big_endian), sizeof(big_endian));
	assert_int_equal(bus_message_parse(big_endian, sizeof(big_endian), &m), 0);
	assert_int_equal(m.serial, 9);
	assert_int_equal(m.reply_serial, 3);
	assert_string_equal(m.path, "/a");
	body = bus_body(&m);
	assert_true(bus_get_u32(&body, &value));
	assert_int_equal(value, 258);
}

static void message_cut_short_anywhere_is_refused(void **state)
{
	AUTO_BUF struct buf text = {0};

	(void)state;
	write_sample(&text);
	for (size_t len = 0; len < text.len; len++) {
		/* In memory of its own, so that a sanitizer sees each byte too far. */
		AUTO_FREE uint8_t *copy = malloc(len ? len : 1);
		struct bus_message m = {.serial = 77};

		assert_non_null(copy);
		memcpy(copy, text.data, len);
		assert_int_equal(bus_message_parse(copy, len, &m), -1);
		assert_int_equal(m.serial, 77);
	}
}

static void message_with_any_byte_changed_stays_in_bounds(void **state)
{
	AUTO_BUF struct buf text = {0};

	(void)state;
	write_sample(&text);
	for (size_t at = 0; at < text.len; at++) {
		for (unsigned value = 0; value < 256; value++) {
			AUTO_FREE uint8_t *copy = malloc(text.len);
			struct bus_message m = {0};
			const char *word = NULL;

			assert_non_null(copy);
			memcpy(copy, text.data, text.len);
			copy[at] = (uint8_t)value;
			if (bus_message_parse(copy, text.len, &m) == 0) {
				struct bus_cursor body = bus_body(&m);

				if (bus_get_string(&body, &word))
					assert_true(strlen(word) < text.len);
			}
		}
	}
}

static void size_of_nonsense_is_zero(void **state)
{
	static const uint8_t heads[][BUS_HEADER_LEN] = {
		"HTTP/1.1 400 Ba",
		{'l', 1, 0, 2},
		{'l', 1, 0, 1, 0xff, 0xff, 0xff, 0xff},
		{'l', 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
		{'l', 1, 0, 1, 0, 0, 0x10, 0, 1, 0, 0, 0, 0, 0, 0x10, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		assert_int_equal(bus_message_size(heads[i]), 0);
}

static void address_list_of(const char *text, struct bus_addresses *list)
{
	*list = (struct bus_addresses){0};
	bus_addresses_parse(text, list);
}

static void address_is_taken_from_unix_transports(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_FREE char *text = xasprintf("tcp:host=x,port=1;unix:guid=77,path=%s/a%%20b,x=y;"
					 "unix:abstract=/tmp/abs,guid=1;unix:path=%s/gone",
					 root, root);
	AUTO_FREE char *path = path_join(root, "a b");
	AUTO_ADDRESSES struct bus_addresses list = {0};

	(void)state;
	fake_file(root, "a b", "");
	address_list_of(text, &list);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].path, path);
	assert_false(list.items[0].is_abstract);
	assert_string_equal(list.items[1].path, "/tmp/abs");
	assert_true(list.items[1].is_abstract);
	assert_false(list.items[1].is_peer);
}

static void address_that_is_malformed_is_left_out(void **state)
{
	static const char *const texts[] = {
		"",
		";;;",
		"unix",
		"unix:",
		"unix:path=",
		"unix:path=%",
		"unix:path=%2",
		"unix:path=%zz",
		"unix:abstract=%00",
		"unix:dir=/x",
		"unix:tmpdir=/tmp",
		"autolaunch:",
		"unixexec:path=/bin/true",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO_ADDRESSES struct bus_addresses list = {0};

		address_list_of(texts[i], &list);
		assert_int_equal(list.count, 0);
	}
}

static void address_of_systemd_comes_before_the_bus(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_FREE char *session = xasprintf("unix:path=%s/session", root);
	AUTO_ADDRESSES struct bus_addresses list = {0};

	(void)state;
	fake_file(root, "systemd/private", "");
	fake_file(root, "session", "");
	fake_file(root, "bus", "");
	(void)setenv("DBUS_SESSION_BUS_ADDRESS", session, 1);
	bus_addresses_find(root, &list);
	(void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
	assert_int_equal(list.count, 3);
	assert_true(list.items[0].is_peer);
	assert_true(str_ends(list.items[0].path, "/systemd/private"));
	assert_true(str_ends(list.items[1].path, "/session"));
	assert_true(str_ends(list.items[2].path, "/bus"));
	assert_false(list.items[1].is_peer || list.items[2].is_peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_reads_back_as_it_was_written),
		cmocka_unit_test(message_of_the_other_byte_order_is_understood),
		cmocka_unit_test(message_cut_short_anywhere_is_refused),
		cmocka_unit_test(message_with_any_byte_changed_stays_in_bounds),
		cmocka_unit_test(size_of_nonsense_is_zero),
		cmocka_unit_test(address_is_taken_from_unix_transports),
		cmocka_unit_test(address_that_is_malformed_is_left_out),
		cmocka_unit_test(address_of_systemd_comes_before_the_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
