#include "sec/caps.h"
#include "sec/filter.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* Where the parts of a cache file begin. */
#define REST_SUM 32
#define PROGRAM 40

/* One folder a test, with a profile and a cache in it. */
static char folder[] = "/tmp/devbox-test-filter-XXXXXX";
static char *cache;
static char *profile;

static struct err err;

static void write_profile(const char *text)
{
	assert_int_equal(fd_write_file(AT_FDCWD, profile, text, strlen(text), 0644, &err), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	cache = path_join(folder, "cache/seccomp");
	profile = path_join(folder, "profile.json");
	return 0;
}

static int teardown(void **state)
{
	AUTO_FREE char *command = xasprintf("rm -rf %s", folder);

	(void)state;
	free(cache);
	free(profile);
	return system(command);
}

static void get(const struct filter_request *request, struct filter *out, struct strv *warnings)
{
	if (filter_get(request, out, warnings, &err) < 0)
		fail_msg("%s:%d:%d: %s", err.file, err.line, err.column, err.message);
}

static void get_quietly(const struct filter_request *request, struct filter *out)
{
	AUTO_STRV struct strv warnings = {0};

	get(request, out, &warnings);
}

static const char simple[] =
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
	"{\"name\":\"mkdir\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5}]}";

static struct filter_request request_of(const char *path)
{
	return (struct filter_request){
		.path = path, .bounding = caps_default(), .cache_dir = cache};
}

static bool same_program(const struct filter *a, const struct filter *b)
{
	return a->len == b->len && a->has_notify == b->has_notify &&
	       memcmp(a->program, b->program, a->len * sizeof(*a->program)) == 0;
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static void second_call_reads_the_cache(void **state)
{
	struct filter_request request = request_of(profile);
	struct filter first = {0};
	struct filter second = {0};
	struct filter loaded = {0};
	struct stat st;
	ino_t inode;

	(void)state;
	write_profile(simple);
	get_quietly(&request, &first);
	assert_non_null(first.file);
	assert_int_equal(stat(first.file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	inode = st.st_ino;

	get_quietly(&request, &second);
	assert_string_equal(second.file, first.file);
	assert_int_equal(inode_of(first.file), inode);
	assert_true(same_program(&first, &second));

	assert_int_equal(filter_load_file(first.file, &loaded, &err), 0);
	assert_true(same_program(&first, &loaded));
	assert_string_equal(loaded.file, first.file);
	filter_done(&first);
	filter_done(&second);
	filter_done(&loaded);
}

static void damaged_cache_file_is_refused_by_exec_and_made_again_by_up(void **state)
{
	struct filter_request request = request_of(profile);
	struct filter first = {0};
	struct stat st;

	(void)state;
	write_profile(simple);
	get_quietly(&request, &first);
	assert_int_equal(stat(first.file, &st), 0);

	/* Each byte of header and program in turn; then shortened. */
	for (off_t at = 0; at < PROGRAM + (off_t)first.len * 8; at += 3) {
		struct filter again = {0};
		struct filter loaded = {0};
		AUTO_CLOSE int fd = open(first.file, O_RDWR | O_CLOEXEC);
		unsigned char byte = 0;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x40;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		/* The checksum of the rest does not concern exec. */
		if (at < REST_SUM || at >= PROGRAM)
			assert_int_equal(filter_load_file(first.file, &loaded, &err), -1);
		get_quietly(&request, &again);
		assert_true(same_program(&first, &again));
		assert_string_equal(first.file, again.file);
		assert_int_equal(filter_load_file(first.file, &loaded, &err), 0);
		filter_done(&again);
		filter_done(&loaded);
	}

	assert_int_equal(truncate(first.file, st.st_size - 1), 0);
	assert_int_equal(filter_load_file(first.file, &(struct filter){0}, &err), -1);
	assert_non_null(strstr(err.message, "is damaged"));
	assert_string_equal(err.hint, "remove it; the next 'devbox up' makes it again");
	filter_done(&first);
}

static void damaged_key_is_made_again(void **state)
{
	struct filter_request request = request_of(profile);
	struct filter first = {0};
	struct filter again = {0};
	struct stat st;
	ino_t inode;

	(void)state;
	write_profile(simple);
	get_quietly(&request, &first);
	assert_int_equal(stat(first.file, &st), 0);
	inode = st.st_ino;
	{
		AUTO_CLOSE int fd = open(first.file, O_WRONLY | O_CLOEXEC);

		assert_int_equal(pwrite(fd, "?", 1, st.st_size - 2), 1);
	}
	get_quietly(&request, &again);
	assert_string_equal(first.file, again.file);
	assert_true(inode_of(first.file) != inode);
	filter_done(&first);
	filter_done(&again);
}

static void everything_that_changes_the_program_changes_the_file(void **state)
{
	struct filter_request request = request_of(profile);
	struct filter filters[5] = {0};

	(void)state;
	write_profile(simple);
	get_quietly(&request, &filters[0]);
	write_profile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
		      "{\"name\":\"mkdir\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":6}]}");
	get_quietly(&request, &filters[1]);
	assert_false(same_program(&filters[0], &filters[1]));
	request.bounding = 0;
	get_quietly(&request, &filters[2]);
	request.explain = true;
	get_quietly(&request, &filters[3]);
	request.path = NULL;
	get_quietly(&request, &filters[4]);

	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(filters[i].file, filters[j].file);
	}
	assert_true(filters[3].has_notify);
	assert_false(filters[4].has_notify); /* nothing to explain about our own profile */
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		filter_done(&filters[i]);
}

