#include "api/status.h"

#include "state/record.h"
#include "store_fixture.h"

#include "util/fd.h"
#include "util/proc.h"

/* A record of @box in the project @id: of a process that lives, or of one that ended. */
static void save(const struct home *home, const char *id, const char *box, bool lives)
{
	AUTO_FREE char *dir = path_join(home->dirs.runtime, id);
	uint64_t ticks = 0;
	struct err err;
	struct record record = {
		.project = (char *)id,
		.box = (char *)box,
		.image = (char *)"host",
		.folder = home->top,
		.phase = lives ? PHASE_RUNNING : PHASE_EXITED,
		.started_ms = 1000,
		.has_exit = !lives,
		.exit_code = 137,
		.reason = lives ? NULL : (char *)"oom-killed at 6.0G",
	};

	assert_int_equal(path_mkdirs(dir, 0700), 0);
	assert_int_equal(proc_start_time(getpid(), &ticks), 0);
	record.init_pid = record.supervisor_pid = lives ? getpid() : 0;
	record.init_start = record.supervisor_start = ticks;
	assert_int_equal(record_save(dir, &record, &err), 0);
}

/* Names of the boxes, with a space behind each. free() it. */
static char *names(const struct home *home, const char *id, bool with_exited)
{
	struct box_list list;
	struct buf text = {0};
	struct err err;

	assert_int_equal(box_list_read(home->dirs.runtime, id, with_exited, &list, &err), 0);
	for (size_t i = 0; i < list.count; i++)
		buf_printf(&text, "%s ", list.items[i].name);
	box_list_done(&list);
	return buf_take(&text);
}

#define NAMES(id, with_exited, want)                                       \
	do {                                                               \
		AUTO_FREE char *names_text = names(home, id, with_exited); \
		assert_string_equal(names_text, want);                     \
	} while (0)

static void no_folder_is_no_box(void **state)
{
	const struct home *home = *state;

	NAMES(NULL, true, "");
	NAMES("shop", true, "");
}

static void boxes_of_all_projects_are_sorted(void **state)
{
	const struct home *home = *state;

	save(home, "zoo", DEV_BOX, true);
	save(home, "shop", "web", true);
	save(home, "shop", DEV_BOX, true);
	save(home, "shop", "db", false);
	NAMES(NULL, false, "shop shop/web zoo ");
	NAMES(NULL, true, "shop/db shop shop/web zoo ");
	NAMES("shop", false, "shop shop/web ");
	NAMES("other", true, "");
}

static void a_box_that_ended_has_its_reason_and_no_figures(void **state)
{
	const struct home *home = *state;
	struct box_list list;
	struct err err;

	save(home, "shop", DEV_BOX, false);
	assert_int_equal(box_list_read(home->dirs.runtime, "shop", true, &list, &err), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].state, "exited");
	assert_string_equal(list.items[0].reason, "oom-killed at 6.0G");
	assert_true(list.items[0].has_exit);
	assert_int_equal(list.items[0].exit_code, 137);
	assert_false(list.items[0].has_stats);
	assert_true(list.items[0].stats.memory_current == STAT_UNKNOWN);
	assert_true(list.items[0].stats.io_pressure.full_total_us == STAT_UNKNOWN);
	box_list_done(&list);
}

static void a_record_that_cannot_be_read_hides_no_other(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *path = path_join(home->dirs.runtime, "shop/bad.box");
	struct err err;

	save(home, "shop", DEV_BOX, true);
	assert_int_equal(fd_write_file(AT_FDCWD, path, "phase=nonsense\n", 15, 0600, &err), 0);
	NAMES("shop", false, "shop ");
}

static void a_name_is_project_and_service(void **state)
{
	AUTO_FREE char *dev = box_full_name("shop", DEV_BOX);
	AUTO_FREE char *service = box_full_name("shop", "db");

	(void)state;
	assert_string_equal(dev, "shop");
	assert_string_equal(service, "shop/db");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_HOME(no_folder_is_no_box),
		IN_HOME(boxes_of_all_projects_are_sorted),
		IN_HOME(a_box_that_ended_has_its_reason_and_no_figures),
		IN_HOME(a_record_that_cannot_be_read_hides_no_other),
		cmocka_unit_test(a_name_is_project_and_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
