#include "cli/select.h"

#include "util/cleanup.h"

void selection_done(struct selection *selection)
{
	free(selection->project_id);
	strv_done(&selection->names);
	*selection = (struct selection){0};
}

static int fill(struct cli *cli, struct selection *selection, struct err *err)
{
	struct project project;

	if (cli->options.project) {
		if (devbox_project(cli->devbox, &project, err) < 0)
			return -1;
		selection->project_id = xstrdup(project.id);
		project_done(&project);
	}
	for (size_t i = 0; i < cli->args.words.count; i++) {
		AUTO_FREE char *box = NULL;

		if (devbox_find_box(cli->devbox, cli->args.words.items[i], &project, &box,
				    err) < 0)
			return -1;
		strv_take(&selection->names, box_full_name(project.id, box));
		project_done(&project);
	}
	return 0;
}

int select_boxes(struct cli *cli, struct selection *out_selection, struct err *err)
{
	struct selection selection = {0};

	if (fill(cli, &selection, err) < 0) {
		selection_done(&selection);
		return -1;
	}
	*out_selection = selection;
	return 0;
}

int select_read(struct cli *cli, const struct selection *selection, struct box_list *out_list,
		struct err *err)
{
	struct box_list list;
	size_t kept = 0;

	if (box_list_read(cli->devbox->dirs.runtime,
			  selection->names.count ? NULL : selection->project_id, false, &list,
			  err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		if (!selection->names.count || strv_has(&selection->names, list.items[i].name))
			list.items[kept++] = list.items[i];
		else
			box_status_done(&list.items[i]);
	}
	list.count = kept;
	*out_list = list;
	return 0;
}
