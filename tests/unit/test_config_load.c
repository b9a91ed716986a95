#include "config_fixture.h"

/* The name in the profile that is found from @start_dir, or the words of the error; free() it.
 */
static char *name_from(const struct desk *desk, const char *start_dir)
{
	struct config *config = NULL;
	struct spec spec = {0};
	struct err err = {0};
	char *name;

	if (desk_load_in(desk, start_dir, &config, &err) < 0 ||
	    config_to_spec(config, &spec, &err) < 0) {
		config_free(config);
		return desk_words(desk, &err);
	}
	name = xstrdup(spec.name.value ? spec.name.value : "none");
	spec_done(&spec);
	config_free(config);
	return name;
}

static void expect_name(const struct desk *desk, const char *expected)
{
	AUTO_FREE char *name = name_from(desk, desk->project);

	assert_string_equal(name, expected);
}

static void a_profile_is_found_from_any_folder_below(void **state)
{
	static const char *const names[] = {"devbox.yaml", ".devbox.yaml",
					    ".config/devbox.yaml"};
	const struct desk *desk = *state;
	AUTO_FREE char *deep = path_join(desk->project, "a/b/c");

	assert_int_equal(path_mkdirs(deep, 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *path = path_join(desk->project, names[i]);
		AUTO_FREE char *name = NULL;
		struct config *config = NULL;
		struct spec spec = {0};
		struct err err = {0};

		desk_write(desk, names[i], "name: found\n");
		name = name_from(desk, deep);
		assert_string_equal(name, "found");

		assert_int_equal(desk_load_in(desk, deep, &config, &err), 0);
		assert_int_equal(config_to_spec(config, &spec, &err), 0);
		assert_string_equal(spec.project_dir, desk->project);
		assert_string_equal(spec.profile_file, path);
		assert_string_equal(spec.workspace.source, desk->project);
		assert_string_equal(spec.workspace.target, desk->project);
		spec_done(&spec);
		config_free(config);
		assert_int_equal(unlink(path), 0);
	}
}

static void the_place_is_named_as_the_user_would(void **state)
{
	static const struct {
		const char *profile;
		const char *start;
		const char *words;
	} table[] = {
		{"devbox.yaml", ".",
		 "devbox.yaml:1:1: unknown key 'nam' | did you mean 'name'?"},
		{".config/devbox.yaml", ".",
		 ".config/devbox.yaml:1:1: unknown key 'nam' | did you mean 'name'?"},
		{"devbox.yaml", "a/b",
		 "../../devbox.yaml:1:1: unknown key 'nam' | did you mean 'name'?"},
		{"devbox.yaml", "a/b/c/d",
		 "~/shop/devbox.yaml:1:1: unknown key 'nam' | did you mean 'name'?"},
	};
	const struct desk *desk = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *start = path_normalize(desk->project, table[i].start);
		AUTO_FREE char *path = path_join(desk->project, table[i].profile);
		AUTO_FREE char *words = NULL;

		assert_int_equal(path_mkdirs(start, 0755), 0);
		desk_write(desk, table[i].profile, "nam: a\n");
		words = name_from(desk, start);
		assert_string_equal(words, table[i].words);
		assert_int_equal(unlink(path), 0);
	}
}

static void without_a_profile_defaults_rule(void **state)
{
	struct desk *desk = *state;
	struct spec spec;
	struct err err = {0};

	expect_name(desk, "no devbox.yaml in 'TOP/home/shop' or a folder above it | write one, "
			  "an empty file "
			  "will do, or name one with -f");
	desk_write(desk, "devbox.yml", "");
	expect_name(
		desk,
		"no devbox.yaml in 'TOP/home/shop' or a folder above it | the file is named "
		"devbox.yml: rename it to devbox.yaml");

	desk->require = false;
	assert_int_equal(desk_spec(desk, &spec, &err), 0);
	assert_null(spec.profile_file);
	assert_string_equal(spec.project_dir, desk->project);
	assert_string_equal(spec.image.value, "host");
	assert_string_equal(spec.user.value, "dev");
	assert_string_equal(spec.working_dir.value, desk->project);
	assert_string_equal(spec.stop_signal.value, "SIGTERM");
	assert_int_equal(spec.stop_grace_period_us.value, 10000000);
	assert_true(spec.init);
	assert_true(spec.no_new_privileges);
	assert_false(spec.tty);
	assert_int_equal(spec.network_mode, NET_PROJECT);
	assert_int_equal(spec.home, HOME_ISOLATED);
	assert_null(spec.workspace.at.file);
	spec_done(&spec);
}

