#include "cgroup_fake.h"

#include "cgroup/self.h"

#define V1_LINES                                                            \
	"30 29 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n" \
	"31 30 0:27 / /sys/fs/cgroup/memory rw shared:7 - cgroup cgroup rw,memory\n"

static void view_takes_the_unified_mount(void **state)
{
	AUTO_VIEW struct cgroup_view view = {0};

	(void)state;
	cgroup_view_find(
		"22 28 0:21 / /proc rw shared:5 - proc proc rw\n"
		"29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n",
		"/user.slice", &view);
	assert_int_equal(view.layout, CGROUP_LAYOUT_UNIFIED);
	assert_string_equal(view.mount, "/sys/fs/cgroup");
	assert_string_equal(view.root, "/");
}

static void view_tells_hybrid_from_version_1(void **state)
{
	AUTO_VIEW struct cgroup_view hybrid = {0};
	AUTO_VIEW struct cgroup_view old = {0};

	(void)state;
	cgroup_view_find(V1_LINES
			 "32 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			 "/", &hybrid);
	assert_int_equal(hybrid.layout, CGROUP_LAYOUT_HYBRID);
	assert_string_equal(hybrid.mount, "/sys/fs/cgroup/unified");

	cgroup_view_find(V1_LINES, NULL, &old);
	assert_int_equal(old.layout, CGROUP_LAYOUT_V1);
	assert_null(old.mount);
}

static void view_prefers_the_mount_that_shows_our_own_group(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_VIEW struct cgroup_view view = {0};
	AUTO_FREE char *text = NULL;

	(void)state;
	fake_file(root, "good/mine/cgroup.procs", "");
	text = xasprintf("1 0 0:1 /other /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
			 "2 0 0:1 / %s/gone rw - cgroup2 cgroup2 rw\n"
			 "3 0 0:1 / %s/good rw - cgroup2 cgroup2 rw\n",
			 root, root);
	cgroup_view_find(text, "/mine", &view);
	assert_true(str_ends(view.mount, "/good"));
}

static void view_survives_absurd_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"\n\n\n",
		"1",
		"1 2 3 4 5 6",
		"1 2 3 4 5 6 -",
		"1 2 3 / /x rw -",
		"1 2 3 / /x rw - ",
		"1 2 3 relative /x rw - cgroup2 x y",
		"1 2 3 / relative rw - cgroup2 x y",
		"1 2 3  /x rw - cgroup2 x y",
		"1 2 3 / /x\\9 rw shared:1 master:2 cgroup2 x y",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		AUTO_VIEW struct cgroup_view view = {0};

		cgroup_view_find(lines[i], "/", &view);
		assert_null(view.mount);
		assert_int_equal(view.layout, CGROUP_LAYOUT_V1);
	}
}

static void view_reads_escaped_blanks(void **state)
{
	AUTO_VIEW struct cgroup_view view = {0};

	(void)state;
	cgroup_view_find("1 0 0:1 / /mnt/a\\040b\\134c rw - cgroup2 none rw", "/", &view);
	assert_string_equal(view.mount, "/mnt/a b\\c");
	assert_int_equal(view.layout, CGROUP_LAYOUT_UNIFIED);
}

static void dir_follows_the_root_of_the_mount(void **state)
{
	static const struct {
		const char *root, *path, *dir;
	} rows[] = {
		{"/", "/", "/m"},
		{"/", "/a/b", "/m/a/b"},
		{"/a", "/a/b", "/m/b"},
		{"/a", "/a", "/m"},
		{"/a", "/ab", NULL},
		{"/a", "/", NULL},
		/* Outside of our cgroup namespace: the names are not ours to know. */
		{"/../..", "/", NULL},
		{"/", "/../../x", NULL},
		{"/..", "/../x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_VIEW struct cgroup_view view = {.mount = xstrdup("/m"),
						     .root = xstrdup(rows[i].root)};
		AUTO_FREE char *dir = cgroup_view_dir(&view, rows[i].path);

		if (rows[i].dir)
			assert_string_equal(dir, rows[i].dir);
		else
			assert_null(dir);
	}
}

static void path_is_that_of_hierarchy_zero(void **state)
{
	static const struct {
		const char *text, *path;
	} rows[] = {
		{"0::/\n", "/"},
		{"5:memory:/x\n1:name=systemd:/y\n0::/user.slice/a b\n", "/user.slice/a b"},
		{"0::/gone (deleted)\n", "/gone"},
		{"0::/no-newline", "/no-newline"},
		{"10::/x\n", NULL},
		{"0:\n", NULL},
		{"", NULL},
		{"5:memory:/x\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *path = cgroup_path_parse(rows[i].text);

		if (rows[i].path)
			assert_string_equal(path, rows[i].path);
		else
			assert_null(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(view_takes_the_unified_mount),
		cmocka_unit_test(view_tells_hybrid_from_version_1),
		cmocka_unit_test(view_prefers_the_mount_that_shows_our_own_group),
		cmocka_unit_test(view_survives_absurd_lines),
		cmocka_unit_test(view_reads_escaped_blanks),
		cmocka_unit_test(dir_follows_the_root_of_the_mount),
		cmocka_unit_test(path_is_that_of_hierarchy_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
