#include "tui/keymap.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <stdlib.h>
#include <string.h>

#define NOT_LIST (ON_STATS | ON_LOGS | ON_PROCESSES | ON_TEXT)

static const struct action_info table[ACTION_COUNT] = {
	[ACTION_UP] = {"up", "Up k", ON_ALL, GROUP_MOVE, NULL, "one up"},
	[ACTION_DOWN] = {"down", "Down j", ON_ALL, GROUP_MOVE, NULL, "one down"},
	[ACTION_PAGE_UP] = {"page-up", "PgUp C-u", ON_ALL, GROUP_MOVE, NULL, "a page up"},
	[ACTION_PAGE_DOWN] = {"page-down", "PgDn C-d", ON_ALL, GROUP_MOVE, NULL, "a page down"},
	[ACTION_FIRST] = {"first", "Home g", ON_ALL, GROUP_MOVE, NULL, "the first"},
	[ACTION_LAST] = {"last", "End G", ON_ALL, GROUP_MOVE, NULL, "the last"},
	[ACTION_LEFT] = {"left", "Left", ON_ALL, GROUP_MOVE, NULL, "scroll left"},
	[ACTION_RIGHT] = {"right", "Right", ON_ALL, GROUP_MOVE, NULL, "scroll right"},
	[ACTION_NEXT_TAB] = {"next-tab", "Tab", ON_ALL, GROUP_MOVE, "Tab", "next tab"},
	[ACTION_PREVIOUS_TAB] = {"previous-tab", "S-Tab", ON_ALL, GROUP_MOVE, NULL,
				 "previous tab"},
	[ACTION_PREVIOUS_BOX] = {"previous-box", "[", ON_ALL, GROUP_MOVE, NULL, "previous box"},
	[ACTION_NEXT_BOX] = {"next-box", "]", ON_ALL, GROUP_MOVE, NULL, "next box"},
	[ACTION_OPEN] = {"open", "Enter", ON_ALL, GROUP_MOVE, "Open", "open the box"},
	[ACTION_BACK] = {"back", "Esc", ON_ALL, GROUP_MOVE, "Back", "back to the list"},

	[ACTION_STATS] = {"stats", "1", ON_ALL, GROUP_VIEW, NULL, "graphs of the box"},
	[ACTION_LOGS] = {"logs", "l 2", ON_ALL, GROUP_VIEW, "Logs", "what it wrote"},
	[ACTION_PROCESSES] = {"processes", "t", ON_ALL & ~ON_LOGS, GROUP_VIEW, "Procs",
			      "its processes"},
	[ACTION_PROCESSES_TAB] = {"processes-tab", "3", ON_ALL, GROUP_VIEW, NULL,
				  "processes, from the log"},
	[ACTION_EVENTS] = {"events", "4", ON_ALL, GROUP_VIEW, NULL, "what happened to it"},
	[ACTION_INSPECT] = {"inspect", "i 5", ON_ALL, GROUP_VIEW, "Inspect",
			    "all that is known of it"},
	[ACTION_ALERTS] = {"alerts", "a", ON_ALL, GROUP_VIEW, "Alerts",
			   "alerts; seen ones go away"},
	[ACTION_ZOOM] = {"zoom", "z", ON_LIST | ON_STATS, GROUP_VIEW, NULL,
			 "only the list, or one graph"},
	[ACTION_HOLD] = {"hold", "p", ON_ALL, GROUP_VIEW, NULL, "hold the screen"},
	[ACTION_FASTER] = {"faster", "+", ON_ALL, GROUP_VIEW, NULL, "look more often"},
	[ACTION_SLOWER] = {"slower", "-", ON_ALL, GROUP_VIEW, NULL, "look less often"},
	[ACTION_CPU_SCALE] = {"cpu-scale", "%", ON_ALL, GROUP_VIEW, NULL,
			      "cpu: of one, of the limit, of all"},
	[ACTION_MEMORY_KIND] = {"memory-kind", "m", ON_ALL, GROUP_VIEW, NULL,
				"memory: working set, all, anon"},
	[ACTION_THEME] = {"theme", "C-t", ON_ALL, GROUP_VIEW, NULL, "next theme"},
	[ACTION_MOUSE] = {"mouse", "M", ON_ALL, GROUP_VIEW, NULL, "mouse on or off"},
	[ACTION_REDRAW] = {"redraw", "C-l", ON_ALL, GROUP_VIEW, NULL, "draw anew"},
	[ACTION_SAVE] = {"save", "C-s", ON_ALL, GROUP_VIEW, NULL, "save the screen as text"},
	[ACTION_SUSPEND] = {"suspend", "C-z", ON_ALL, GROUP_VIEW, NULL, "suspend"},
	[ACTION_HELP] = {"help", "? F1", ON_ALL, GROUP_VIEW, "Help", "these words"},
	[ACTION_QUIT] = {"quit", "q C-c F10", ON_ALL, GROUP_VIEW, "Quit", "leave"},

	[ACTION_FILTER] = {"filter", "/", ON_LIST, GROUP_LIST, "Filter",
			   "filter; !word: unlike"},
	[ACTION_CLEAR_FILTER] = {"clear-filter", "\\", ON_LIST, GROUP_LIST, NULL, "all boxes"},
	[ACTION_SORT] = {"sort", "s", ON_LIST, GROUP_LIST, "Sort", "sort by"},
	[ACTION_INVERT] = {"invert", "I", ON_LIST, GROUP_LIST, NULL, "the other way round"},
	[ACTION_GROUP] = {"group", "T", ON_LIST, GROUP_LIST, NULL, "by project"},
	[ACTION_COLUMNS] = {"columns", "c", ON_LIST, GROUP_LIST, NULL, "choose columns"},
	[ACTION_MARK] = {"mark", "Space", ON_LIST, GROUP_LIST, NULL, "mark"},
	[ACTION_UNMARK] = {"unmark", "U", ON_LIST, GROUP_LIST, NULL, "unmark all"},

	[ACTION_SEARCH] = {"search", "/", NOT_LIST, GROUP_TEXT, "Search", "search"},
	[ACTION_NEXT_MATCH] = {"next-match", "n", NOT_LIST, GROUP_TEXT, NULL, "next match"},
	[ACTION_PREVIOUS_MATCH] = {"previous-match", "N", NOT_LIST, GROUP_TEXT, NULL,
				   "previous match"},
	[ACTION_FOLLOW] = {"follow", "f", ON_LOGS, GROUP_TEXT, "Follow", "follow the log"},
	[ACTION_WRAP] = {"wrap", "w", ON_LOGS | ON_TEXT, GROUP_TEXT, "Wrap", "wrap long lines"},
	[ACTION_TIMES] = {"times", "t", ON_LOGS, GROUP_TEXT, "Times", "times of lines"},
	[ACTION_ONLY] = {"only", "&", ON_LOGS, GROUP_TEXT, NULL, "only lines with"},

	[ACTION_SHELL] = {"shell", "e", ON_BOX, GROUP_ACT, "Shell", "shell in the box"},
	[ACTION_RUN] = {"run", "E", ON_BOX, GROUP_ACT, NULL, "run a command in it"},
	[ACTION_EDITOR] = {"editor", "o", ON_BOX, GROUP_ACT, NULL, "editor in its project"},
	[ACTION_COPY] = {"copy", "y", ON_BOX, GROUP_ACT, NULL, "copy its name"},
	[ACTION_START_STOP] = {"start-stop", "S", ON_BOX, GROUP_ACT, "Start/Stop",
			       "start, or stop!"},
	[ACTION_RESTART] = {"restart", "r", ON_BOX, GROUP_ACT, "Restart", "restart!"},
	[ACTION_PAUSE] = {"pause", "P", ON_BOX, GROUP_ACT, "Pause", "freeze, or let go on"},
	[ACTION_KILL] = {"kill", "x", ON_BOX, GROUP_ACT, "Kill", "send a signal!"},
	[ACTION_CHANGE] = {"change-limit", "u", ON_BOX, GROUP_ACT, NULL,
			   "change a limit, until the next up"},
	[ACTION_PORT] = {"open-port", "O", ON_BOX, GROUP_ACT, NULL,
			 "open a port in the browser"},
	[ACTION_REMOVE] = {"remove", "D", ON_BOX, GROUP_ACT, NULL, "remove! (type its name)"},
};

