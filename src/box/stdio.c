#include "box/stdio.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A pipe holds 64 KiB: more than that is written by somebody who stayed behind. */
#define DRAIN_MAX 16

static void make_pipe(struct stdio *stdio, int i, int *out_code)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		*out_code = errno;
		return;
	}
	stdio->theirs[i] = ends[i == STDIN_FILENO ? 0 : 1];
	stdio->ours[i] = ends[i == STDIN_FILENO ? 1 : 0];
	(void)fcntl(stdio->ours[i], F_SETFL, O_NONBLOCK);
}

int stdio_open(bool with_terminal, struct stdio *out_stdio, struct err *err)
{
	int code = 0;

	*out_stdio = (struct stdio){.theirs = {0, 1, 2}, .ours = {-1, -1, -1}};
	for (int i = 0; i < 3 && !with_terminal; i++) {
		if (isatty(i))
			make_pipe(out_stdio, i, &code);
	}
	if (code == 0)
		return 0;
	stdio_started(out_stdio);
	stdio_close(out_stdio);
	return err_code(err, code, "make a pipe");
}

int stdio_open_sink(stdio_sink *sink, void *arg, struct stdio *out_stdio, struct err *err)
{
	struct stdio stdio = {.theirs = {-1, -1, -1}, .ours = {-1, -1, -1}};
	int code = 0;

	stdio.sink = sink;
	stdio.sink_arg = arg;
	stdio.theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (stdio.theirs[0] < 0)
		return err_sys(err, "open '/dev/null'");
	make_pipe(&stdio, STDOUT_FILENO, &code);
	if (code == 0) {
		stdio.theirs[2] = fcntl(stdio.theirs[1], F_DUPFD_CLOEXEC, 3);
		code = stdio.theirs[2] < 0 ? errno : 0;
	}
	*out_stdio = stdio;
	if (code == 0)
		return 0;
	stdio_started(out_stdio);
	stdio_close(out_stdio);
	return err_code(err, code, "make a pipe");
}

void stdio_started(struct stdio *stdio)
{
	for (int i = 0; i < 3; i++) {
		if (stdio->theirs[i] > 2)
			(void)close(stdio->theirs[i]);
		stdio->theirs[i] = i;
	}
}

static void end(struct stdio *stdio, int i)
{
	(void)close(stdio->ours[i]);
	stdio->ours[i] = -1;
}

/* A terminal of another job is not read. */
static bool is_background(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group >= 0 && group != getpgrp();
}

void stdio_prepare_poll(const struct stdio *stdio, struct pollfd polls[STDIO_POLLS])
{
	bool is_full = stdio->input_len > 0;

	for (int i = 0; i < STDIO_POLLS; i++)
		polls[i] = (struct pollfd){.fd = stdio->ours[i], .events = POLLIN};
	if (stdio->ours[0] < 0)
		return;
	polls[0].fd = is_full ? stdio->ours[0] : is_background() ? -1 : STDIN_FILENO;
	polls[0].events = is_full ? POLLOUT : POLLIN;
}

/* An error is an end as well: the terminal is gone. */
static void copy_input(struct stdio *stdio)
{
	ssize_t n;

	if (stdio->input_len == 0) {
		n = read(STDIN_FILENO, stdio->input, sizeof(stdio->input));
		if (n > 0)
			stdio->input_len = (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			end(stdio, 0);
		return;
	}
	n = write(stdio->ours[0], stdio->input, stdio->input_len);
	if (n > 0) {
		memmove(stdio->input, stdio->input + n, stdio->input_len - (size_t)n);
		stdio->input_len -= (size_t)n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		end(stdio, 0); /* nobody reads it any more */
	}
}

/* Return: whether there may be more at once. */
static bool copy_output(struct stdio *stdio, int i)
{
	char buffer[16384];
	ssize_t n = read(stdio->ours[i], buffer, sizeof(buffer));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n > 0 && stdio->sink) {
		stdio->sink(stdio->sink_arg, buffer, (size_t)n);
		return true;
	}
	if (n > 0 && fd_write_all(i, buffer, (size_t)n) == 0)
		return true;
	end(stdio, i);
	return false;
}

void stdio_copy(struct stdio *stdio, const struct pollfd polls[STDIO_POLLS])
{
	if (polls[0].revents && stdio->ours[0] >= 0)
		copy_input(stdio);
	for (int i = 1; i < STDIO_POLLS; i++) {
		if (polls[i].revents && stdio->ours[i] >= 0)
			(void)copy_output(stdio, i);
	}
}

void stdio_close(struct stdio *stdio)
{
	for (int i = 1; i < 3; i++) {
		int left = DRAIN_MAX;

		while (stdio->ours[i] >= 0 && left-- > 0 && copy_output(stdio, i))
			;
	}
	for (int i = 0; i < 3; i++) {
		if (stdio->ours[i] >= 0)
			end(stdio, i);
	}
}
