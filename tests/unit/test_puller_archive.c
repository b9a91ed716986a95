#include "puller/archive.h"

#include "puller_folder.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>

/* A tar archive of @format with a filter, out of "name" → "text", or → "@target" for a link, or
 * → "=target" for a hard link. */
static char *make_archive(const char *folder, int format, int filter,
			  const char *const (*files)[2])
{
	char *path = path_join(folder, "archive");
	struct archive *a = archive_write_new();

	assert_int_equal(archive_write_set_format(a, format), ARCHIVE_OK);
	assert_true(archive_write_add_filter(a, filter) >= ARCHIVE_WARN);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	for (; (*files)[0]; files++) {
		const char *text = (*files)[1];
		bool is_file = *text != '@' && *text != '=';
		struct archive_entry *entry = archive_entry_new();

		archive_entry_set_pathname(entry, (*files)[0]);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_filetype(entry, *text == '@' ? AE_IFLNK : AE_IFREG);
		archive_entry_set_size(entry, is_file ? (la_int64_t)strlen(text) : 0);
		if (*text == '@')
			archive_entry_set_symlink(entry, text + 1);
		else if (*text == '=')
			archive_entry_set_hardlink(entry, text + 1);
		assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
		if (is_file)
			assert_int_equal(archive_write_data(a, text, strlen(text)),
					 strlen(text));
		archive_entry_free(entry);
	}
	assert_int_equal(archive_write_free(a), ARCHIVE_OK);
	return path;
}

static int open_it(const char *folder, const char *path, struct archive_index *out_index,
		   struct err *err)
{
	AUTO_CLOSE int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return archive_open(path, dir_fd, out_index, err);
}

static void check_text(const struct archive_index *index, const char *path, const char *want)
{
	const struct archive_member *member = archive_find(index, path);
	char text[256] = {0};

	if (!want) {
		assert_null(member);
		return;
	}
	assert_non_null(member);
	assert_int_equal(member->size, strlen(want));
	assert_int_equal(pread(index->fd, text, strlen(want), (off_t)member->offset),
			 strlen(want));
	assert_string_equal(text, want);
}

#define LONG                                                                                   \
	"d/"                                                                                   \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" \
	"bb"

static const char *const files[][2] = {
	{"one", "first text"},
	{"./d/two", "second text"},
	{LONG, "behind a long name"},
	{"d/sp\303\244t", "behind a name that is not ASCII"},
	{"empty", ""},
	{"last", "last text"},
	{NULL, NULL},
};

static void check_files(const struct archive_index *index)
{
	check_text(index, "one", "first text");
	check_text(index, "d/two", "second text");
	check_text(index, LONG, "behind a long name");
	check_text(index, "d/sp\303\244t", "behind a name that is not ASCII");
	check_text(index, "empty", "");
	check_text(index, "last", "last text");
	check_text(index, "two", NULL);
	check_text(index, "d", NULL);
}

static void members_are_found_where_they_lie_in_every_dialect_of_tar(void **state)
{
	static const int formats[] = {ARCHIVE_FORMAT_TAR_GNUTAR,
				      ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE,
				      ARCHIVE_FORMAT_TAR_PAX_RESTRICTED};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		AUTO_FOLDER char *folder = folder_make();
		AUTO_FREE char *path =
			make_archive(folder, formats[i], ARCHIVE_FILTER_NONE, files);
		struct archive_index index;
		struct err err;

		assert_int_equal(open_it(folder, path, &index, &err), 0);
		check_files(&index);
		archive_done(&index);
	}
}

static void a_compressed_archive_reads_like_a_plain_one(void **state)
{
	static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD,
				      ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_BZIP2};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		AUTO_FOLDER char *folder = folder_make();
		AUTO_FREE char *path =
			make_archive(folder, ARCHIVE_FORMAT_TAR_GNUTAR, filters[i], files);
		struct archive_index index;
		struct err err;

		assert_int_equal(open_it(folder, path, &index, &err), 0);
		check_files(&index);
		archive_done(&index);
	}
}

