#include "config_fixture.h"

#include "config/fill.h"

static void lines_are_read_as_compose_reads_them(void **state)
{
	static const struct {
		const char *text;
		const char *result; /* each followed by ';' */
	} table[] = {
		{"", ""},
		{"\n# a comment\n  # another\n\n", ""},
		{"A=b\n", "A=b;"},
		{"A=b", "A=b;"},
		{"  A = b  \r\n", "A=b;"},
		{"export A=b\n", "A=b;"},
		{"A=\n", "A=;"},
		{"A=#b\n", "A=;"},
		{"A=b#c\n", "A=b#c;"},
		{"A=b #c\n", "A=b;"},
		{"A=b c\n", "A=b c;"},
		{"A=b=c\n", "A=b=c;"},
		{"A='b #c'\n", "A=b #c;"},
		{"A='b\\n$USER'  # why\n", "A=b\\n$USER;"},
		{"A=\"b\\n\\\"\\\\\\$USER $USER\\x\"\n", "A=b\n\"\\$USER dev\\x;"},
		{"A=\"two\nlines\"\nB=c\n", "A=two\nlines;B=c;"},
		{"A=${USER:-x}/${NONE:-y}\n", "A=dev/y;"},
		{"A=1\nB=$A$A\nA=2\n", "A=2;B=11;"},
		{"USER\nNONE\n", "USER=dev;"},
		{"A=\"\"\nB=''\n", "A=;B=;"},
		{"A=$$x\n", "A=$x;"},
		{"my.name-1=x\n", "my.name-1=x;"},
	};
	const struct desk *desk = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_STRV struct strv env = {0};
		AUTO_BUF struct buf shown = {0};
		struct err err = {0};

		if (env_file_parse(&desk->env, table[i].text, ".env", &env, &err) < 0)
			fail_msg("%s: %s", table[i].text, err.message);
		for (size_t n = 0; n < env.count; n++)
			buf_printf(&shown, "%s;", env.items[n]);
		assert_string_equal(shown.data ? shown.data : "", table[i].result);
	}
}

static void wrong_lines_are_named(void **state)
{
	static const struct {
		const char *text;
		const char *words;
	} table[] = {
		{"A=b\n=c\n",
		 ".env:2:1: '' is not the name of a variable | each line is NAME=VALUE; "
		 "comments begin with '#'"},
		{"A=b\n  A B=c\n", ".env:2:3: 'A' is not followed by '='"},
		{"A: b\n", ".env:1:1: 'A:' is not followed by '='"},
		{"A='b\nC=d\n", ".env:1:3: the quote ' is not closed"},
		{"A=\"x\n\ny\"z\n", ".env:3:3: text after the closing quote"},
		{"A=x\nB=$\n",
		 ".env:2:1: '$' is not followed by the name of a variable | write '$$' for a "
		 "dollar sign"},
		{"A=${NONE:?say}\n",
		 ".env:1:1: variable 'NONE' is not set: say | NONE=... devbox ..., or "
		 "export it"},
	};
	const struct desk *desk = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_STRV struct strv env = {0};
		AUTO_FREE char *words = NULL;
		struct err err = {0};

		assert_int_equal(env_file_parse(&desk->env, table[i].text, ".env", &env, &err),
				 -1);
		words = desk_words(desk, &err);
		assert_string_equal(words, table[i].words);
	}
}

static void files_come_first_and_the_profile_wins(void **state)
{
	const struct desk *desk = *state;
	struct spec spec;

	desk_write(desk, "a.env", "A=a\nB=a\nC=a\n");
	desk_write(desk, "b.env", "B=b\nC=b\n");
	spec = desk_good(desk, "environment: {C: c, USER: , GONE: }\n"
			       "env_file:\n  - a.env\n  - path: b.env\n"
			       "  - {path: none.env, required: false}\n");
	assert_int_equal(spec.environment.count, 4);
	assert_string_equal(env_get(&spec.environment, "A"), "a");
	assert_string_equal(env_get(&spec.environment, "B"), "b");
	assert_string_equal(env_get(&spec.environment, "C"), "c");
	assert_string_equal(env_get(&spec.environment, "USER"), "dev");
	spec_done(&spec);
}

static void wrong_variables_are_refused(void **state)
{
	static const struct refusal table[] = {
		{"env_file: none.env\n",
		 "1:11: env_file: open 'TOP/home/shop/none.env': No such file or directory | a "
		 "file that may "
		 "be missing is written {path: none.env, required: false}"},
		{"env_file: .\n", "env_file: open 'TOP/home/shop': not a regular file"},
		{"env_file: {path: a}\n", "1:11: env_file must be a path, a list of paths, or "
					  "of {path, required}, not a map"},
		{"env_file: [{required: true}]\n", "1:12: env_file: 'path' is missing"},
		{"env_file: [{path: a, required: yes}]\n",
		 "1:32: env_file.required must be true or false, not 'yes'"},
		{"env_file: [[a]]\n", "1:12: env_file must be a path, a list of paths, or of "
				      "{path, required}, not a list"},
		{"env_file: bad.env\n", "bad.env:2:1: 'B' is not followed by '='"},
		{"env_file: nul.env\n", "fine"},
		{"environment: text\n",
		 "1:14: environment must be a map, or a list of NAME=VALUE, not 'text'"},
		{"environment: [{A: b}]\n",
		 "1:15: environment must be a map, or a list of NAME=VALUE, not a map"},
		{"environment: {A: [b]}\n",
		 "1:18: environment: A must be one text, not a list"},
		{"environment: ['=b']\n", "1:15: environment: '' is not a name"},
		{"environment: {'a b': c}\n", "1:22: environment: 'a b' is not a name"},
		{"environment: [A=1, A=2]\n", "1:20: environment: 'A' is given twice"},
		{"env_pass: '*'\n", "1:11: env_pass must be a list, not '*'"},
		{"env_pass: [A=b]\n", "1:12: env_pass must be a list of variable names, '*' "
				      "and '?' allowed, not 'A=b'"},
		{"env_pass: [LANG, 'LC_*']\n", "fine"},
	};

	desk_write(*state, "bad.env", "A=b\nB c\n");
	desk_write(*state, "nul.env", "");
	desk_expect(*state, table, ARRAY_LEN(table));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_are_read_as_compose_reads_them, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(wrong_lines_are_named, desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(files_come_first_and_the_profile_wins,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(wrong_variables_are_refused, desk_make,
						desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
