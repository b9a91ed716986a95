#include "config_fixture.h"

static void a_profile_is_printed_as_yaml(void **state)
{
	static const struct {
		const char *yaml;
		const char *printed;
	} table[] = {
		{"", "{}\n"},
		{"name: a\n", "name: a\n"},
		{"name: \"a\"\n", "name: a\n"},
		{"user: \"1000\"\n", "user: \"1000\"\n"},
		{"user: 1000\n", "user: 1000\n"},
		{"user: 'yes'\n", "user: \"yes\"\n"},
		{"user: yes\n", "user: yes\n"},
		{"user: ''\n", "user: \"\"\n"},
		{"user:\n", "user: null\n"},
		{"user: 'null'\n", "user: \"null\"\n"},
		{"oom_score_adj: -5\n", "oom_score_adj: -5\n"},
		{"shell: '-x'\n", "shell: \"-x\"\n"},
		{"shell: a b\n", "shell: \"a b\"\n"},
		{"shell: 'a: b'\n", "shell: \"a: b\"\n"},
		{"shell: \"a\\\"b\\\\c\\n\\t\\e\"\n", "shell: \"a\\\"b\\\\c\\n\\x09\\x1b\"\n"},
		{"shell: \xc3\xa9\n", "shell: \"\xc3\xa9\"\n"},
		{"shell: \"\\u2028\\x80\\U0001F600\"\n",
		 "shell: \"\\U00002028\\x80\xf0\x9f\x98\x80\"\n"},
		{"shell: $$x${USER}\n", "shell: \"$$xdev\"\n"},
		{"shell: a#b\n", "shell: \"a#b\"\n"},
		{"shell: |\n  a\n  b\n", "shell: \"a\\nb\\n\"\n"},
		{"environment: {'a b': 1, '$x': 2, '1': 3, '<<': 4}\n",
		 "environment:\n  \"a b\": 1\n  \"$x\": 2\n  \"1\": 3\n  \"<<\": 4\n"},
		{"environment: {A: , B: ''}\n", "environment:\n  A: null\n  B: \"\"\n"},
		{"volumes: [{type: tmpfs, target: /a}, b:/b]\n",
		 "volumes:\n  - type: tmpfs\n    target: /a\n  - b:/b\n"},
		{"volumes: []\nenvironment: {}\n", "volumes: []\nenvironment: {}\n"},
		{"x-a: b\nname: c\n", "name: c\n"},
	};
	const struct desk *desk = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FREE char *first = NULL;
		AUTO_FREE char *second = NULL;

		desk_write(desk, "devbox.yaml", table[i].yaml);
		first = desk_print(desk, false);
		assert_string_equal(first, table[i].printed);

		/* and it is read as the same profile */
		desk_write(desk, "devbox.yaml", first);
		second = desk_print(desk, false);
		assert_string_equal(second, first);
	}
}

static void any_variable_is_printed_as_valid_yaml(void **state)
{
	struct desk *desk = *state;
	AUTO_FREE char *first = NULL;
	AUTO_FREE char *second = NULL;

	strv_add(&desk->env, "BYTES=a\xff\xfe\x01\xc2\x85z");
	strv_add(&desk->env, "NULLISH=~");
	strv_add(&desk->env, "MAP={a: b}");
	desk_write(desk, "devbox.yaml",
		   "environment: {A: \"$BYTES\", B: $NULLISH, C: $MAP, D: \"${EMPTY}\"}\n");
	first = desk_print(desk, false);
	assert_string_equal(first,
			    "environment:\n  A: \"a\xef\xbf\xbd\xef\xbf\xbd\\x01\\x85z\"\n"
			    "  B: \"~\"\n  C: \"{a: b}\"\n  D: \"\"\n");
	desk_write(desk, "devbox.yaml", first);
	second = desk_print(desk, false);
	assert_string_equal(second, first);
}

static void each_value_is_printed_with_its_origin(void **state)
{
	const struct desk *desk = *state;
	AUTO_FREE char *text = NULL;

	desk_write(desk, "devbox.yaml",
		   "name: a\nvolumes:\n  - a:/a\n  - type: tmpfs\n    target: /b\n"
		   "environment: {}\n");
	desk_write(desk, "devbox.local.yaml", "environment:\n  A: b\n");
	text = desk_print(desk, true);
	assert_string_equal(text, "name: a # devbox.yaml:1\n"
				  "volumes:\n"
				  "  - a:/a # devbox.yaml:3\n"
				  "  - type: tmpfs # devbox.yaml:4\n"
				  "    target: /b # devbox.yaml:5\n"
				  "environment:\n"
				  "  A: b # devbox.local.yaml:2\n");
}

static void json_has_every_value_with_its_place(void **state)
{
	const struct desk *desk = *state;
	AUTO_JSON struct json json = {0};
	struct config *config = NULL;
	struct err err = {0};

	desk_write(desk, "devbox.yaml",
		   "name: \"7\"\npids_limit: 64\ninit: no\ntty: true\n"
		   "dns: [1.1.1.1]\nenvironment: {A: 1, B: }\n");
	assert_int_equal(desk_load_in(desk, desk->project, &config, &err), 0);
	config_print_json(config, &json);
	config_free(config);
	assert_string_equal(
		json.text.data,
		"{\"name\":{\"value\":\"7\",\"file\":\"devbox.yaml\",\"line\":1,\"column\":7},"
		"\"pids_limit\":{\"value\":64,\"file\":\"devbox.yaml\",\"line\":2,\"column\":"
		"13},"
		"\"init\":{\"value\":\"no\",\"file\":\"devbox.yaml\",\"line\":3,\"column\":7},"
		"\"tty\":{\"value\":true,\"file\":\"devbox.yaml\",\"line\":4,\"column\":6},"
		"\"dns\":{\"value\":[{\"value\":\"1.1.1.1\",\"file\":\"devbox.yaml\",\"line\":"
		"5,\"column\":7}],"
		"\"file\":\"devbox.yaml\",\"line\":5,\"column\":6},"
		"\"environment\":{\"value\":{\"A\":{\"value\":\"1\",\"file\":\"devbox.yaml\","
		"\"line\":6,\"column\":"
		"18},\"B\":{\"value\":null,\"file\":\"devbox.yaml\",\"line\":6,\"column\":21}},"
		"\"file\":\"devbox.yaml\",\"line\":6,\"column\":14}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_profile_is_printed_as_yaml, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(any_variable_is_printed_as_valid_yaml,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(each_value_is_printed_with_its_origin,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(json_has_every_value_with_its_place, desk_make,
						desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
