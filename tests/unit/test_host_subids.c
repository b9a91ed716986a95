#include "host/subids.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_folder.h"

static char user_name[] = "dev";
static const struct host_user dev = {.uid = 1001, .gid = 1001, .name = user_name};

static char *describe(const struct host_range *ranges, size_t count)
{
	AUTO_BUF struct buf text = {0};

	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%u:%u", i ? " " : "", ranges[i].start, ranges[i].count);
	return buf_take(&text);
}

static void check_subuid(const char *text, const char *expected)
{
	AUTO_FOLDER char *etc = folder_make();
	AUTO_FREE char *found = NULL;
	struct host_subids subids;
	struct err err = {0};

	folder_write(etc, "subuid", text);
	if (host_subids_get(etc, &dev, &subids, &err) < 0)
		fail_msg("%s", err.message);
	found = describe(subids.uid, subids.uid_count);
	if (strcmp(found, expected) != 0)
		fail_msg("'%s' gave '%s', not '%s'", text, found, expected);
	assert_int_equal(subids.gid_count, 0);
}

static void subids_are_found_by_name_and_by_number(void **state)
{
	(void)state;
	check_subuid("", "");
	check_subuid("dev:100000:65536\n", "100000:65536");
	check_subuid("dev:100000:65536", "100000:65536");
	check_subuid("1001:100000:65536\n", "100000:65536");
	check_subuid("a:100000:65536\ndev:300000:10\n1001:200000:5\ndeva:400000:1\n",
		     "300000:10 200000:5");
}

static void subids_skip_lines_that_make_no_sense(void **state)
{
	(void)state;
	check_subuid("# dev:1:2\n\n  \ndev\ndev:\ndev:1\ndev:1:\ndev::2\n:1:2\ndev:x:1\n"
		     "dev:-5:1\ndev:+5:1\ndev:5:1:9\ndev:5: 1\ndev:5:0\ndev:0:5\n"
		     "dev:4294967296:1\ndev:4294967290:7\ndev:4294967295:1\ndev:1:4294967295\n"
		     "  dev:70000:10  \n",
		     "70000:10");
	check_subuid("dev:4294967290:5\n", "4294967290:5");
	check_subuid("dev:1:4294967294\n", "1:4294967294");
}

static void subids_name_each_id_once(void **state)
{
	(void)state;
	check_subuid("dev:1000:100\n1001:1000:100\n", "1000:100");
	check_subuid("dev:1000:100\ndev:1050:100\n", "1000:100 1100:50");
	check_subuid("dev:1050:100\ndev:1000:100\n", "1050:100 1000:50");
	check_subuid("dev:1050:10\ndev:1000:100\n", "1050:10 1060:40 1000:50");
	check_subuid("dev:1000:100\ndev:1050:10\n", "1000:100");
	check_subuid("dev:10:1\ndev:12:1\ndev:14:1\ndev:9:7\n",
		     "10:1 12:1 14:1 15:1 13:1 11:1 9:1");
}

static void subids_stop_at_the_most_ranges_that_fit(void **state)
{
	AUTO_BUF struct buf text = {0};
	AUTO_BUF struct buf expected = {0};

	(void)state;
	for (unsigned int i = 1; i < 40; i++) {
		buf_printf(&text, "dev:%u:5\n", i * 10);
		if (i <= HOST_RANGES_MAX)
			buf_printf(&expected, "%s%u:5", i > 1 ? " " : "", i * 10);
	}
	check_subuid(text.data, expected.data);
}

static void subids_of_groups_come_from_subgid_by_the_users_name(void **state)
{
	AUTO_FOLDER char *etc = folder_make();
	struct host_subids subids;
	struct err err = {0};

	(void)state;
	folder_write(etc, "subuid", "dev:100:10\n");
	folder_write(etc, "subgid", "dev:200:20\n");
	assert_int_equal(host_subids_get(etc, &dev, &subids, &err), 0);
	assert_int_equal(subids.uid_count, 1);
	assert_int_equal(subids.gid_count, 1);
	assert_int_equal(subids.gid[0].start, 200);
	assert_int_equal(subids.gid[0].count, 20);
}

static void subids_without_files_are_none(void **state)
{
	AUTO_FOLDER char *etc = folder_make();
	struct host_subids subids = {.uid_count = 9};
	struct err err = {0};

	(void)state;
	assert_int_equal(host_subids_get(etc, &dev, &subids, &err), 0);
	assert_int_equal(subids.uid_count, 0);
	assert_int_equal(subids.gid_count, 0);
}

static void subids_that_cannot_be_read_are_an_error(void **state)
{
	AUTO_FOLDER char *etc = folder_make();
	struct host_subids subids = {.uid_count = 9};
	struct err err = {0};

	(void)state;
	folder_write(etc, "subuid/oops", "");
	assert_int_equal(host_subids_get(etc, &dev, &subids, &err), -1);
	assert_non_null(strstr(err.message, "subuid"));
	assert_int_equal(subids.uid_count, 9);
}

static void name_service_is_any_source_but_files(void **state)
{
	static const struct {
		const char *text;
		bool is_other;
	} cases[] = {
		{"passwd: files sss\n", false},  {"subid: files\n", false},
		{"subid: sss\n", true},          {"  subid:\tfiles  sss # why\n", true},
		{"subid: files # sss\n", false}, {"subid:", false},
		{"#subid: sss\n", false},        {"subids: sss\n", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FOLDER char *etc = folder_make();

		folder_write(etc, "nsswitch.conf", cases[i].text);
		if (subids_from_name_service(etc) != cases[i].is_other)
			fail_msg("'%s' was misread", cases[i].text);
	}
}

static void free_start_is_behind_all_that_is_taken(void **state)
{
	(void)state;
	assert_int_equal(subids_free_start("", "", "", 65536), 100000);
	assert_int_equal(subids_free_start("a:100000:65536\n", "", "", 65536), 165536);
	assert_int_equal(subids_free_start("a:100000:65536\n", "b:165536:65536\n", "", 65536),
			 231072);
	assert_int_equal(subids_free_start("a:300000:65536\n", "", "", 65536), 100000);
	assert_int_equal(subids_free_start("a:165535:1\n", "", "", 65536), 165536);
	assert_int_equal(subids_free_start("", "", "x:x:120000:5::/:\n", 65536), 120001);
	assert_int_equal(subids_free_start("b:1:4294967294\n", "", "", 65536), 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subids_are_found_by_name_and_by_number),
		cmocka_unit_test(subids_skip_lines_that_make_no_sense),
		cmocka_unit_test(subids_name_each_id_once),
		cmocka_unit_test(subids_stop_at_the_most_ranges_that_fit),
		cmocka_unit_test(subids_of_groups_come_from_subgid_by_the_users_name),
		cmocka_unit_test(subids_without_files_are_none),
		cmocka_unit_test(subids_that_cannot_be_read_are_an_error),
		cmocka_unit_test(name_service_is_any_source_but_files),
		cmocka_unit_test(free_start_is_behind_all_that_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
