#include "tui/parts.h"

#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Changing a limit of boxes that run: which one, then to what; `devbox update` does it. */

/* Behind the answer of the first question that of the second is told from it. */
#define ASKED 100

static const struct {
	const char *option; /* of `devbox update` */
	const char *accepted;
} limits[] = {
	{"cpus", "such as 1.5; max"},
	{"cpu-shares", "2 to 262144"},
	{"memory", "such as 512m; max"},
	{"memory-reservation", "such as 256m"},
	{"memory-swap", "with memory, such as 1g; max"},
	{"pids-limit", "such as 512; max"},
	{"blkio-weight", "10 to 1000"},
};

/* As it is now; "" where no file of the box says it in the words of the option. */
static const char *value_now(const struct box *box, const char *option, char out[WORD_MAX])
{
	const struct reading *now = &box->now;
	uint64_t value = STAT_UNKNOWN;

	out[0] = '\0';
	if (str_eq(option, "cpus"))
		value = now->quota_us;
	else if (str_eq(option, "memory"))
		value = now->memory_max;
	else if (str_eq(option, "pids-limit"))
		value = now->pids_max;
	if (value == STAT_UNKNOWN)
		return out;
	if (value == STAT_NO_LIMIT)
		return "max";
	if (str_eq(option, "memory"))
		return word_size((double)value, out);
	if (str_eq(option, "pids-limit"))
		return word_number((double)value, out);
	if (now->period_us && now->period_us < STAT_NO_LIMIT)
		(void)snprintf(out, WORD_MAX, "%.3g", (double)value / (double)now->period_us);
	return out;
}

void change_menu(struct app *app)
{
	AUTO_FREE char *words = target_words(app);
	AUTO_FREE char *title = xasprintf("change of %s", words);
	const struct box *box = selected_box(app);

	if (!box_is_running(box)) {
		app_complain(app, "%s does not run: its limits are those of its profile",
			     box->name);
		return;
	}
	dialog_menu(app, ACTION_CHANGE, title);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		char now[WORD_MAX];

		strv_addf(&app->dialog.lines, "%-20s%s", limits[i].option,
			  value_now(box, limits[i].option, now));
	}
}

static void ask_value(struct app *app, int line)
{
	AUTO_FREE char *words = target_words(app);
	AUTO_FREE char *title =
		xasprintf("%s of %s (%s): ", limits[line].option, words, limits[line].accepted);

	dialog_input(app, ACTION_CHANGE, title, true, "");
	app->dialog.at = ASKED + line;
}

static void change(struct app *app, int line, const char *value)
{
	AUTO_FREE struct box **boxes = NULL;
	const size_t count = targets(app, &boxes);

	for (size_t i = 0; i < count && *value; i++) {
		struct request *request;

		if (!box_is_running(boxes[i]))
			continue;
		request = add_verb(app, REQUEST_JOB, boxes[i], "update");
		strv_addf(&request->argv, "--%s=%s", limits[line].option, value);
		strv_add(&request->argv, boxes[i]->name);
	}
}

void change_answered(struct app *app, int at, const char *input)
{
	if (at >= 0 && at < (int)ARRAY_LEN(limits))
		ask_value(app, at);
	else if (at >= ASKED && at < ASKED + (int)ARRAY_LEN(limits))
		change(app, at - ASKED, input);
}
