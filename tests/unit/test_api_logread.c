#include "api/logread.h"

#include "store_fixture.h"

#include "util/fd.h"

#define T0 "2026-11-23T16:20:01.123456Z "
#define T0_MS INT64_C(1795450801123)

static void a_line_is_taken_apart(void **state)
{
	char whole[] = T0 "stdout hello world";
	char part[] = T0 "stderr+ ";
	struct log_piece piece;

	(void)state;
	assert_true(log_piece_parse(whole, &piece));
	assert_true(piece.time_ms == T0_MS);
	assert_string_equal(piece.stream, "stdout");
	assert_string_equal(piece.text, "hello world");
	assert_false(piece.continues);
	assert_true(log_piece_parse(part, &piece));
	assert_string_equal(piece.stream, "stderr");
	assert_string_equal(piece.text, "");
	assert_true(piece.continues);
}

static void what_is_no_log_line_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"hello",
		"2026-11-23T16:20:01.123456Z",
		"2026-11-23T16:20:01.123456Z ",
		T0 "stdout",
		T0 " stdout x",
		T0 "stdin x",
		T0 "+ x",
		"2026-11-23T16:20:01.12345xZ stdout x",
		"2026-11-23 16:20:01.123456Z stdout x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		AUTO_FREE char *line = xstrdup(lines[i]);
		struct log_piece piece;

		assert_false(log_piece_parse(line, &piece));
	}
}

/* Write TOP/@name. */
static void put(const struct home *home, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(home->top, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void move(const struct home *home, const char *from, const char *to)
{
	AUTO_FREE char *old = path_join(home->top, from);
	AUTO_FREE char *new = path_join(home->top, to);

	assert_int_equal(rename(old, new), 0);
}

static void start(const struct home *home, struct log_reader *reader)
{
	AUTO_FREE char *path = path_join(home->top, "dev.log");

	log_reader_open(reader, path);
}

/* All lines that are there now, with "|" between. free() it. */
static char *all(struct log_reader *reader)
{
	struct buf text = {0};
	struct log_piece piece;

	while (log_reader_next(reader, &piece))
		buf_printf(&text, "%s%s", text.len ? "|" : "", piece.text);
	return buf_take(&text);
}

#define READS(reader, want)                               \
	do {                                              \
		AUTO_FREE char *reads_text = all(reader); \
		assert_string_equal(reads_text, (want));  \
	} while (0)

static void rotated_files_are_read_oldest_first(void **state)
{
	const struct home *home = *state;
	struct log_reader reader;

	put(home, "dev.log", T0 "stdout e\n");
	put(home, "dev.log.1", T0 "stdout c\n" T0 "stdout d\n");
	put(home, "dev.log.5", T0 "stdout a\n");
	put(home, "dev.log.2", T0 "stdout b\nrubbish\n");
	put(home, "dev.log.6", T0 "stdout none of ours\n");
	start(home, &reader);
	READS(&reader, "a|b|c|d|e");
	log_reader_close(&reader);
}

static void a_log_that_grows_is_read_on(void **state)
{
	const struct home *home = *state;
	struct log_reader reader;

	start(home, &reader);
	READS(&reader, "");
	put(home, "dev.log", T0 "stdout a\n" T0 "std");
	READS(&reader, "a");
	put(home, "dev.log", "out b\n");
	READS(&reader, "b");
	READS(&reader, "");
	log_reader_close(&reader);
}

static void a_rotation_loses_nothing(void **state)
{
	const struct home *home = *state;
	struct log_reader reader;

	put(home, "dev.log", T0 "stdout a\n");
	start(home, &reader);
	READS(&reader, "a");
	put(home, "dev.log", T0 "stdout b\n");
	move(home, "dev.log", "dev.log.1");
	READS(&reader, "b");
	put(home, "dev.log", T0 "stdout c\n");
	READS(&reader, "c");

	/* Twice before we look again. */
	put(home, "dev.log", T0 "stdout d\n");
	move(home, "dev.log.1", "dev.log.2");
	move(home, "dev.log", "dev.log.1");
	put(home, "dev.log", T0 "stdout e\n");
	move(home, "dev.log.2", "dev.log.3");
	move(home, "dev.log.1", "dev.log.2");
	move(home, "dev.log", "dev.log.1");
	put(home, "dev.log", T0 "stdout f\n");
	READS(&reader, "d|e|f");
	log_reader_close(&reader);
}

static void pieces_of_a_line_are_joined(void **state)
{
	const struct home *home = *state;
	struct log_reader reader;
	struct log_piece piece;

	put(home, "dev.log", T0 "stdout+ one \n");
	put(home, "dev.log", "2026-11-23T16:20:02.000000Z stderr other\n");
	put(home, "dev.log", "2026-11-23T16:20:03.000000Z stdout+ two \n");
	put(home, "dev.log", "2026-11-23T16:20:04.000000Z stdout three\n");
	put(home, "dev.log", T0 "stdout+ never\n");
	start(home, &reader);
	assert_true(log_reader_next(&reader, &piece));
	assert_string_equal(piece.text, "other");
	assert_string_equal(piece.stream, "stderr");
	assert_true(log_reader_next(&reader, &piece));
	assert_string_equal(piece.text, "one two three");
	assert_true(piece.time_ms == T0_MS);
	assert_false(log_reader_next(&reader, &piece));
	assert_true(log_reader_rest(&reader, &piece));
	assert_string_equal(piece.text, "never");
	assert_string_equal(piece.stream, "stdout");
	assert_false(log_reader_rest(&reader, &piece));
	log_reader_close(&reader);
}

static void only_regular_files_are_read(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *fifo = path_join(home->top, "dev.log");
	AUTO_FREE char *link = path_join(home->top, "dev.log.1");
	struct log_reader reader;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	start(home, &reader);
	READS(&reader, "");
	log_reader_close(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_taken_apart),
		cmocka_unit_test(what_is_no_log_line_is_refused),
		IN_HOME(rotated_files_are_read_oldest_first),
		IN_HOME(a_log_that_grows_is_read_on),
		IN_HOME(a_rotation_loses_nothing),
		IN_HOME(pieces_of_a_line_are_joined),
		IN_HOME(only_regular_files_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
