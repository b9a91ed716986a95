#ifndef BOX_LOGFILE_H
#define BOX_LOGFILE_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGFILE_ROTATE_BYTES (10 * 1024 * 1024)
#define LOGFILE_KEEP 5

/**
 * struct logfile - output of one box on its way to `<state>/<project>/<box>.log`
 *
 * One line each: "2026-11-23T16:20:01.123456Z stdout text". A line longer than the buffer, or
 * one that is not finished when the stream pauses for good, is written in pieces marked
 * "stdout+". At LOGFILE_ROTATE_BYTES the file becomes .log.1 (.1 becomes .2 …), LOGFILE_KEEP of
 * them are kept.
 */
struct logfile {
	char *path;
	int fd;
	uint64_t size;
	uint64_t rotate_bytes;
};
int logfile_open(const char *path, struct logfile *out_log, struct err *err);
void logfile_close(struct logfile *log);

/** struct logstream - one stream of a box: what has come of the line that is not finished */
struct logstream {
	const char *name; /* "stdout", "stderr"; "devbox" for words of ours */
	char line[4096];
	size_t len;
};
/** logstream_add() - bytes as they come. Write errors are dropped: a full disk must not stop a
 * box. */
void logstream_add(struct logstream *stream, struct logfile *log, const char *data, size_t len);
/** logstream_end() - the stream is over: write what is left. */
void logstream_end(struct logstream *stream, struct logfile *log);

#endif
