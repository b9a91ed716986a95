#include "box/ward.h"

#include "util/cleanup.h"

#include <string.h>

char *ward_box_name(const struct ward *ward)
{
	const struct record *record = ward->record;

	if (strcmp(record->box, DEV_BOX) == 0)
		return xstrdup(ward->request->project->id);
	return xasprintf("%s/%s", ward->request->project->id, record->box);
}

void ward_event(const struct ward *ward, struct event *event)
{
	struct err ignored;

	/* A disk that is full must not stop a box. */
	(void)event_append(ward->request->project->state_dir, event, &ignored);
	event_done(event);
}

static struct event make(const struct ward *ward, const char *name)
{
	AUTO_FREE char *box = ward_box_name(ward);

	return event_make(box, name);
}

void ward_event_created(const struct ward *ward)
{
	struct event event = make(ward, EVENT_CREATED);

	ward_event(ward, &event);
}

void ward_event_started(const struct ward *ward)
{
	struct event event = make(ward, EVENT_STARTED);

	event.pid = (uint64_t)ward->record->init_pid;
	ward_event(ward, &event);
}

void ward_event_ended(const struct ward *ward)
{
	/* That somebody asked is the reason, whatever the status became. */
	struct event event = make(ward, ward->kill_at_ms != 0 ? EVENT_STOPPED : EVENT_DIED);

	event.has_exit = ward->record->has_exit;
	event.exit_code = ward->record->exit_code;
	event.reason = xstrdup(ward->record->reason);
	ward_event(ward, &event);
}

/* A box may open and close a thousand at once. */
#define PORT_EVENTS_MAX 32

static bool has_port(const struct port_list *list, const struct port_entry *entry)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct port_entry *other = &list->items[i];

		if (other->kind == entry->kind && other->box_port == entry->box_port &&
		    other->host_port == entry->host_port)
			return true;
	}
	return false;
}

static void write_port(const struct ward *ward, const char *name,
		       const struct port_entry *entry)
{
	struct event event = make(ward, name);

	event.box_port = entry->box_port;
	if (entry->kind == PORT_BLOCKED) {
		event.reason = xstrdup("the host has no number for it");
	} else {
		event.address = xstrdup(entry->address);
		event.host_port = entry->host_port;
	}
	ward_event(ward, &event);
}

/* Those of @list that @others has not. */
static void write_ports(const struct ward *ward, const char *name, const struct port_list *list,
			const struct port_list *others)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct port_entry *entry = &list->items[i];

		if (entry->kind == PORT_PUBLISHED || has_port(others, entry))
			continue;
		if (count++ < PORT_EVENTS_MAX)
			write_port(ward, name, entry);
	}
	if (count > PORT_EVENTS_MAX) {
		struct event event = make(ward, name);

		event.reason = xasprintf("and %zu more", count - PORT_EVENTS_MAX);
		ward_event(ward, &event);
	}
}

void ward_event_ports(const struct ward *ward, const struct port_list *before,
		      const struct port_list *now)
{
	write_ports(ward, EVENT_PORT_CLOSED, before, now);
	write_ports(ward, EVENT_PORT_OPENED, now, before);
}
