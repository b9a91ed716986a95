#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include "api/api.h"
#include "box/prepare.h"
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

/** api_explain_status() - after a command ended with @code: say so when the kernel killed it
 * for memory. @spec may be NULL. */
void api_explain_status(int code, int cgroup_fd, const struct spec *spec);

/** api_stop_box() - end one running box by way of its supervisor, or without one. @timeout_us:
 * -1 the profile's grace. The caller holds the lock. */
int api_stop_box(const struct project *project, const struct record *record, int64_t timeout_us,
		 struct err *err);

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
