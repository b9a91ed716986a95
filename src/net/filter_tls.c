#include "net/filter_parse.h"

#include "util/cleanup.h"

#include <string.h>

#define RECORD_HEADER 5
#define RECORD_MAX 16384
#define TYPE_HANDSHAKE 22
#define CLIENT_HELLO 1
#define EXTENSION_SERVER_NAME 0

/* What is left of a message; everything is taken from its front. */
struct rest {
	const uint8_t *data;
	size_t len;
};

static bool take(struct rest *from, size_t len, struct rest *out)
{
	if (from->len < len)
		return false;
	*out = (struct rest){from->data, len};
	from->data += len;
	from->len -= len;
	return true;
}

static bool take_number(struct rest *from, size_t bytes, size_t *out)
{
	struct rest digits;

	*out = 0;
	if (!take(from, bytes, &digits))
		return false;
	for (size_t i = 0; i < bytes; i++)
		*out = *out << 8 | digits.data[i];
	return true;
}

/* A field that begins with its own length. */
static bool take_field(struct rest *from, size_t bytes, struct rest *out)
{
	size_t len;

	return take_number(from, bytes, &len) && take(from, len, out);
}

static int read_server_name(struct rest extension, char out_name[FILTER_NAME_MAX])
{
	struct rest list, name;
	size_t type;

	/* One name of one type is all that the RFC knows. */
	if (!take_field(&extension, 2, &list) || !take_number(&list, 1, &type) || type != 0 ||
	    !take_field(&list, 2, &name) || list.len != 0 || extension.len != 0)
		return PARSE_BAD;
	return filter_name((const char *)name.data, name.len, out_name) < 0 ? PARSE_BAD
									    : PARSE_DONE;
}

static int read_hello(struct rest hello, char out_name[FILTER_NAME_MAX])
{
	struct rest fixed, skipped, extensions, extension;
	bool is_found = false;
	size_t type;

	*out_name = '\0';
	/* version and random; session, ciphers, compression */
	if (!take(&hello, 2 + 32, &fixed) || !take_field(&hello, 1, &skipped) ||
	    !take_field(&hello, 2, &skipped) || !take_field(&hello, 1, &skipped))
		return PARSE_BAD;
	if (hello.len == 0)
		return PARSE_DONE;
	if (!take_field(&hello, 2, &extensions) || hello.len != 0)
		return PARSE_BAD;
	while (extensions.len > 0) {
		if (!take_number(&extensions, 2, &type) ||
		    !take_field(&extensions, 2, &extension))
			return PARSE_BAD;
		if (type != EXTENSION_SERVER_NAME)
			continue;
		if (is_found || read_server_name(extension, out_name) != PARSE_DONE)
			return PARSE_BAD;
		is_found = true;
	}
	return PARSE_DONE;
}

/* The handshake's bytes of all records so far, one after the other. */
static int join_records(struct rest in, struct buf *out)
{
	while (in.len >= RECORD_HEADER) {
		size_t type, version, len;
		struct rest record;

		(void)take_number(&in, 1, &type);
		(void)take_number(&in, 2, &version);
		(void)take_number(&in, 2, &len);
		if (type != TYPE_HANDSHAKE || version >> 8 != 3 || len == 0 || len > RECORD_MAX)
			return PARSE_BAD;
		if (!take(&in, len, &record))
			(void)take(&in, in.len, &record);
		buf_add(out, record.data, record.len);
	}
	return PARSE_DONE;
}

int tls_server_name(const uint8_t *data, size_t len, char out_name[FILTER_NAME_MAX])
{
	AUTO_BUF struct buf bytes = {0};
	struct rest message, hello;
	size_t type, size;

	if (len > 0 && data[0] != TYPE_HANDSHAKE)
		return PARSE_BAD;
	if (join_records((struct rest){data, len}, &bytes) == PARSE_BAD)
		return PARSE_BAD;
	message = (struct rest){(const uint8_t *)bytes.data, bytes.len};
	if (!take_number(&message, 1, &type))
		return PARSE_MORE;
	if (type != CLIENT_HELLO)
		return PARSE_BAD;
	if (!take_number(&message, 3, &size))
		return PARSE_MORE;
	if (size > TLS_HELLO_MAX)
		return PARSE_BAD;
	return take(&message, size, &hello) ? read_hello(hello, out_name) : PARSE_MORE;
}
