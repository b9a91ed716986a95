#include "state/record.h"

#include "store_fixture.h"

static void save(const struct home *home, const char *box, const char *reason)
{
	AUTO_FREE char *dir = path_join(home->top, "run/shop");
	AUTO_FREE char *box_name = xstrdup(box);
	AUTO_FREE char *words = xstrdup(reason);
	char project[] = "shop";
	struct record record = {.project = project, .box = box_name, .reason = words};
	struct err err;

	if (record_save(dir, &record, &err) < 0)
		fail_msg("%s", err.message);
}

static void a_saved_record_is_loaded_by_its_box(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *dir = path_join(home->top, "run/shop");
	AUTO_FREE char *file = path_join(dir, "dev.box");
	struct record record;
	struct err err;
	struct stat st;

	save(home, "dev", "first");
	save(home, "dev", "second");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(record_load(dir, "dev", &record, &err), 0);
	assert_string_equal(record.reason, "second");
	record_done(&record);
}

static void a_box_without_a_record_is_enoent(void **state)
{
	static const char *const boxes[] = {"dev", "", "..", "../shop/dev", ".hidden", "a\nb"};
	const struct home *home = *state;
	AUTO_FREE char *dir = path_join(home->top, "run/shop");
	struct record record = {.exit_code = 77};
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(boxes); i++) {
		assert_int_equal(record_load(dir, boxes[i], &record, &err), -1);
		assert_int_equal(err.code, ENOENT);
	}
	assert_int_equal(record.exit_code, 77);
}

static void a_record_is_never_saved_outside_its_folder(void **state)
{
	const struct home *home = *state;
	char project[] = "shop";
	char box[] = "../x";
	struct record record = {.project = project, .box = box};
	struct err err;

	assert_int_equal(record_save(home->top, &record, &err), -1);
}

static void a_broken_record_names_its_file_and_the_way_out(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *file = path_join(home->top, "dev.box");
	AUTO_CLOSE int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct record record;
	struct err err;

	assert_int_equal(write(fd, "project=shop\nbox", 16), 16);
	assert_int_equal(record_load(home->top, "dev", &record, &err), -1);
	assert_non_null(strstr(err.message, file));
	assert_non_null(strstr(err.message, "line 2"));
	assert_non_null(strstr(err.hint, "devbox down"));
}

static void a_record_that_is_no_file_is_refused(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *file = path_join(home->top, "dev.box");
	struct record record;
	struct err err;

	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(record_load(home->top, "dev", &record, &err), -1);
	assert_non_null(strstr(err.message, "not a regular file"));
}

static void list_gives_the_boxes_in_order(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *dir = path_join(home->top, "run/shop");
	AUTO_FREE char *other = path_join(dir, "lock");
	AUTO_FREE char *draft = path_join(dir, "web.box.12.tmp");
	AUTO_FREE char *none = path_join(home->top, "none");
	AUTO_STRV struct strv boxes = {0};
	struct err err;

	assert_int_equal(record_list(none, &boxes, &err), 0);
	assert_int_equal(boxes.count, 0);

	save(home, "web", "");
	save(home, "dev", "");
	save(home, "db-1", "");
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(mkdir(draft, 0700), 0);
	assert_int_equal(record_list(dir, &boxes, &err), 0);
	assert_int_equal(boxes.count, 3);
	assert_string_equal(boxes.items[0], "db-1");
	assert_string_equal(boxes.items[1], "dev");
	assert_string_equal(boxes.items[2], "web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_HOME(a_saved_record_is_loaded_by_its_box),
		IN_HOME(a_box_without_a_record_is_enoent),
		IN_HOME(a_record_is_never_saved_outside_its_folder),
		IN_HOME(a_broken_record_names_its_file_and_the_way_out),
		IN_HOME(a_record_that_is_no_file_is_refused),
		IN_HOME(list_gives_the_boxes_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