static void a_symbolic_link_is_followed_once_and_inside(void **state)
{
	static const char *const links[][2] = {
		{"a/layer.tar", "the layer"},
		{"b/layer.tar", "@../a/layer.tar"},
		{"c/layer.tar", "@/a/layer.tar"},
		{"d/layer.tar", "@../b/layer.tar"},
		{"e/layer.tar", "@../../etc/passwd"},
		{"f", "@f"},
		{"g", "@nothing"},
		{"h", "=a/layer.tar"},
		{NULL, NULL},
	};
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *path =
		make_archive(folder, ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE, links);
	struct archive_index index;
	struct err err;

	(void)state;
	assert_int_equal(open_it(folder, path, &index, &err), 0);
	check_text(&index, "a/layer.tar", "the layer");
	check_text(&index, "b/layer.tar", "the layer");
	check_text(&index, "c/layer.tar", "the layer");
	check_text(&index, "d/layer.tar", NULL);
	check_text(&index, "e/layer.tar", NULL);
	check_text(&index, "f", NULL);
	check_text(&index, "g", NULL);
	check_text(&index, "h", NULL);
	archive_done(&index);
}

static void a_name_that_leads_out_is_refused(void **state)
{
	static const char *const outside[][2] = {{"a/../../x", "text"}, {NULL, NULL}};
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *path =
		make_archive(folder, ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE, outside);
	struct archive_index index;
	struct err err;

	(void)state;
	assert_int_equal(open_it(folder, path, &index, &err), -1);
	assert_non_null(strstr(err.message, "outside of itself"));
}

static void of_two_with_one_name_the_last_counts(void **state)
{
	static const char *const twice[][2] = {{"a", "old"}, {"a", "newer"}, {NULL, NULL}};
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *path =
		make_archive(folder, ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE, twice);
	struct archive_index index;
	struct err err;

	(void)state;
	assert_int_equal(open_it(folder, path, &index, &err), 0);
	check_text(&index, "a", "newer");
	archive_done(&index);
}

static void what_is_no_archive_is_said_to_be_none(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *text = folder_file(folder, "text", "hello, this is no tar archive", 29);
	AUTO_FREE char *broken = folder_file(folder, "zst", "\x28\xb5\x2f\xfd and no more", 16);
	AUTO_FREE char *missing = path_join(folder, "missing");
	struct archive_index index;
	struct err err;

	(void)state;
	assert_int_equal(open_it(folder, text, &index, &err), -1);
	assert_non_null(strstr(err.message, "it is no tar archive"));
	assert_int_equal(open_it(folder, broken, &index, &err), -1);
	assert_non_null(strstr(err.message, "decompress it"));
	assert_int_equal(open_it(folder, missing, &index, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(open_it(folder, folder, &index, &err), -1);
	assert_non_null(strstr(err.message, "is not a file"));
}

static void a_path_is_cleaned_without_leaving_the_top(void **state)
{
	static const struct {
		const char *dir, *path, *want;
	} cases[] = {
		{"", "a", "a"},         {"", "./a//b/", "a/b"}, {"a/b", "../c", "a/c"},
		{"a", "../../c", NULL}, {"", "..", NULL},       {"a", "/c", "c"},
		{"a", "/../c", NULL},   {"", "", ""},           {"a", ".", "a"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *got = archive_clean(cases[i].dir, cases[i].path);

		if (cases[i].want)
			assert_string_equal(got, cases[i].want);
		else
			assert_null(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_where_they_lie_in_every_dialect_of_tar),
		cmocka_unit_test(a_compressed_archive_reads_like_a_plain_one),
		cmocka_unit_test(a_symbolic_link_is_followed_once_and_inside),
		cmocka_unit_test(a_name_that_leads_out_is_refused),
		cmocka_unit_test(of_two_with_one_name_the_last_counts),
		cmocka_unit_test(what_is_no_archive_is_said_to_be_none),
		cmocka_unit_test(a_path_is_cleaned_without_leaving_the_top),
	};

	/* Names that are not ASCII. */
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