const struct action_info *action_info(enum action action)
{
	return &table[action];
}

const char *action_group_name(enum action_group group)
{
	static const char *const names[GROUP_COUNT] = {"MOVE", "VIEW", "LIST", "LOGS AND TEXT",
						       "ACT (! asks first)"};

	return names[group];
}

static enum action find_name(const char *name)
{
	for (int i = ACTION_NONE + 1; i < ACTION_COUNT; i++)
		if (str_eq(table[i].name, name))
			return (enum action)i;
	return ACTION_NONE;
}

/* Return: how many keys, or -1 with the word that is none in *@out_bad. */
static int parse_keys(const char *words, int out[KEYS_PER_ACTION], char **out_bad)
{
	AUTO_FREE char *copy = xstrdup(words);
	char *rest = copy, *word;
	int count = 0;

	memset(out, 0, sizeof(int) * KEYS_PER_ACTION);
	while ((word = strsep(&rest, " \t"))) {
		const int key = *word ? key_parse(word) : 0;

		if (!*word || str_eq(word, "none"))
			continue;
		if (key < 0 || count == KEYS_PER_ACTION) {
			*out_bad = xstrdup(word);
			return -1;
		}
		out[count++] = key;
	}
	return count;
}

void keymap_init(struct keymap *map)
{
	memset(map, 0, sizeof(*map));
	for (int i = ACTION_NONE + 1; i < ACTION_COUNT; i++) {
		AUTO_FREE char *bad = NULL;

		(void)parse_keys(table[i].keys, map->keys[i], &bad);
	}
}

