#include "layer_fixture.h"

#include <locale.h>
#include <sys/wait.h>

/* What an ordinary layer becomes. */

static void files_folders_and_links_are_made(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"etc/", '5', .mode = 0750, .mtime = 1000},
				  {"etc/motd", .data = "hello\n", .mode = 0640, .mtime = 2000},
				  {"etc/empty", .mtime = 3000},
				  {"etc/link", '2', "../etc/motd", .mtime = 4000},
				  {"etc/hard", '1', "etc/motd"},
				  {"run/fifo", '6', .mode = 0600, .mtime = 5000}));

	assert_text(p, "etc/motd", "hello\n");
	assert_int_equal(stat_of(p, "etc").st_mode & 07777, 0750);
	assert_int_equal(stat_of(p, "etc").st_mtim.tv_sec, 1000);
	assert_int_equal(stat_of(p, "etc/motd").st_mode & 07777, 0640);
	assert_int_equal(stat_of(p, "etc/motd").st_mtim.tv_sec, 2000);
	assert_int_equal(stat_of(p, "etc/motd").st_nlink, 2);
	assert_int_equal(stat_of(p, "etc/hard").st_ino, stat_of(p, "etc/motd").st_ino);
	assert_int_equal(stat_of(p, "etc/empty").st_size, 0);
	assert_target(p, "etc/link", "../etc/motd");
	assert_int_equal(stat_of(p, "etc/link").st_mtim.tv_sec, 4000);
	assert_int_equal(kind_of(p, "run"), 'd');
	assert_int_equal(stat_of(p, "run").st_mode & 07777, 0755);
	assert_int_equal(kind_of(p, "run/fifo"), 'p');
	assert_int_equal(p->result.entries, 6);
	assert_int_equal(p->result.bytes, 6);
}

static void the_digest_is_that_of_all_bytes_of_the_archive(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf tar = {0};
	char want[SHA256_HEX_MAX];

	add_part(&tar, &(struct part){"a", .data = "x"});
	add_end(&tar);
	buf_add(&tar, "padding that means nothing", 26);
	assert_unpacked(p, unpack_blob(p, tar.data, tar.len, NULL));
	sha256_text(tar.data, tar.len, want);
	assert_string_equal(p->result.diff_id, want);
	assert_int_equal(p->result.tar_bytes, tar.len);
}

/* As umoci makes them: what follows the last byte of the last file is left out. */
static void an_archive_may_end_with_the_last_byte_of_its_data(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf tar = {0};
	char want[SHA256_HEX_MAX];

	add_part(&tar, &(struct part){"a", .data = "text"});
	tar.len -= 508;
	assert_unpacked(p, unpack_blob(p, tar.data, tar.len, NULL));
	assert_text(p, "a", "text");
	sha256_text(tar.data, tar.len, want);
	assert_string_equal(p->result.diff_id, want);
}

static void an_archive_that_lacks_data_is_not_whole(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf tar = {0};

	add_part(&tar, &(struct part){"a", .data = "text"});
	assert_refused(p, unpack_blob(p, tar.data, tar.len - 509, NULL),
		       "not a whole tar archive");
	assert_refused(p, unpack_blob(p, tar.data, tar.len - 507, NULL),
		       "not a whole tar archive");
}

