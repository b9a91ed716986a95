#include "layer_fixture.h"

/* A folder packed, unpacked again beside it, and packed once more. */

static int open_blob(void)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static struct layer_packed pack_to(int dir_fd, int out_fd, enum layer_compression compression)
{
	struct layer_packed packed = {0};
	struct err err = {0};

	if (layer_pack(dir_fd, out_fd, compression, &packed, &err) < 0)
		fail_msg("%s", err.message);
	return packed;
}

static void assert_not_packed(const struct place *p, const char *words)
{
	struct layer_packed packed;
	struct err err = {0};

	assert_int_equal(layer_pack(p->diff_fd, -1, LAYER_PLAIN, &packed, &err), -1);
	if (!strstr(err.message, words))
		fail_msg("no '%s' in: %s", words, err.message);
}

/* Something of each kind. */
static void make_tree(struct place *p)
{
	AUTO_BUF struct buf attr = {0}, fine = {0}, far = {0}, target = {0};
	char name[150];

	memset(name, 'n', 149);
	name[149] = '\0';
	pax(&attr, "SCHILY.xattr.user.b", "two\nlines");
	pax(&attr, "SCHILY.xattr.user.a", "one");
	pax(&fine, "mtime", "1234567890.000000700");
	pax(&far, "path", name);
	pax(&target, "linkpath", name);
	assert_unpacked(p, UNPACK(p, {"./", '5', .mode = 0711, .mtime = 5},
				  {"a/", '5', .mode = 02750, .mtime = 10, .pax = attr.data},
				  {"a/file", .data = "text", .mode = 04755, .mtime = 20,
				   .gid = 3, .pax = attr.data},
				  {"a/twin", '1', "a/file"}, {"z/again", '1', "a/file"},
				  {"caf\xc3\xa9", .data = "x", .pax = fine.data, .uid = 9},
				  {"latin\xe9", .data = "x"}, {"long", .pax = far.data},
				  {"link", '2', "../a", .mtime = 30, .uid = 4},
				  {"farlink", '2', "x", .pax = target.data},
				  {"fifo", '6', .mode = 0600, .mtime = 40}, {"gone/.wh.file"},
				  {"new/", '5', .mtime = 50}, {"new/.wh..wh..opq"}, {"new/f"}));
}

