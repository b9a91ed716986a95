#ifndef TUI_KEYMAP_H
#define TUI_KEYMAP_H

#include "tui/key.h"
#include "util/err.h"

#include <stddef.h>

/* What a key does: one table, from which help, the bar at the bottom and the settings come. */

enum action {
	ACTION_NONE,
	/* move */
	ACTION_UP,
	ACTION_DOWN,
	ACTION_PAGE_UP,
	ACTION_PAGE_DOWN,
	ACTION_FIRST,
	ACTION_LAST,
	ACTION_LEFT,
	ACTION_RIGHT,
	ACTION_NEXT_TAB,
	ACTION_PREVIOUS_TAB,
	ACTION_PREVIOUS_BOX,
	ACTION_NEXT_BOX,
	ACTION_OPEN,
	ACTION_BACK,
	/* view */
	ACTION_STATS,
	ACTION_LOGS,
	ACTION_PROCESSES,
	ACTION_PROCESSES_TAB,
	ACTION_EVENTS,
	ACTION_INSPECT,
	ACTION_ALERTS,
	ACTION_ZOOM,
	ACTION_HOLD,
	ACTION_FASTER,
	ACTION_SLOWER,
	ACTION_CPU_SCALE,
	ACTION_MEMORY_KIND,
	ACTION_THEME,
	ACTION_MOUSE,
	ACTION_REDRAW,
	ACTION_SAVE,
	ACTION_SUSPEND,
	ACTION_HELP,
	ACTION_QUIT,
	/* list */
	ACTION_FILTER,
	ACTION_CLEAR_FILTER,
	ACTION_SORT,
	ACTION_INVERT,
	ACTION_GROUP,
	ACTION_COLUMNS,
	ACTION_MARK,
	ACTION_UNMARK,
	/* text */
	ACTION_SEARCH,
	ACTION_NEXT_MATCH,
	ACTION_PREVIOUS_MATCH,
	ACTION_FOLLOW,
	ACTION_WRAP,
	ACTION_TIMES,
	ACTION_ONLY,
	/* act */
	ACTION_SHELL,
	ACTION_RUN,
	ACTION_EDITOR,
	ACTION_COPY,
	ACTION_START_STOP,
	ACTION_RESTART,
	ACTION_PAUSE,
	ACTION_KILL,
	ACTION_CHANGE,
	ACTION_PORT,
	ACTION_REMOVE,
	ACTION_COUNT
};

/* Where a key means something; a key may mean different things in different places. */
#define ON_LIST (1U << 0)
#define ON_STATS (1U << 1)
#define ON_LOGS (1U << 2)
#define ON_PROCESSES (1U << 3)
#define ON_TEXT (1U << 4) /* events, inspect, alerts, help */
#define ON_ALL 0x1fU
#define ON_BOX (ON_LIST | ON_STATS | ON_LOGS | ON_PROCESSES | ON_TEXT)

enum action_group { GROUP_MOVE, GROUP_VIEW, GROUP_LIST, GROUP_TEXT, GROUP_ACT, GROUP_COUNT };

/**
 * struct action_info - @keys: as shipped, separated by blanks
 * @label:	for the bar at the bottom; NULL: not there
 */
struct action_info {
	const char *name;
	const char *keys;
	unsigned int places;
	enum action_group group;
	const char *label;
	const char *help;
};

#define KEYS_PER_ACTION 4
struct keymap {
	int keys[ACTION_COUNT][KEYS_PER_ACTION]; /* 0: none */
};

const struct action_info *action_info(enum action action);
const char *action_group_name(enum action_group group);

/** keymap_init() - the keys as shipped. */
void keymap_init(struct keymap *map);
/** keymap_set() - give @name other @keys ("x C-x"; "none": no key). @err: unknown action or
 * key, or a key that another action of the same place has. */
int keymap_set(struct keymap *map, const char *name, const char *keys, struct err *err);
/** keymap_find() - what @key does at @place. */
enum action keymap_find(const struct keymap *map, unsigned int place, int key);
/** keymap_clash() - the action that has @key in a place of @action too; ACTION_NONE. */
enum action keymap_clash(const struct keymap *map, enum action action, int key);
/** keymap_words() - "up k" for people. free() it. */
char *keymap_words(const struct keymap *map, enum action action);

#endif
