#include "tui/parts.h"

#include "util/cleanup.h"
#include "util/proc.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Signals of the menu; the first line of it is "Cancel". Stopping a box is pausing it. */
static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGQUIT, SIGUSR1, SIGUSR2};

void request_done(struct request *request)
{
	strv_done(&request->argv);
	free(request->folder);
	free(request->box);
	free(request->text);
	*request = (struct request){0};
}

struct request *add_request(struct app *app, enum request_kind kind, const struct box *box)
{
	struct request *request;

	app->requests =
		xrealloc(app->requests, (app->request_count + 1) * sizeof(*app->requests));
	request = &app->requests[app->request_count++];
	*request = (struct request){.kind = kind};
	if (box) {
		request->folder = xstrdup(box->folder);
		request->box = xstrdup(box->name);
	}
	return request;
}

/* Verbs that read the profile need the folder. */
struct request *add_verb(struct app *app, enum request_kind kind, const struct box *box,
			 const char *verb)
{
	struct request *request = add_request(app, kind, box);

	strv_add(&request->argv, app->devbox ? app->devbox : "devbox");
	if (box->folder) {
		strv_add(&request->argv, "-C");
		strv_add(&request->argv, box->folder);
	}
	strv_add(&request->argv, "-p");
	strv_add(&request->argv, box->project ? box->project : box->name);
	strv_add(&request->argv, verb);
	request->text = xstrdup(verb);
	return request;
}

static void job(struct app *app, const struct box *box, const char *verb)
{
	struct request *request = add_verb(app, REQUEST_JOB, box, verb);

	strv_add(&request->argv, box->name);
}

static void jobs(struct app *app, const char *verb, bool running)
{
	AUTO_FREE struct box **boxes = NULL;
	const size_t count = targets(app, &boxes);

	for (size_t i = 0; i < count; i++)
		if (box_is_running(boxes[i]) == running || str_eq(verb, "restart"))
			job(app, boxes[i], verb);
}

char *target_words(const struct app *app)
{
	AUTO_FREE struct box **boxes = NULL;
	const size_t count = targets(app, &boxes);

	return count == 1 ? xstrdup(boxes[0]->name) : xasprintf("%zu boxes", count);
}

static void ask(struct app *app, enum action action, const char *verb)
{
	AUTO_FREE char *words = target_words(app);

	dialog_confirm(app, action, xasprintf("%s %s?", verb, words));
}

static void shell(struct app *app)
{
	const struct box *box = selected_box(app);
	struct request *request = add_verb(app, REQUEST_TERMINAL, box, "shell");

	strv_add(&request->argv, box->name);
}

static void run_command(struct app *app, const char *command)
{
	const struct box *box = selected_box(app);
	struct request *request;

	if (!box || !*command)
		return;
	request = add_verb(app, REQUEST_TERMINAL, box, "exec");
	strv_add(&request->argv, box->name);
	strv_add(&request->argv, "--");
	strv_add(&request->argv, "sh");
	strv_add(&request->argv, "-c");
	strv_add(&request->argv, command);
}

static void editor(struct app *app)
{
	const struct box *box = selected_box(app);
	const char *program = getenv("VISUAL");
	struct request *request;

	if (!program || !*program)
		program = getenv("EDITOR");
	request = add_request(app, REQUEST_TERMINAL, box);
	request->text = xstrdup("editor");
	/* The variable may hold options. */
	strv_add(&request->argv, "/bin/sh");
	strv_add(&request->argv, "-c");
	strv_addf(&request->argv, "exec %s .", program && *program ? program : "vi");
}

static void start_or_stop(struct app *app)
{
	const struct box *box = selected_box(app);

	if (box_is_running(box))
		ask(app, ACTION_START_STOP, "stop");
	else
		jobs(app, "start", false);
}

static void pause_or_go(struct app *app)
{
	AUTO_FREE struct box **boxes = NULL;
	const size_t count = targets(app, &boxes);

	for (size_t i = 0; i < count; i++)
		if (box_is_running(boxes[i]))
			job(app, boxes[i], boxes[i]->state == BOX_PAUSED ? "unpause" : "pause");
}

static void kill_menu(struct app *app)
{
	AUTO_FREE char *words = target_words(app);
	AUTO_FREE char *title = xasprintf("send %s", words);

	dialog_menu(app, ACTION_KILL, title);
	strv_add(&app->dialog.lines, "Cancel");
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		strv_add(&app->dialog.lines, signal_name(signals[i]));
}

static void kill_boxes(struct app *app, int line)
{
	AUTO_FREE struct box **boxes = NULL;
	const size_t count = targets(app, &boxes);

	if (line < 1 || line > (int)ARRAY_LEN(signals))
		return;
	for (size_t i = 0; i < count; i++) {
		struct request *request;

		if (!box_is_running(boxes[i]))
			continue;
		request = add_verb(app, REQUEST_JOB, boxes[i], "kill");
		strv_add(&request->argv, "--signal");
		strv_add(&request->argv, signal_name(signals[line - 1]));
		strv_add(&request->argv, boxes[i]->name);
	}
}

static void remove_box(struct app *app, const char *typed)
{
	const struct box *box = selected_box(app);

	if (!box || !str_eq(typed, box->name)) {
		app_complain(app, "nothing was removed: '%s' is not its name", typed);
		return;
	}
	/* What up started goes with it: down is about a project. */
	(void)add_verb(app, REQUEST_JOB, box, "down");
}

static void ask_remove(struct app *app)
{
	const struct box *box = selected_box(app);
	AUTO_FREE char *title = xasprintf("remove every box of '%s': type %s",
					  box->project ? box->project : "", box->name);

	dialog_input(app, ACTION_REMOVE, title, false, "");
}

static void copy_name(struct app *app)
{
	struct request *request = add_request(app, REQUEST_COPY, selected_box(app));

	request->text = xstrdup(selected_box(app)->name);
}

void act(struct app *app, enum action action)
{
	AUTO_FREE char *title = NULL;

	if (!selected_box(app)) {
		app_complain(app, "no box is selected");
		return;
	}
	if (action == ACTION_SHELL) {
		shell(app);
	} else if (action == ACTION_RUN) {
		title = xasprintf("run in %s: ", selected_box(app)->name);
		dialog_input(app, action, title, true, "");
	} else if (action == ACTION_EDITOR) {
		editor(app);
	} else if (action == ACTION_COPY) {
		copy_name(app);
	} else if (action == ACTION_START_STOP) {
		start_or_stop(app);
	} else if (action == ACTION_RESTART) {
		ask(app, action, "restart");
	} else if (action == ACTION_PAUSE) {
		pause_or_go(app);
	} else if (action == ACTION_KILL) {
		kill_menu(app);
	} else if (action == ACTION_CHANGE) {
		change_menu(app);
	} else if (action == ACTION_PORT) {
		ports_menu(app);
	} else if (action == ACTION_REMOVE) {
		ask_remove(app);
	}
}

void act_answered(struct app *app, enum action action, int at, const char *input)
{
	if (action == ACTION_START_STOP)
		jobs(app, "stop", true);
	else if (action == ACTION_RESTART)
		jobs(app, "restart", true);
	else if (action == ACTION_KILL)
		kill_boxes(app, at);
	else if (action == ACTION_REMOVE)
		remove_box(app, input);
	else if (action == ACTION_RUN)
		run_command(app, input);
	else if (action == ACTION_CHANGE)
		change_answered(app, at, input);
	else if (action == ACTION_PORT)
		ports_answered(app, input);
}
