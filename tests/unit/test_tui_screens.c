#include "tui/headless.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* tests/tui/NAME.script on demo.model shows NAME.screen; tests/tui/renew writes them anew. */
#define FOLDER "tests/tui/"
#define BYTES_MAX (1U << 20)

static char *read_text(const char *name, const char *suffix)
{
	AUTO_FREE char *path = xasprintf(FOLDER "%s%s", name, suffix);
	char *text = NULL;
	struct err err;

	if (fd_read_file(AT_FDCWD, path, BYTES_MAX, &text, &err) < 0)
		fail_msg("%s", err.message);
	return text;
}

static void play(struct app *app, const char *name, struct buf *out)
{
	AUTO_FREE char *model = read_text("demo", ".model");
	AUTO_FREE char *script = read_text(name, ".script");
	struct recording recording;
	struct stage stage = {.app = app, .recording = &recording};
	struct err err = {0};

	recording_open(&recording, model, FOLDER);
	app->log_path = recording_log;
	app->log_path_arg = &recording;
	canvas_resize(&app->canvas, 80, 24);
	if (recording_next(&recording, &app->model, &err) < 0)
		fail_msg("line %d: %s", err.line, err.message);
	app_updated(app);
	if (headless_run(&stage, script, out, &err) < 0)
		fail_msg("%s.script:%d: %s", name, err.line, err.message);
	recording_close(&recording);
}

static void compare(const char *name, bool ascii, bool plain)
{
	AUTO_FREE char *want = read_text(name, plain ? ".plain.screen"
						     : (ascii ? ".ascii.screen" : ".screen"));
	AUTO_BUF struct buf got = {0};
	struct app app;

	app_init(&app);
	app.settings.ascii = ascii;
	app.settings.plain = plain;
	play(&app, name, &got);
	app_done(&app);
	assert_string_equal(got.data, want);
}

static void show(const char *name)
{
	compare(name, false, false);
	compare(name, true, false);
}

#define SCREEN(function, name)             \
	static void function(void **state) \
	{                                  \
		(void)state;               \
		show(name);                \
	}

SCREEN(the_list_of_80_columns, "list-80")
SCREEN(the_list_of_160_columns, "list-160")
SCREEN(small_screens, "small")
SCREEN(a_box_of_80_columns, "box-80")
SCREEN(a_box_of_160_columns, "box-160")
SCREEN(a_log_followed_searched_and_wrapped, "logs")
SCREEN(help_in_one_column_and_in_two, "help")
SCREEN(alerts_stay_until_they_are_seen, "alerts")
SCREEN(acts_ask_first_and_start_devbox, "acts")

static void words_for_screen_readers(void **state)
{
	(void)state;
	compare("plain", false, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_of_80_columns),
		cmocka_unit_test(the_list_of_160_columns),
		cmocka_unit_test(small_screens),
		cmocka_unit_test(a_box_of_80_columns),
		cmocka_unit_test(a_box_of_160_columns),
		cmocka_unit_test(a_log_followed_searched_and_wrapped),
		cmocka_unit_test(help_in_one_column_and_in_two),
		cmocka_unit_test(alerts_stay_until_they_are_seen),
		cmocka_unit_test(acts_ask_first_and_start_devbox),
		cmocka_unit_test(words_for_screen_readers),
	};

	(void)setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
