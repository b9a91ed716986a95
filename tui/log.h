#ifndef TUI_LOG_H
#define TUI_LOG_H

#include "util/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The log of a box, however long: NAME.log.5 to NAME.log.1 and NAME.log as one text, read where
 * it is looked at. A place in it is the offset of a line's first byte.
 */

#define LOG_FILES_MAX 6
#define LOG_WINDOW 65536
/* Where a line is cut when it has no end. */
#define LOG_LINE_MAX (1024 * 1024)

struct log_file {
	int fd;
	uint64_t size;
	dev_t dev;
	ino_t ino;
};

/** struct log - `= {0}` has nothing open; @files: oldest first */
struct log {
	char *path;
	struct log_file files[LOG_FILES_MAX];
	size_t file_count;
	uint64_t size;
	char *window; /* LOG_WINDOW bytes from @window_at */
	uint64_t window_at;
	size_t window_len;
};

/** struct log_line - @text: without what stands before it in the file; valid until the next
 * call */
struct log_line {
	uint64_t at, next;
	char time[16]; /* "12:41:07", UTC as in the file made local; empty: none */
	bool is_stderr;
	const char *text;
	size_t len;
};

/** log_open() - of @path; files that are not there are no failure. */
void log_open(struct log *log, const char *path);
void log_close(struct log *log);

/**
 * log_refresh() - look how far it has grown, and whether it was rotated
 * @out_gone:	bytes at its start that are there no longer: places move by them
 * Return: true when there is something new.
 */
bool log_refresh(struct log *log, uint64_t *out_gone);

/** log_line() - the line that begins at @at; at most @max bytes of it (LOG_WINDOW at most).
 * Return: false at the end. */
bool log_line(struct log *log, uint64_t at, size_t max, struct log_line *out_line);

/** log_before() - where the line before the one at @at begins. Return: @at at the start. */
uint64_t log_before(struct log *log, uint64_t at);

/** log_time() - "12:41:07" in local time out of "2026-11-23T16:20:01.123456Z". False: no time.
 */
bool log_time(const char *text, size_t len, char out[16]);

#endif
