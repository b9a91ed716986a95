#include "init/init.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_RUNS (-1)
#define STATUS_ABANDONED 137
#define IDLE_POLL_MS 10

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Everybody in the box but us. True while somebody is there. */
static bool signal_all(int signal)
{
	return kill(-1, signal) == 0;
}

/* A box without a command ends when it is told to and the last process is gone. */
static int end_idle(void)
{
	struct pollfd socket = {.fd = INIT_SOCKET_FD};

	(void)signal_all(SIGTERM);
	(void)signal_all(SIGCONT);
	while (signal_all(0)) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (poll(&socket, 1, IDLE_POLL_MS) > 0) /* hung up: devbox is gone */
			return STATUS_ABANDONED;
	}
	init_send(INIT_EXITED, 0, 0, -1);
	return 0;
}

static int reap(struct init *init)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (WIFSTOPPED(status)) {
			if (pid == init->main && (init->config->flags & INIT_TTY))
				init_send(INIT_STOPPED, WSTOPSIG(status), 0, -1);
			continue;
		}
		if (pid == init->main) {
			init_send(INIT_EXITED, status, 0, -1);
			return exit_code(status);
		}
		if (init->guard && pid == init->guard) {
			init_send(INIT_GUARD_DIED, status, 0, -1);
			return STATUS_ABANDONED;
		}
	}
	return STATUS_RUNS;
}

static int pass_signal(struct init *init, int signal)
{
	if (init->main == 0)
		return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT ||
				       signal == SIGHUP
			       ? end_idle()
			       : STATUS_RUNS;
	if (kill(-init->main, signal) < 0)
		(void)kill(init->main, signal);
	return STATUS_RUNS;
}

static int read_signals(struct init *init)
{
	struct signalfd_siginfo info;
	int rc = STATUS_RUNS;

	while (rc == STATUS_RUNS &&
	       read(init->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			rc = reap(init);
		else if (info.ssi_signo != SIGTTOU && info.ssi_signo != SIGTTIN &&
			 info.ssi_signo != SIGPIPE)
			rc = pass_signal(init, (int)info.ssi_signo);
	}
	return rc;
}

static int make_socket(int kind)
{
	const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
	int type = kind == INIT_SOCKET_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int fd;

	if (kind == INIT_SOCKET_DIAG)
		return socket(AF_NETLINK, SOCK_RAW | flags, NETLINK_SOCK_DIAG);
	fd = socket(AF_INET6, type | flags, 0);
	return fd < 0 && errno == EAFNOSUPPORT ? socket(AF_INET, type | flags, 0) : fd;
}

static void send_sockets(int kind, int count)
{
	int i;

	for (i = 0; i < count && i < INIT_SOCKETS_MAX; i++) {
		int fd = make_socket(kind);

		init_send(INIT_SOCKETS, kind, fd < 0 ? errno : 0, fd);
		if (fd >= 0)
			(void)close(fd);
	}
}

static int read_message(struct init *init)
{
	struct init_message message;
	ssize_t n = recv(INIT_SOCKET_FD, &message, sizeof(message), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? STATUS_RUNS : STATUS_ABANDONED;
	if (n == 0) {
		/* devbox is gone, so the box ends; a joined command is told as by a closed
		 * terminal. */
		if ((init->config->flags & INIT_JOINED) && init->main) {
			(void)kill(-init->main, SIGHUP);
			(void)kill(-init->main, SIGCONT);
		}
		return STATUS_ABANDONED;
	}
	if (message.type == INIT_SIGNAL)
		return pass_signal(init, message.a);
	if (message.type == INIT_SOCKETS)
		send_sockets(message.a, message.b);
	if (message.type == INIT_CONTINUE && init->main) {
		(void)tcsetpgrp(0, init->main);
		(void)kill(-init->main, SIGCONT);
	}
	return STATUS_RUNS;
}

int init_loop(struct init *init)
{
	struct pollfd polls[2] = {
		{.fd = init->signal_fd, .events = POLLIN},
		{.fd = INIT_SOCKET_FD, .events = POLLIN},
	};
	int rc = reap(init);

	while (rc == STATUS_RUNS) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return STATUS_ABANDONED;
		rc = read_signals(init);
		if (rc == STATUS_RUNS && polls[1].revents)
			rc = read_message(init);
	}
	return rc;
}
