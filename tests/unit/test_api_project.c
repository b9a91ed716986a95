#include "api/api.h"

#include "state/record.h"
#include "store_fixture.h"

#include "util/fd.h"

/* Open devbox in TOP/@folder with everything of it below TOP. */
static struct devbox *open_in(const struct home *home, const char *folder, const char *project)
{
	AUTO_FREE char *dir = home_folder(home, folder);
	const struct devbox_options options = {.start_dir = dir, .project = project};
	struct devbox *devbox;
	struct err err;

	(void)setenv("XDG_RUNTIME_DIR", home->top, 1);
	(void)setenv("HOME", home->top, 1);
	(void)setenv("XDG_DATA_HOME", home->top, 1);
	(void)setenv("XDG_STATE_HOME", home->top, 1);
	(void)setenv("XDG_CONFIG_HOME", home->top, 1);
	assert_int_equal(devbox_open(&options, &devbox, &err), 0);
	return devbox;
}

static void profile(const struct home *home, const char *folder, const char *text)
{
	AUTO_FREE char *dir = home_folder(home, folder);
	AUTO_FREE char *path = path_join(dir, "devbox.yaml");
	struct err err;

	assert_int_equal(fd_write_file(AT_FDCWD, path, text, strlen(text), 0600, &err), 0);
}

/* Claim the id as `up` does, and leave a record of a box that ended when @box. */
static void up(const struct home *home, const char *folder, const char *project,
	       const char *box)
{
	struct devbox *devbox = open_in(home, folder, project);
	struct config *config;
	struct spec spec;
	struct project found;
	struct err err = {0};

	assert_int_equal(devbox_load(devbox, false, true, &config, &spec, &found, &err), 0);
	if (box) {
		struct record record = {.project = found.id,
					.box = (char *)box,
					.folder = found.folder,
					.phase = PHASE_EXITED};

		assert_int_equal(path_mkdirs(found.runtime_dir, 0700), 0);
		assert_int_equal(record_save(found.runtime_dir, &record, &err), 0);
	}
	project_done(&found);
	spec_done(&spec);
	config_free(config);
	devbox_close(devbox);
}

/* Id of the project in @folder, or the message of the error. free() it. */
static char *id_in(const struct home *home, const char *folder, const char *project)
{
	struct devbox *devbox = open_in(home, folder, project);
	struct project found;
	struct err err = {0};
	char *text;

	if (devbox_project(devbox, &found, &err) < 0) {
		text = xstrdup(err.message);
	} else {
		text = xstrdup(found.id);
		project_done(&found);
	}
	devbox_close(devbox);
	return text;
}

/* "PROJECT BOX" that @name means in @folder, or the message. free() it. */
static char *box_in(const struct home *home, const char *folder, const char *name)
{
	struct devbox *devbox = open_in(home, folder, NULL);
	AUTO_FREE char *box = NULL;
	struct project found;
	struct err err = {0};
	char *text;

	if (devbox_find_box(devbox, name, &found, &box, &err) < 0) {
		text = xstrdup(err.message);
	} else {
		text = xasprintf("%s %s", found.id, box);
		project_done(&found);
	}
	devbox_close(devbox);
	return text;
}

#define SAYS(call, want)                                \
	do {                                            \
		AUTO_FREE char *says_text = (call);     \
		assert_string_equal(says_text, (want)); \
	} while (0)

static void a_folder_without_profile_is_a_project(void **state)
{
	SAYS(id_in(*state, "src/My Shop", NULL), "my-shop");
}

static void the_profile_names_the_project_from_any_folder_below(void **state)
{
	profile(*state, "src/a", "name: shop\n");
	SAYS(id_in(*state, "src/a/deep/down", NULL), "shop");
	up(*state, "src/a", NULL, DEV_BOX);
	SAYS(id_in(*state, "src/a/deep/down", NULL), "shop");
}

