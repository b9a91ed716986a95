#include "layer_fixture.h"

/* What layers do that mean ill. Each test also looks whether anything beside the layer changed.
 */

static void names_that_lead_up_are_refused(void **state)
{
	static const char *const names[] = {"../pwn", "a/../../pwn", "a/..",
					    "..",     "/../pwn",     "a/b/../c"};
	struct place *p = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_refused(p, UNPACK(p, {names[i], .data = "x"}), "'..'");
		assert_refused(p, UNPACK(p, {"f"}, {"h", '1', names[i]}), "'..'");
	}
	assert_int_equal(kind_of(p, "pwn"), '-');
	assert_nothing_escaped(p);
}

static void absolute_names_lie_in_the_layer(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"//etc//./passwd", .data = "x"}, {"..x/...", .data = "y"},
				  {"l", '1', "/etc/passwd"}));
	assert_text(p, "etc/passwd", "x");
	assert_text(p, "..x/...", "y");
	assert_int_equal(stat_of(p, "l").st_nlink, 2);
	assert_nothing_escaped(p);
}

static void nothing_is_written_through_a_link_out_of_the_layer(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *canary = xasprintf("%s/canary", p->top);

	assert_unpacked(p, UNPACK(p, {"d", '2', p->top}, {"d/pwn", .data = "x"},
				  {"u", '2', "../../.."}, {"u/pwn2", .data = "x"},
				  {"f", '2', canary}, {"f", .data = "x"},
				  {"g", '2', "../canary"}, {"g/", '5'}, {"e", '2', p->top},
				  {"e/canary", .data = "x"}, {"e/sub/", '5'},
				  {"c", '2', "/proc/self/cwd"}, {"c/pwn3", .data = "x"}));
	/* "d" led to nothing in the layer, so a folder took its place. */
	assert_text(p, "d/pwn", "x");
	assert_text(p, "f", "x");
	assert_int_equal(kind_of(p, "f"), 'f');
	assert_int_equal(kind_of(p, "g"), 'd');
	/* Up from the root is the root. */
	assert_text(p, "pwn2", "x");
	assert_nothing_escaped(p);
}

static void links_within_the_layer_are_followed_to_parents(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"usr/lib/", '5', .mtime = 9}, {"lib", '2', "usr/lib"},
				  {"lib/so", .data = "x"}, {"abs", '2', "/usr"},
				  {"abs/lib/more/", '5'}, {"abs/lib/more/f", .data = "y"},
				  {"up", '2', "../../usr/lib"}, {"up/z", .data = "z"}));
	assert_text(p, "usr/lib/so", "x");
	assert_text(p, "usr/lib/more/f", "y");
	assert_text(p, "usr/lib/z", "z");
	assert_int_equal(kind_of(p, "lib"), 'l');
	assert_int_equal(stat_of(p, "usr/lib").st_mtim.tv_sec, 9);
	assert_nothing_escaped(p);
}

static void a_folder_that_became_a_link_is_not_remembered(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *out = xasprintf("../../../../../../..%s", p->top);

	assert_unpacked(p, UNPACK(p, {"x/", '5'}, {"x/one"}, {"x", '2', out},
				  {"x/pwn", .data = "x"}, {"y/z/", '5'}, {"y/z/one"},
				  {"y", '2', p->top}, {"y/z/pwn", .data = "x"}));
	assert_int_equal(kind_of(p, "x"), 'd');
	assert_int_equal(kind_of(p, "x/one"), '-');
	assert_text(p, "x/pwn", "x");
	assert_text(p, "y/z/pwn", "x");
	assert_nothing_escaped(p);
}

/* "a/self/self" is "a": what is removed there may be on the way of what comes. */
static void a_folder_removed_through_another_name_is_not_remembered(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"a/b/", '5'}, {"a/self", '2', "."}, {"a/b/one"},
				  {"a/self/b", '2', "/etc"}, {"a/b/two", .data = "x"},
				  {"a/self/self"}, {"a/three"}));
	assert_int_equal(kind_of(p, "a/self"), 'f');
	assert_text(p, "a/b/two", "x");
	assert_int_equal(kind_of(p, "a/three"), 'f');
	assert_nothing_escaped(p);
}

