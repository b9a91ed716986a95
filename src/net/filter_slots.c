#include "net/filter_private.h"

#include "util/cleanup.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define FIRST_ADDRESS 0x7f7f0100 /* 127.127.1.0 */

struct in_addr filter_slot_address(const struct filter_server *server,
				   const struct filter_slot *slot)
{
	return (struct in_addr){htonl(FIRST_ADDRESS + (uint32_t)(slot - server->slots))};
}

static void empty(struct filter_slot *slot)
{
	for (size_t i = 0; i < slot->count; i++)
		cleanup_close(&slot->fds[i]);
	memset(slot, 0, sizeof(*slot));
}

static int fill(struct filter_server *server, struct filter_slot *slot, const char *name)
{
	const size_t index = (size_t)(slot - server->slots);
	uint16_t ports[FILTER_PORTS_MAX];
	size_t count = filter_ports(&server->rules, name, ports);

	for (size_t i = 0; i < count; i++) {
		struct epoll_event event = {
			.events = EPOLLIN, .data.u64 = filter_event_data(EVENT_SLOT, index, i)};
		int fd = filter_listen(server, filter_slot_address(server, slot), ports[i],
				       SOCK_STREAM);

		if (fd < 0 || epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
			cleanup_close(&fd);
			empty(slot);
			return -1;
		}
		slot->ports[slot->count] = ports[i];
		slot->fds[slot->count++] = fd;
	}
	memcpy(slot->name, name, strlen(name) + 1);
	return 0;
}

/* That of @name, else an empty one, else the one that nobody asked for the longest. */
struct filter_slot *filter_slot_find(struct filter_server *server, const char *name)
{
	struct filter_slot *best = NULL;

	for (size_t i = 0; i < FILTER_SLOTS_MAX; i++) {
		struct filter_slot *slot = &server->slots[i];

		if (strcmp(slot->name, name) == 0) {
			slot->used = ++server->questions;
			return slot;
		}
		if (!slot->is_fixed && (!best || slot->used < best->used))
			best = slot;
	}
	if (!best)
		return NULL;
	empty(best);
	if (fill(server, best, name) < 0)
		return NULL;
	best->used = ++server->questions;
	return best;
}
