#ifndef CLI_SELECT_H
#define CLI_SELECT_H

#include "api/status.h"
#include "cli/cli.h"

/**
 * struct selection - what is asked for: a project or all, and of these the boxes of these full
 * names, or all
 */
struct selection {
	char *project_id; /* NULL: all */
	struct strv names;
};

/** select_boxes() - from -p and the words of the command line; each must be a box's. */
int select_boxes(struct cli *cli, struct selection *out_selection, struct err *err);
void selection_done(struct selection *selection);

/** select_read() - boxes that run and were asked for. */
int select_read(struct cli *cli, const struct selection *selection, struct box_list *out_list,
		struct err *err);

#endif
