#include "config_fixture.h"

#include "config/caches.h"

#define IMAGE "image: rootfs:/srv/root\n"

static void wrong_packages_are_refused(void **state)
{
	static const struct refusal table[] = {
		{IMAGE "packages: git\n", "2:11: packages must be a list, or a map of 'apt', "
					  "'apk', 'dnf' and 'pacman', not 'git'"},
		{IMAGE "packages: [a, '-y']\n",
		 "2:15: packages must be the name of a package, not '-y'"},
		{IMAGE "packages: ['a b']\n",
		 "2:12: packages must be the name of a package, not 'a b'"},
		{IMAGE "packages: [\"a'b\"]\n",
		 "2:12: packages must be the name of a package, not 'a'b'"},
		{IMAGE "packages: ['a;b']\n",
		 "2:12: packages must be the name of a package, not 'a;b'"},
		{IMAGE "packages: ['']\n",
		 "2:12: packages is empty; it must be the name of a package"},
		{IMAGE "packages: [[a]]\n",
		 "2:12: packages must be the name of a package, not a list"},
		{IMAGE "packages: {apt: a}\n",
		 "2:17: packages.apt must be a list of packages, not 'a'"},
		{IMAGE "packages: {apt-get: [a]}\n",
		 "2:12: unknown key 'apt-get' in 'packages' | see devbox.yaml(5); keys of your "
		 "own begin with 'x-'"},
		{IMAGE "packages: ['g++', 'gcc-12', 'foo=1:1.2~3', 'bar/sid', 'baz>1']\n",
		 "fine"},
		{IMAGE "packages: []\n", "fine"},
		{"packages: []\nbuild: {steps: []}\n", "fine"},
		{"packages: [git]\n",
		 "1:11: packages cannot be installed with image 'host', whose files are those "
		 "of this machine | set 'image: debian:12' for example, or install what is "
		 "missing on this machine"},
		{"image: host\nbuild: {steps: [make]}\n",
		 "2:17: steps cannot be built with image 'host', whose files are those of this "
		 "machine | set 'image: debian:12' for example, or install what is missing on "
		 "this machine"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void wrong_steps_are_refused(void **state)
{
	static const struct refusal table[] = {
		{IMAGE "build: make\n", "2:8: build must be a map with 'steps', not 'make'"},
		{IMAGE "build: {steps: make}\n",
		 "2:16: build.steps must be a list, not 'make'"},
		{IMAGE "build: {steps: [[make]]}\n",
		 "2:17: build.steps must be a list of commands, or of maps with 'run', not a "
		 "list"},
		{IMAGE "build: {steps: ['']}\n", "2:17: build.steps is empty; it must be a "
						 "command, or a map with 'run'"},
		{IMAGE "build: {steps: [{cache: apt}]}\n",
		 "2:17: build.steps: 'run' is missing | it is the command of the step, read by "
		 "/bin/sh"},
		{IMAGE "build: {steps: [{run: a, chache: apt}]}\n",
		 "2:26: unknown key 'chache' in 'build.steps' | did you mean 'cache'?"},
		{IMAGE "build: {steps: [{run: a, cache: ap}]}\n",
		 "2:33: build.steps.cache: 'ap' is neither a folder in the box nor a known "
		 "word | did you mean 'apt'?"},
		{IMAGE "build: {steps: [{run: a, cache: [./x]}]}\n",
		 "2:34: build.steps.cache: './x' is neither a folder in the box nor a known "
		 "word | known are apt, dnf, apk, pacman, pip, npm, cargo, go and ccache; a "
		 "folder begins with '/'"},
		{IMAGE "build: {steps: [{run: a, cache: /proc/x}]}\n",
		 "2:33: build.steps.cache '/proc/x' cannot be in /proc | devbox makes /proc of "
		 "every box itself"},
		{IMAGE "build: {steps: [{run: a, env: {A: }}]}\n",
		 "2:32: build.steps.env: 'A' has no value | a variable of yours is written "
		 "'A: ${A}': its value is then part of what the step is known by"},
		{IMAGE "build: {steps: [{run: a, env: ['=b']}]}\n",
		 "2:32: build.steps.env: '' is not a name"},
		{IMAGE "build: {steps: [{run: a, network: maybe}]}\n",
		 "2:35: build.steps.network must be true or false, not 'maybe'"},
		{IMAGE "build: {steps: [{run: a, inputs: ../other}]}\n",
		 "2:34: build.steps.inputs: 'TOP/home/other' is not in the workspace | the "
		 "workspace is 'TOP/home/shop'"},
		{IMAGE "build: {dockerfile: Dockerfile}\n",
		 "2:9: key 'dockerfile' of build is not built yet | write the commands as "
		 "'steps', on top of an 'image'"},
		{IMAGE "build: {steps: [a], args: {A: b}}\n",
		 "2:21: key 'args' of build is not built yet | write the commands as 'steps', "
		 "on top of an 'image'"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void packages_are_kept_for_their_manager(void **state)
{
	struct spec spec =
		desk_good(*state, IMAGE "packages: {apt: [git, gcc], apk: [build-base]}\n");

	assert_int_equal(spec.packages[PACKAGER_ANY].items.count, 0);
	assert_int_equal(spec.packages[PACKAGER_APT].items.count, 2);
	assert_string_equal(spec.packages[PACKAGER_APT].items.items[1], "gcc");
	assert_int_equal(spec.packages[PACKAGER_APT].at[1].column, 23);
	assert_string_equal(spec.packages[PACKAGER_APK].items.items[0], "build-base");
	spec_done(&spec);
	spec = desk_good(*state, IMAGE "packages: [git]\n");
	assert_string_equal(spec.packages[PACKAGER_ANY].items.items[0], "git");
	assert_int_equal(spec.packages_at.line, 2);
	spec_done(&spec);
}

static void steps_are_kept_in_order(void **state)
{
	const struct desk *desk = *state;
	AUTO_FREE char *input = path_join(desk->project, "a/b");
	struct spec spec = desk_good(desk, IMAGE "build:\n"
						 "  steps:\n"
						 "    - make -C /x\n"
						 "    - run: pip install\n"
						 "      cache: [pip, /var/x/../y]\n"
						 "      env: {B: 2, A: \"$PORT\"}\n"
						 "      inputs: a/b\n"
						 "      network: false\n");
	const struct spec_build_step *step = &spec.build_steps[1];

	assert_int_equal(spec.build_step_count, 2);
	assert_string_equal(spec.build_steps[0].run, "make -C /x");
	assert_true(spec.build_steps[0].network);
	assert_int_equal(spec.build_steps[0].at.line, 4);
	assert_string_equal(step->run, "pip install");
	assert_int_equal(step->caches.count, 2);
	assert_string_equal(step->caches.items[1], "/var/y");
	assert_string_equal(env_get(&step->env, "A"), "8080");
	assert_string_equal(step->inputs.items.items[0], input);
	assert_int_equal(step->inputs.at[0].line, 8);
	assert_false(step->network);
	spec_done(&spec);
}

static void words_of_caches_have_folders_of_their_own(void **state)
{
	(void)state;
	assert_null(cache_word_find("yarn"));
	assert_true(cache_word_find("apt")->is_exclusive);
	assert_false(cache_word_find("npm")->is_exclusive);
	for (const struct cache_word *w = cache_words(); w->word; w++) {
		for (int i = 0; w->dirs[i]; i++) {
			int index = -1;

			assert_non_null(w->names[i]);
			assert_ptr_equal(cache_word_of_dir(w->dirs[i], &index), w);
			assert_int_equal(index, i);
		}
	}
}

#define ON_A_DESK(f) cmocka_unit_test_setup_teardown(f, desk_make, desk_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_DESK(wrong_packages_are_refused),
		ON_A_DESK(wrong_steps_are_refused),
		ON_A_DESK(packages_are_kept_for_their_manager),
		ON_A_DESK(steps_are_kept_in_order),
		cmocka_unit_test(words_of_caches_have_folders_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
