#include "box/relay.h"

#include "box/control.h"
#include "box/start.h"
#include "init/config.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>

/* Far more than a terminal holds. */
#define REST_READS_MAX 1024
/* Besides those of struct stdio. */
#define POLLS 7

/* --- the caller's terminal --- */

static struct termios saved_terminal;
static volatile sig_atomic_t is_raw;

static void terminal_restore(void)
{
	if (!is_raw)
		return;
	is_raw = 0;
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_terminal);
}

static void die_restored(int signal)
{
	terminal_restore();
	(void)raise(signal); /* SA_RESETHAND: now for good */
}

/* Our own mistakes leave the terminal usable, too. */
static void guard_terminal(void)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	struct sigaction action = {.sa_handler = die_restored, .sa_flags = (int)SA_RESETHAND};
	sigset_t set;
	size_t i;

	(void)sigemptyset(&set);
	for (i = 0; i < ARRAY_LEN(fatal); i++) {
		(void)sigaction(fatal[i], &action, NULL);
		(void)sigaddset(&set, fatal[i]);
	}
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)atexit(terminal_restore);
}

static void terminal_raw(void)
{
	struct termios raw = saved_terminal;

	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0)
		is_raw = 1;
}

bool relay_is_terminal(struct winsize *out_size)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return false;
	memset(out_size, 0, sizeof(*out_size));
	(void)ioctl(STDIN_FILENO, TIOCGWINSZ, out_size);
	if (out_size->ws_row == 0 || out_size->ws_col == 0) {
		out_size->ws_row = 24;
		out_size->ws_col = 80;
	}
	return true;
}

int relay_block_signals(struct err *err)
{
	sigset_t all;
	int fd;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	/* A parent that ignored SIGCHLD would keep us from waiting. */
	(void)signal(SIGCHLD, SIG_DFL);
	fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, "open a signal descriptor") : fd;
}

/* --- the loop --- */

struct loop {
	const struct relay *relay;
	char input[16384]; /* typed, not yet taken by the command's terminal */
	size_t input_len;
	bool input_ended;
	bool is_background; /* the terminal belongs to another job */
	bool is_over;
	bool has_status;
	bool guard_died;
	bool notify_ended;
	bool news_ended;
	int status;
};

static void tell(const struct loop *loop, int type, int a)
{
	const struct init_message message = {.type = type, .a = a};

	(void)!send(loop->relay->socket, &message, sizeof(message), MSG_NOSIGNAL);
}

static void copy_size(const struct loop *loop)
{
	struct winsize size;

	if (loop->relay->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(loop->relay->master, TIOCSWINSZ, &size);
}

/* Only a job in the foreground may touch the terminal: after `bg`, and with `&`, the command
 * has no input from it until `fg`. A terminal that is not ours to ask is taken. */
static void take_terminal(struct loop *loop)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	loop->is_background = group >= 0 && group != getpgrp();
	if (loop->is_background) {
		is_raw = 0;
		return;
	}
	copy_size(loop);
	terminal_raw();
}

/* Stop until somebody continues us. The kernel drops the signal where nobody would. */
static void stop_here(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTSTP);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The command stopped itself: so does our job, as if the key had been typed to it, and goes on
 * when the shell says so. */
static void stop_with_command(struct loop *loop)
{
	terminal_restore();
	(void)kill(0, SIGTSTP);
	stop_here();
	take_terminal(loop);
	tell(loop, INIT_CONTINUE, 0);
}

static void suspend_plain(const struct loop *loop)
{
	tell(loop, INIT_SIGNAL, SIGSTOP);
	stop_here();
	tell(loop, INIT_SIGNAL, SIGCONT);
}

/* `nohup devbox …`: a blocked signal reaches the descriptor although it is ignored. */
static bool is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void on_signal(struct loop *loop, int signal)
{
	switch (signal) {
	case SIGWINCH:
		copy_size(loop);
		break;
	case SIGCONT:
		if (loop->relay->master >= 0)
			take_terminal(loop);
		break;
	case SIGCHLD:
		box_wake_stopped();
		break;
	case SIGPIPE:
	case SIGTTIN:
	case SIGTTOU:
		break;
	case SIGTSTP:
		if (loop->relay->master < 0)
			suspend_plain(loop);
		else
			tell(loop, INIT_SIGNAL, signal);
		break;
	case SIGHUP:
		if (!is_ignored(signal))
			tell(loop, INIT_SIGNAL, signal);
		break;
	default:
		tell(loop, INIT_SIGNAL, signal);
		break;
	}
}

static void read_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->relay->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		on_signal(loop, (int)info.ssi_signo);
}

static void read_message(struct loop *loop)
{
	struct init_message message;
	ssize_t n = recv(loop->relay->socket, &message, sizeof(message), MSG_DONTWAIT);

	/* ECONNRESET: it ended without reading all of ours. What it said before comes next. */
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return;
	if (n != (ssize_t)sizeof(message)) {
		loop->is_over = true;
	} else if (message.type == INIT_EXITED) {
		loop->status = message.a;
		loop->has_status = loop->is_over = true;
	} else if (message.type == INIT_GUARD_DIED) {
		loop->guard_died = loop->is_over = true;
	} else if (message.type == INIT_STOPPED) {
		stop_with_command(loop);
	}
}

