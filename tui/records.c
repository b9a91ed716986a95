#include "tui/source.h"

#include "api/status.h"
#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

static void replace(char **text, const char *value)
{
	if (str_eq(*text, value))
		return;
	free(*text);
	*text = xstrdup(value);
}

static char *join(const struct strv *words)
{
	struct buf text = {0};

	for (size_t i = 0; i < words->count; i++)
		buf_printf(&text, "%s%s", i ? " " : "", words->items[i]);
	return buf_take(&text);
}

static void take_texts(struct box *box, struct box_status *status)
{
	AUTO_FREE char *command = join(&status->command);

	replace(&box->project, status->project);
	replace(&box->box, status->box);
	replace(&box->folder, status->folder);
	replace(&box->image, status->image);
	replace(&box->root_kind, status->root_kind);
	replace(&box->network, status->network);
	replace(&box->reason, status->reason);
	replace(&box->health, status->health);
	replace(&box->command, command);
	strv_done(&box->notes);
	strv_add_all(&box->notes, &status->notes);
	port_list_done(&box->ports);
	box->ports = status->ports;
	status->ports = (struct port_list){0};
}

/* The numbers of the life before mean nothing for the next one. */
static void begin_life(struct box *box, const struct box_status *status)
{
	files_close(&box->files);
	box_forget_numbers(box);
	memset(box->alerts, 0, sizeof(box->alerts));
	replace(&box->cgroup, status->cgroup);
	box->init_pid = status->init_pid;
	box->started_ms = status->started_ms;
	box->dirty = true;
}

static void take_status(struct model *model, struct box_status *status)
{
	struct box *box = model_box(model, status->name);
	const bool is_known_box = box != NULL;
	bool is_new_life;

	if (!box)
		box = model_add(model, status->name);
	is_new_life = !is_known_box || box->init_pid != status->init_pid ||
		      box->started_ms != status->started_ms;
	take_texts(box, status);
	box->finished_ms = status->finished_ms;
	box->has_exit = status->has_exit;
	box->exit_code = status->exit_code;
	box->state = box_state_of(status->state, status->has_exit, status->exit_code,
				  status->reason);
	if (is_new_life)
		begin_life(box, status);
	if (!box_is_running(box) && box->files.is_open) {
		files_close(&box->files);
		box->rates.cpu = UNKNOWN;
	}
	box->is_seen = true;
}

int records_read(const char *runtime_dir, const char *project, struct model *model,
		 struct err *err)
{
	struct box_list list = {0};

	if (box_list_read(runtime_dir, project, true, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < model->count; i++)
		model->boxes[i]->is_seen =
			project && !str_eq(model->boxes[i]->project, project);
	for (size_t i = 0; i < list.count; i++)
		take_status(model, &list.items[i]);
	model_sweep(model);
	box_list_done(&list);
	return 0;
}