static void an_empty_blob_is_an_empty_layer(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, unpack_blob(p, "", 0, NULL));
	assert_int_equal(p->result.entries, 0);
	assert_string_equal(p->result.diff_id,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void the_time_of_a_folder_outlives_what_is_put_into_it(void **state)
{
	struct place *p = *state;

	assert_unpacked(p,
			UNPACK(p, {"./", '5', .mtime = 10}, {"a/", '5', .mtime = 20},
			       {"a/b/", '5', .mtime = 30}, {"a/b/c/", '5', .mtime = 40},
			       {"a/b/c/f"}, {"z/", '5', .mtime = 50}, {"a/b/late"}, {"a/late"},
			       {"late"}, {"z/l", '1', "a/late"}, {"z/s", '2', "x"}));
	assert_int_equal(stat_of(p, ".").st_mtim.tv_sec, 10);
	assert_int_equal(stat_of(p, "a").st_mtim.tv_sec, 20);
	assert_int_equal(stat_of(p, "a/b").st_mtim.tv_sec, 30);
	assert_int_equal(stat_of(p, "a/b/c").st_mtim.tv_sec, 40);
	assert_int_equal(stat_of(p, "z").st_mtim.tv_sec, 50);
}

static void times_of_a_deep_tree_are_right_though_few_folders_stay_open(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf tar = {0};
	AUTO_BUF struct buf path = {0};
	unsigned i;

	for (i = 0; i < 40; i++) {
		buf_puts(&path, "d/");
		add_part(&tar, &(struct part){path.data, '5', .mtime = 100 + i});
	}
	for (i = 40; i > 0; i--) {
		AUTO_FREE char *name = xasprintf("%.*sfile", (int)(2 * i), path.data);

		add_part(&tar, &(struct part){name, .data = "x"});
	}
	add_end(&tar);
	assert_unpacked(p, unpack_blob(p, tar.data, tar.len, NULL));
	for (i = 0; i < 40; i++) {
		path.data[2 * (i + 1)] = '\0';
		assert_int_equal(stat_of(p, path.data).st_mtim.tv_sec, 100 + i);
		path.data[2 * (i + 1)] = 'd';
	}
}

static void the_root_may_be_an_entry(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"./", '5', .mode = 01711, .mtime = 77}, {"./a"}));
	assert_int_equal(stat_of(p, ".").st_mode & 07777, 01711);
	assert_int_equal(stat_of(p, ".").st_mtim.tv_sec, 77);
	assert_refused(p, UNPACK(p, {".", '2', "elsewhere"}), "root");
}

static void special_bits_of_modes_are_kept(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"su", .mode = 06755, .uid = 7, .gid = 8, .data = "x"},
				  {"tmp/", '5', .mode = 01777},
				  {"mail/", '5', .mode = 02775, .gid = 8}, {"mail/f"},
				  {"mail/d/", '5', .mode = 0700}, {"mail/p", '6'},
				  {"none/", '5', .mode = 0}, {"none/f", .data = "y"}));
	assert_int_equal(stat_of(p, "su").st_mode & 07777, 06755);
	assert_int_equal(stat_of(p, "tmp").st_mode & 07777, 01777);
	assert_int_equal(stat_of(p, "mail").st_mode & 07777, 02775);
	assert_int_equal(stat_of(p, "mail/f").st_gid, 0);
	assert_int_equal(stat_of(p, "mail/p").st_gid, 0);
	assert_int_equal(stat_of(p, "mail/d").st_mode & 07777, 0700);
	assert_int_equal(stat_of(p, "mail/d").st_gid, 0);
	assert_int_equal(stat_of(p, "none/f").st_size, 1);
}

/* add_part() takes mode 0 for none. */
static void the_mask_of_the_process_does_not_matter(void **state)
{
	struct place *p = *state;
	mode_t mask = umask(0077);

	assert_unpacked(p, UNPACK(p, {"f", .mode = 0666}, {"d/", '5', .mode = 0777}));
	assert_int_equal(umask(mask), 0077);
	assert_int_equal(stat_of(p, "f").st_mode & 07777, 0666);
	assert_int_equal(stat_of(p, "d").st_mode & 07777, 0777);
}

static void owners_are_kept_and_those_beyond_the_map_counted(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf far = {0};
	bool is_whole = p->id_count > 1;

	pax(&far, "uid", "99999999999");
	assert_unpacked(p, UNPACK(p, {"a", .uid = 7, .gid = 8}, {"l", '2', "x", .uid = 7},
				  {"d/", '5', .uid = 9}, {"root"},
				  {"far\n", .pax = far.data, .gid = 3}));
	assert_int_equal(stat_of(p, "a").st_uid, is_whole ? 7 : 0);
	assert_int_equal(stat_of(p, "a").st_gid, is_whole ? 8 : 0);
	assert_int_equal(stat_of(p, "l").st_uid, is_whole ? 7 : 0);
	assert_int_equal(stat_of(p, "d").st_uid, is_whole ? 9 : 0);
	assert_int_equal(stat_of(p, "far\n").st_uid, is_whole ? 65534 : 0);
	assert_int_equal(p->result.foreign, is_whole ? 1 : 4);
	assert_string_equal(p->result.foreign_path, is_whole ? "far?" : "a");
}

