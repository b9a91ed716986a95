#include "tui/app.h"
#include "tui/columns.h"
#include "tui/recording.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DEMO "tests/tui/demo.model"

static void columns_never_overlap_or_leave_the_screen(void **state)
{
	(void)state;
	for (int width = 4; width <= 300; width++) {
		for (int name = 1; name < 60; name += 7) {
			struct place places[COLUMN_COUNT];
			const size_t count = columns_fit(UINT32_MAX, width, name, places);

			assert_true(count >= 1);
			assert_int_equal(places[0].column, COLUMN_NAME);
			for (size_t i = 0; i < count; i++) {
				assert_true(places[i].width > 0);
				assert_true(places[i].x + places[i].width <= width);
				if (i)
					assert_true(places[i].x >=
						    places[i - 1].x + places[i - 1].width + 1);
			}
		}
	}
}

static void the_important_columns_stay_longest(void **state)
{
	struct place places[COLUMN_COUNT];
	size_t count = columns_fit(columns_default(), 40, 8, places);
	bool has_cpu = false, has_memory = false;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		has_cpu = has_cpu || places[i].column == COLUMN_CPU;
		has_memory = has_memory || places[i].column == COLUMN_MEMORY;
		assert_int_not_equal(places[i].column, COLUMN_IMAGE);
	}
	assert_true(has_cpu);
	assert_true(has_memory);
}

static void columns_that_are_not_wanted_are_not_there(void **state)
{
	struct place places[COLUMN_COUNT];

	(void)state;
	assert_int_equal(columns_fit(1U << COLUMN_NAME | 1U << COLUMN_PIDS, 300, 8, places), 2);
	assert_int_equal(places[1].column, COLUMN_PIDS);
}

static bool is_cell_fine(uint32_t code)
{
	return code == 0 || (code >= 0x20 && code != 0x7f && !(code >= 0x80 && code < 0xa0));
}

static void draw(struct app *app, int width, int height)
{
	canvas_resize(&app->canvas, width, height);
	app_draw(app);
	for (int i = 0; i < width * height; i++)
		assert_true(is_cell_fine(app->canvas.cells[i].code));
}

/* Every screen and dialog, at every size. */
static void everything_is_drawn_at_every_size(void **state)
{
	static const int screens[] = {'1', 'l', '3', '4', 'i', 'a',
				      '?', 's', 'c', 'x', 'S', 'D'};
	AUTO_FREE char *text = NULL;
	struct recording recording;
	struct app app;
	struct err err;

	(void)state;
	assert_int_equal(fd_read_file(AT_FDCWD, DEMO, 1 << 20, &text, &err), 0);
	app_init(&app);
	recording_open(&recording, text, "tests/tui/");
	app.log_path = recording_log;
	app.log_path_arg = &recording;
	assert_int_equal(recording_next(&recording, &app.model, &err), 0);
	app_updated(&app);
	app.settings.group = true;
	for (size_t i = 0; i <= ARRAY_LEN(screens); i++) {
		if (i)
			app_key(&app, screens[i - 1]);
		for (int height = 5; height <= 100; height += height < 30 ? 1 : 14)
			for (int width = 20; width <= 300; width += width < 90 ? 3 : 41)
				draw(&app, width, height);
		draw(&app, 300, 100);
		draw(&app, 1, 1);
		app_key(&app, TK_ESC);
		app_key(&app, TK_ESC);
	}
	recording_close(&recording);
	app_done(&app);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_never_overlap_or_leave_the_screen),
		cmocka_unit_test(the_important_columns_stay_longest),
		cmocka_unit_test(columns_that_are_not_wanted_are_not_there),
		cmocka_unit_test(everything_is_drawn_at_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
