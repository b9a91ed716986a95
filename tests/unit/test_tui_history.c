#include "tui/source.h"

#include "state/event_words.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The events of projects, from their files. */

static char folder[64], runtime[80];
static struct source source;
static struct model model;

static int set_up(void **state)
{
	struct places places = {.state = folder, .runtime = runtime};
	struct err err = {0};

	(void)state;
	(void)strcpy(folder, "/tmp/devbox-test.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(runtime, sizeof(runtime), "%s/.run", folder);
	if (mkdir(runtime, 0700) < 0)
		return -1;
	model_init(&model);
	if (source_open(&places, &source, &err) < 0)
		return -1;
	return source_load(&source, &model, &err);
}

static int tear_down(void **state)
{
	AUTO_FREE char *command = xasprintf("rm -rf %s", folder);

	(void)state;
	source_close(&source);
	model_done(&model);
	return system(command);
}

static void happen(const char *project, const char *name, int64_t time_ms, const char *reason)
{
	AUTO_FREE char *dir = xasprintf("%s/%s", folder, project);
	struct event event = event_make(project, name);
	struct err err = {0};

	event.time_ms = time_ms;
	event.reason = xstrdup(reason);
	assert_int_equal(event_append(dir, &event, &err), 0);
	event_done(&event);
}

static void add_box(const char *project)
{
	struct box *box = model_add(&model, project);

	box->project = xstrdup(project);
	box->state = BOX_EXITED;
}

static void what_was_written_before_is_there_in_order(void **state)
{
	(void)state;
	happen("one", EVENT_STARTED, 10, NULL);
	happen("two", EVENT_STARTED, 20, NULL);
	happen("one", EVENT_DIED, 30, "oom-killed at \033[31m64M");
	add_box("one");
	add_box("two");
	history_follow(&source, &model);
	assert_int_equal(model.event_count, 3);
	assert_string_equal(model.events[0].box, "one");
	assert_string_equal(model.events[1].box, "two");
	assert_string_equal(model.events[2].text, "died       oom-killed at 64M");
	assert_true(model.events[2].is_bad);
	assert_false(model.events[1].is_bad);
}

static void what_happens_is_heard_of_also_in_a_new_file(void **state)
{
	AUTO_FREE char *file = xasprintf("%s/one/" EVENTS_NAME, folder);
	AUTO_FREE char *old = xasprintf("%s/one/" EVENTS_OLD_NAME, folder);

	(void)state;
	happen("one", EVENT_STARTED, 10, NULL);
	add_box("one");
	history_follow(&source, &model);
	happen("one", EVENT_PAUSED, 20, NULL);
	assert_true(source_changed(&source, &model));
	assert_int_equal(model.event_count, 2);
	happen("one", EVENT_UNPAUSED, 30, NULL);
	assert_int_equal(rename(file, old), 0);
	happen("one", EVENT_STOPPED, 40, NULL);
	(void)source_changed(&source, &model);
	assert_int_equal(model.event_count, 4);
	assert_string_equal(model.events[3].text, "stopped    ");
	happen("one", EVENT_STARTED, 50, NULL);
	(void)source_changed(&source, &model);
	assert_int_equal(model.event_count, 5);
}

static void of_a_long_file_only_the_end_is_read(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		happen("one", EVENT_PAUSED, i, "for a reason that makes the line longer");
	add_box("one");
	history_follow(&source, &model);
	assert_in_range(model.event_count, 100, 400);
	assert_int_equal(model.events[model.event_count - 1].time_ms, 999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_written_before_is_there_in_order,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_happens_is_heard_of_also_in_a_new_file,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_a_long_file_only_the_end_is_read, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
