#include "box/logfile.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_folder.h"

#include <errno.h>
#include <regex.h>

#define STAMP_LEN 28 /* "2026-11-23T16:20:01.123456Z " */

struct desk {
	char *folder;
	char *path;
	struct logfile log;
	struct logstream out;
	struct logstream err;
};

static int desk_make(void **state)
{
	struct desk *desk = xmalloc(sizeof(*desk));
	struct err err = {0};

	desk->folder = folder_make();
	desk->path = path_join(desk->folder, "main.log");
	desk->out.name = "stdout";
	desk->err.name = "stderr";
	assert_int_equal(logfile_open(desk->path, &desk->log, &err), 0);
	*state = desk;
	return 0;
}

static int desk_remove(void **state)
{
	struct desk *desk = *state;

	logfile_close(&desk->log);
	folder_remove(&desk->folder);
	free(desk->path);
	free(desk);
	return 0;
}

/* The file without its times, each of which must look like one; NULL: there is none. */
static char *read_log(const struct desk *desk, const char *suffix)
{
	AUTO_FREE char *path = xasprintf("%s%s", desk->path, suffix);
	AUTO_FREE char *text = NULL;
	struct buf out = {0};
	struct err err = {0};
	const char *line;
	regex_t stamp;

	if (fd_read_file(AT_FDCWD, path, 16 * 1024 * 1024, &text, &err) < 0)
		return NULL;
	assert_int_equal(regcomp(&stamp,
				 "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
				 "\\.[0-9]{6}Z ",
				 REG_EXTENDED | REG_NOSUB),
			 0);
	for (line = text; *line; line = strchr(line, '\n') + 1) {
		const char *end = strchr(line, '\n');

		assert_non_null(end);
		assert_int_equal(regexec(&stamp, line, 0, NULL, 0), 0);
		buf_add(&out, line + STAMP_LEN, (size_t)(end + 1 - line) - STAMP_LEN);
	}
	regfree(&stamp);
	return buf_take(&out);
}

static void expect_log(const struct desk *desk, const char *suffix, const char *wanted)
{
	AUTO_FREE char *text = read_log(desk, suffix);

	if (!wanted)
		assert_null(text);
	else
		assert_string_equal(text, wanted);
}

static void put(struct desk *desk, const char *text)
{
	logstream_add(&desk->out, &desk->log, text, strlen(text));
}

static void lines_come_as_they_end(void **state)
{
	struct desk *desk = *state;

	put(desk, "one\ntwo");
	logstream_add(&desk->err, &desk->log, "oops\n", 5);
	expect_log(desk, "", "stdout one\nstderr oops\n");
	put(desk, "");
	put(desk, " and a half\n\nthree");
	expect_log(desk, "", "stdout one\nstderr oops\nstdout two and a half\nstdout \n");
	logstream_end(&desk->out, &desk->log);
	logstream_end(&desk->out, &desk->log);
	logstream_end(&desk->err, &desk->log);
	expect_log(desk, "",
		   "stdout one\nstderr oops\nstdout two and a half\nstdout \nstdout three\n");
}

static void a_long_line_is_written_in_pieces(void **state)
{
	static const size_t lengths[] = {4095, 4096, 4097, 8192, 8193, 10000};
	struct desk *desk = *state;
	const size_t room = sizeof(desk->out.line);
	AUTO_BUF struct buf wanted = {0};
	size_t i, step;

	for (i = 0; i < ARRAY_LEN(lengths) * 2; i++) {
		size_t left = lengths[i / 2];
		AUTO_FREE char *line = xmalloc(left + 2);

		memset(line, 'a' + (int)i, left);
		line[left] = '\n';
		/* At once, and in small pieces: the same. */
		step = i % 2 ? 7 : left + 1;
		for (size_t at = 0; at < lengths[i / 2] + 1; at += step)
			logstream_add(&desk->out, &desk->log, line + at,
				      at + step > lengths[i / 2] + 1 ? lengths[i / 2] + 1 - at
								     : step);
		for (; left > room; left -= room)
			buf_printf(&wanted, "stdout+ %.*s\n", (int)room, line);
		buf_printf(&wanted, "stdout %.*s\n", (int)left, line);
	}
	expect_log(desk, "", wanted.data);
}

