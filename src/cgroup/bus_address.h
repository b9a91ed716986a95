#ifndef CGROUP_BUS_ADDRESS_H
#define CGROUP_BUS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/* Private to this room: where a systemd of ours may listen. */

#define BUS_ADDRESSES_MAX 6

/** struct bus_address - a unix socket; see struct bus for the flags. */
struct bus_address {
	char *path;
	bool is_abstract, is_peer, is_system;
};

struct bus_addresses {
	struct bus_address items[BUS_ADDRESSES_MAX];
	size_t count;
};

/**
 * bus_addresses_find() - in the order in which to try them: "systemd/private" and the session
 * bus of $DBUS_SESSION_BUS_ADDRESS and "bus" in @runtime_dir; for root without any the system's
 * manager. Those that do not exist are left out.
 */
void bus_addresses_find(const char *runtime_dir, struct bus_addresses *out_list);

/** bus_addresses_parse() - append the unix sockets of a D-Bus address
 * ("unix:path=/a,guid=x;unix:abstract=b"); other transports are left out. */
void bus_addresses_parse(const char *text, struct bus_addresses *list);

void bus_addresses_done(struct bus_addresses *list);
#define AUTO_ADDRESSES __attribute__((cleanup(bus_addresses_done)))

#endif
