#include "cgroup/bus.h"

#include <string.h>

static bool align_to(struct bus_cursor *c, size_t alignment)
{
	size_t at = (c->at + alignment - 1) / alignment * alignment;

	if (at > c->len)
		return false;
	c->at = at;
	return true;
}

static uint32_t load_u32(const uint8_t *data, bool is_swapped)
{
	uint32_t value;

	memcpy(&value, data, sizeof(value));
	return is_swapped ? __builtin_bswap32(value) : value;
}

bool bus_get_u32(struct bus_cursor *c, uint32_t *out)
{
	if (!align_to(c, 4) || c->len - c->at < 4)
		return false;
	*out = load_u32(c->data + c->at, c->is_swapped);
	c->at += 4;
	return true;
}

/* @len bytes and a NUL after them, none before. */
static bool get_text(struct bus_cursor *c, size_t len, const char **out)
{
	const uint8_t *text = c->data + c->at;

	if (c->len - c->at <= len || text[len] != '\0')
		return false;
	if (memchr(text, '\0', len))
		return false;
	*out = (const char *)text;
	c->at += len + 1;
	return true;
}

bool bus_get_string(struct bus_cursor *c, const char **out)
{
	uint32_t len;

	return bus_get_u32(c, &len) && get_text(c, len, out);
}

bool bus_get_signature(struct bus_cursor *c, const char **out)
{
	size_t len;

	if (c->at >= c->len)
		return false;
	len = c->data[c->at++];
	return get_text(c, len, out);
}

/* Step over a number of a header field that we do not know. Containers are never seen in
 * headers: refused. */
static bool skip_number(struct bus_cursor *c, char type)
{
	size_t size;

	switch (type) {
	case 'y':
		size = 1;
		break;
	case 'n':
	case 'q':
		size = 2;
		break;
	case 'b':
	case 'i':
	case 'u':
	case 'h':
		size = 4;
		break;
	case 'x':
	case 't':
	case 'd':
		size = 8;
		break;
	default:
		return false;
	}
	if (!align_to(c, size) || c->len - c->at < size)
		return false;
	c->at += size;
	return true;
}

static void keep_text(struct bus_message *m, uint8_t code, char type, const char *text)
{
	if (type == 'g' && code == 8)
		m->signature = text;
	else if (type == 'o' && code == 1)
		m->path = text;
	else if (type == 's' && code == 2)
		m->interface = text;
	else if (type == 's' && code == 3)
		m->member = text;
	else if (type == 's' && code == 4)
		m->error_name = text;
	else if (type == 's' && code == 7)
		m->sender = text;
}

static bool read_field(struct bus_cursor *c, struct bus_message *m)
{
	const char *type = NULL;
	const char *text = NULL;
	uint8_t code;

	if (!align_to(c, 8) || c->at >= c->len)
		return false;
	code = c->data[c->at++];
	if (!bus_get_signature(c, &type) || strlen(type) != 1)
		return false;

	if (type[0] == 'u' && code == 5)
		return bus_get_u32(c, &m->reply_serial);
	if (type[0] == 's' || type[0] == 'o') {
		if (!bus_get_string(c, &text))
			return false;
	} else if (type[0] == 'g') {
		if (!bus_get_signature(c, &text))
			return false;
	} else {
		return skip_number(c, type[0]);
	}
	keep_text(m, code, type[0], text);
	return true;
}

static bool is_swapped(uint8_t order)
{
	return order != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B');
}

size_t bus_message_size(const uint8_t head[BUS_HEADER_LEN])
{
	bool swapped = is_swapped(head[0]);
	size_t body, fields;

	if ((head[0] != 'l' && head[0] != 'B') || head[3] != 1)
		return 0;
	body = load_u32(head + 4, swapped);
	fields = load_u32(head + 12, swapped);
	if (body > BUS_MESSAGE_MAX || fields > BUS_MESSAGE_MAX)
		return 0;
	fields = (fields + 7) & ~(size_t)7;
	return BUS_HEADER_LEN + fields + body > BUS_MESSAGE_MAX
		       ? 0
		       : BUS_HEADER_LEN + fields + body;
}

int bus_message_parse(const uint8_t *data, size_t len, struct bus_message *out)
{
	struct bus_message m = {0};
	struct bus_cursor c = {.data = data};
	uint32_t fields_len;

	if (len < BUS_HEADER_LEN || bus_message_size(data) != len)
		return -1;
	if (data[1] < BUS_METHOD_CALL || data[1] > BUS_SIGNAL)
		return -1;

	m.type = (enum bus_type)data[1];
	m.is_swapped = is_swapped(data[0]);
	m.serial = load_u32(data + 8, m.is_swapped);
	fields_len = load_u32(data + 12, m.is_swapped);

	/* The cursor ends with the array: a field cannot reach into the body. */
	c.len = BUS_HEADER_LEN + fields_len;
	c.at = BUS_HEADER_LEN;
	c.is_swapped = m.is_swapped;
	while (c.at < c.len)
		if (!read_field(&c, &m))
			return -1;

	m.body_len = load_u32(data + 4, m.is_swapped);
	m.body = data + (len - m.body_len);
	*out = m;
	return 0;
}

struct bus_cursor bus_body(const struct bus_message *message)
{
	return (struct bus_cursor){.data = message->body,
				   .len = message->body_len,
				   .is_swapped = message->is_swapped};
}
