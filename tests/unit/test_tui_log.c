#include "tui/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[96];
static struct log log_;

static int begin(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/test_tui_log.XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/box.log", dir);
	(void)setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static int end(void **state)
{
	char command[96];

	(void)state;
	log_close(&log_);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static void write_to(const char *suffix, const char *mode, const char *text)
{
	char name[128];
	FILE *file;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	file = fopen(name, mode);
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static void is_line(uint64_t at, const char *want)
{
	struct log_line line;

	assert_true(log_line(&log_, at, 1000, &line));
	assert_int_equal(line.len, strlen(want));
	assert_memory_equal(line.text, want, line.len);
}

static void a_line_is_time_stream_and_text(void **state)
{
	struct log_line line;

	(void)state;
	write_to("", "we",
		 "2026-11-23T12:40:51.123456Z stderr it broke\nno time\n"
		 "2026-11-23T12:40:52.123456Z stdout \n");
	log_open(&log_, path);
	assert_true(log_line(&log_, 0, 1000, &line));
	assert_string_equal(line.time, "12:40:51");
	assert_true(line.is_stderr);
	assert_memory_equal(line.text, "it broke", line.len);
	is_line(line.next, "no time");
	assert_true(log_line(&log_, line.next + 8, 1000, &line));
	assert_int_equal(line.len, 0);
	assert_false(log_line(&log_, log_.size, 1000, &line));
}

static void the_files_of_a_box_are_one_text(void **state)
{
	(void)state;
	write_to(".2", "we", "one\n");
	write_to(".1", "we", "two\n");
	write_to("", "we", "three\n");
	log_open(&log_, path);
	assert_int_equal(log_.size, 14);
	is_line(0, "one");
	is_line(4, "two");
	is_line(8, "three");
	assert_int_equal(log_before(&log_, 14), 8);
	assert_int_equal(log_before(&log_, 8), 4);
	assert_int_equal(log_before(&log_, 4), 0);
	assert_int_equal(log_before(&log_, 0), 0);
}

static void what_is_added_is_seen(void **state)
{
	uint64_t gone;

	(void)state;
	write_to("", "we", "one\n");
	log_open(&log_, path);
	assert_false(log_refresh(&log_, &gone));
	is_line(0, "one");
	write_to("", "ae", "two\n");
	assert_true(log_refresh(&log_, &gone));
	assert_int_equal(gone, 0);
	is_line(4, "two");
}

static void places_move_when_the_oldest_file_goes(void **state)
{
	char from[128], to[128];
	uint64_t gone;

	(void)state;
	write_to(".1", "we", "oldest\n");
	write_to("", "we", "one\n");
	log_open(&log_, path);
	is_line(7, "one");
	(void)snprintf(from, sizeof(from), "%s.1", path);
	assert_int_equal(unlink(from), 0);
	(void)snprintf(to, sizeof(to), "%s.1", path);
	assert_int_equal(rename(path, to), 0);
	write_to("", "we", "two\n");
	assert_true(log_refresh(&log_, &gone));
	assert_int_equal(gone, 7);
	is_line(0, "one");
	is_line(4, "two");
}

static void a_file_that_comes_later_is_found(void **state)
{
	uint64_t gone;

	(void)state;
	log_open(&log_, path);
	assert_int_equal(log_.size, 0);
	assert_int_equal(log_before(&log_, 0), 0);
	write_to("", "we", "one\n");
	assert_true(log_refresh(&log_, &gone));
	is_line(0, "one");
}

static void a_line_without_end_is_cut(void **state)
{
	const size_t size = 3 * LOG_LINE_MAX;
	char *text = malloc(size + 1);
	struct log_line line;
	uint64_t at = 0;
	int count = 0;

	(void)state;
	memset(text, 'x', size);
	text[size] = '\0';
	write_to("", "we", text);
	free(text);
	log_open(&log_, path);
	for (; log_line(&log_, at, 100, &line); count++) {
		assert_true(line.next > at);
		assert_int_equal(line.len, 100);
		at = line.next;
	}
	assert_in_range(count, 3, 4);
	for (at = log_.size; at > 0; at = log_before(&log_, at))
		assert_true(log_before(&log_, at) < at);
}

static void a_hundred_megabytes_open_at_once(void **state)
{
	const uint64_t size = 100U << 20;
	struct log_line line;
	uint64_t at;

	(void)state;
	write_to("", "we", "first\n");
	assert_int_equal(truncate(path, (off_t)size), 0);
	write_to("", "ae", "\nlast but one\nlast\n");
	log_open(&log_, path);
	at = log_before(&log_, log_.size);
	is_line(at, "last");
	assert_int_equal(log_before(&log_, at), size + 1);
	/* Only what was looked at is in memory. */
	assert_true(log_.window_len <= LOG_WINDOW);
	assert_true(log_line(&log_, 0, 10, &line));
	assert_memory_equal(line.text, "first", 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_time_stream_and_text),
		TEST(the_files_of_a_box_are_one_text),
		TEST(what_is_added_is_seen),
		TEST(places_move_when_the_oldest_file_goes),
		TEST(a_file_that_comes_later_is_found),
		TEST(a_line_without_end_is_cut),
		TEST(a_hundred_megabytes_open_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