/* U+00E9 as one character, as two, in Latin-1, what is no text at all, the K of Kelvin. */
static const char *const odd_names[] = {"caf\xc3\xa9",  "cafe\xcc\x81", "caf\xe9",
					"\xff\xfe\x80", "\xe2\x84\xaa", "a\nb\tc",
					"back\\slash",  "q?*"};

static void assert_odd_names(struct place *p)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(odd_names); i++) {
		AUTO_BUF struct buf b = {0};
		AUTO_FREE char *in_pax = xasprintf("pax-%s", odd_names[i]);

		pax(&b, "path", in_pax);
		assert_unpacked(p, UNPACK(p, {odd_names[i], .data = "u"},
					  {"wrong", .data = "p", .pax = b.data}));
		assert_text(p, odd_names[i], "u");
		assert_text(p, in_pax, "p");
	}
	assert_int_equal(kind_of(p, "wrong"), '-');
}

/* There are no tables of characters there. First of all tests: they would be loaded already. */
static void names_are_bytes_in_an_empty_root(void **state)
{
	struct place *p = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (fchdir(p->diff_fd) < 0 || chroot(".") < 0)
			_exit(2);
		assert_odd_names(p);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Where characters have meaning to the C library, libarchive would compose them. */
static void names_are_bytes_in_a_locale_of_utf8(void **state)
{
	assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
	assert_odd_names(*state);
	assert_non_null(setlocale(LC_ALL, "C"));
}

static void link_targets_are_bytes(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf b = {0};

	pax(&b, "linkpath", "../../cafe\xcc\x81//./x");
	assert_unpacked(p, UNPACK(p, {"l", '2', "wrong", .pax = b.data},
				  {"e\xcc\x81", .data = "x"}, {"h", '1', "e\xcc\x81"}));
	assert_target(p, "l", "../../cafe\xcc\x81//./x");
	assert_int_equal(stat_of(p, "h").st_nlink, 2);
}

static void long_names_of_gnu_and_pax_are_read(void **state)
{
	struct place *p = *state;
	char name[201], gnu[201];
	AUTO_BUF struct buf b = {0};

	memset(name, 'p', 200);
	memset(gnu, 'g', 200);
	name[200] = gnu[200] = '\0';
	pax(&b, "path", name);
	assert_unpacked(p, UNPACK(p, {"short", .pax = b.data, .data = "1"},
				  {"././@LongLink", 'L', .data = gnu, .size = 201},
				  {"short", .data = "2"},
				  {"././@LongLink", 'K', .data = gnu, .size = 201},
				  {"ln", '2', "short"}));
	assert_text(p, name, "1");
	assert_text(p, gnu, "2");
	assert_target(p, "ln", gnu);
}

static void times_have_nanoseconds_and_limits(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf fine = {0}, old = {0}, late = {0};

	pax(&fine, "mtime", "1234567890.123456789");
	pax(&old, "mtime", "-100000000000000");
	pax(&late, "mtime", "999999999999999");
	assert_unpacked(p, UNPACK(p, {"f", .pax = fine.data}, {"o", .pax = old.data},
				  {"l", .pax = late.data}, {"d/", '5', .pax = fine.data},
				  {"d/x"}));
	assert_int_equal(stat_of(p, "f").st_mtim.tv_sec, 1234567890);
	assert_int_equal(stat_of(p, "f").st_mtim.tv_nsec, 123456789);
	assert_int_equal(stat_of(p, "d").st_mtim.tv_nsec, 123456789);
	assert_int_equal(stat_of(p, "o").st_mtim.tv_sec, 0);
	assert_true(stat_of(p, "l").st_mtim.tv_sec > INT64_C(4000000000));
}

static void sparse_files_keep_their_holes(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf b = {0};
	static const char map[512] = "2\n0\n4\n1048576\n4\n";
	char data[512 + 8];
	struct stat st;

	memcpy(data, map, sizeof(map));
	memcpy(data + 512, "headtail", 8);
	pax(&b, "GNU.sparse.major", "1");
	pax(&b, "GNU.sparse.minor", "0");
	pax(&b, "GNU.sparse.name", "sparse");
	pax(&b, "GNU.sparse.realsize", "4194304");
	assert_unpacked(p, UNPACK(p, {"GNUSparseFile.0/sparse", .pax = b.data, .data = data,
				      .size = sizeof(data)}));
	st = stat_of(p, "sparse");
	assert_int_equal(st.st_size, 4194304);
	assert_true(st.st_blocks * 512 < 1048576);
	{
		AUTO_CLOSE int fd = openat(p->diff_fd, "sparse", O_RDONLY | O_CLOEXEC);
		char text[5] = {0};

		assert_int_equal(pread(fd, text, 4, 1048576), 4);
		assert_string_equal(text, "tail");
	}
}

static void attributes_of_users_and_capabilities_are_kept(void **state)
{
	struct place *p = *state;
	/* cap_net_raw+ep, revision 2 */
	static const char cap[20] = {1, 0, 0, 2, 0, 0x20};
	AUTO_BUF struct buf b = {0};
	char value[256];

	pax(&b, "SCHILY.xattr.user.note", "for you");
	pax_bytes(&b, "SCHILY.xattr.security.capability", cap, sizeof(cap));
	assert_unpacked(p, UNPACK(p, {"ping", .mode = 0755, .uid = 5, .data = "x",
				      .pax = b.data, .pax_len = b.len}));
	assert_string_equal(xattr_of(p, "ping", "user.note", value), "for you");
	assert_memory_equal(xattr_of(p, "ping", "security.capability", value), cap,
			    sizeof(cap));
	assert_int_equal(p->result.xattrs, 0);
}

static void attributes_that_mean_something_to_the_host_are_left_out(void **state)
{
	static const char *const names[] = {"user.overlay.redirect",
					    "user.overlay.opaque",
					    "user.overlay.metacopy",
					    "trusted.overlay.opaque",
					    "security.selinux",
					    "security.ima",
					    "trusted.x",
					    "system.posix_acl_access",
					    "system.nfs4_acl",
					    "security.evm"};
	struct place *p = *state;
	AUTO_BUF struct buf b = {0};
	char value[256];
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *key = xasprintf("SCHILY.xattr.%s", names[i]);

		pax(&b, key, "y");
	}
	assert_unpacked(p, UNPACK(p, {"f", .pax = b.data}, {"d/", '5', .pax = b.data}));
	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_string_equal(xattr_of(p, "f", names[i], value), "-");
		assert_string_equal(xattr_of(p, "d", names[i], value), "-");
	}
	assert_int_equal(p->result.xattrs, 2 * ARRAY_LEN(names));
	assert_true(p->result.xattr_name[0]);
}