static void hard_links_to_what_is_not_in_the_layer_are_refused(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *canary = xasprintf("%s/canary", p->top);

	assert_refused(p, UNPACK(p, {"h", '1', canary}, {"h", .data = "x"}),
		       "not in the layer");
	assert_refused(p, UNPACK(p, {"h", '1', "/etc/hostname"}), "'/etc/hostname'");
	assert_refused(p, UNPACK(p, {"s", '2', p->top}, {"h", '1', "s/canary"}),
		       "hard link 'h'");
	assert_refused(p, UNPACK(p, {"h", '1', "./"}), "not in the layer");
	assert_refused(p, UNPACK(p, {"dir/", '5'}, {"h", '1', "dir"}), "not in the layer");
	assert_refused(p, UNPACK(p, {"t/f"}, {"t", '1', "t/f"}), "not in the layer");
	assert_int_equal(kind_of(p, "h"), '-');
	assert_nothing_escaped(p);
}

static void a_hard_link_to_a_link_with_data_writes_nowhere_else(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *canary = xasprintf("%s/canary", p->top);
	AUTO_BUF struct buf b = {0};

	pax(&b, "mtime", "1.5");
	assert_unpacked(p, UNPACK(p, {"s", '2', canary},
				  {"h", '1', "s", .data = "x", .pax = b.data}, {"after"}));
	assert_int_equal(kind_of(p, "h"), 'l');
	assert_int_equal(kind_of(p, "after"), 'f');
	assert_nothing_escaped(p);
}

static void writing_over_a_hard_link_leaves_its_twin(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"a", .data = "one"}, {"b", '1', "a"},
				  {"b", .data = "two", .mode = 0600}));
	assert_text(p, "a", "one");
	assert_text(p, "b", "two");
	assert_int_equal(stat_of(p, "a").st_mode & 07777, 0644);
}

static void devices_are_left_out_and_counted(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"dev/sda", '4', .major = 8},
				  {"dev/mem", '3', .major = 1, .minor = 1}, {"zero", '3'},
				  {"fifo", '6'}, {"su", .mode = 04755, .data = "x"}));
	assert_int_equal(kind_of(p, "dev/sda"), '-');
	assert_int_equal(kind_of(p, "dev/mem"), '-');
	assert_int_equal(kind_of(p, "zero"), '-');
	assert_int_equal(kind_of(p, "fifo"), 'p');
	assert_int_equal(stat_of(p, "su").st_mode & 07777, 04755);
	assert_int_equal(p->result.devices, 3);
	assert_string_equal(p->result.device_path, "dev/sda");
}

static void the_last_of_many_wins(void **state)
{
	struct place *p = *state;

	assert_unpacked(
		p, UNPACK(p, {"a", .data = "file"}, {"a/", '5'}, {"a/child"}, {"a/sub/", '5'},
			  {"a/sub/f"}, {"a", '2', "b"}, {"b", .data = "kept"},
			  {"a", .data = "last"}, {"m", .mode = 01000, .data = "1"},
			  {"m", .mode = 01000, .data = "2"}, {"p", '6'}, {"p", '6'}, {"q", '6'},
			  {"q", '2', "x"}, {"q", '6'}, {"r", '2', "b"}, {"r", '1', "b"}));
	assert_text(p, "a", "last");
	assert_text(p, "b", "kept");
	assert_int_equal(stat_of(p, "m").st_size, 1);
	assert_int_equal(kind_of(p, "q"), 'p');
	assert_int_equal(stat_of(p, "r").st_nlink, 2);
}

static void a_folder_twice_keeps_its_content_and_has_the_last_mode(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"d/", '5', .mode = 0700, .mtime = 1}, {"d/f"},
				  {"d/", '5', .mode = 01755, .mtime = 2}));
	assert_int_equal(kind_of(p, "d/f"), 'f');
	assert_int_equal(stat_of(p, "d").st_mode & 07777, 01755);
	assert_int_equal(stat_of(p, "d").st_mtim.tv_sec, 2);
}

static void what_is_no_folder_makes_way_for_one(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"f"}, {"f/x", .data = "1"}, {"loop", '2', "loop"},
				  {"loop/x", .data = "2"}, {"gone", '2', "nowhere"},
				  {"gone/a/b", .data = "3"}, {"pipe", '6'},
				  {"pipe/x", .data = "4"}));
	assert_text(p, "f/x", "1");
	assert_text(p, "loop/x", "2");
	assert_text(p, "gone/a/b", "3");
	assert_text(p, "pipe/x", "4");
}

