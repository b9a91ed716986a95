#include "net/filter_parse.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void put(struct buf *out, size_t value, int bytes)
{
	while (bytes-- > 0)
		buf_putc(out, (char)(value >> (8 * bytes)));
}

static void put_field(struct buf *out, int bytes, const struct buf *field)
{
	put(out, field->len, bytes);
	if (field->len > 0)
		buf_add(out, field->data, field->len);
}

static void add_extension(struct buf *out, size_t type, const struct buf *data)
{
	put(out, type, 2);
	put_field(out, 2, data);
}

static void add_name(struct buf *out, const char *name)
{
	AUTO_BUF struct buf list = {0};
	AUTO_BUF struct buf data = {0};

	put(&list, 0, 1);
	put(&list, strlen(name), 2);
	buf_puts(&list, name);
	put_field(&data, 2, &list);
	add_extension(out, 0, &data);
}

/* A ClientHello with those extensions, as a handshake message. */
static void make_message(const struct buf *extensions, struct buf *out)
{
	static const char random[32];
	AUTO_BUF struct buf hello = {0};

	put(&hello, 0x0303, 2);
	buf_add(&hello, random, sizeof(random));
	put(&hello, 0, 1);
	put(&hello, 2, 2);
	put(&hello, 0x1301, 2);
	put(&hello, 1, 1);
	put(&hello, 0, 1);
	put_field(&hello, 2, extensions);
	put(out, 1, 1);
	put_field(out, 3, &hello);
}

/* In records of @size bytes. */
static void make_records(const struct buf *message, size_t size, struct buf *out)
{
	for (size_t at = 0; at < message->len; at += size) {
		size_t len = message->len - at < size ? message->len - at : size;

		put(out, 22, 1);
		put(out, 0x0301, 2);
		put(out, len, 2);
		buf_add(out, message->data + at, len);
	}
}

static int read_name(const struct buf *extensions, size_t size, char name[FILTER_NAME_MAX])
{
	AUTO_BUF struct buf message = {0};
	AUTO_BUF struct buf records = {0};

	make_message(extensions, &message);
	make_records(&message, size, &records);
	return tls_server_name((const uint8_t *)records.data, records.len, name);
}

static void the_server_name_is_found(void **state)
{
	const struct buf nothing = {0};
	AUTO_BUF struct buf extensions = {0};
	char name[FILTER_NAME_MAX];

	(void)state;
	add_extension(&extensions, 0x0a0a, &nothing);
	add_name(&extensions, "Www.Example.org");
	add_extension(&extensions, 23, &nothing);
	assert_int_equal(read_name(&extensions, 16384, name), PARSE_DONE);
	assert_string_equal(name, "www.example.org");
	assert_int_equal(read_name(&extensions, 7, name), PARSE_DONE);
	assert_string_equal(name, "www.example.org");
	assert_int_equal(read_name(&nothing, 16384, name), PARSE_DONE);
	assert_string_equal(name, "");
}

static void every_beginning_wants_more(void **state)
{
	AUTO_BUF struct buf extensions = {0};
	AUTO_BUF struct buf message = {0};
	AUTO_BUF struct buf records = {0};
	char name[FILTER_NAME_MAX];

	(void)state;
	add_name(&extensions, "example.org");
	make_message(&extensions, &message);
	make_records(&message, 50, &records);
	for (size_t len = 0; len < records.len; len++) {
		AUTO_FREE uint8_t *copy = xmalloc(len + !len);

		memcpy(copy, records.data, len);
		assert_int_equal(tls_server_name(copy, len, name), PARSE_MORE);
	}
}

static void two_meanings_are_refused(void **state)
{
	AUTO_BUF struct buf twice = {0};
	AUTO_BUF struct buf odd = {0};
	AUTO_BUF struct buf list = {0};
	AUTO_BUF struct buf both = {0};
	char name[FILTER_NAME_MAX];

	(void)state;
	add_name(&twice, "example.org");
	add_name(&twice, "evil.com");
	assert_int_equal(read_name(&twice, 16384, name), PARSE_BAD);
	add_name(&odd, "exam ple.org");
	assert_int_equal(read_name(&odd, 16384, name), PARSE_BAD);
	/* two names in one extension */
	for (int i = 0; i < 2; i++) {
		put(&list, 0, 1);
		put(&list, 1, 2);
		put(&list, 'a', 1);
	}
	put(&both, 0, 2);
	put(&both, list.len + 2, 2);
	put_field(&both, 2, &list);
	assert_int_equal(read_name(&both, 16384, name), PARSE_BAD);
}

static void other_things_are_no_hello(void **state)
{
	static const char *const table[] = {"GET / HTTP/1.1\r\n", "\x17\3\3", "\x16\2\1\0\1\1",
					    "\x16\3\1\x7f\x7f\1", "\x16\3\1\0\1\2"};
	AUTO_BUF struct buf damaged = {0};
	char name[FILTER_NAME_MAX];

	(void)state;
	assert_int_equal(tls_server_name((const uint8_t *)table[0], 16, name), PARSE_BAD);
	assert_int_equal(tls_server_name((const uint8_t *)table[1], 3, name), PARSE_BAD);
	for (size_t i = 2; i < ARRAY_LEN(table); i++)
		assert_int_equal(tls_server_name((const uint8_t *)table[i], 6, name),
				 PARSE_BAD);
	put(&damaged, 0, 2);
	put(&damaged, 200, 2); /* an extension longer than all of them */
	assert_int_equal(read_name(&damaged, 16384, name), PARSE_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_name_is_found),
		cmocka_unit_test(every_beginning_wants_more),
		cmocka_unit_test(two_meanings_are_refused),
		cmocka_unit_test(other_things_are_no_hello),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
