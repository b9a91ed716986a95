#include "api/logread.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)
#define STAMP_LEN 27

static const char *const streams[] = {"stdout",  "stderr",  "devbox",
				      "allowed", "refused", "failed"};

_Static_assert(ARRAY_LEN(streams) == LOG_STREAMS, "a half line for each");

/* @count digits at @s as a number, -1 when they are none. */
static int digits(const char *s, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = value * 10 + (s[i] - '0');
	}
	return value;
}

/* "2026-11-23T16:20:01.123456Z" */
static bool parse_stamp(const char *s, int64_t *out_ms)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
	struct tm when = {0};

	for (int i = 0; i < STAMP_LEN; i++)
		if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
			return false;
	when.tm_year = digits(s, 4) - 1900;
	when.tm_mon = digits(s + 5, 2) - 1;
	when.tm_mday = digits(s + 8, 2);
	when.tm_hour = digits(s + 11, 2);
	when.tm_min = digits(s + 14, 2);
	when.tm_sec = digits(s + 17, 2);
	*out_ms = (int64_t)timegm(&when) * 1000 + digits(s + 20, 3);
	return true;
}

bool log_piece_parse(char *line, struct log_piece *out_piece)
{
	const size_t len = strlen(line);
	struct log_piece piece = {0};
	char *stream, *space;

	if (len < STAMP_LEN + 2 || line[STAMP_LEN] != ' ' || !parse_stamp(line, &piece.time_ms))
		return false;
	stream = line + STAMP_LEN + 1;
	space = strchr(stream, ' ');
	if (!space || space == stream)
		return false;
	*space = '\0';
	if (space[-1] == '+') {
		piece.continues = true;
		space[-1] = '\0';
	}
	for (size_t i = 0; i < ARRAY_LEN(streams); i++)
		if (strcmp(stream, streams[i]) == 0)
			piece.stream = streams[i];
	piece.text = space + 1;
	if (!piece.stream)
		return false;
	*out_piece = piece;
	return true;
}

static bool is_current(const struct log_reader *reader, const struct stat *st)
{
	return st->st_ino == reader->ino && st->st_dev == reader->dev;
}

/*
 * Open what is newer than the current file, newest first: a rotation between two of them shows
 * the same file again under its next name, and nothing is lost.
 */
static void open_newer(struct log_reader *reader)
{
	struct stat last = {0}, st;
	int fds[LOG_ROTATIONS + 1];
	size_t count = 0;

	for (int i = 0; i <= LOG_ROTATIONS; i++) {
		AUTO_FREE char *path =
			i ? xasprintf("%s.%d", reader->path, i) : xstrdup(reader->path);
		AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (is_current(reader, &st))
			break;
		if (count && st.st_ino == last.st_ino && st.st_dev == last.st_dev)
			continue;
		last = st;
		fds[count++] = steal_fd(&fd);
	}
	for (size_t i = 0; i < count; i++)
		reader->fds[reader->fd_count++] = fds[i];
	if (reader->fd_count && fstat(reader->fds[reader->fd_count - 1], &st) == 0) {
		reader->ino = st.st_ino;
		reader->dev = st.st_dev;
	}
}

void log_reader_open(struct log_reader *reader, const char *path)
{
	*reader = (struct log_reader){.path = xstrdup(path)};
	open_newer(reader);
}

void log_reader_close(struct log_reader *reader)
{
	for (size_t i = 0; i < reader->fd_count; i++)
		(void)close(reader->fds[i]);
	free(reader->path);
	buf_done(&reader->data);
	buf_done(&reader->text);
	for (size_t i = 0; i < ARRAY_LEN(reader->halves); i++)
		buf_done(&reader->halves[i].text);
	*reader = (struct log_reader){0};
}

static bool was_rotated(const struct log_reader *reader)
{
	struct stat st;

	return lstat(reader->path, &st) == 0 && !is_current(reader, &st);
}

