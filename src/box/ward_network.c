#include "box/ward.h"

#include "util/cleanup.h"

#include <string.h>

void ward_network_lost(struct ward *ward, const char *how)
{
	struct logstream log = {.name = "devbox"};
	AUTO_FREE char *box = ward_box_name(ward);
	AUTO_FREE char *line =
		xasprintf("the network is gone: %s; 'devbox restart' brings it back\n", how);
	struct event event = event_make(box, EVENT_DISCONNECTED);

	free(ward->record->net_lost);
	ward->record->net_lost = xstrdup(how);
	ward->record->net_pid = 0;
	ward->record->net_start = 0;
	ward_save(ward);
	logstream_add(&log, &ward->log, line, strlen(line));
	event.reason = xstrdup(how);
	ward_event(ward, &event);
}

void ward_network_ended(struct ward *ward)
{
	AUTO_FREE char *how = net_slirp_end_words(&ward->launched.slirp);

	net_slirp_stop(&ward->launched.slirp);
	ward_network_lost(ward, how);
}