static void a_folder_packed_and_unpacked_packs_to_the_same_bytes(void **state)
{
	static const enum layer_compression all[] = {LAYER_PLAIN, LAYER_GZIP, LAYER_ZSTD};
	struct place *p = *state;
	struct layer_packed first, again;
	size_t i;

	make_tree(p);
	first = pack_to(p->diff_fd, -1, LAYER_PLAIN);
	assert_string_equal(first.diff_id, first.digest);
	assert_int_equal(first.blob_bytes, first.tar_bytes);
	for (i = 0; i < ARRAY_LEN(all); i++) {
		AUTO_CLOSE int blob = open_blob();
		AUTO_CLOSE int dir = -1;
		AUTO_FREE char *name = xasprintf("diff%zu", i);
		struct layer_options options = {.id_count = p->id_count};
		struct stat st;

		again = pack_to(p->diff_fd, blob, all[i]);
		assert_string_equal(again.diff_id, first.diff_id);
		assert_int_equal(fstat(blob, &st), 0);
		assert_int_equal(again.blob_bytes, st.st_size);
		assert_int_equal(lseek(blob, 0, SEEK_SET), 0);
		assert_int_equal(mkdirat(p->top_fd, name, 0755), 0);
		dir = openat(p->top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_unpacked(p, layer_unpack(blob, dir, &options, &p->result, &p->err));
		assert_string_equal(p->result.diff_id, first.diff_id);
		assert_int_equal(p->result.trailing, 0);
		again = pack_to(dir, -1, LAYER_PLAIN);
		assert_string_equal(again.diff_id, first.diff_id);
	}
}

static void the_digest_is_that_of_the_blob(void **state)
{
	struct place *p = *state;
	AUTO_CLOSE int blob = open_blob();
	struct layer_packed packed;
	AUTO_FREE char *bytes = NULL;
	char want[SHA256_HEX_MAX];

	make_tree(p);
	packed = pack_to(p->diff_fd, blob, LAYER_GZIP);
	bytes = xmalloc(packed.blob_bytes);
	assert_int_equal(pread(blob, bytes, packed.blob_bytes, 0), (ssize_t)packed.blob_bytes);
	sha256_text(bytes, packed.blob_bytes, want);
	assert_string_equal(packed.digest, want);
	assert_string_not_equal(packed.digest, packed.diff_id);
}

static char *entry_at(const char *tar, size_t len, const char *name)
{
	size_t at;

	for (at = 0; at + 512 <= len; at += 512) {
		if (memcmp(tar + at + 257, "ustar", 5) == 0 && str_eq(tar + at, name))
			return xstrndup(tar + at, 512);
	}
	return NULL;
}

static void marks_of_overlayfs_become_whiteouts(void **state)
{
	struct place *p = *state;
	AUTO_CLOSE int blob = open_blob();
	AUTO_FREE char *tar = xmalloc(100000);
	AUTO_FREE char *entry = NULL;
	AUTO_FREE char *opaque = NULL;
	AUTO_FREE char *hidden = NULL;
	size_t len;

	make_tree(p);
	len = pack_to(p->diff_fd, blob, LAYER_PLAIN).tar_bytes;
	assert_int_equal(pread(blob, tar, len, 0), (ssize_t)len);
	entry = entry_at(tar, len, "gone/.wh.file");
	opaque = entry_at(tar, len, "new/.wh..wh..opq");
	hidden = entry_at(tar, len, "gone/file");
	assert_non_null(entry);
	assert_non_null(opaque);
	assert_null(hidden);
	assert_null(memmem(tar, len, "user.overlay", 12));
}

static void many_names_of_a_folder_are_sorted_whatever_made_first(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf up = {0}, down = {0};
	struct layer_packed one, two;
	AUTO_CLOSE int dir = -1;
	unsigned i;

	add_part(&up, &(struct part){"./", '5'});
	add_part(&down, &(struct part){"./", '5'});
	for (i = 0; i < 300; i++) {
		AUTO_FREE char *low = xasprintf("file%u", i);
		AUTO_FREE char *high = xasprintf("file%u", 299 - i);

		add_part(&up, &(struct part){low});
		add_part(&down, &(struct part){high});
	}
	add_end(&up);
	add_end(&down);
	assert_unpacked(p, unpack_blob(p, up.data, up.len, NULL));
	one = pack_to(p->diff_fd, -1, LAYER_PLAIN);
	assert_int_equal(mkdirat(p->top_fd, "other", 0755), 0);
	dir = openat(p->top_fd, "other", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)close(p->diff_fd);
	p->diff_fd = steal_fd(&dir);
	assert_unpacked(p, unpack_blob(p, down.data, down.len, NULL));
	two = pack_to(p->diff_fd, -1, LAYER_PLAIN);
	assert_string_equal(one.diff_id, two.diff_id);
}

static void names_that_a_layer_cannot_have_are_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdirat(p->diff_fd, "d", 0755), 0);
	assert_int_equal(mkdirat(p->diff_fd, "d/.wh.x\n", 0755), 0);
	assert_not_packed(p, "'d/.wh.x?'");
}

static void what_stands_for_something_elsewhere_is_refused(void **state)
{
	struct place *p = *state;
	AUTO_CLOSE int fd = -1;

	assert_int_equal(mkdirat(p->diff_fd, "moved", 0755), 0);
	fd = openat(p->diff_fd, "moved", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "user.overlay.redirect", "/x", 2, 0), 0);
	assert_not_packed(p, "user.overlay.redirect");
}

static void a_tree_too_deep_is_refused(void **state)
{
	struct place *p = *state;
	int fd = openat(p->diff_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned i;

	for (i = 0; i < 300; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	assert_not_packed(p, "256 folders deep");
}

static void sockets_are_left_out(void **state)
{
	struct place *p = *state;
	struct layer_packed with, without;
	struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	assert_int_equal(futimens(p->diff_fd, times), 0);
	without = pack_to(p->diff_fd, -1, LAYER_PLAIN);
	assert_int_equal(mknodat(p->diff_fd, "socket", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(futimens(p->diff_fd, times), 0);
	with = pack_to(p->diff_fd, -1, LAYER_PLAIN);
	assert_string_equal(with.diff_id, without.diff_id);
}

static void a_full_disk_is_said(void **state)
{
	struct place *p = *state;
	AUTO_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct layer_packed packed;
	struct err err = {0};

	assert_true(full >= 0);
	assert_int_equal(layer_pack(p->diff_fd, full, LAYER_GZIP, &packed, &err), -1);
	assert_int_equal(err.code, ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(a_folder_packed_and_unpacked_packs_to_the_same_bytes),
		PLACE_TEST(the_digest_is_that_of_the_blob),
		PLACE_TEST(marks_of_overlayfs_become_whiteouts),
		PLACE_TEST(many_names_of_a_folder_are_sorted_whatever_made_first),
		PLACE_TEST(names_that_a_layer_cannot_have_are_refused),
		PLACE_TEST(what_stands_for_something_elsewhere_is_refused),
		PLACE_TEST(a_tree_too_deep_is_refused),
		PLACE_TEST(sockets_are_left_out),
		PLACE_TEST(a_full_disk_is_said),
	};

	become_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
