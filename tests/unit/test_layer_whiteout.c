#include "layer_fixture.h"

/* What hides, and what it does not hide. */

static void a_whiteout_is_a_device_that_hides(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"etc/", '5', .mtime = 5}, {"etc/.wh.motd"}, {".wh.tmp"},
				  {"new/deep/.wh.x"}));
	assert_int_equal(kind_of(p, "etc/motd"), 'w');
	assert_int_equal(kind_of(p, "etc/.wh.motd"), '-');
	assert_int_equal(kind_of(p, "tmp"), 'w');
	assert_int_equal(kind_of(p, "new/deep/x"), 'w');
	assert_int_equal(stat_of(p, "etc").st_mtim.tv_sec, 5);
}

static void an_opaque_folder_hides_what_is_below_it(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"first/.wh..wh..opq"}, {"first/", '5', .mtime = 6},
				  {"last/", '5', .mode = 0700, .mtime = 7}, {"last/f"},
				  {"last/.wh..wh..opq"}));
	assert_true(is_opaque(p, "first"));
	assert_true(is_opaque(p, "last"));
	assert_int_equal(kind_of(p, "last/f"), 'f');
	assert_int_equal(kind_of(p, "last/.wh..wh..opq"), '-');
	assert_int_equal(stat_of(p, "first").st_mtim.tv_sec, 6);
	assert_int_equal(stat_of(p, "last").st_mtim.tv_sec, 7);
	assert_int_equal(stat_of(p, "last").st_mode & 07777, 0700);
}

static void files_of_the_same_layer_are_not_hidden(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"before", .data = "x"}, {".wh.before"}, {".wh.after"},
				  {"after", .data = "y"}, {".wh.link"}, {"link", '2', "x"}));
	assert_text(p, "before", "x");
	assert_text(p, "after", "y");
	assert_int_equal(kind_of(p, "link"), 'l');
}

static void a_folder_removed_and_made_again_is_opaque(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {".wh.foo"}, {"foo/.wh.bar"}, {"foo/x", .data = "x"},
				  {"baz/", '5', .mtime = 3}, {"baz/y"}, {".wh.baz"},
				  {"top/foo/.wh.a"}, {"top/.wh.foo"}));
	assert_true(is_opaque(p, "foo"));
	assert_text(p, "foo/x", "x");
	assert_int_equal(kind_of(p, "foo/bar"), '-');
	assert_true(is_opaque(p, "baz"));
	assert_int_equal(stat_of(p, "baz").st_mtim.tv_sec, 3);
	assert_int_equal(kind_of(p, "top/foo"), 'w');
	assert_false(is_opaque(p, "top"));
}

/* It would be seen: nothing of lower layers is there that it could hide. */
static void a_folder_of_which_nothing_is_left_is_a_whiteout(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"a/b/.wh.x"}, {"a/.wh.b"}, {".wh.c"}, {"c/d/.wh.y"}));
	assert_int_equal(kind_of(p, "a/b"), 'w');
	assert_int_equal(kind_of(p, "c"), 'w');
}

static void a_whiteout_does_not_take_the_place_of_a_link(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"bin", '2', "usr/bin"}, {"bin/.wh.sh"}));
	assert_target(p, "bin", "usr/bin");
}

static void there_are_no_whiteouts_below_an_opaque_folder(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"a/.wh.one"}, {"a/b/c/.wh.two"}, {"a/.wh..wh..opq"},
				  {"a/.wh.three"}, {"l", '2', "a/b"}, {"l/.wh.four"},
				  {"z/.wh.five"}, {"a/gone/deep/.wh.six"}));
	assert_int_equal(kind_of(p, "a/one"), '-');
	assert_int_equal(kind_of(p, "a/b/c/two"), '-');
	assert_int_equal(kind_of(p, "a/three"), '-');
	assert_int_equal(kind_of(p, "a/b/four"), '-');
	assert_int_equal(kind_of(p, "a/gone"), '-');
	assert_int_equal(kind_of(p, "z/five"), 'w');
}

static void whiteouts_of_no_name_are_refused(void **state)
{
	static const char *const names[] = {".wh.", ".wh..", ".wh...", "a/.wh.", "a/b/.wh..."};
	struct place *p = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_refused(p, UNPACK(p, {names[i]}), "whiteout of no name");
	assert_nothing_escaped(p);
}

static void nothing_lies_in_a_whiteout(void **state)
{
	struct place *p = *state;

	assert_refused(p, UNPACK(p, {"a/.wh.b/c"}), "lies in a whiteout");
	assert_unpacked(p, UNPACK(p, {".wh..wh.plnk/1", .data = "x"}, {".wh..wh.aufs"},
				  {"q/.wh..wh..opq/z"}));
	assert_int_equal(kind_of(p, ".wh..wh.plnk"), '-');
	assert_int_equal(kind_of(p, ".wh..wh.aufs"), '-');
	assert_int_equal(kind_of(p, "q"), '-');
}

static void a_whiteout_through_a_link_stays_in_the_layer(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"s", '2', p->top}, {"s/.wh.canary"}, {"usr/", '5'},
				  {"l", '2', "usr"}, {"l/.wh.bin"}));
	assert_int_equal(kind_of(p, "usr/bin"), 'w');
	assert_nothing_escaped(p);
}

static void a_whiteout_in_what_is_no_folder_in_the_end_is_forgotten(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"foo/.wh.bar"}, {"foo", .data = "file"}));
	assert_text(p, "foo", "file");
}

static void a_name_at_most_so_long_can_be_hidden(void **state)
{
	struct place *p = *state;
	char name[256];
	AUTO_BUF struct buf b = {0};

	memset(name, 'n', 255);
	memcpy(name, ".wh.", 4);
	name[255] = '\0';
	pax(&b, "path", name);
	assert_unpacked(p, UNPACK(p, {"x", .pax = b.data}));
	assert_int_equal(kind_of(p, name + 4), 'w');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(a_whiteout_is_a_device_that_hides),
		PLACE_TEST(an_opaque_folder_hides_what_is_below_it),
		PLACE_TEST(files_of_the_same_layer_are_not_hidden),
		PLACE_TEST(a_folder_removed_and_made_again_is_opaque),
		PLACE_TEST(a_folder_of_which_nothing_is_left_is_a_whiteout),
		PLACE_TEST(a_whiteout_does_not_take_the_place_of_a_link),
		PLACE_TEST(there_are_no_whiteouts_below_an_opaque_folder),
		PLACE_TEST(whiteouts_of_no_name_are_refused),
		PLACE_TEST(nothing_lies_in_a_whiteout),
		PLACE_TEST(a_whiteout_through_a_link_stays_in_the_layer),
		PLACE_TEST(a_whiteout_in_what_is_no_folder_in_the_end_is_forgotten),
		PLACE_TEST(a_name_at_most_so_long_can_be_hidden),
	};

	become_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