static void sizes_beyond_the_limit_are_refused_before_a_file_is_made(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf b = {0};
	static const char map[512] = "1\n0\n4\n";
	char data[516];

	memcpy(data, map, sizeof(map));
	memcpy(data + 512, "data", 4);
	pax(&b, "GNU.sparse.major", "1");
	pax(&b, "GNU.sparse.minor", "0");
	pax(&b, "GNU.sparse.name", "big");
	pax(&b, "GNU.sparse.realsize", "1152921504606846976");
	assert_refused(p, UNPACK(p, {"x", .pax = b.data, .data = data, .size = sizeof(data)}),
		       "'big' of the layer is larger");
	assert_int_equal(kind_of(p, "big"), '-');
}

static void sizes_below_zero_are_refused(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf b = {0};

	pax(&b, "size", "-1");
	assert_refused(p, UNPACK(p, {"x", .pax = b.data}), "not a whole tar archive");
}

static void deep_and_long_names_are_refused(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf deep = {0}, path = {0}, long_path = {0}, part = {0}, records = {0};
	AUTO_BUF struct buf just = {0}, just_records = {0};
	unsigned i;

	for (i = 0; i < 20000; i++)
		buf_puts(&deep, "d/");
	pax(&records, "path", deep.data);
	assert_refused(p, UNPACK(p, {"x", '5', .pax = records.data}), "256 folders deep");

	for (i = 0; i < 40 * 200; i++)
		buf_putc(&long_path, i % 200 == 199 ? '/' : 'l');
	pax(&path, "path", long_path.data);
	assert_refused(p, UNPACK(p, {"x", .pax = path.data}), "4095");

	for (i = 0; i < 300; i++)
		buf_putc(&part, 'n');
	records.len = 0;
	pax(&records, "path", part.data);
	assert_refused(p, UNPACK(p, {"x", .pax = records.data}), "255");

	for (i = 0; i < 256; i++)
		buf_puts(&just, "e/");
	pax(&just_records, "path", just.data);
	assert_unpacked(p, UNPACK(p, {"x", '5', .pax = just_records.data}));
	assert_int_equal(kind_of(p, just.data), 'd');
}

/* Each name is of allowed depth; through links the tree is not: each begins where the one
 * before ended. So few, because the kernel, which follows 40, counts those of a look-up that it
 * began anew twice. */
static void a_tree_deeper_than_its_names_can_be_replaced(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf tar = {0};
	AUTO_BUF struct buf steps = {0};
	unsigned i;

	for (i = 0; i < 250; i++)
		buf_puts(&steps, i ? "/d" : "d");
	add_part(&tar, &(struct part){"t/", '5'});
	add_part(&tar, &(struct part){"s0", '2', "t"});
	for (i = 0; i < 11; i++) {
		AUTO_FREE char *name = xasprintf("s%u/%s/", i, steps.data);
		AUTO_FREE char *link = xasprintf("s%u", i + 1);
		AUTO_FREE char *target = xasprintf("s%u/%s", i, steps.data);
		AUTO_BUF struct buf path = {0}, linkpath = {0};

		pax(&path, "path", name);
		add_part(&tar, &(struct part){"x", '5', .pax = path.data});
		pax(&linkpath, "linkpath", target);
		add_part(&tar, &(struct part){link, '2', "x", .pax = linkpath.data});
	}
	add_part(&tar, &(struct part){"s11/bottom"});
	add_part(&tar, &(struct part){"mark", '1', "s11/bottom"});
	add_part(&tar, &(struct part){"t", .data = "flat"});
	add_end(&tar);
	assert_unpacked(p, unpack_blob(p, tar.data, tar.len, NULL));
	assert_text(p, "t", "flat");
	assert_int_equal(stat_of(p, "mark").st_nlink, 1); /* it was in "t" */
}

static void messages_have_no_control_characters(void **state)
{
	struct place *p = *state;
	const char *c;

	assert_refused(p, UNPACK(p, {"a\x1b[31m\n/..", .data = "x"}), "a?[31m?/..");
	for (c = p->err.message; *c; c++)
		assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
	assert_refused(p, UNPACK(p, {"h\r", '1', "no\nwhere"}), "'no?where'");
}

static void what_is_no_archive_is_refused(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf tar = {0};

	assert_refused(p, unpack_blob(p, "<html>not found</html>", 22, NULL),
		       "not a whole tar archive");
	add_part(&tar, &(struct part){"f", .data = "some text"});
	assert_refused(p, unpack_blob(p, tar.data, tar.len - 512, NULL),
		       "not a whole tar archive");
	tar.data[0] ^= 1; /* no longer what its checksum says */
	assert_refused(p, unpack_blob(p, tar.data, tar.len, NULL), "not a whole tar archive");
}

