#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include "api/api.h"
#include "box/prepare.h"
#include "cgroup/oom.h"
#include "state/event.h"
#include "state/record.h"

/* Shared by the verbs, not seen outside this room. */

/** api_rootfs_reference() - "rootfs:DIR" of the command line with DIR made absolute and free of
 * links. free() it. */
char *api_rootfs_reference(const char *image);

/** api_remove_tree() - remove @path, whose files belong to ids of the boxes: in a user
 * namespace with their maps. */
int api_remove_tree(struct devbox *devbox, const struct prepared *maps, const char *path,
		    struct err *err);

/**
 * struct api_watch - how a box was when a command began, to say afterwards what held it up
 * @group_fd:	borrowed; -1: nobody knows
 * @oom, @report: for struct relay, of a box without a supervisor that would look
 */
struct api_watch {
	int group_fd;
	struct cgroup_stats before;
	uint64_t began_us;
	struct oom_watch oom;
	struct oom_report report;
};
/** api_watch_begin() - the command begins about now. @is_alone: the box has no supervisor. */
void api_watch_begin(int group_fd, bool is_alone, struct api_watch *out_watch);
/**
 * api_explain_status() - a command ended with @code: say who was killed for memory meanwhile,
 * whether a filter ended it, and what it waited for when it took long; done with @watch
 */
void api_explain_status(int code, struct api_watch *watch, const struct spec *spec);
/** api_explain_visit() - the same in the box of @record, whose supervisor takes notes in its
 * run record in the folder @notes_fd */
void api_explain_visit(int code, const struct api_watch *watch, int notes_fd,
		       const struct record *record);

/** api_stop_box() - end one running box by way of its supervisor, or without one. @timeout_us:
 * -1 the profile's grace. The caller holds the lock. */
int api_stop_box(const struct project *project, const struct record *record, int64_t timeout_us,
		 struct err *err);

/** api_running_boxes() - short names of the boxes of @project that run, the last one that
 * started first. */
int api_running_boxes(const struct project *project, struct strv *out_boxes, struct err *err);

/** api_check_grants() - ask the user about what a profile wants of the host beyond its folder
 * and was not granted before; a yes (or -y) is kept, else EPERM. */
int api_check_grants(struct devbox *devbox, const struct project *project,
		     const struct spec *spec, struct err *err);
/** api_keep_grants() - what the project is started with now is what it may have from now on. */
int api_keep_grants(const struct devbox *devbox, const struct project *project,
		    const struct spec *spec, struct err *err);
/** api_forget_grants() - nothing is left of the project: the next profile there is asked about
 * anew. */
void api_forget_grants(const struct devbox *devbox, const struct project *project);

/** api_event() - write that @name (EVENT_*) happened to @box; failing to is no failure. */
void api_event(const struct project *project, const char *box, const char *name);

/** api_sweep() - remove what throw-away boxes left that were killed before they could clean up.
 */
void api_sweep(struct devbox *devbox, const struct prepared *maps);

/** api_await_supervisor() - after a box ended: wait until its supervisor has put everything
 * away, so that the next one finds the place empty. */
void api_await_supervisor(const struct record *record);

#endif
