#include "store_fixture.h"

#include <sys/wait.h>

/* The id that @folder gets for "shop"; free() it. */
static char *id_of(const struct home *home, const char *folder, bool exact, bool create)
{
	struct project project;
	struct err err;
	char *id;

	if (project_find(&home->dirs, "shop", folder, exact, create, &project, &err) < 0)
		return NULL;
	id = xstrdup(project.id);
	project_done(&project);
	return id;
}

static void a_new_project_has_its_name_as_id(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *folder = home_folder(home, "src/shop");
	AUTO_FREE char *data = path_join(home->dirs.data, "projects/shop");
	AUTO_FREE char *runtime = path_join(home->dirs.runtime, "shop");
	AUTO_FREE char *state_dir = path_join(home->dirs.state, "shop");
	struct project project;
	struct err err;

	assert_int_equal(project_find(&home->dirs, "shop", folder, false, true, &project, &err),
			 0);
	assert_string_equal(project.id, "shop");
	assert_string_equal(project.folder, folder);
	assert_string_equal(project.data_dir, data);
	assert_string_equal(project.runtime_dir, runtime);
	assert_string_equal(project.state_dir, state_dir);
	assert_int_equal(project.lock_fd, -1);
	assert_int_equal(access(data, F_OK), 0);
	project_done(&project);
	project_done(&project);
}

static void looking_claims_nothing(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *folder = home_folder(home, "src/shop");
	AUTO_FREE char *id = id_of(home, folder, false, false);

	assert_string_equal(id, "shop");
	assert_int_equal(access(home->dirs.data, F_OK), -1);
}

static void a_second_folder_of_the_name_gets_a_suffix_and_keeps_it(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *first = home_folder(home, "a/shop");
	AUTO_FREE char *second = home_folder(home, "b/shop");
	AUTO_FREE char *first_id = id_of(home, first, false, true);
	AUTO_FREE char *looked_id = id_of(home, second, false, false);
	AUTO_FREE char *second_id = id_of(home, second, false, true);
	AUTO_FREE char *again_id = NULL;
	AUTO_FREE char *claimed = path_join(home->dirs.data, "projects/shop/folder");
	struct err err;

	assert_string_equal(first_id, "shop");
	assert_int_equal(strlen(second_id), strlen("shop-1234"));
	assert_true(str_starts(second_id, "shop-"));
	assert_string_equal(looked_id, second_id);
	assert_int_equal(project_name_check(second_id, &err), 0);

	/* The first project goes: the second stays what it is. */
	assert_int_equal(unlink(claimed), 0);
	again_id = id_of(home, second, false, true);
	assert_string_equal(again_id, second_id);
}

static void one_folder_by_two_paths_is_one_project(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *folder = home_folder(home, "src/shop");
	AUTO_FREE char *other = path_join(home->top, "short");
	AUTO_FREE char *id = NULL;

	assert_int_equal(symlink(folder, other), 0);
	free(id_of(home, folder, false, true));
	id = id_of(home, other, true, true);
	assert_string_equal(id, "shop");
}

static void an_exact_name_of_another_folder_is_an_error(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *first = home_folder(home, "a/shop");
	AUTO_FREE char *second = home_folder(home, "b/shop");
	struct project project = {.lock_fd = 7};
	struct err err;

	free(id_of(home, first, false, true));
	assert_int_equal(project_find(&home->dirs, "shop", second, true, true, &project, &err),
			 -1);
	assert_int_equal(err.code, EEXIST);
	assert_non_null(strstr(err.message, first));
	assert_non_null(strstr(err.hint, "-p"));
	assert_int_equal(project.lock_fd, 7);
}

static void an_exact_name_is_taken_over_from_a_folder_that_is_gone(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *first = home_folder(home, "a/shop");
	AUTO_FREE char *second = home_folder(home, "b/shop");
	AUTO_FREE char *id = NULL, *after = NULL;

	free(id_of(home, first, false, true));
	assert_int_equal(rmdir(first), 0);
	id = id_of(home, second, true, true);
	assert_string_equal(id, "shop");
	after = id_of(home, second, false, false);
	assert_string_equal(after, "shop");
}

static void an_improper_name_is_refused(void **state)
{
	const struct home *home = *state;
	struct project project;
	struct err err;

	assert_int_equal(
		project_find(&home->dirs, "../x", home->top, false, true, &project, &err), -1);
}

static void an_absurd_folder_file_is_an_error(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *folder = home_folder(home, "src/shop");
	AUTO_FREE char *in_the_way =
		home_folder(home, ".local/share/devbox/projects/shop/folder");
	struct project project;
	struct err err;

	assert_non_null(in_the_way);
	assert_int_equal(project_find(&home->dirs, "shop", folder, false, true, &project, &err),
			 -1);
	assert_non_null(strstr(err.message, "not a regular file"));
}

#define CLAIMERS 8

/* Folders of one name claim at once: each ends with an id of its own. */
static void claims_at_once_give_one_id_each(void **state)
{
	const struct home *home = *state;
	AUTO_STRV struct strv ids = {0};
	pid_t pids[CLAIMERS];
	struct err err;

	for (int i = 0; i < CLAIMERS; i++) {
		AUTO_FREE char *below = xasprintf("%d/shop", i);
		AUTO_FREE char *folder = home_folder(home, below);

		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			char *id = id_of(home, folder, false, true);

			_exit(id ? 0 : 1);
		}
	}
	for (int i = 0; i < CLAIMERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(project_list(&home->dirs, &ids, &err), 0);
	assert_int_equal(ids.count, CLAIMERS);
	assert_string_equal(ids.items[0], "shop");
}

static void list_finds_projects_by_data_and_by_lock(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *folder = home_folder(home, "src/shop");
	AUTO_FREE char *no_project = home_folder(home, "devbox/holder");
	AUTO_STRV struct strv ids = {0};
	struct project project;
	struct err err;

	assert_non_null(no_project);
	assert_int_equal(chmod(home->dirs.runtime, 0700), 0);
	assert_int_equal(project_list(&home->dirs, &ids, &err), 0);
	assert_int_equal(ids.count, 0);

	free(id_of(home, folder, false, true));
	assert_int_equal(project_find(&home->dirs, "api", folder, true, false, &project, &err),
			 0);
	assert_int_equal(project_lock(&project, "up", 0, &err), 0);
	project_done(&project);
	assert_int_equal(project_list(&home->dirs, &ids, &err), 0);
	assert_int_equal(ids.count, 2);
	assert_string_equal(ids.items[0], "api");
	assert_string_equal(ids.items[1], "shop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_HOME(a_new_project_has_its_name_as_id),
		IN_HOME(looking_claims_nothing),
		IN_HOME(a_second_folder_of_the_name_gets_a_suffix_and_keeps_it),
		IN_HOME(one_folder_by_two_paths_is_one_project),
		IN_HOME(an_exact_name_of_another_folder_is_an_error),
		IN_HOME(an_exact_name_is_taken_over_from_a_folder_that_is_gone),
		IN_HOME(an_improper_name_is_refused),
		IN_HOME(an_absurd_folder_file_is_an_error),
		IN_HOME(claims_at_once_give_one_id_each),
		IN_HOME(list_finds_projects_by_data_and_by_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
