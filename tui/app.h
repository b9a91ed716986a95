#ifndef TUI_APP_H
#define TUI_APP_H

#include "tui/canvas.h"
#include "tui/keymap.h"
#include "tui/log.h"
#include "tui/model.h"
#include "tui/settings.h"

#include <stdbool.h>

/*
 * The dashboard without a terminal: keys in, cells out. What it wants done in the world it
 * leaves as requests; the loop of a terminal carries them out, a script only shows them.
 */

enum screen {
	SCREEN_LIST,
	SCREEN_STATS,
	SCREEN_LOGS,
	SCREEN_PROCESSES,
	SCREEN_EVENTS,
	SCREEN_INSPECT,
	SCREEN_ALERTS,
	SCREEN_HELP
};

enum request_kind {
	REQUEST_TERMINAL, /* a program that takes the terminal */
	REQUEST_JOB,      /* one whose words are shown when it ends */
	REQUEST_INSPECT,  /* one whose output is the text of SCREEN_INSPECT */
	REQUEST_SUSPEND,
	REQUEST_REDRAW,
	REQUEST_COPY,
	REQUEST_OPEN, /* an address, in the browser of this machine */
	REQUEST_SAVE
};
/** struct request - @folder: where a program runs; @text: for people, or what to copy or open
 */
struct request {
	enum request_kind kind;
	struct strv argv;
	char *folder, *box, *text;
};

enum dialog_kind { DIALOG_NONE, DIALOG_CONFIRM, DIALOG_MENU, DIALOG_CHECKS, DIALOG_INPUT };
#define INPUT_MAX 200

/**
 * struct dialog - a question
 * @action:	what it is about
 * @at:		the chosen line; of a confirmation 0 is no, 1 yes
 * @checks:	bits of the lines that are on
 * @is_line:	an input at the lower edge, without a frame
 */
struct dialog {
	enum dialog_kind kind;
	enum action action;
	char *title;
	struct strv lines;
	int at, top;
	uint32_t checks;
	bool is_line;
	char input[INPUT_MAX];
	char before[INPUT_MAX]; /* of the input, for Esc */
};

/** struct row - a line of the list: a box, or the title of a project */
struct row {
	struct box *box;
	const char *project;
};

/** struct text - lines to scroll in and search, of SCREEN_INSPECT and SCREEN_HELP */
struct text {
	struct strv lines;
	char *box;
	int top, left;
};

/** struct log_view - where somebody is in a log */
struct log_view {
	struct log log;
	char *box;
	uint64_t top;
	int left;
	bool is_following;
	bool is_changed; /* since it was opened: there was something new */
	char only[INPUT_MAX];
};

#define HITS_MAX 256
/** struct hit - a part of the screen and what a click on it means */
enum hit_kind { HIT_ROW, HIT_ACTION, HIT_COLUMN, HIT_DIALOG };
struct hit {
	struct rect area;
	enum hit_kind kind;
	int value;
};

struct app {
	struct model model;
	struct canvas canvas;
	struct settings settings;
	struct keymap keys;
	const char *state_dir; /* of logs; NULL: log_path says */
	char *(*log_path)(void *arg, const struct box *box);
	void *log_path_arg;
	const char *devbox;

	enum screen screen;
	enum screen before_help;
	char *selected; /* name of a box */
	struct row *rows;
	size_t row_count;
	size_t row_at; /* where the cursor was */
	int list_top, list_height;
	char filter[INPUT_MAX];
	char search[INPUT_MAX];
	struct dialog dialog;
	struct text text;
	struct text help;
	struct log_view log;
	int scroll; /* of processes, events, alerts */
	int page;   /* lines of what is scrolled */
	int zoomed; /* graph that fills the screen, -1 */

	char *status; /* last word about an action */
	bool status_is_bad;
	bool is_held;
	bool is_done;
	struct request *requests;
	size_t request_count;
	struct hit hits[HITS_MAX];
	size_t hit_count;
};

void app_init(struct app *app);
void app_done(struct app *app);

/** app_key() - somebody pressed a key; app_mouse() - or a button of the mouse. */
void app_key(struct app *app, int key);
void app_mouse(struct app *app, const struct mouse *mouse);

/** app_updated() - the model is new. */
void app_updated(struct app *app);

/** app_draw() - everything onto app->canvas, whatever its size. */
void app_draw(struct app *app);

/** app_say() - a word at the lower edge; app_complain() - a bad one. */
void app_say(struct app *app, const char *format, ...) ERR_PRINTF(2, 3);
void app_complain(struct app *app, const char *format, ...) ERR_PRINTF(2, 3);

/** app_take_inspect() - the output of a REQUEST_INSPECT of @box. */
void app_take_inspect(struct app *app, const char *box, const char *text);

void request_done(struct request *request);

#endif
