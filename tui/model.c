#include "tui/model.h"

#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

static void box_free(struct box *box)
{
	free(box->name);
	free(box->project);
	free(box->box);
	free(box->folder);
	free(box->image);
	free(box->root_kind);
	free(box->network);
	free(box->cgroup);
	free(box->reason);
	free(box->health);
	free(box->command);
	strv_done(&box->notes);
	port_list_done(&box->ports);
	files_close(&box->files);
	free(box);
}

void processes_done(struct processes *processes)
{
	for (size_t i = 0; i < processes->count; i++)
		free(processes->items[i].command);
	free(processes->items);
	free(processes->box);
	*processes = (struct processes){0};
}

void model_init(struct model *model)
{
	*model = (struct model){0};
	model->host = (struct host){
		.cpu = UNKNOWN,
		.memory_total = UNKNOWN,
		.memory_used = UNKNOWN,
		.stalled = {UNKNOWN, UNKNOWN, UNKNOWN},
	};
}

void model_done(struct model *model)
{
	for (size_t i = 0; i < model->count; i++)
		box_free(model->boxes[i]);
	free(model->boxes);
	for (size_t i = 0; i < model->event_count; i++) {
		free(model->events[i].box);
		free(model->events[i].text);
	}
	free(model->events);
	free(model->host.missing);
	processes_done(&model->processes);
	*model = (struct model){0};
}

struct box *model_box(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->count; i++)
		if (str_eq(model->boxes[i]->name, name))
			return model->boxes[i];
	return NULL;
}

struct box *model_add(struct model *model, const char *name)
{
	struct box *box = xmalloc(sizeof(*box));

	*box = (struct box){.name = xstrdup(name), .files = FILES_CLOSED, .watch = -1};
	box_forget_numbers(box);
	model->boxes = xrealloc(model->boxes, (model->count + 1) * sizeof(struct box *));
	model->boxes[model->count++] = box;
	return box;
}

void model_sweep(struct model *model)
{
	size_t kept = 0;

	for (size_t i = 0; i < model->count; i++) {
		if (model->boxes[i]->is_seen)
			model->boxes[kept++] = model->boxes[i];
		else
			box_free(model->boxes[i]);
	}
	model->count = kept;
}

static void forget_oldest(struct model *model)
{
	free(model->events[0].box);
	free(model->events[0].text);
	model->event_count--;
	memmove(model->events, model->events + 1, model->event_count * sizeof(*model->events));
}

void model_event(struct model *model, int64_t time_ms, const char *box, bool is_bad,
		 const char *format, ...)
{
	size_t at = model->event_count;
	va_list args;

	/* Projects are read one after the other. */
	while (at > 0 && model->events[at - 1].time_ms > time_ms)
		at--;
	if (model->event_count == EVENTS_MAX) {
		if (at == 0)
			return;
		forget_oldest(model);
		at--;
	}
	model->events =
		xrealloc(model->events, (model->event_count + 1) * sizeof(*model->events));
	memmove(model->events + at + 1, model->events + at,
		(model->event_count - at) * sizeof(*model->events));
	model->event_count++;
	model->events[at] =
		(struct happening){.time_ms = time_ms, .box = xstrdup(box), .is_bad = is_bad};
	va_start(args, format);
	model->events[at].text = xvasprintf(format, args);
	va_end(args);
}

size_t model_alerts(const struct model *model)
{
	size_t count = 0;

	for (size_t i = 0; i < model->count; i++)
		for (int kind = 0; kind < ALERT_COUNT; kind++)
			count += model->boxes[i]->alerts[kind].is_set;
	return count;
}

enum box_state box_state_of(const char *phase, bool has_exit, int exit_code, const char *reason)
{
	if (str_eq(phase, "starting"))
		return BOX_STARTING;
	if (str_eq(phase, "up"))
		return BOX_UP;
	if (str_eq(phase, "paused"))
		return BOX_PAUSED;
	if (reason && (strstr(reason, "oom") || strstr(reason, "out of memory")))
		return BOX_OOM;
	/* Stopped by a signal that asks to end is what a stop does. */
	if (!has_exit || exit_code == 0 || exit_code == 143 || exit_code == 137 ||
	    exit_code == 130)
		return BOX_EXITED;
	return BOX_FAILED;
}

bool box_is_running(const struct box *box)
{
	return box->state <= BOX_PAUSED;
}

const char *box_state_word(const struct box *box, bool is_short)
{
	static const char *const words[][2] = {
		[BOX_STARTING] = {"starting", "start"}, [BOX_UP] = {"running", "run"},
		[BOX_PAUSED] = {"paused", "pause"},     [BOX_OOM] = {"oom-kill", "oom"},
		[BOX_FAILED] = {"failed", "fail"},      [BOX_EXITED] = {"stopped", "off"},
	};

	if (box->state == BOX_UP && box_is_unhealthy(box))
		return is_short ? "ill" : "unhealthy";
	if (box->state == BOX_UP && box->health)
		return str_eq(box->health, "healthy") ? is_short ? "well" : "healthy"
						      : words[BOX_STARTING][is_short];
	return words[box->state][is_short];
}

bool box_is_unhealthy(const struct box *box)
{
	return box_is_running(box) && str_eq(box->health, "unhealthy");
}

char *box_alert_words(const struct box *box, enum alert_kind kind)
{
	const double value = box->alerts[kind].value;
	char size[STR_SIZE_MAX];

	switch (kind) {
	case ALERT_OOM:
		return xasprintf("oom-kill x%.0f", value);
	case ALERT_MEMORY:
		if (!is_known(box->rates.memory_limit))
			return xasprintf("memory %.0f%% of limit", value);
		return xasprintf("memory %.0f%% of its %s limit", value,
				 str_format_size((uint64_t)box->rates.memory_limit, size));
	case ALERT_THROTTLED:
		return xasprintf("cpu throttled %.0f%% of periods", value);
	case ALERT_STALL_MEMORY:
		return xasprintf("stalled on memory %.0f%% of the time", value);
	case ALERT_STALL_IO:
		return xasprintf("stalled on io %.0f%% of the time", value);
	case ALERT_PIDS:
		return xasprintf("pids limit hit x%.0f", value);
	case ALERT_UNHEALTHY:
		return xstrdup("unhealthy");
	case ALERT_FAILED:
		return xasprintf("failed with status %.0f", value);
	case ALERT_COUNT:
		break;
	}
	return xstrdup("");
}
