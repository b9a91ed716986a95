#ifndef API_INSPECT_H
#define API_INSPECT_H

#include "api/api.h"
#include "api/status.h"
#include "state/record.h"

/**
 * devbox_inspect() - all that is known of a box
 * @name:	as devbox_find_box()
 * @out_record:	its run record; record_done() it
 * @out_status:	what it costs; box_status_done() it
 * @err:	ENOENT when it was never started
 */
int devbox_inspect(struct devbox *devbox, const char *name, struct record *out_record,
		   struct box_status *out_status, struct err *err);

/** box_status_fill() - what @record says of @box of @project_id, with one reading of its
 * cgroup. */
void box_status_fill(const struct record *record, const char *project_id, const char *box,
		     struct box_status *out_status);
/** box_status_fill_ports() - the ports of @box, of which @runtime_dir of its project tells. */
void box_status_fill_ports(const struct record *record, const char *runtime_dir,
			   const char *box, struct box_status *status);

#endif