/* Leave the file that was read to its end for the next one. */
static bool next_file(struct log_reader *reader)
{
	int old = -1;
	struct stat st;

	if (reader->fd_count == 1 && !was_rotated(reader))
		return false;
	if (reader->fd_count)
		old = reader->fds[--reader->fd_count];
	reader->data.len = 0;
	reader->at = 0;
	if (!reader->fd_count) {
		open_newer(reader);
	} else if (fstat(reader->fds[reader->fd_count - 1], &st) == 0) {
		reader->ino = st.st_ino;
		reader->dev = st.st_dev;
	}
	/* Not before the next one is open: no other file may get its inode number meanwhile. */
	if (old >= 0)
		(void)close(old);
	return reader->fd_count > 0;
}

/* Return: false at the end of the file. */
static bool fill(struct log_reader *reader)
{
	AUTO_FREE char *block = xmalloc(READ_BYTES);
	ssize_t got;

	if (!reader->fd_count)
		return false;
	do
		got = read(reader->fds[reader->fd_count - 1], block, READ_BYTES);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;

	if (reader->at) {
		memmove(reader->data.data, reader->data.data + reader->at,
			reader->data.len - reader->at);
		reader->data.len -= reader->at;
		reader->at = 0;
	}
	buf_add(&reader->data, block, (size_t)got);
	return true;
}

/* A text has no place for a NUL byte: it is left out, as terminals do, rather than be its end.
 */
static void drop_nuls(char *line, size_t len)
{
	char *to = memchr(line, '\0', len);

	for (const char *from = to; from && from < line + len; from++)
		if (*from)
			*to++ = *from;
	if (to)
		*to = '\0';
}

/* The next line of the files, without its newline; NULL when there is none for now. */
static char *next_line(struct log_reader *reader)
{
	for (;;) {
		const size_t left = reader->data.len - reader->at;
		char *start = left ? reader->data.data + reader->at : NULL;
		char *end = left ? memchr(start, '\n', left) : NULL;
		bool rotated;

		if (end) {
			*end = '\0';
			drop_nuls(start, (size_t)(end - start));
			reader->at += (size_t)(end - start) + 1;
			return start;
		}
		if (left > LOG_LINE_MAX)
			reader->at = reader->data.len; /* none of ours */
		/* Asked before the read: what was written until then is in this file. */
		rotated = reader->fd_count > 1 || was_rotated(reader);
		if (fill(reader))
			continue;
		if (!rotated || !next_file(reader))
			return NULL;
	}
}

static struct log_half *half_of(struct log_reader *reader, const char *stream)
{
	size_t i = 0;

	while (i < ARRAY_LEN(streams) - 1 && stream != streams[i])
		i++;
	return &reader->halves[i];
}

/* Hand out a line that came in several pieces. */
static void take_half(struct log_reader *reader, struct log_half *half,
		      struct log_piece *out_piece)
{
	reader->text.len = 0;
	buf_add(&reader->text, half->text.data, half->text.len);
	half->text.len = 0;
	out_piece->time_ms = half->time_ms;
	out_piece->continues = false;
	out_piece->text = reader->text.data;
}

bool log_reader_next(struct log_reader *reader, struct log_piece *out_piece)
{
	char *line;

	while ((line = next_line(reader))) {
		struct log_piece piece;
		struct log_half *half;

		if (!log_piece_parse(line, &piece))
			continue;
		half = half_of(reader, piece.stream);
		if (!piece.continues && !half->text.len) {
			*out_piece = piece;
			return true;
		}
		if (!half->text.len)
			half->time_ms = piece.time_ms;
		buf_puts(&half->text, piece.text);
		if (!piece.continues || half->text.len > LOG_LINE_MAX) {
			take_half(reader, half, &piece);
			*out_piece = piece;
			return true;
		}
	}
	return false;
}

bool log_reader_rest(struct log_reader *reader, struct log_piece *out_piece)
{
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		if (!reader->halves[i].text.len)
			continue;
		out_piece->stream = streams[i];
		take_half(reader, &reader->halves[i], out_piece);
		return true;
	}
	return false;
}