static void more_entries_or_bytes_than_the_limit_are_refused(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf tar = {0};
	struct layer_limits limits = {.entries = 2};

	add_part(&tar, &(struct part){"a", .data = "1234"});
	add_part(&tar, &(struct part){"b", .data = "1234"});
	add_part(&tar, &(struct part){"c", .data = "1234"});
	add_end(&tar);
	assert_refused(p, unpack_blob(p, tar.data, tar.len, &limits), "more than 2 entries");
	limits = (struct layer_limits){.bytes = 11};
	assert_refused(p, unpack_blob(p, tar.data, tar.len, &limits), "limit of 11 bytes");
	limits = (struct layer_limits){.file_bytes = 3};
	assert_refused(p, unpack_blob(p, tar.data, tar.len, &limits), "limit of 3 bytes");
	limits = (struct layer_limits){.entries = 3, .bytes = 12, .file_bytes = 4};
	assert_unpacked(p, unpack_blob(p, tar.data, tar.len, &limits));
}

static void a_disk_with_too_little_room_is_noticed(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf tar = {0};
	struct layer_limits limits = {.free_bytes = UINT64_MAX};
	AUTO_FREE char *zeros = xmalloc(70 << 20);

	add_part(&tar, &(struct part){"big", .data = zeros, .size = 70 << 20});
	add_end(&tar);
	assert_refused(p, unpack_blob(p, tar.data, tar.len, &limits), "of the disk is left");
	assert_int_equal(p->err.code, ENOSPC);
	assert_true(p->err.hint[0]);
}

static void an_inherited_list_of_the_folder_is_not_handed_on(void **state)
{
	/* Version 2; user::rwx, user:0:rwx, group::---, mask::rwx, other::--- as default. */
	static const unsigned char acl[] = {
		2, 0, 0,    0,    1,    0,    7,    0, 0xff, 0xff, 0xff, 0xff, 2,    0,    7,
		0, 0, 0,    0,    0,    4,    0,    0, 0,    0xff, 0xff, 0xff, 0xff, 0x10, 0,
		7, 0, 0xff, 0xff, 0xff, 0xff, 0x20, 0, 0,    0,    0xff, 0xff, 0xff, 0xff};
	struct place *p = *state;
	char value[256];

	if (fsetxattr(p->diff_fd, "system.posix_acl_default", acl, sizeof(acl), 0) < 0)
		skip();
	assert_int_equal(fchmod(p->diff_fd, 02755), 0);
	assert_unpacked(p, UNPACK(p, {"f", .mode = 0644}, {"d/", '5', .mode = 0755}));
	assert_string_equal(xattr_of(p, "f", "system.posix_acl_access", value), "-");
	assert_string_equal(xattr_of(p, "d", "system.posix_acl_default", value), "-");
	assert_int_equal(stat_of(p, "f").st_mode & 07777, 0644);
	assert_int_equal(stat_of(p, "d").st_mode & 07777, 0755);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(names_that_lead_up_are_refused),
		PLACE_TEST(absolute_names_lie_in_the_layer),
		PLACE_TEST(nothing_is_written_through_a_link_out_of_the_layer),
		PLACE_TEST(links_within_the_layer_are_followed_to_parents),
		PLACE_TEST(a_folder_that_became_a_link_is_not_remembered),
		PLACE_TEST(a_folder_removed_through_another_name_is_not_remembered),
		PLACE_TEST(hard_links_to_what_is_not_in_the_layer_are_refused),
		PLACE_TEST(a_hard_link_to_a_link_with_data_writes_nowhere_else),
		PLACE_TEST(writing_over_a_hard_link_leaves_its_twin),
		PLACE_TEST(devices_are_left_out_and_counted),
		PLACE_TEST(the_last_of_many_wins),
		PLACE_TEST(a_folder_twice_keeps_its_content_and_has_the_last_mode),
		PLACE_TEST(what_is_no_folder_makes_way_for_one),
		PLACE_TEST(sizes_beyond_the_limit_are_refused_before_a_file_is_made),
		PLACE_TEST(sizes_below_zero_are_refused),
		PLACE_TEST(deep_and_long_names_are_refused),
		PLACE_TEST(a_tree_deeper_than_its_names_can_be_replaced),
		PLACE_TEST(messages_have_no_control_characters),
		PLACE_TEST(what_is_no_archive_is_refused),
		PLACE_TEST(more_entries_or_bytes_than_the_limit_are_refused),
		PLACE_TEST(a_disk_with_too_little_room_is_noticed),
		PLACE_TEST(an_inherited_list_of_the_folder_is_not_handed_on),
	};

	become_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
