#include "tui/keymap.h"
#include "tui/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void no_key_as_shipped_means_two_things_in_one_place(void **state)
{
	struct keymap map;

	(void)state;
	keymap_init(&map);
	for (int action = 1; action < ACTION_COUNT; action++) {
		assert_non_null(action_info((enum action)action)->name);
		assert_true(map.keys[action][0] > 0);
		for (int i = 0; i < KEYS_PER_ACTION && map.keys[action][i]; i++)
			assert_int_equal(
				keymap_clash(&map, (enum action)action, map.keys[action][i]),
				ACTION_NONE);
	}
}

static void a_key_may_mean_something_else_elsewhere(void **state)
{
	struct keymap map;

	(void)state;
	keymap_init(&map);
	assert_int_equal(keymap_find(&map, ON_LIST, '/'), ACTION_FILTER);
	assert_int_equal(keymap_find(&map, ON_LOGS, '/'), ACTION_SEARCH);
	assert_int_equal(keymap_find(&map, ON_LIST, 't'), ACTION_PROCESSES);
	assert_int_equal(keymap_find(&map, ON_LOGS, 't'), ACTION_TIMES);
	assert_int_equal(keymap_find(&map, ON_LIST, 0x1234), ACTION_NONE);
}

static void keys_are_known_by_their_names(void **state)
{
	static const char *const names[] = {"a",     "?",     "C-x", "C-\\", "Up",
					    "PgDn",  "Enter", "F1",  "F12",  "Esc",
					    "Space", "S-Tab", "=",   "Del"};
	static const char *const wrong[] = {"", "ab", "F0", "F13", "C-", "C-A", "\033", "\xff"};
	char name[KEY_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(key_parse(names[i]) > 0);
		assert_string_equal(key_word(key_parse(names[i]), name), names[i]);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(key_parse(wrong[i]), -1);
}

static void keys_can_be_changed_but_not_taken_from_others(void **state)
{
	struct keymap map;
	struct err err = {0};

	(void)state;
	keymap_init(&map);
	assert_int_equal(keymap_set(&map, "quit", "Q C-q", &err), 0);
	assert_int_equal(keymap_find(&map, ON_LIST, 'Q'), ACTION_QUIT);
	assert_int_equal(keymap_find(&map, ON_LIST, 'q'), ACTION_NONE);
	assert_int_equal(keymap_set(&map, "shell", "s", &err), -1);
	assert_string_equal(err.message, "key 's' of 'shell' is that of 'sort'");
	assert_int_equal(keymap_find(&map, ON_LIST, 'e'), ACTION_SHELL);
	assert_int_equal(keymap_set(&map, "shel", "b", &err), -1);
	assert_string_equal(err.hint, "did you mean 'shell'?");
	assert_int_equal(keymap_set(&map, "shell", "nokey", &err), -1);
	assert_int_equal(keymap_set(&map, "shell", "none", &err), 0);
	assert_int_equal(keymap_find(&map, ON_LIST, 'e'), ACTION_NONE);
}

static void settings_come_back_as_they_were_kept(void **state)
{
	struct settings settings, again;
	struct keymap map;
	struct err err;
	char *text;

	(void)state;
	keymap_init(&map);
	settings_init(&settings);
	settings.sort = COLUMN_PIDS;
	settings.theme = THEME_CONTRAST;
	settings.group = true;
	settings.interval_ms = 2500;
	settings.columns = 1U << COLUMN_NAME | 1U << COLUMN_SENT;
	text = settings_format(&settings);
	settings_init(&again);
	assert_int_equal(settings_parse(text, &again, &map, &err), 0);
	free(text);
	assert_int_equal(again.sort, COLUMN_PIDS);
	assert_int_equal(again.theme, THEME_CONTRAST);
	assert_true(again.group);
	assert_int_equal(again.interval_ms, 2500);
	assert_int_equal(again.columns, settings.columns);
}

static void a_wrong_line_is_named_and_the_others_count(void **state)
{
	struct settings settings;
	struct keymap map;
	struct err err = {0};

	(void)state;
	keymap_init(&map);
	settings_init(&settings);
	assert_int_equal(settings_parse("# words\n\ntheme = purple\nwrap = on\n"
					"key faster = =\nnonsense\n",
					&settings, &map, &err),
			 -1);
	assert_int_equal(err.line, 3);
	assert_string_equal(err.message, "'theme' cannot be 'purple'");
	assert_true(settings.wrap);
	assert_int_equal(keymap_find(&map, ON_LIST, '='), ACTION_FASTER);
	assert_int_equal(settings_parse("interval = 1ms", &settings, &map, &err), -1);
	assert_int_equal(settings_parse("mouse = maybe", &settings, &map, &err), -1);
	assert_int_equal(settings_parse("colour = red", &settings, &map, &err), -1);
	assert_int_equal(settings_parse("columns = name nothing", &settings, &map, &err), -1);
	assert_int_equal(settings.interval_ms, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_key_as_shipped_means_two_things_in_one_place),
		cmocka_unit_test(a_key_may_mean_something_else_elsewhere),
		cmocka_unit_test(keys_are_known_by_their_names),
		cmocka_unit_test(keys_can_be_changed_but_not_taken_from_others),
		cmocka_unit_test(settings_come_back_as_they_were_kept),
		cmocka_unit_test(a_wrong_line_is_named_and_the_others_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
