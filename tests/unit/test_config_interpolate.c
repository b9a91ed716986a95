#include "config_fixture.h"

#include "config/parts.h"
#include "util/log.h"

static void variables_are_replaced(void **state)
{
	static const struct {
		const char *text;
		const char *result;
	} table[] = {
		{"plain", "plain"},
		{"", ""},
		{"${USER}", "dev"},
		{"$USER", "dev"},
		{"a${USER}b$USER-c", "adevbdev-c"},
		{"$$USER $${USER} $$", "$USER ${USER} $"},
		{"${NONE:-default}", "default"},
		{"${NONE-default}", "default"},
		{"${EMPTY:-default}", "default"},
		{"${EMPTY-default}", ""},
		{"${USER:-default}", "dev"},
		{"${NONE:-}", ""},
		{"${NONE:-a b:c-d?e+f}", "a b:c-d?e+f"},
		{"${NONE:-${ALSO:-${USER}}}!", "dev!"},
		{"${NONE:-${ALSO:-{x}}", "{x"},
		{"${NONE:-$$}", "$"},
		{"${USER:-${NONE:?never asked}}", "dev"},
		{"${USER:?must be set}", "dev"},
		{"${EMPTY?must be set}", ""},
		{"${USER:+other}", "other"},
		{"${USER:+${PORT}}", "8080"},
		{"${EMPTY:+other}", ""},
		{"${EMPTY+other}", "other"},
		{"${NONE:+${ALSO:?never asked}}", ""},
		{"${NONE}", ""},
		{"\xc3\xa9${USER}\xc3\xa9", "\xc3\xa9"
					    "dev\xc3\xa9"},
	};
	const struct desk *desk = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct interpolation in = {.env = &desk->env, .budget = 1000};
		AUTO_FREE char *text = NULL;
		struct err err = {0};
		size_t offset;

		if (interpolate_text(&in, table[i].text, &text, &offset, &err) < 0)
			fail_msg("%s: %s", table[i].text, err.message);
		assert_string_equal(text, table[i].result);
	}
}

static void what_cannot_be_replaced_is_refused_where_it_is(void **state)
{
	static const struct refusal table[] = {
		{"name: a$b$\n",
		 "1:10: '$' is not followed by the name of a variable | write '$$' for a "
		 "dollar sign"},
		{"name: $5\n",
		 "1:7: '$' is not followed by the name of a variable | write '$$' for a dollar "
		 "sign"},
		{"name: \"x${USER\"\n", "1:9: '${USER' has no closing brace"},
		{"name: 'x${USER:-y'\n", "1:9: '${USER' has no closing brace"},
		{"name: ${}\n",
		 "1:7: '${' is not followed by the name of a variable | write '$${' for "
		 "these two characters"},
		{"name: ${1A}\n",
		 "1:7: '${' is not followed by the name of a variable | write '$${' for "
		 "these two characters"},
		{"name: ${A!b}\n",
		 "1:10: '${A' is followed by neither '}' nor an operator | the forms are "
		 "${NAME}, ${NAME:-default}, ${NAME:?message} and ${NAME:+other}, each "
		 "also without ':'"},
		{"name: \xc3\xa9${A:b}\n",
		 "1:11: '${A' is followed by neither '}' nor an operator | the "
		 "forms are ${NAME}, ${NAME:-default}, ${NAME:?message} and "
		 "${NAME:+other}, each also without ':'"},
		{"name: ${NONE:?say who}\n", "1:7: variable 'NONE' is not set: say who | "
					     "NONE=... devbox ..., or export it"},
		{"name: ${EMPTY:?}\n",
		 "1:7: variable 'EMPTY' is empty | EMPTY=... devbox ..., or export it"},
		{"name: ${NONE?}\n",
		 "1:7: variable 'NONE' is not set | NONE=... devbox ..., or export it"},
		{"name: ${A:-${B:-${NONE:?deep ${USER}}}}\n",
		 "1:17: variable 'NONE' is not set: deep dev | "
		 "NONE=... devbox ..., or export it"},
		{"environment:\n  A: |\n    x\n    ${NONE:?}\n",
		 "2:6: variable 'NONE' is not set | NONE=... devbox ..., or export it"},
		{"name: "
		 "${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${"
		 "A:-${"
		 "A:-x}}}}}}}}}}}}}}}}}\n",
		 "1:87: more than 16 variables inside one another"},
		{"name: ${NONE:?\x1b[31m}\n",
		 "1:15: control character U+001B; in double quotes write \"\\u001b\""},
		{"name: \"${NONE:?\\e[31m}\"\n",
		 "1:7: variable 'NONE' is not set: ?[31m | NONE=... devbox ..., or export it"},
	};

	desk_expect(*state, table, ARRAY_LEN(table));
}

static void keys_and_ignored_values_are_left_alone(void **state)
{
	struct spec spec = desk_good(*state, "x-note: ${NONE:?never asked}\n"
					     "environment:\n  $USER: ${USER}\n");

	assert_int_equal(spec.environment.count, 1);
	assert_string_equal(spec.environment.items[0], "$USER=dev");
	spec_done(&spec);
}

static void a_number_may_come_from_a_variable(void **state)
{
	struct spec spec = desk_good(*state, "pids_limit: ${PORT}\nread_only: ${NONE:-true}\n");

	assert_int_equal(spec.limits.pids_limit.value, 8080);
	assert_true(spec.read_only);
	spec_done(&spec);
}

static void collect(void *arg, enum log_level level, const char *text)
{
	if (level == LOG_LEVEL_WARN)
		buf_puts(arg, text);
}

static void an_unset_variable_is_empty_and_said_aloud(void **state)
{
	AUTO_BUF struct buf words = {0};
	struct spec spec;

	log_to(collect, &words);
	spec = desk_good(*state, "environment:\n  A: x${NONE}\n");
	log_to(NULL, NULL);
	assert_string_equal(words.data,
			    "devbox.yaml:2:6: variable 'NONE' is not set: taken as empty");
	assert_string_equal(spec.environment.items[0], "A=x");
	spec_done(&spec);
}

static void a_profile_that_explodes_is_stopped(void **state)
{
	struct desk *desk = *state;
	AUTO_BUF struct buf big = {0};
	AUTO_FREE char *words = NULL;

	for (int i = 0; i < 3000000; i++)
		buf_putc(&big, 'x');
	strv_addf(&desk->env, "BIG=%s", big.data);
	words = desk_refusal(desk, "name: a\nenvironment: {A: \"$BIG$BIG\"}\n");
	assert_string_equal(
		words,
		"devbox.yaml:2:27: variables make the profile larger than 4194304 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(variables_are_replaced, desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(what_cannot_be_replaced_is_refused_where_it_is,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(keys_and_ignored_values_are_left_alone,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(a_number_may_come_from_a_variable, desk_make,
						desk_remove),
		cmocka_unit_test_setup_teardown(an_unset_variable_is_empty_and_said_aloud,
						desk_make, desk_remove),
		cmocka_unit_test_setup_teardown(a_profile_that_explodes_is_stopped, desk_make,
						desk_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
