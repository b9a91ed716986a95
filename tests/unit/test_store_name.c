#include "store_fixture.h"

static void names_are_made_proper(void **state)
{
	static const struct {
		const char *folder, *name;
	} cases[] = {
		{"shop", "shop"},     {"My Shop", "my-shop"},       {"_x", "x"},
		{"a--b..c", "a-b-c"}, {"caf\xc3\xa9", "caf"},       {"...", "project"},
		{"", "project"},      {"9lives_", "9lives"},        {"x!", "x"},
		{"-rf", "rf"},        {"UPPER_case", "upper_case"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *name = project_name_from(cases[i].folder);
		struct err err;

		assert_string_equal(name, cases[i].name);
		assert_int_equal(project_name_check(name, &err), 0);
	}
}

static void a_long_folder_name_gives_a_proper_name(void **state)
{
	char folder[256];
	struct err err;

	(void)state;
	memset(folder, 'a', sizeof(folder) - 1);
	folder[62] = '-';
	folder[sizeof(folder) - 1] = '\0';

	AUTO_FREE char *name = project_name_from(folder);

	assert_int_equal(strlen(name), 62);
	assert_int_equal(project_name_check(name, &err), 0);
}

static void improper_names_are_refused_with_a_proper_one(void **state)
{
	static const char *const names[] = {"", "-x", "_x", "Shop", "a b", "a/b", "..", "a.b"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(project_name_check(names[i], &err), -1);
	assert_int_equal(project_name_check("My Shop", &err), -1);
	assert_non_null(strstr(err.message, "'My Shop'"));
	assert_string_equal(err.hint, "a proper name would be 'my-shop'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_made_proper),
		cmocka_unit_test(a_long_folder_name_gives_a_proper_name),
		cmocka_unit_test(improper_names_are_refused_with_a_proper_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