static void attributes_of_links_are_left_out(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf b = {0};

	pax(&b, "SCHILY.xattr.user.x", "y");
	assert_unpacked(p, UNPACK(p, {"l", '2', "f", .pax = b.data}));
	assert_int_equal(p->result.xattrs, 1);
	assert_string_equal(p->result.xattr_name, "user.x");
}

static void access_lists_are_left_out(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf b = {0};

	pax(&b, "SCHILY.acl.access",
	    "user::rwx\nuser:lisp:r-x\ngroup::r-x\nmask::r-x\nother::---");
	assert_unpacked(p, UNPACK(p, {"f", .pax = b.data}));
	assert_int_equal(p->result.xattrs, 1);
}

static void what_describes_a_lazy_archive_is_left_out(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"stargz.index.json", .data = "{}"},
				  {".no.prefetch.landmark", .data = "x"},
				  {"usr/stargz.index.json", .data = "{}"}));
	assert_int_equal(kind_of(p, "stargz.index.json"), '-');
	assert_int_equal(kind_of(p, ".no.prefetch.landmark"), '-');
	assert_int_equal(kind_of(p, "usr/stargz.index.json"), 'f');
}

static void data_of_a_hard_link_go_into_the_file(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf b = {0};

	/* pax alone may give a link data. */
	pax(&b, "mtime", "55.5");
	assert_unpacked(p, UNPACK(p, {"f", .data = "first"},
				  {"h", '1', "f", .data = "again", .pax = b.data}, {"g"}));
	assert_int_equal(stat_of(p, "h").st_ino, stat_of(p, "f").st_ino);
	assert_text(p, "f", "again");
	assert_int_equal(kind_of(p, "g"), 'f');
}