static void a_broken_profile_does_not_hide_a_box(void **state)
{
	profile(*state, "src/a", "name: shop\n");
	up(*state, "src/a", NULL, DEV_BOX);
	profile(*state, "src/a", "name: [\n");
	SAYS(id_in(*state, "src/a", NULL), "shop");
}

static void a_box_outlives_a_change_of_name(void **state)
{
	profile(*state, "src/a", "name: old\n");
	up(*state, "src/a", NULL, DEV_BOX);
	profile(*state, "src/a", "name: new\n");
	SAYS(id_in(*state, "src/a", NULL), "old");
	up(*state, "src/a", NULL, DEV_BOX);
	SAYS(id_in(*state, "src/a", NULL), "new");
}

static void a_name_that_was_given_works_from_anywhere(void **state)
{
	up(*state, "src/shop", NULL, DEV_BOX);
	SAYS(id_in(*state, "elsewhere", "shop"), "shop");
	SAYS(id_in(*state, "elsewhere", "shoop"), "there is no project 'shoop'");
	SAYS(id_in(*state, "elsewhere", NULL), "elsewhere");
}

static void boxes_are_found_by_the_names_people_use(void **state)
{
	up(*state, "src/shop", NULL, DEV_BOX);
	up(*state, "src/shop", NULL, "db");
	up(*state, "src/zoo", NULL, DEV_BOX);
	SAYS(box_in(*state, "src/shop", NULL), "shop dev");
	SAYS(box_in(*state, "src/shop", "shop"), "shop dev");
	SAYS(box_in(*state, "src/shop", "dev"), "shop dev");
	SAYS(box_in(*state, "src/shop", "db"), "shop db");
	SAYS(box_in(*state, "src/shop", "zoo"), "zoo dev");
	SAYS(box_in(*state, "src/zoo", "shop/db"), "shop db");
	SAYS(box_in(*state, "src/zoo", "db"), "there is no box 'db'");
	SAYS(box_in(*state, "src/zoo", "nope/db"), "there is no project 'nope'");
	SAYS(box_in(*state, "src/zoo", "shop/../x"), "'shop/../x' is no name of a box");
	SAYS(box_in(*state, "src/zoo", "shop/"), "'shop/' is no name of a box");
	SAYS(box_in(*state, "src/zoo", "../zoo"),
	     "project name '..' is not made of a-z, 0-9, '_' and '-', at most 63 of them, a "
	     "letter or digit first");
}

static void a_wrong_name_in_the_profile_is_shown_where_it_is(void **state)
{
	const struct home *home = *state;
	struct devbox *devbox;
	struct config *config;
	struct spec spec;
	struct project found;
	struct err err = {0};

	profile(home, "src/a", "image: host\nname: Shop!\n");
	devbox = open_in(home, "src/a", NULL);
	assert_int_equal(devbox_load(devbox, true, false, &config, &spec, &found, &err), -1);
	assert_string_equal(err.file, "devbox.yaml");
	assert_int_equal(err.line, 2);
	devbox_close(devbox);
}

static void a_folder_that_is_none_is_refused(void **state)
{
	static const char *const folders[] = {"/nowhere/at/all", "/etc/passwd"};
	struct devbox *devbox;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		const struct devbox_options options = {.start_dir = folders[i]};

		assert_int_equal(devbox_open(&options, &devbox, &err), -1);
		assert_non_null(strstr(err.message, folders[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_HOME(a_folder_without_profile_is_a_project),
		IN_HOME(the_profile_names_the_project_from_any_folder_below),
		IN_HOME(a_broken_profile_does_not_hide_a_box),
		IN_HOME(a_box_outlives_a_change_of_name),
		IN_HOME(a_name_that_was_given_works_from_anywhere),
		IN_HOME(boxes_are_found_by_the_names_people_use),
		IN_HOME(a_wrong_name_in_the_profile_is_shown_where_it_is),
		IN_HOME(a_folder_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
