#include "store_fixture.h"

static void dirs_fall_back_to_places_below_home(void **state)
{
	struct strv env = {0};
	struct dirs dirs;
	struct err err;

	(void)state;
	assert_int_equal(dirs_get(&env, "/home/ann", &dirs, &err), 0);
	assert_string_equal(dirs.config, "/home/ann/.config/devbox");
	assert_string_equal(dirs.data, "/home/ann/.local/share/devbox");
	assert_string_equal(dirs.state, "/home/ann/.local/state/devbox");
	assert_string_equal(dirs.cache, "/home/ann/.cache/devbox");
	assert_true(dirs.runtime[0] == '/');
	dirs_done(&dirs);
}

static void dirs_follow_absolute_variables_only(void **state)
{
	AUTO_STRV struct strv env = {0};
	struct dirs dirs;
	struct err err;

	(void)state;
	strv_add(&env, "XDG_CONFIG_HOME=/c/");
	strv_add(&env, "XDG_DATA_HOME=relative");
	strv_add(&env, "XDG_STATE_HOME=");
	strv_add(&env, "XDG_CACHE_HOME=/k");
	assert_int_equal(dirs_get(&env, "/", &dirs, &err), 0);
	assert_string_equal(dirs.config, "/c/devbox");
	assert_string_equal(dirs.data, "/.local/share/devbox");
	assert_string_equal(dirs.state, "/.local/state/devbox");
	assert_string_equal(dirs.cache, "/k/devbox");
	dirs_done(&dirs);
}

static void dirs_use_the_runtime_folder_of_the_session(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *expected = path_join(home->top, "devbox");

	assert_string_equal(home->dirs.xdg_runtime, home->top);
	assert_string_equal(home->dirs.runtime, expected);
	assert_int_equal(access(expected, F_OK), -1);
}

static void dirs_do_not_use_the_session_of_another_user(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *folder = home_folder(home, "foreign");
	AUTO_STRV struct strv env = {0};
	struct dirs dirs;
	struct err err;

	/* For a user /usr is somebody else's; root gives a folder away. */
	if (geteuid() == 0)
		assert_int_equal(chown(folder, 12345, 12345), 0);
	strv_addf(&env, "XDG_RUNTIME_DIR=%s", geteuid() == 0 ? folder : "/usr");
	assert_int_equal(dirs_get(&env, home->top, &dirs, &err), 0);
	assert_false(str_eq(dirs.xdg_runtime, env_get(&env, "XDG_RUNTIME_DIR")));
	assert_false(path_is_below(dirs.runtime, env_get(&env, "XDG_RUNTIME_DIR")));
	dirs_done(&dirs);
}

static void dirs_refuse_a_runtime_folder_that_others_can_write(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *folder = home_folder(home, "devbox");
	struct dirs dirs = {.data = folder};
	struct err err;

	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(dirs_get(&home->env, home->top, &dirs, &err), -1);
	assert_non_null(strstr(err.message, folder));
	assert_non_null(strstr(err.hint, "XDG_RUNTIME_DIR"));
	assert_ptr_equal(dirs.data, folder);
}

static void dirs_refuse_a_link_in_place_of_the_runtime_folder(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *target = home_folder(home, "elsewhere");
	AUTO_FREE char *path = path_join(home->top, "devbox");
	struct dirs dirs;
	struct err err;

	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(dirs_get(&home->env, home->top, &dirs, &err), -1);
}

static void dirs_need_a_home(void **state)
{
	struct strv env = {0};
	struct dirs dirs;
	struct err err;

	(void)state;
	assert_int_equal(dirs_get(&env, "home", &dirs, &err), -1);
	assert_int_equal(dirs_get(&env, NULL, &dirs, &err), -1);
	assert_string_equal(err.hint, "set HOME");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dirs_fall_back_to_places_below_home),
		cmocka_unit_test(dirs_follow_absolute_variables_only),
		IN_HOME(dirs_use_the_runtime_folder_of_the_session),
		IN_HOME(dirs_do_not_use_the_session_of_another_user),
		IN_HOME(dirs_refuse_a_runtime_folder_that_others_can_write),
		IN_HOME(dirs_refuse_a_link_in_place_of_the_runtime_folder),
		cmocka_unit_test(dirs_need_a_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