/* A hash can be forced to collide: the file of another key is left alone. */
static void file_of_another_key_is_neither_used_nor_overwritten(void **state)
{
	struct filter_request request = request_of(profile);
	struct filter_request other = request_of(NULL);
	struct filter one = {0};
	struct filter two = {0};
	struct filter again = {0};

	(void)state;
	write_profile(simple);
	get_quietly(&request, &one);
	get_quietly(&other, &two);
	assert_int_equal(rename(two.file, one.file), 0);

	get_quietly(&request, &again);
	assert_true(same_program(&one, &again));
	assert_true(str_ends(one.file, "-0.bpf"));
	assert_true(str_ends(again.file, "-1.bpf"));
	filter_done(&again);
	get_quietly(&request, &again);
	assert_true(str_ends(again.file, "-1.bpf"));
	filter_done(&one);
	filter_done(&two);
	filter_done(&again);
}

static void warnings_are_said_again_from_the_cache(void **state)
{
	struct filter_request request = request_of(profile);
	AUTO_STRV struct strv first = {0};
	AUTO_STRV struct strv second = {0};
	struct filter filter = {0};

	(void)state;
	write_profile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"odd\":1,\"syscalls\":["
		      "{\"name\":\"bpf\",\"action\":\"SCMP_ACT_LOG\"},"
		      "{\"name\":\"bpf\",\"action\":\"SCMP_ACT_KILL\"}]}");
	get(&request, &filter, &first);
	filter_done(&filter);
	get(&request, &filter, &second);
	filter_done(&filter);
	assert_int_equal(first.count, 2);
	assert_int_equal(second.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(first.items[i], second.items[i]);
}

static void file_that_others_may_write_is_not_loaded(void **state)
{
	struct filter_request request = request_of(NULL);
	AUTO_FREE char *link = path_join(folder, "link");
	struct filter filter = {0};
	struct filter loaded = {0};

	(void)state;
	get_quietly(&request, &filter);
	assert_int_equal(chmod(filter.file, 0620), 0);
	assert_int_equal(filter_load_file(filter.file, &loaded, &err), -1);
	assert_int_equal(chmod(filter.file, 0600), 0);
	assert_int_equal(filter_load_file(filter.file, &loaded, &err), 0);
	filter_done(&loaded);
	assert_int_equal(symlink(filter.file, link), 0);
	assert_int_equal(filter_load_file(link, &loaded, &err), -1);
	assert_int_equal(filter_load_file(folder, &loaded, &err), -1);
	filter_done(&filter);
}

static void unusable_cache_only_costs_time(void **state)
{
	struct filter_request request = request_of(NULL);
	AUTO_FREE char *plain = path_join(folder, "plain");
	struct filter filter = {0};

	(void)state;
	assert_int_equal(fd_write_file(AT_FDCWD, plain, "", 0, 0600, &err), 0);
	request.cache_dir = plain;
	get_quietly(&request, &filter);
	assert_null(filter.file);
	filter_done(&filter);

	request.cache_dir = cache;
	assert_int_equal(path_mkdirs(cache, 0700), 0);
	assert_int_equal(chmod(cache, 0777), 0);
	get_quietly(&request, &filter);
	assert_null(filter.file);
	filter_done(&filter);

	request.cache_dir = NULL;
	get_quietly(&request, &filter);
	assert_null(filter.file);
	assert_true(filter.len > 0);
	filter_done(&filter);
}

static void errors_name_the_profile(void **state)
{
	struct filter_request request = request_of(profile);
	AUTO_STRV struct strv warnings = {0};
	struct filter filter = {0};

	(void)state;
	assert_int_equal(filter_get(&request, &filter, &warnings, &err), -1);
	assert_non_null(strstr(err.message, "profile.json"));

	write_profile("{\"defaultAction\":\n true}");
	assert_int_equal(filter_get(&request, &filter, &warnings, &err), -1);
	assert_string_equal(err.file, profile);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 2);
	assert_null(filter.program);
}

static void default_profile_has_nothing_to_warn_about(void **state)
{
	struct filter_request request = request_of(NULL);
	AUTO_STRV struct strv warnings = {0};
	struct filter filter = {0};
	size_t len = 0;

	(void)state;
	get(&request, &filter, &warnings);
	assert_int_equal(warnings.count, 0);
	assert_true(filter_default_json(&len)[0] == '{' && len > 1000);
	filter_done(&filter);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(second_call_reads_the_cache),
		TEST(damaged_cache_file_is_refused_by_exec_and_made_again_by_up),
		TEST(damaged_key_is_made_again),
		TEST(everything_that_changes_the_program_changes_the_file),
		TEST(file_of_another_key_is_neither_used_nor_overwritten),
		TEST(warnings_are_said_again_from_the_cache),
		TEST(file_that_others_may_write_is_not_loaded),
		TEST(unusable_cache_only_costs_time),
		TEST(errors_name_the_profile),
		TEST(default_profile_has_nothing_to_warn_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
