#include "cgroup/bus.h"
#include "cgroup/bus_address.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const char *text, const uint8_t *data, size_t size)
{
	const char *begin = (const char *)data;

	if (text && (text < begin || text + strlen(text) >= begin + size))
		abort();
}

/* Each value of the body in turn, whatever the signature says. */
static void read_body(const struct bus_message *m, const uint8_t *data, size_t size)
{
	struct bus_cursor by_string = bus_body(m);
	struct bus_cursor by_number = bus_body(m);
	const char *text;
	uint32_t value;

	while (bus_get_string(&by_string, &text) || bus_get_signature(&by_string, &text))
		touch(text, data, size);
	while (bus_get_u32(&by_number, &value))
		if (by_number.at > m->body_len)
			abort();
}

/* A message of a peer that we do not trust, and an address of an environment that we do not
 * trust. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_ADDRESSES struct bus_addresses list = {0};
	struct bus_message m;

	bus_addresses_parse(text, &list);
	if (bus_message_parse(data, size, &m) < 0)
		return 0;
	touch(m.path, data, size);
	touch(m.interface, data, size);
	touch(m.member, data, size);
	touch(m.error_name, data, size);
	touch(m.sender, data, size);
	touch(m.signature, data, size);
	if (m.body < data || m.body + m.body_len != data + size)
		abort();
	read_body(&m, data, size);
	return 0;
}