static void read_input(struct loop *loop)
{
	ssize_t n = read(STDIN_FILENO, loop->input, sizeof(loop->input));

	if (n > 0) {
		loop->input_len = (size_t)n;
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		/* The terminal is gone. */
		loop->input_ended = true;
		tell(loop, INIT_SIGNAL, SIGHUP);
	}
}

static void write_input(struct loop *loop)
{
	ssize_t n = write(loop->relay->master, loop->input, loop->input_len);

	if (n > 0) {
		memmove(loop->input, loop->input + n, loop->input_len - (size_t)n);
		loop->input_len -= (size_t)n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		loop->input_len = 0;
	}
}

/* Return: false when there is nothing more for now, or ever. */
static bool read_output(const struct loop *loop)
{
	char buffer[16384];
	ssize_t n = read(loop->relay->master, buffer, sizeof(buffer));

	if (n <= 0)
		return false;
	return fd_write_all(STDOUT_FILENO, buffer, (size_t)n) == 0;
}

static bool wants_input(const struct loop *loop)
{
	return loop->input_len == 0 && !loop->input_ended && !loop->is_background;
}

/* What the command wrote before it ended; not what others in the box go on writing. */
static void read_rest(const struct loop *loop)
{
	int i;

	for (i = 0; i < REST_READS_MAX && read_output(loop); i++)
		;
}

static void look_at_memory(const struct relay *relay)
{
	struct oom_report report;

	if (relay->oom && oom_watch_look(relay->oom, &report))
		*relay->oom_report = report;
}

/* On a line of its own, whatever the command has written; it is the one thing that comes
 * between. */
static void say_line(const char *text)
{
	struct termios raw, plain;

	if (!is_raw || tcgetattr(STDIN_FILENO, &raw) < 0) {
		log_note("devbox: %s", text);
		return;
	}
	plain = raw;
	plain.c_oflag = saved_terminal.c_oflag;
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &plain);
	log_note("\ndevbox: %s", text);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void read_news(struct loop *loop)
{
	char text[CONTROL_MESSAGE_MAX];
	ssize_t n = recv(loop->relay->news_fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0) {
		loop->news_ended = n == 0 || (errno != EAGAIN && errno != EINTR);
		return;
	}
	text[n] = '\0';
	if (!loop->is_background)
		say_line(text);
}

static void poll_once(struct loop *loop, bool *output_open)
{
	const struct relay *relay = loop->relay;
	bool has_terminal = relay->master >= 0;
	struct pollfd polls[POLLS + STDIO_POLLS] = {
		{.fd = relay->signal_fd, .events = POLLIN},
		{.fd = relay->socket, .events = POLLIN},
		{.fd = has_terminal && wants_input(loop) ? STDIN_FILENO : -1, .events = POLLIN},
		{.fd = has_terminal && *output_open ? relay->master : -1, .events = POLLIN},
		{.fd = relay->notify && !loop->notify_ended ? notify_fd(relay->notify) : -1,
		 .events = POLLIN},
		{.fd = relay->oom ? relay->oom->events_fd : -1, .events = POLLPRI},
		{.fd = relay->news_fd > 0 && !loop->news_ended ? relay->news_fd : -1,
		 .events = POLLIN},
	};

	if (loop->input_len > 0)
		polls[3].events |= POLLOUT;
	if (relay->stdio)
		stdio_prepare_poll(relay->stdio, polls + POLLS);
	if (poll(polls, relay->stdio ? ARRAY_LEN(polls) : POLLS, -1) < 0)
		return;
	if (relay->stdio)
		stdio_copy(relay->stdio, polls + POLLS);
	if (polls[6].revents)
		read_news(loop);
	if (polls[5].revents)
		look_at_memory(relay);
	if (polls[4].revents)
		loop->notify_ended = notify_handle(relay->notify) < 0;
	if (polls[3].revents & POLLOUT)
		write_input(loop);
	if ((polls[3].revents & (POLLIN | POLLHUP | POLLERR)) && !read_output(loop) &&
	    (polls[3].revents & (POLLHUP | POLLERR)))
		*output_open = false; /* no slave is open; the message says the rest */
	if (polls[2].revents)
		read_input(loop);
	if (polls[0].revents)
		read_signals(loop);
	if (polls[1].revents)
		read_message(loop);
}

int relay_run(const struct relay *relay, int *out_status, bool *out_guard_died, struct err *err)
{
	static struct loop loop;
	bool output_open = true;

	memset(&loop, 0, sizeof(loop));
	loop.relay = relay;
	if (relay->master >= 0) {
		(void)tcgetattr(STDIN_FILENO, &saved_terminal);
		guard_terminal();
		(void)fcntl(relay->master, F_SETFL, O_NONBLOCK);
		take_terminal(&loop);
	}
	while (!loop.is_over)
		poll_once(&loop, &output_open);
	look_at_memory(relay);
	if (relay->master >= 0)
		read_rest(&loop);
	if (relay->stdio)
		stdio_close(relay->stdio);
	terminal_restore();
	*out_guard_died = loop.guard_died;
	if (!loop.has_status)
		return err_set(err,
			       loop.guard_died
				       ? "fuse-overlayfs, which holds the box's root, ended"
				       : "the box was killed");
	*out_status = loop.status;
	return 0;
}