static void hard_links_to_links_are_links(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"f"}, {"s", '2', "f"}, {"h", '1', "s"}));
	assert_int_equal(kind_of(p, "h"), 'l');
	assert_int_equal(stat_of(p, "f").st_nlink, 1);
}

static void a_link_to_itself_changes_nothing(void **state)
{
	struct place *p = *state;

	assert_unpacked(p, UNPACK(p, {"f", .data = "x"}, {"f", '1', "./f"}));
	assert_text(p, "f", "x");
}

static uint64_t last_progress;

static void note_progress(void *arg, uint64_t bytes)
{
	assert_true(bytes >= last_progress);
	last_progress = bytes;
	(void)arg;
}

static void progress_is_told_up_to_the_last_byte(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf tar = {0};
	AUTO_FREE char *big = xmalloc(1000000);
	AUTO_CLOSE int fd = memfd_create("blob", MFD_CLOEXEC);
	struct layer_options options = {.id_count = 1, .progress = note_progress};

	add_part(&tar, &(struct part){"big", .data = big, .size = 1000000});
	add_end(&tar);
	assert_int_equal(write(fd, tar.data, tar.len), (ssize_t)tar.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	last_progress = 0;
	assert_unpacked(p, layer_unpack(fd, p->diff_fd, &options, &p->result, &p->err));
	assert_int_equal(last_progress, tar.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(names_are_bytes_in_an_empty_root),
		PLACE_TEST(files_folders_and_links_are_made),
		PLACE_TEST(the_digest_is_that_of_all_bytes_of_the_archive),
		PLACE_TEST(an_archive_may_end_with_the_last_byte_of_its_data),
		PLACE_TEST(an_archive_that_lacks_data_is_not_whole),
		PLACE_TEST(an_empty_blob_is_an_empty_layer),
		PLACE_TEST(the_time_of_a_folder_outlives_what_is_put_into_it),
		PLACE_TEST(times_of_a_deep_tree_are_right_though_few_folders_stay_open),
		PLACE_TEST(the_root_may_be_an_entry),
		PLACE_TEST(special_bits_of_modes_are_kept),
		PLACE_TEST(the_mask_of_the_process_does_not_matter),
		PLACE_TEST(owners_are_kept_and_those_beyond_the_map_counted),
		PLACE_TEST(names_are_bytes_in_a_locale_of_utf8),
		PLACE_TEST(link_targets_are_bytes),
		PLACE_TEST(long_names_of_gnu_and_pax_are_read),
		PLACE_TEST(times_have_nanoseconds_and_limits),
		PLACE_TEST(sparse_files_keep_their_holes),
		PLACE_TEST(attributes_of_users_and_capabilities_are_kept),
		PLACE_TEST(attributes_that_mean_something_to_the_host_are_left_out),
		PLACE_TEST(attributes_of_links_are_left_out),
		PLACE_TEST(access_lists_are_left_out),
		PLACE_TEST(what_describes_a_lazy_archive_is_left_out),
		PLACE_TEST(data_of_a_hard_link_go_into_the_file),
		PLACE_TEST(hard_links_to_links_are_links),
		PLACE_TEST(a_link_to_itself_changes_nothing),
		PLACE_TEST(progress_is_told_up_to_the_last_byte),
	};

	become_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
