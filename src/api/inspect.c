#include "api/inspect.h"

#include "util/cleanup.h"

#include <errno.h>

int devbox_inspect(struct devbox *devbox, const char *name, struct record *out_record,
		   struct box_status *out_status, struct err *err)
{
	AUTO_FREE char *box = NULL;
	struct project project;
	int result;

	if (devbox_find_box(devbox, name, &project, &box, err) < 0)
		return -1;
	result = record_load_settled(project.runtime_dir, box, out_record, err);
	if (result == 0) {
		box_status_fill(out_record, project.id, box, out_status);
		box_status_fill_ports(out_record, project.runtime_dir, box, out_status);
	} else if (err->code == ENOENT) {
		(void)err_set(err, "there is no box '%s'", name ? name : project.id);
		err->code = ENOENT;
		(void)err_hint(err, "devbox up starts one");
	}
	project_done(&project);
	return result;
}