static void two_profiles_in_one_folder_are_refused(void **state)
{
	desk_write(*state, "devbox.yaml", "");
	desk_write(*state, ".devbox.yaml", "");
	expect_name(*state,
		    "there are two profiles, 'TOP/home/shop/devbox.yaml' and "
		    "'TOP/home/shop/.devbox.yaml' | keep one of them, or name one with -f");
}

static void a_profile_must_be_a_readable_file(void **state)
{
	const struct desk *desk = *state;
	AUTO_FREE char *path = path_join(desk->project, "devbox.yaml");

	assert_int_equal(mkdir(path, 0755), 0);
	expect_name(desk, "open 'devbox.yaml': not a regular file");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	expect_name(desk, "open 'devbox.yaml': not a regular file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("nowhere", path), 0);
	expect_name(desk, "no devbox.yaml in 'TOP/home/shop' or a folder above it | write one, "
			  "an empty file "
			  "will do, or name one with -f");
}

static void the_local_file_wins_and_files_given_replace_both(void **state)
{
	struct desk *desk = *state;

	desk_write(desk, "devbox.yaml", "name: base\n");
	desk_write(desk, "devbox.local.yaml", "name: local\n");
	desk_write(desk, "one.yaml", "name: one\n");
	desk_write(desk, "two.yaml", "user: root\n");
	expect_name(desk, "local");

	strv_add(&desk->files, "one.yaml");
	strv_add(&desk->files, "./two.yaml");
	expect_name(desk, "one");
	desk_write(desk, "two.yaml", "nme: two\n");
	expect_name(desk, "./two.yaml:1:1: unknown key 'nme' | did you mean 'name'?");

	strv_add(&desk->files, "three.yaml");
	desk_write(desk, "two.yaml", "");
	expect_name(desk, "open 'three.yaml': No such file or directory");
}

static void a_hidden_profile_has_a_hidden_local_file(void **state)
{
	static const char *const pairs[][2] = {
		{".devbox.yaml", ".devbox.local.yaml"},
		{".config/devbox.yaml", ".config/devbox.local.yaml"},
	};
	const struct desk *desk = *state;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		AUTO_FREE char *path = path_join(desk->project, pairs[i][0]);

		desk_write(desk, pairs[i][0], "name: base\n");
		desk_write(desk, pairs[i][1], "name: local\n");
		expect_name(desk, "local");
		assert_int_equal(unlink(path), 0);
	}
}

static void paths_start_at_the_file_that_names_them(void **state)
{
	const struct desk *desk = *state;
	AUTO_FREE char *project = path_join(desk->project, "data");
	AUTO_FREE char *shared = path_join(desk->home, "shared/data");
	AUTO_FREE char *home = path_join(desk->home, "data");
	struct spec spec;
	struct err err = {0};

	desk_write(desk, "~/shared/base.yaml", "volumes: ['./data:/a']\n");
	desk_write(desk, ".config/devbox.yaml",
		   "extends: ../shared/base.yaml\n"
		   "volumes: ['./data:/b', '~/data:/c', '~:/d']\n");
	assert_int_equal(desk_spec(desk, &spec, &err), 0);
	assert_string_equal(spec.volumes[0].source, shared);
	assert_string_equal(spec.volumes[1].source, project);
	assert_string_equal(spec.volumes[2].source, home);
	assert_string_equal(spec.volumes[3].source, desk->home);
	spec_done(&spec);
}

static void the_user_has_defaults(void **state)
{
	const struct desk *desk = *state;

	desk_write(desk, "~/.config/devbox/config.yaml", "defaults:\n  name: default\n");
	desk_write(desk, "devbox.yaml", "");
	expect_name(desk, "default");
	desk_write(desk, "devbox.yaml", "name: own\n");
	expect_name(desk, "own");

	desk_write(desk, "~/.config/devbox/config.yaml", "x-note: {a: b}\ndefaults:\n");
	expect_name(desk, "own");
	desk_write(desk, "~/.config/devbox/config.yaml", "name: a\n");
	expect_name(desk, "~/.config/devbox/config.yaml:1:1: unknown key 'name' | keys of a "
			  "profile go below "
			  "'defaults:'");
	desk_write(desk, "~/.config/devbox/config.yaml", "defaults:\n  nam: a\n");
	expect_name(
		desk,
		"~/.config/devbox/config.yaml:2:3: unknown key 'nam' | did you mean 'name'?");
	desk_write(desk, "~/.config/devbox/config.yaml", "defaults: [a]\n");
	expect_name(desk, "~/.config/devbox/config.yaml:1:11: defaults must be a map of keys");
}

