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
