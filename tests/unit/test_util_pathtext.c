#include "store_fixture.h"

struct text_case {
	const char *a, *b, *text;
};

static void joining_puts_one_slash_between(void **state)
{
	static const struct text_case cases[] = {
		{"a", "b", "a/b"}, {"a/", "/b", "a/b"},
		{"/", "b", "/b"},  {"/a//", "//b/", "/a/b/"},
		{"", "b", "b"},    {"a", "", "a"},
		{"a/", "", "a"},   {"/", "", "/"},
		{"/", "/", "/"},   {"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *text = path_join(cases[i].a, cases[i].b);

		assert_string_equal(text, cases[i].text);
	}
}

static void normalizing_folds_dots_and_slashes(void **state)
{
	static const struct text_case cases[] = {
		{"/base", "x", "/base/x"},
		{"/base/", "./x/", "/base/x"},
		{"/base", "/x", "/x"},
		{"/base", "..", "/"},
		{"/a/b/c", "../../x", "/a/x"},
		{"/a", "../../../..", "/"},
		{"/a", "/", "/"},
		{"/a", "", "/a"},
		{"/a", "//x///y//", "/x/y"},
		{"/a/./b/..", ".", "/a"},
		{"/", "...", "/..."},
		{"/", "..x/.y", "/..x/.y"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *text = path_normalize(cases[i].a, cases[i].b);

		assert_string_equal(text, cases[i].text);
	}
}

static void below_means_by_whole_names(void **state)
{
	(void)state;
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a", "/a"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/a", "/a/b"));
	assert_true(path_is_below("/a", "/"));
	assert_true(path_is_below("/", "/"));
}

static void mkdirs_makes_every_missing_folder(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *path = path_join(home->top, "x//y/z/");
	AUTO_FREE char *clean = path_join(home->top, "x/y/z");
	struct stat st;

	assert_int_equal(path_mkdirs(path, 0700), 0);
	assert_int_equal(path_mkdirs(clean, 0700), 0);
	assert_int_equal(stat(clean, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(path_mkdirs("/", 0700), 0);
}

static void mkdirs_says_what_is_in_the_way(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *file = path_join(home->top, "file");
	AUTO_FREE char *below = path_join(file, "x");
	AUTO_CLOSE int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(path_mkdirs(file, 0700), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(path_mkdirs(below, 0700), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(path_mkdirs("", 0700), -1);
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joining_puts_one_slash_between),
		cmocka_unit_test(normalizing_folds_dots_and_slashes),
		cmocka_unit_test(below_means_by_whole_names),
		IN_HOME(mkdirs_makes_every_missing_folder),
		IN_HOME(mkdirs_says_what_is_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
