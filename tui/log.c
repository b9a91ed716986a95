#include "tui/log.h"

#include "util/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TIME_LEN 27
/* The time, a blank, "stdout+", a blank. */
#define HEAD_MAX 64

static bool add_file(struct log *log, const char *path)
{
	struct log_file file = {.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
	struct stat st;

	if (file.fd < 0)
		return false;
	if (fstat(file.fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(file.fd);
		return false;
	}
	file.size = (uint64_t)st.st_size;
	file.dev = st.st_dev;
	file.ino = st.st_ino;
	log->files[log->file_count++] = file;
	log->size += file.size;
	return true;
}

static void open_files(struct log *log)
{
	log->file_count = 0;
	log->size = 0;
	log->window_len = 0;
	for (int i = LOG_FILES_MAX - 1; i > 0; i--) {
		AUTO_FREE char *path = xasprintf("%s.%d", log->path, i);

		(void)add_file(log, path);
	}
	(void)add_file(log, log->path);
}

static void close_files(struct log *log)
{
	for (size_t i = 0; i < log->file_count; i++)
		(void)close(log->files[i].fd);
	log->file_count = 0;
}

void log_open(struct log *log, const char *path)
{
	*log = (struct log){.path = xstrdup(path), .window = xmalloc(LOG_WINDOW + 1)};
	open_files(log);
}

void log_close(struct log *log)
{
	close_files(log);
	free(log->path);
	free(log->window);
	*log = (struct log){0};
}

static bool is_rotated(const struct log *log)
{
	const struct log_file *last = log->file_count ? &log->files[log->file_count - 1] : NULL;
	struct stat st;

	if (stat(log->path, &st) < 0)
		return false;
	return !last || st.st_dev != last->dev || st.st_ino != last->ino ||
	       (uint64_t)st.st_size < last->size;
}

/* Bytes of the files that were in @before and are not open any more. */
static uint64_t count_gone(const struct log *log, const struct log_file *before, size_t count)
{
	uint64_t gone = 0;

	for (size_t i = 0; i < count; i++) {
		bool found = false;

		for (size_t j = 0; j < log->file_count; j++)
			found = found || (before[i].ino == log->files[j].ino &&
					  before[i].dev == log->files[j].dev);
		if (!found)
			gone += before[i].size;
	}
	return gone;
}

bool log_refresh(struct log *log, uint64_t *out_gone)
{
	struct log_file before[LOG_FILES_MAX];
	struct log_file *last;
	const size_t count = log->file_count;
	struct stat st;

	*out_gone = 0;
	if (is_rotated(log)) {
		memcpy(before, log->files, sizeof(before));
		close_files(log);
		open_files(log);
		*out_gone = count_gone(log, before, count);
		return true;
	}
	if (!count)
		return false;
	last = &log->files[count - 1];
	if (fstat(last->fd, &st) < 0 || (uint64_t)st.st_size <= last->size)
		return false;
	log->size += (uint64_t)st.st_size - last->size;
	last->size = (uint64_t)st.st_size;
	log->window_len = 0;
	return true;
}

static size_t read_at(const struct log *log, uint64_t at, char *out, size_t len)
{
	size_t done = 0;

	for (size_t i = 0; i < log->file_count && done < len; i++) {
		const struct log_file *file = &log->files[i];
		ssize_t got;
		size_t part;

		if (at >= file->size) {
			at -= file->size;
			continue;
		}
		part = len - done < file->size - at ? len - done : (size_t)(file->size - at);
		got = pread(file->fd, out + done, part, (off_t)at);
		if (got <= 0)
			break;
		done += (size_t)got;
		if ((size_t)got < part)
			break;
		at = 0;
	}
	return done;
}

/* Make the window hold what is from @at on, or before @at. */
static void load(struct log *log, uint64_t at, bool is_before)
{
	const uint64_t from = is_before ? (at > LOG_WINDOW ? at - LOG_WINDOW : 0) : at;

	log->window_at = from;
	log->window_len = read_at(log, from, log->window, LOG_WINDOW);
	log->window[log->window_len] = '\0';
}

/* Return: the bytes from @at on that are in the window, NULL at the end. */
static const char *peek(struct log *log, uint64_t at, size_t *out_len)
{
	if (at < log->window_at || at >= log->window_at + log->window_len)
		load(log, at, false);
	if (at >= log->window_at + log->window_len)
		return NULL;
	*out_len = (size_t)(log->window_at + log->window_len - at);
	return log->window + (at - log->window_at);
}

static uint64_t find_end(struct log *log, uint64_t at)
{
	const uint64_t limit = at + LOG_LINE_MAX;
	const char *text;
	size_t len;

	while (at < limit && (text = peek(log, at, &len))) {
		const char *newline = memchr(text, '\n', len);

		if (newline)
			return at + (uint64_t)(newline - text) + 1;
		at += len;
	}
	return at;
}

bool log_time(const char *text, size_t len, char out[16])
{
	char copy[TIME_LEN + 1];
	struct tm tm = {0};
	time_t seconds;

	if (len < TIME_LEN || text[10] != 'T' || text[TIME_LEN - 1] != 'Z')
		return false;
	memcpy(copy, text, TIME_LEN);
	copy[TIME_LEN] = '\0';
	if (sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = timegm(&tm);
	return localtime_r(&seconds, &tm) && strftime(out, 16, "%H:%M:%S", &tm) > 0;
}

/* "TIME STREAM TEXT"; another line is all text. */
static void take_apart(struct log_line *line)
{
	const char *stream = line->text + TIME_LEN + 1;
	const char *blank;

	if (line->len <= TIME_LEN + 1 || line->text[TIME_LEN] != ' ' ||
	    !log_time(line->text, line->len, line->time))
		return;
	blank = memchr(stream, ' ', line->len - TIME_LEN - 1);
	if (!blank)
		return;
	line->is_stderr = strncmp(stream, "stderr", 6) == 0;
	line->len -= (size_t)(blank + 1 - line->text);
	line->text = blank + 1;
}

bool log_line(struct log *log, uint64_t at, size_t max, struct log_line *out_line)
{
	struct log_line line = {.at = at};
	size_t len;

	if (at >= log->size)
		return false;
	line.next = find_end(log, at);
	if (line.next <= at)
		return false;
	/* All of it that is wanted is in the window at once. */
	if (max > LOG_WINDOW - HEAD_MAX)
		max = LOG_WINDOW - HEAD_MAX;
	line.text = peek(log, at, &len);
	if (line.text && len < max + HEAD_MAX && at + len < line.next) {
		load(log, at, false);
		line.text = peek(log, at, &len);
	}
	if (!line.text)
		return false;
	if (len > line.next - at)
		len = (size_t)(line.next - at);
	if (len && line.text[len - 1] == '\n')
		len--;
	line.len = len;
	take_apart(&line);
	if (line.len > max)
		line.len = max;
	*out_line = line;
	return true;
}

uint64_t log_before(struct log *log, uint64_t at)
{
	const uint64_t limit = at > LOG_LINE_MAX ? at - LOG_LINE_MAX : 0;
	uint64_t end = at; /* what lies before it is searched */

	if (at == 0)
		return 0;
	end--; /* the end of the line before */
	while (end > limit) {
		const char *newline;

		if (end <= log->window_at || end > log->window_at + log->window_len)
			load(log, end, true);
		if (end <= log->window_at || end > log->window_at + log->window_len)
			return limit;
		newline = memrchr(log->window, '\n', (size_t)(end - log->window_at));
		if (newline)
			return log->window_at + (uint64_t)(newline - log->window) + 1;
		end = log->window_at;
	}
	return limit;
}
