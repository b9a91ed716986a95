#ifndef STATE_PORTS_H
#define STATE_PORTS_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which ports of the host lead into a box: `<runtime>/<project>/<box>.ports`, a line each,
 * "KIND PROTOCOL ADDRESS HOST-PORT BOX-PORT". Apart from the run record because it changes
 * while the box runs; written by the box's supervisor alone, and gone with it.
 */
enum port_kind {
	PORT_PUBLISHED, /* by the profile */
	PORT_FORWARDED, /* found listening */
	PORT_BLOCKED,   /* found, but the host has no number for it */
};

/** struct port_entry - one of them; owned */
struct port_entry {
	enum port_kind kind;
	char *protocol; /* "tcp", "udp" */
	char *address;  /* "127.0.0.1", "::1" */
	uint16_t host_port;
	uint16_t box_port;
};
struct port_list {
	struct port_entry *items;
	size_t count;
};

/** port_list_add() - copies the texts. */
void port_list_add(struct port_list *list, enum port_kind kind, const char *protocol,
		   const char *address, uint16_t host_port, uint16_t box_port);
void port_list_done(struct port_list *list);

/** port_kind_name() - "published", "forwarded", "blocked". */
const char *port_kind_name(enum port_kind kind);

int port_list_save(const char *runtime_dir, const char *box, const struct port_list *list,
		   struct err *err);
/** port_list_load() - empty when there is no file; damaged lines and those of later versions
 * are left out. */
int port_list_load(const char *runtime_dir, const char *box, struct port_list *out_list,
		   struct err *err);
/** port_list_parse() - the text of such a file (fuzzed). */
void port_list_parse(const char *text, struct port_list *out_list);
void port_list_remove(const char *runtime_dir, const char *box);

#endif
