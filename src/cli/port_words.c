#include "cli/port_words.h"

#include "util/str.h"

#include <stdlib.h>
#include <string.h>

#define CELL_PORTS_MAX 4

char *port_place(const struct port_entry *entry)
{
	const bool is_v6 = strchr(entry->address, ':') != NULL;

	if (entry->kind == PORT_BLOCKED)
		return xstrdup("-");
	return xasprintf("%s%s%s:%u", is_v6 ? "[" : "", entry->address, is_v6 ? "]" : "",
			 entry->host_port);
}

char *ports_words(const struct port_list *list)
{
	struct buf out = {0};
	size_t said = 0, more = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct port_entry *e = &list->items[i];
		char *place;

		if (e->kind == PORT_BLOCKED)
			continue;
		if (said == CELL_PORTS_MAX) {
			more++;
			continue;
		}
		place = port_place(e);
		buf_printf(&out, "%s%s", said++ ? " " : "", place);
		free(place);
		if (e->host_port != e->box_port)
			buf_printf(&out, "->%u", e->box_port);
		if (strcmp(e->protocol, "tcp") != 0)
			buf_printf(&out, "/%s", e->protocol);
	}
	if (more > 0)
		buf_printf(&out, " +%zu", more);
	return said ? buf_take(&out) : xstrdup("-");
}

void port_json(struct json *j, const char *box, const struct port_entry *entry)
{
	json_object_begin(j, NULL);
	if (box)
		json_text(j, "box", box);
	json_text(j, "kind", port_kind_name(entry->kind));
	json_text(j, "protocol", entry->protocol);
	json_text(j, "address", entry->address);
	if (entry->kind == PORT_BLOCKED)
		json_none(j, "host_port");
	else
		json_u64(j, "host_port", entry->host_port);
	json_u64(j, "box_port", entry->box_port);
	json_object_end(j);
}