static void a_profile_extends_others_by_name_or_path(void **state)
{
	const struct desk *desk = *state;
	AUTO_FREE char *text = NULL;

	desk_write(desk, "~/.config/devbox/config.yaml",
		   "defaults: {name: default, tty: true}\n");
	desk_write(desk, "../../share/devbox/profiles/node.yaml",
		   "name: shipped\nshell: /bin/sh\n");
	desk_write(desk, "../../share/devbox/profiles/c.yaml",
		   "name: shipped-c\nhome: tmpfs\n");
	desk_write(desk, "~/.config/devbox/profiles/node.yaml", "name: mine\nuser: root\n");
	desk_write(desk, "base.yaml", "extends: [node, c]\ninit: false\n");
	desk_write(desk, "devbox.yaml", "extends: ./base.yaml\nread_only: true\n");
	text = desk_print(desk, true);
	assert_string_equal(text, "name: shipped-c # TOP/share/devbox/profiles/c.yaml:1\n"
				  "tty: true # ~/.config/devbox/config.yaml:1\n"
				  "user: root # ~/.config/devbox/profiles/node.yaml:2\n"
				  "home: tmpfs # TOP/share/devbox/profiles/c.yaml:2\n"
				  "init: false # base.yaml:2\n"
				  "read_only: true # devbox.yaml:2\n");
}

static void what_cannot_be_extended_is_refused(void **state)
{
	static const struct refusal table[] = {
		{"extends: nde\n",
		 "1:10: there is no profile named 'nde' | did you mean 'node'?"},
		{"name: a\nextends: [node, something]\n",
		 "2:17: there is no profile named 'something' | looked for 'something.yaml' in "
		 "TOP/home/.config/devbox/profiles, TOP/share/devbox/profiles; a path begins "
		 "with './', '/' "
		 "or '~/'"},
		{"extends: ./none.yaml\n",
		 "1:10: extends: open 'TOP/home/shop/none.yaml': No such file or directory"},
		{"extends: a b\n",
		 "1:10: extends: 'a b' is neither the name of a profile nor a path | a path "
		 "begins with './', '/' or '~/'"},
		{"extends: {a: b}\n",
		 "1:10: extends must be the name of a profile, a path, or a list of these"},
		{"extends: [[a]]\n",
		 "1:11: extends must be the name of a profile, a path, or a list of these"},
		{"extends: devbox.yaml\n",
		 "1:10: profiles extend one another in a circle: devbox.yaml -> devbox.yaml"},
		{"extends: ./b.yaml\n",
		 "c/d.yaml:1:10: profiles extend one another in a circle: devbox.yaml "
		 "-> b.yaml -> c/d.yaml -> devbox.yaml"},
		{"extends: ~/bad.yaml\n",
		 "../bad.yaml:1:1: unknown key 'nam' | did you mean 'name'?"},
		{"extends: ${NONE:?which}\n",
		 "1:10: variable 'NONE' is not set: which | NONE=... devbox ..., "
		 "or export it"},
		{"extends:\n", "fine"},
		{"extends: []\n", "fine"},
	};

	desk_write(*state, "~/.config/devbox/profiles/node.yaml", "name: node\n");
	desk_write(*state, "~/bad.yaml", "nam: node\n");
	desk_write(*state, "b.yaml", "name: b\nextends: c/d.yaml\n");
	desk_write(*state, "c/d.yaml", "extends: ../devbox.yaml\n");
	desk_expect(*state, table, ARRAY_LEN(table));
}

static void the_same_profile_may_be_extended_twice_but_not_for_ever(void **state)
{
	const struct desk *desk = *state;

	desk_write(desk, "a.yaml", "name: a\n");
	desk_write(desk, "devbox.yaml", "extends: [a.yaml, a.yaml]\n");
	expect_name(desk, "a");

	for (int i = 0; i < 10; i++) {
		AUTO_FREE char *path = xasprintf("n%d.yaml", i);
		AUTO_FREE char *text =
			xasprintf("extends: [n%d.yaml, n%d.yaml]\n", i + 1, i + 1);

		desk_write(desk, path, i == 9 ? "name: last\n" : text);
	}
	desk_write(desk, "devbox.yaml", "extends: n0.yaml\n");
	expect_name(desk, "n8.yaml:1:20: extends: more than 64 files");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_profile_is_found_from_any_folder_below,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(the_place_is_named_as_the_user_would, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(without_a_profile_defaults_rule, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(two_profiles_in_one_folder_are_refused,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(a_profile_must_be_a_readable_file, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(
			the_local_file_wins_and_files_given_replace_both, desk_make,
			desk_remove),
		cmocka_unit_test_setup_teardown(a_hidden_profile_has_a_hidden_local_file,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(paths_start_at_the_file_that_names_them,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(the_user_has_defaults, desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(a_profile_extends_others_by_name_or_path,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_extended_is_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(
			the_same_profile_may_be_extended_twice_but_not_for_ever, desk_make,
			desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
