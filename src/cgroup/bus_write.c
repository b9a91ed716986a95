#include "cgroup/bus.h"

#include <string.h>

/* Header fields, by their codes in the D-Bus specification. */
enum field {
	FIELD_PATH = 1,
	FIELD_INTERFACE = 2,
	FIELD_MEMBER = 3,
	FIELD_DESTINATION = 6,
	FIELD_SIGNATURE = 8
};

void bus_put_align(struct buf *b, size_t alignment)
{
	while (b->len % alignment != 0)
		buf_putc(b, '\0');
}

void bus_put_u32(struct buf *b, uint32_t value)
{
	bus_put_align(b, 4);
	buf_add(b, &value, sizeof(value));
}

void bus_put_string(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	bus_put_u32(b, (uint32_t)len);
	buf_add(b, s, len + 1);
}

void bus_put_signature(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	buf_putc(b, (char)len);
	buf_add(b, s, len + 1);
}

/* One struct (yv) of the header's array. */
static void put_field(struct buf *b, enum field code, const char *type, const char *value)
{
	if (!value)
		return;
	bus_put_align(b, 8);
	buf_putc(b, (char)code);
	bus_put_signature(b, type);
	if (type[0] == 'g')
		bus_put_signature(b, value);
	else
		bus_put_string(b, value);
}

void bus_write_call(const struct bus_method *method, uint32_t serial, const struct buf *body,
		    struct buf *out)
{
	AUTO_BUF struct buf fields = {0};
	const char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B';
	const char head[] = {order, BUS_METHOD_CALL, 0, 1};

	/* The array begins at byte 16, a multiple of 8, so that it may be padded on its own. */
	put_field(&fields, FIELD_PATH, "o", method->path);
	put_field(&fields, FIELD_INTERFACE, "s", method->interface);
	put_field(&fields, FIELD_MEMBER, "s", method->member);
	put_field(&fields, FIELD_DESTINATION, "s", method->destination);
	put_field(&fields, FIELD_SIGNATURE, "g", method->signature);

	buf_add(out, head, sizeof(head));
	bus_put_u32(out, body ? (uint32_t)body->len : 0);
	bus_put_u32(out, serial);
	bus_put_u32(out, (uint32_t)fields.len);
	buf_add(out, fields.data, fields.len);
	bus_put_align(out, 8);
	if (body && body->len > 0)
		buf_add(out, body->data, body->len);
}