static void bytes_stay_what_they_are(void **state)
{
	struct desk *desk = *state;
	AUTO_FREE char *text = NULL;
	struct err err = {0};
	size_t len;
	AUTO_CLOSE int fd = open(desk->path, O_RDONLY | O_CLOEXEC);

	logstream_add(&desk->out, &desk->log, "a\0b\033[1m\xff\r\n", 10);
	assert_int_equal(fd_read_all(fd, 1000, &text, &len, &err), 0);
	assert_int_equal(len, STAMP_LEN + strlen("stdout ") + 10);
	assert_memory_equal(text + len - 10, "a\0b\033[1m\xff\r\n", 10);
}

/* The line that makes the file full is its last one; five older files are kept. */
static void a_full_file_makes_place(void **state)
{
	struct desk *desk = *state;
	char line[] = "0\n";
	int i;

	desk->log.rotate_bytes = 2 * (STAMP_LEN + strlen("stdout 0\n"));
	for (i = 0; i < 20; i++) {
		line[0] = (char)('a' + i);
		put(desk, line);
	}
	expect_log(desk, "", "stdout s\nstdout t\n");
	expect_log(desk, ".1", "stdout q\nstdout r\n");
	expect_log(desk, ".2", "stdout o\nstdout p\n");
	expect_log(desk, ".5", "stdout i\nstdout j\n");
	expect_log(desk, ".6", NULL);
	assert_int_equal(desk->log.size, desk->log.rotate_bytes);
}

static void a_log_is_continued(void **state)
{
	struct desk *desk = *state;
	struct err err = {0};
	struct stat st;

	put(desk, "before\n");
	logfile_close(&desk->log);
	assert_int_equal(desk->log.fd, -1);
	assert_int_equal(logfile_open(desk->path, &desk->log, &err), 0);
	assert_int_equal(desk->log.size, STAMP_LEN + strlen("stdout before\n"));
	put(desk, "after\n");
	expect_log(desk, "", "stdout before\nstdout after\n");
	assert_int_equal(stat(desk->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_link_is_not_followed(void **state)
{
	struct desk *desk = *state;
	AUTO_FREE char *other = path_join(desk->folder, "other.log");
	AUTO_FREE char *victim = path_join(desk->folder, "victim");
	struct logfile log = {.fd = 77};
	struct err err = {0};

	assert_int_equal(symlink("victim", other), 0);
	assert_int_equal(logfile_open(other, &log, &err), -1);
	assert_int_equal(err.code, ELOOP);
	assert_int_equal(log.fd, 77);
	assert_int_equal(access(victim, F_OK), -1);
}

/* A box outlives its log: a full disk, a log that could not be opened. */
static void lost_lines_stop_nobody(void **state)
{
	struct desk *desk = *state;
	struct logfile closed = {.fd = -1, .rotate_bytes = 1};
	struct logfile full = {.fd = open("/dev/full", O_WRONLY | O_CLOEXEC),
			       .rotate_bytes = 1000};

	logstream_add(&desk->out, &closed, "x\n", 2);
	logstream_add(&desk->out, &full, "x\n", 2);
	assert_int_equal(full.size, 0);
	assert_int_equal(desk->out.len, 0);
	logfile_close(&full);
}

#define ON_A_DESK(f) cmocka_unit_test_setup_teardown(f, desk_make, desk_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_DESK(lines_come_as_they_end),
		ON_A_DESK(a_long_line_is_written_in_pieces),
		ON_A_DESK(bytes_stay_what_they_are),
		ON_A_DESK(a_full_file_makes_place),
		ON_A_DESK(a_log_is_continued),
		ON_A_DESK(a_link_is_not_followed),
		ON_A_DESK(lost_lines_stop_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
