#include "config_fixture.h"

#include "config/fill.h"

static void wrong_values_are_refused(void **state)
{
#define NAME_WORDS "lower case letters, digits, '_' and '-', a letter or digit first"
	static const struct refusal table[] = {
		{"name: Shop\n", "1:7: name must be " NAME_WORDS ", not 'Shop'"},
		{"name: _a\n", "1:7: name must be " NAME_WORDS ", not '_a'"},
		{"name: [a]\n", "1:7: name must be " NAME_WORDS ", not a list"},
		{"name: {a: b}\n", "1:7: name must be " NAME_WORDS ", not a map"},
		{"user: dev\nname:\n",
		 "2:1: name has no value | it takes " NAME_WORDS "; without one, remove "
		 "the key"},
		{"name: ''\n", "1:7: name is empty; it must be " NAME_WORDS},
		{"name: a.b\n", "1:7: name must be " NAME_WORDS ", not 'a.b'"},

		{"user: a b\n",
		 "1:7: user must be 'dev', 'root', a user name, or UID[:GID], not 'a b'"},
		{"user: 1000:x\n",
		 "1:7: user must be 'dev', 'root', a user name, or UID[:GID], not '1000:x'"},
		{"user: 4294967295\n", "1:7: user must be 'dev', 'root', a user name, or "
				       "UID[:GID], not '4294967295'"},
		{"user: a:b\n",
		 "1:7: user must be 'dev', 'root', a user name, or UID[:GID], not 'a:b'"},

		{"home: tmp\n", "1:7: home must be 'isolated', 'tmpfs' or 'shared', not 'tmp'"},
		{"home: share\n", "1:7: home must be 'isolated', 'tmpfs' or 'shared', not "
				  "'share' | did you mean "
				  "'shared'?"},
		{"home_files: ~/.a\n", "1:13: home_files must be a list, not '~/.a'"},
		{"home_files: [~/.a:rx]\n",
		 "1:14: home_files: 'rx' must be 'ro', 'rw' or 'copy'"},
		{"home_files: [.a]\n",
		 "1:14: home_files: '.a' is not in the home folder | write '~/.a'"},
		{"home_files: [/etc/passwd]\n",
		 "1:14: home_files: '/etc/passwd' is not in the home folder | other files come "
		 "in with "
		 "'volumes', the whole home with 'home: shared'"},
		{"home_files: [~/../x]\n", "1:14: home_files: '~/../x' is not in the home "
					   "folder | other files come in with 'volumes', "
					   "the whole home with 'home: shared'"},
		{"home_files: ['~']\n", "1:14: home_files: '~' is not in the home folder | "
					"other files come in with 'volumes', the "
					"whole home with 'home: shared'"},
		{"home_files: [~/.a, '~//.a:rw']\n",
		 "1:20: home_files: '~//.a:rw' is given twice"},

		{"working_dir: src\n", "1:14: working_dir 'src' is not an absolute path | a "
				       "path in the box begins with '/'"},
		{"shell: zsh\n", "1:8: shell 'zsh' is not an absolute path | a path in the box "
				 "begins with '/'"},
		{"hostname: a_b\n", "1:11: hostname must be a host name of letters, digits and "
				    "'-', at most 64, not 'a_b'"},
		{"hostname: -a\n", "1:11: hostname must be a host name of letters, digits and "
				   "'-', at most 64, not '-a'"},
		{"init: yes\n", "1:7: init must be true or false, not 'yes'"},
		{"init: false\n",
		 "1:7: init: false is not built yet | take it out: a small init reaps "
		 "and passes signals on"},
		{"tty: 1\n", "1:6: tty must be true or false, not '1'"},
		{"read_only: [true]\n", "1:12: read_only must be true or false, not a list"},
		{"stop_signal: SIGFOO\n", "1:14: stop_signal must be the name or number of a "
					  "signal, such as 'SIGINT', not 'SIGFOO'"},
		{"stop_signal: 0\n", "1:14: stop_signal must be the name or number of a "
				     "signal, such as 'SIGINT', not '0'"},
		{"stop_grace_period: soon\n", "1:20: stop_grace_period must be a duration such "
					      "as '10s' or '1m30s', at most an hour, not "
					      "'soon'"},
		{"stop_grace_period: 2h\n", "1:20: stop_grace_period must be a duration such "
					    "as '10s' or '1m30s', at most an hour, not "
					    "'2h'"},
		{"entrypoint: {a: b}\n",
		 "1:13: entrypoint must be a text or a list of words, not a map"},
		{"command: [a, [b]]\n",
		 "1:14: command must be a text or a list of words, not a list"},
		{"command: [a, ]\n", "fine"},
		{"command: [a, ~]\n",
		 "1:14: command has no value | it takes a text or a list of words; without "
		 "one, remove the key"},
		{"command: ['', a]\n", "1:10: command: the name of the program is empty"},
		{"command: \"'' a\"\n", "1:10: command: the name of the program is empty"},
		{"command: npm i && npm start\n",
		 "1:10: command: '&' means nothing here: no shell reads this | quote it when "
		 "it is meant as it "
		 "stands; for a shell write [sh, -c, \"...\"]"},
		{"command: echo 'a\n", "1:10: command: the quote ' is not closed"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void values_are_kept_with_their_place(void **state)
{
	const struct desk *desk = *state;
	AUTO_FREE char *image = xasprintf("rootfs:%s/debian", desk->home);
	AUTO_FREE char *gitconfig = path_join(desk->home, ".gitconfig");
	struct spec spec =
		desk_good(desk, "name: my-shop_2\n"
				"image: rootfs:../debian/\n"
				"user: 1000:100\n"
				"home: tmpfs\n"
				"home_files: [~/.gitconfig, '~/.ssh/a:b:copy', '~/c:rw']\n"
				"working_dir: /work/../src/\n"
				"shell: /bin/zsh\n"
				"entrypoint: [/entry, 'a b']\n"
				"command: run 'a b'\n"
				"init: true\n"
				"hostname: shop.example\n"
				"tty: True\n"
				"read_only: true\n"
				"stop_signal: int\n"
				"stop_grace_period: 1m30s\n");

	assert_string_equal(spec.name.value, "my-shop_2");
	assert_string_equal(spec.name.at.file, "devbox.yaml");
	assert_int_equal(spec.name.at.line, 1);
	assert_int_equal(spec.name.at.column, 7);
	assert_string_equal(spec.image.value, image);
	assert_string_equal(spec.user.value, "1000:100");
	assert_int_equal(spec.home, HOME_TMPFS);
	assert_int_equal(spec.home_at.line, 4);
	assert_int_equal(spec.home_file_count, 3);
	assert_string_equal(spec.home_files[0].path, gitconfig);
	assert_int_equal(spec.home_files[0].mode, HOME_FILE_RO);
	assert_true(str_ends(spec.home_files[1].path, "/.ssh/a:b"));
	assert_int_equal(spec.home_files[1].mode, HOME_FILE_COPY);
	assert_int_equal(spec.home_files[2].mode, HOME_FILE_RW);
	assert_string_equal(spec.working_dir.value, "/src");
	assert_string_equal(spec.shell.value, "/bin/zsh");
	assert_int_equal(spec.entrypoint.items.count, 2);
	assert_string_equal(spec.entrypoint.items.items[1], "a b");
	assert_int_equal(spec.entrypoint.at[1].column, 22);
	assert_int_equal(spec.command.items.count, 2);
	assert_string_equal(spec.command.items.items[1], "a b");
	assert_true(spec.init);
	assert_string_equal(spec.hostname.value, "shop.example");
	assert_true(spec.tty);
	assert_true(spec.read_only);
	assert_string_equal(spec.stop_signal.value, "SIGINT");
	assert_int_equal(spec.stop_grace_period_us.value, 90000000);
	spec_done(&spec);
}

static void empty_commands_are_none(void **state)
{
	static const char *const texts[] = {"command:\n", "command: []\n", "command: ''\n"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct spec spec = desk_good(*state, texts[i]);

		assert_int_equal(spec.command.items.count, 0);
		spec_done(&spec);
	}
}

static void host_names_are_those_of_rfc_1123(void **state)
{
	static const char *const good[] = {"a", "A-1", "1a", "a.b.c", "x--y"};
	static const char *const bad[] = {"",     ".",    "a.",  ".a",  "a..b",     "-a", "a-",
					  "a-.b", "a.-b", "a_b", "a b", "\xc3\xa9", "a/b"};
	AUTO_FREE char *label = xasprintf("%064d", 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(is_host_name(good[i], 64));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_host_name(bad[i], 64));
	assert_false(is_host_name(label, 64));
	assert_true(is_host_name(label + 1, 64));
	assert_false(is_host_name("abc.def", 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_values_are_refused, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(values_are_kept_with_their_place, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(empty_commands_are_none, desk_make,
						desk_remove),
		cmocka_unit_test(host_names_are_those_of_rfc_1123),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