static bool has_key(const struct keymap *map, int action, int key)
{
	for (int i = 0; i < KEYS_PER_ACTION; i++)
		if (key && map->keys[action][i] == key)
			return true;
	return false;
}

enum action keymap_find(const struct keymap *map, unsigned int place, int key)
{
	for (int i = ACTION_NONE + 1; i < ACTION_COUNT; i++)
		if ((table[i].places & place) && has_key(map, i, key))
			return (enum action)i;
	return ACTION_NONE;
}

enum action keymap_clash(const struct keymap *map, enum action action, int key)
{
	for (int i = ACTION_NONE + 1; i < ACTION_COUNT; i++)
		if (i != (int)action && (table[i].places & table[action].places) &&
		    has_key(map, i, key))
			return (enum action)i;
	return ACTION_NONE;
}

static const char *nearest(const char *name)
{
	const char *names[ACTION_COUNT + 1] = {0};

	for (int i = ACTION_NONE + 1; i < ACTION_COUNT; i++)
		names[i - 1] = table[i].name;
	return str_nearest(name, names);
}

int keymap_set(struct keymap *map, const char *name, const char *keys, struct err *err)
{
	const enum action action = find_name(name);
	AUTO_FREE char *bad = NULL;
	int wanted[KEYS_PER_ACTION];

	if (action == ACTION_NONE) {
		const char *near = nearest(name);

		(void)err_set(err, "unknown action '%s'", name);
		return near ? err_hint(err, "did you mean '%s'?", near) : -1;
	}
	if (parse_keys(keys, wanted, &bad) < 0)
		return err_set(err, "'%s' is no key", bad);
	for (int i = 0; i < KEYS_PER_ACTION; i++) {
		const enum action other =
			wanted[i] ? keymap_clash(map, action, wanted[i]) : ACTION_NONE;
		char key[KEY_NAME_MAX];

		if (other != ACTION_NONE)
			return err_set(err, "key '%s' of '%s' is that of '%s'",
				       key_word(wanted[i], key), name, table[other].name);
	}
	memcpy(map->keys[action], wanted, sizeof(wanted));
	return 0;
}

char *keymap_words(const struct keymap *map, enum action action)
{
	struct buf text = {0};
	char name[KEY_NAME_MAX];

	for (int i = 0; i < KEYS_PER_ACTION && map->keys[action][i]; i++)
		buf_printf(&text, "%s%s", i ? " " : "", key_word(map->keys[action][i], name));
	return buf_take(&text);
}
