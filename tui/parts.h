#ifndef TUI_PARTS_H
#define TUI_PARTS_H

#include "tui/app.h"
#include "tui/draw.h"
#include "tui/words.h"

/* How the files of the dashboard work together; nobody else needs this. */

/* --- rows.c --- */

/** rows_update() - filter, sort and group the boxes into app->rows. */
void rows_update(struct app *app);
struct box *selected_box(const struct app *app);
/** select_step() - move the cursor by @steps boxes, not past the ends. */
void select_step(struct app *app, int steps);
/** targets() - the boxes an action is for: those marked, else the selected one. Return: count;
 * free() *out_boxes. */
size_t targets(const struct app *app, struct box ***out_boxes);
double shown_cpu(const struct app *app, const struct box *box);
double shown_memory(const struct app *app, const struct box *box);

/* --- dialog.c --- */

void dialog_close(struct app *app);
void dialog_confirm(struct app *app, enum action action, char *title);
void dialog_input(struct app *app, enum action action, const char *title, bool is_line,
		  const char *value);
void dialog_menu(struct app *app, enum action action, const char *title);
void dialog_key(struct app *app, int key);
void dialog_draw(struct app *app);
/** dialog_answered() - the user said yes, chose a line, or entered a text. In acts.c. */
void dialog_answered(struct app *app);
/** dialog_typed() - the text of an input changed. */
void dialog_typed(struct app *app);

/* --- acts.c, choices.c --- */

/** act() - carry out one of GROUP_ACT. */
void act(struct app *app, enum action action);
/** act_answered() - go on after the question of one of GROUP_ACT. @input: what was typed, or
 * the chosen line of a menu */
void act_answered(struct app *app, enum action action, int at, const char *input);
/** choose() - one of the actions that change what is shown; false: it is none of them. */
bool choose(struct app *app, enum action action);
void choose_answered(struct app *app, enum action action, int at, uint32_t checks);
struct request *add_request(struct app *app, enum request_kind kind, const struct box *box);
/** add_verb() - "devbox -p PROJECT [-C FOLDER] VERB"; what else it needs is the caller's. */
struct request *add_verb(struct app *app, enum request_kind kind, const struct box *box,
			 const char *verb);
/** target_words() - "api-gw", "2 boxes". free() it. */
char *target_words(const struct app *app);

/* --- change.c, ports.c --- */

/** change_menu() - ask which limit; change_answered() - then its value, then change it. */
void change_menu(struct app *app);
void change_answered(struct app *app, int at, const char *input);
/** ports_menu() - open the port of the selected box, or ask which. */
void ports_menu(struct app *app);
void ports_answered(struct app *app, const char *line);
/** ports_words() - "  127.0.0.1:8080 -> 80/tcp" for each. free() it. */
char *ports_words(const struct box *box);

/* --- views --- */

void open_screen(struct app *app, enum screen screen);
void draw_list(struct app *app, struct rect area);
void draw_stats(struct app *app, struct rect area);
void draw_graph_of(struct app *app, const struct box *box, enum graph graph, struct rect area);
void draw_log(struct app *app, struct rect area);
void draw_processes(struct app *app, struct rect area);
void draw_events(struct app *app, struct rect area);
void draw_alerts(struct app *app, struct rect area);
void draw_text(struct app *app, struct text *text, struct rect area);
void draw_host(struct app *app);
void draw_tabs(struct app *app);
/** add_hit() - a click into @area means that. */
void add_hit(struct app *app, struct rect area, enum hit_kind kind, int value);

/* --- view_log.c --- */

void log_open_box(struct app *app, const struct box *box);
void log_move(struct app *app, int lines);
void log_follow(struct app *app, bool is_following);
void log_first(struct app *app);
bool log_search(struct app *app, bool is_forward);
/** log_updated() - look for what is new. */
void log_updated(struct app *app);

/* --- view_text.c --- */

void help_build(struct app *app);
bool text_search(struct app *app, struct text *text, bool is_forward);
void text_clear(struct text *text);

/** contains() - @part in @text; a capital in @part makes capitals matter. */
bool contains(const char *text, const char *part);

#endif
