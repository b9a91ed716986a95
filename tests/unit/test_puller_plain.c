#include "puller/plain.h"

#include "puller_folder.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#define MEGABYTE ((size_t)1 << 20)

/* A file of @megabytes of zeros, compressed. */
static int open_zeros(const char *folder, int filter, int megabytes)
{
	AUTO_FREE char *path = path_join(folder, "zeros");
	AUTO_FREE char *zeros = xmalloc(MEGABYTE);
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	int fd;

	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	assert_true(archive_write_add_filter(a, filter) >= ARCHIVE_WARN);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	for (int i = 0; i < megabytes; i++)
		assert_int_equal(archive_write_data(a, zeros, MEGABYTE), MEGABYTE);
	archive_entry_free(entry);
	assert_int_equal(archive_write_free(a), ARCHIVE_OK);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void every_compression_is_undone(void **state)
{
	static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD,
				      ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_BZIP2,
				      ARCHIVE_FILTER_NONE};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		AUTO_FOLDER char *folder = folder_make();
		AUTO_CLOSE int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		AUTO_CLOSE int fd = open_zeros(folder, filters[i], 2);
		struct stat st;
		struct err err;

		assert_int_equal(plain_make(&fd, dir_fd, 4 * MEGABYTE, &err), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_size, 2 * MEGABYTE);
		assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	}
}

static void a_bomb_ends_at_its_limit(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_CLOSE int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = open_zeros(folder, ARCHIVE_FILTER_BZIP2, 4);
	int before = fd;
	struct err err;

	(void)state;
	assert_int_equal(plain_make(&fd, dir_fd, MEGABYTE, &err), -1);
	assert_int_equal(err.code, EFBIG);
	assert_non_null(strstr(err.hint, "more than 200 times"));
	assert_int_equal(fd, before);
}

static void a_temporary_file_has_no_name(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_CLOSE int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	struct err err;
	AUTO_CLOSE int fd = plain_temporary(dir_fd, &err);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression_is_undone),
		cmocka_unit_test(a_bomb_ends_at_its_limit),
		cmocka_unit_test(a_temporary_file_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
