#ifndef BOX_STDIO_H
#define BOX_STDIO_H

#include "util/err.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define STDIO_POLLS 3

typedef void stdio_sink(void *arg, const char *data, size_t len);

/**
 * struct stdio - the 0, 1 and 2 of a command without a terminal of its own
 *
 * What is a file or a pipe of the caller's is the command's, too. The caller's terminal never
 * is: whoever holds it can read what is typed there, long after the command has ended. It gets
 * pipes instead, and we copy.
 *
 * @theirs:	for the command
 * @ours:	our end of the pipe, -1: not copied
 * @sink:	gets what the command writes to 1 and 2, in place of ours; NULL: none
 */
struct stdio {
	int theirs[3];
	int ours[3];
	char input[4096]; /* typed, not yet taken by the command */
	size_t input_len;
	stdio_sink *sink;
	void *sink_arg;
};

/** stdio_open() - pipes where 0, 1, 2 are terminals; none @with_terminal, which init makes. */
int stdio_open(bool with_terminal, struct stdio *out_stdio, struct err *err);
/** stdio_open_sink() - nothing to read, and one pipe for 1 and 2, whose other end @sink gets.
 */
int stdio_open_sink(stdio_sink *sink, void *arg, struct stdio *out_stdio, struct err *err);
/** stdio_started() - the command has its ends: close them here, or no end of file is seen. */
void stdio_started(struct stdio *stdio);
/** stdio_prepare_poll() - what to wait for; unused entries have descriptor -1. */
void stdio_prepare_poll(const struct stdio *stdio, struct pollfd polls[STDIO_POLLS]);
/** stdio_copy() - what poll(2) found. */
void stdio_copy(struct stdio *stdio, const struct pollfd polls[STDIO_POLLS]);
/** stdio_close() - copy what was written until now and close. */
void stdio_close(struct stdio *stdio);

#endif
