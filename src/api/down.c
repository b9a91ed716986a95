#include "api/internal.h"

#include "box/hub.h"
#include "box/keep.h"
#include "state/ports.h"
#include "util/cleanup.h"
#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `devbox down`: everything `up` made is unmade; the home and named volumes stay unless asked.
 */

#define LOCK_TIMEOUT_MS 60000

static int stop_all(const struct project *project, size_t *out_count, struct err *err)
{
	AUTO_STRV struct strv boxes = {0};
	AUTO_STRV struct strv all = {0};
	size_t i;

	/* Those that run first, in their order; then what is left of the others. */
	if (api_running_boxes(project, &boxes, err) < 0 ||
	    record_list(project->runtime_dir, &all, err) < 0)
		return -1;
	for (i = 0; i < all.count; i++)
		if (!strv_has(&boxes, all.items[i]))
			strv_add(&boxes, all.items[i]);
	*out_count = boxes.count;
	for (i = 0; i < boxes.count; i++) {
		AUTO_FREE char *file =
			xasprintf("%s/%s.box", project->runtime_dir, boxes.items[i]);
		AUTO_FREE char *hosts = hub_hosts_path(project->runtime_dir, boxes.items[i]);
		struct record record = {0};

		if (record_load_settled(project->runtime_dir, boxes.items[i], &record, err) <
		    0) {
			/* A damaged record is removed like any other. */
			(void)unlink(file);
			continue;
		}
		if (record_is_running(&record) && api_stop_box(project, &record, -1, err) < 0) {
			record_done(&record);
			return -1;
		}
		api_await_supervisor(&record);
		record_done(&record);
		port_list_remove(project->runtime_dir, boxes.items[i]);
		(void)unlink(hosts);
		(void)unlink(file);
	}
	return 0;
}

static int remove_parts(struct devbox *devbox, const struct project *project,
			const char *const *parts, struct err *err)
{
	struct prepared maps = {0};
	/* Root needs no map to remove, and may have none. */
	int rc = devbox->user.uid == 0 ? 0 : prepare_maps(&devbox->user, &maps, err);

	for (; rc == 0 && *parts; parts++)
		rc = api_remove_tree(devbox, &maps, *parts, err);
	if (rc == 0)
		api_sweep(devbox, &maps);
	prepared_done(&maps);
	(void)project;
	return rc;
}

static int remove_files(struct devbox *devbox, const struct project *project, bool volumes,
			struct err *err)
{
	AUTO_FREE char *box = xasprintf("%s/box", project->data_dir);
	AUTO_FREE char *home = xasprintf("%s/home", project->data_dir);
	AUTO_FREE char *named = xasprintf("%s/volumes/%s", devbox->dirs.data, project->id);
	AUTO_FREE char *claim = xasprintf("%s/folder", project->data_dir);
	AUTO_FREE char *address = xasprintf("%s/address", project->data_dir);
	const char *const parts[] = {box, project->state_dir, volumes ? home : NULL,
				     volumes ? named : NULL, NULL};

	/* Those who follow still have the file. */
	if (access(project->state_dir, F_OK) == 0)
		api_event(project, DEV_BOX, EVENT_REMOVED);
	if (remove_parts(devbox, project, parts, err) < 0)
		return -1;
	if (access(home, F_OK) == 0 || access(named, F_OK) == 0)
		return 0;
	/* Nothing of the project is left: its name is free again. */
	(void)unlink(claim);
	(void)unlink(address);
	api_forget_grants(devbox, project);
	(void)rmdir(project->data_dir);
	return 0;
}

int devbox_down(struct devbox *devbox, const struct down_options *options, struct err *err)
{
	struct project project;
	size_t count = 0;
	int rc;

	if (devbox_project(devbox, &project, err) < 0)
		return -1;
	rc = project_lock(&project, "down", LOCK_TIMEOUT_MS, err);
	if (rc == 0)
		rc = stop_all(&project, &count, err);
	if (rc == 0)
		rc = remove_files(devbox, &project, options->volumes, err);
	if (rc == 0) {
		keep_drop(devbox->dirs.runtime);
		log_note(count ? " %-16s removed%s" : " %-16s nothing was up%s", project.id,
			 options->volumes ? ", with its home and volumes" : "");
	}
	if (project.lock_fd >= 0)
		project_unlock(&project);
	project_done(&project);
	return rc;
}
