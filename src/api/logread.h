#ifndef API_LOGREAD_H
#define API_LOGREAD_H

#include "util/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Private to api: the log files of a box, <state>/<box>.log and .log.1 (newest) to .log.5,
 * lines "2026-11-23T16:20:01.123456Z STREAM TEXT". A stream "stdout+" says that the next line
 * of stdout goes on where this one ends.
 */

#define LOG_ROTATIONS 5
#define LOG_STREAMS 6
#define LOG_LINE_MAX (1024 * 1024)

/** struct log_piece - one line of a log file; texts point into it */
struct log_piece {
	int64_t time_ms;
	const char *stream; /* "stdout" or "stderr" */
	bool continues;
	const char *text;
};

/** log_piece_parse() - take @line (without its newline) apart in place. Return: false: no log
 * line. */
bool log_piece_parse(char *line, struct log_piece *out_piece);

/** struct log_half - a line of one stream that did not end yet */
struct log_half {
	int64_t time_ms;
	struct buf text;
};

/**
 * struct log_reader - goes through the files of one box, oldest line first, and goes on with
 * what is added and rotated meanwhile
 */
struct log_reader {
	char *path;
	int fds[LOG_ROTATIONS + 1]; /* a stack: the last one is read */
	size_t fd_count;
	dev_t dev; /* of the file that is read */
	ino_t ino;
	struct buf data;
	size_t at;
	struct log_half halves[LOG_STREAMS];
	struct buf text; /* of the line handed out last */
};

void log_reader_open(struct log_reader *reader, const char *path);
void log_reader_close(struct log_reader *reader);

/**
 * log_reader_next() - the next whole line
 * @out_piece:	valid until the next call
 * Return: false when there is none for now.
 */
bool log_reader_next(struct log_reader *reader, struct log_piece *out_piece);

/** log_reader_rest() - a line that will not be finished: its writer is gone. As
 * log_reader_next(). */
bool log_reader_rest(struct log_reader *reader, struct log_piece *out_piece);

#endif
