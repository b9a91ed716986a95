#include "box/ward.h"

#include "box/control.h"
#include "util/cleanup.h"
#include "util/fd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t monotonic_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Ask it to end; the loop sees to it that it does. */
static void begin_stop(struct ward *ward, int64_t timeout_us)
{
	const struct init_message message = {.type = INIT_SIGNAL,
					     .a = ward->prepared->stop_signal};
	const struct init_message go_on = {.type = INIT_SIGNAL, .a = SIGCONT};
	struct err ignored;
	int64_t at;

	if (timeout_us < 0)
		timeout_us = (int64_t)ward->prepared->stop_grace_us;
	at = monotonic_ms() + timeout_us / 1000;
	if (at == 0)
		at = 1;
	if (ward->kill_at_ms == 0 || at < ward->kill_at_ms)
		ward->kill_at_ms = at;
	/* A frozen box hears nothing. */
	if (ward->cgroup_fd >= 0)
		(void)cgroup_freeze(ward->cgroup_fd, false, 100, &ignored);
	(void)send(ward->launched.process.socket, &message, sizeof(message), MSG_NOSIGNAL);
	/* Without a group it was paused by SIGSTOP. */
	if (ward->cgroup_fd < 0)
		(void)send(ward->launched.process.socket, &go_on, sizeof(go_on), MSG_NOSIGNAL);
}

/* "ports BOX\nLINES" */
static void serve_ports(struct ward *ward, const char *lines, int client)
{
	AUTO_FREE char *answer = NULL;
	struct err err = {0};
	size_t bad;

	if (ward_ports_apply(ward, lines, &bad, &err) == 0)
		answer = xstrdup("ok");
	else
		answer = xasprintf("%zu\n%s\n%s", bad, err.message, err.hint);
	(void)send(client, answer, strlen(answer), MSG_NOSIGNAL);
	(void)close(client);
}

/* What follows the box's name in a request "VERB BOX…" about ours; NULL: it is another. */
static const char *about_us(const struct ward *ward, const char *request, const char *verb)
{
	AUTO_FREE char *begin = xasprintf("%s %s", verb, ward->record->box);

	return str_starts(request, begin) ? request + strlen(begin) : NULL;
}

static void serve(struct ward *ward, int client)
{
	AUTO_FREE char *request = xmalloc(CONTROL_REQUEST_MAX);
	const char *rest;
	long long timeout;
	ssize_t n = recv(client, request, CONTROL_REQUEST_MAX - 1, MSG_DONTWAIT);

	if (n <= 0 && (n == 0 || errno != EAGAIN)) {
		(void)close(client);
		return;
	}
	request[n > 0 ? n : 0] = '\0';
	rest = about_us(ward, request, "stop");
	if (rest && sscanf(rest, " %lld", &timeout) == 1 &&
	    ward->client_count < WARD_CLIENTS_MAX) {
		ward->clients[ward->client_count++] = client;
		begin_stop(ward, timeout);
		return;
	}
	rest = about_us(ward, request, "ports");
	if (rest && *rest == '\n') {
		serve_ports(ward, rest + 1, client);
		return;
	}
	rest = about_us(ward, request, "watch");
	if (rest && !*rest) {
		ward_ports_watch(ward, client);
		return;
	}
	rest = about_us(ward, request, "limits");
	if (rest && !*rest) {
		ward_watch_limits(ward);
		(void)send(client, "ok", 2, MSG_NOSIGNAL);
		(void)close(client);
		return;
	}
	(void)send(client, "the supervisor does not know this request", 41, MSG_NOSIGNAL);
	(void)close(client);
}

static void accept_client(struct ward *ward)
{
	const struct timeval patience = {.tv_sec = 1};
	int client = accept4(ward->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct pollfd readable = {.fd = client, .events = POLLIN};

	if (client < 0)
		return;
	(void)setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* The request follows the connection at once, or it is nobody we wait for. */
	if (poll(&readable, 1, 1000) <= 0)
		(void)close(client);
	else
		serve(ward, client);
}

static void read_output(struct ward *ward, int i)
{
	char buffer[16384];
	ssize_t n = read(ward->output[i], buffer, sizeof(buffer));

	if (n > 0) {
		logstream_add(&ward->streams[i], &ward->log, buffer, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		logstream_end(&ward->streams[i], &ward->log);
		if (ward->output[i] != ward->launched.master)
			(void)close(ward->output[i]);
		ward->output[i] = -1;
	}
}

static void read_message(struct ward *ward)
{
	struct init_message message;
	int fds[FD_PASS_MAX];
	size_t count = 0;
	ssize_t n = fd_receive(ward->launched.process.socket, &message, sizeof(message), fds,
			       &count);

	/* ECONNRESET: it ended without reading all of ours. What it said before comes next. */
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return;
	while (count > 1)
		(void)close(fds[--count]);
	if (n == (ssize_t)sizeof(message) && message.type == INIT_SOCKETS) {
		ward_ports_give(ward, &message, count > 0 ? fds[0] : -1);
		return;
	}
	if (count > 0)
		(void)close(fds[0]);
	if (n != (ssize_t)sizeof(message)) {
		ward->is_over = true;
	} else if (message.type == INIT_EXITED) {
		ward->status = message.a;
		ward->has_status = ward->is_over = true;
	} else if (message.type == INIT_GUARD_DIED) {
		ward->record->reason = xstrdup("fuse-overlayfs, which held its root, ended");
		ward->is_over = true;
	}
}

static void read_signals(struct ward *ward)
{
	struct signalfd_siginfo info;

	while (read(ward->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
		    info.ssi_signo == SIGQUIT)
			begin_stop(ward, -1);
	}
}

static int time_left(const struct ward *ward)
{
	int64_t left;

	if (ward->kill_at_ms == 0)
		return -1;
	left = ward->kill_at_ms - monotonic_ms();
	return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

void ward_loop_once(struct ward *ward)
{
	struct notify *notify = ward->launched.process.notify;
	struct pollfd polls[] = {
		{.fd = ward->signal_fd, .events = POLLIN},
		{.fd = ward->launched.process.socket, .events = POLLIN},
		{.fd = ward->listen_fd, .events = POLLIN},
		{.fd = ward->output[0], .events = POLLIN},
		{.fd = ward->output[1], .events = POLLIN},
		{.fd = ward->launched.slirp.pid > 0 ? ward->launched.slirp.pid_fd : -1,
		 .events = POLLIN},
		{.fd = notify ? notify_fd(notify) : -1, .events = POLLIN},
		{.fd = ward->oom.events_fd, .events = POLLPRI},
		{.fd = ward->throttle_fd, .events = POLLIN},
		{.fd = ward->ports.forwarder ? net_forwarder_fd(ward->ports.forwarder) : -1,
		 .events = POLLIN},
		{.fd = ward->hub_fd, .events = POLLIN},
		{.fd = ward->health.epoll_fd, .events = POLLIN},
	};

	if (poll(polls, ARRAY_LEN(polls), time_left(ward)) < 0 && errno != EINTR)
		return;
	if (ward->kill_at_ms != 0 && monotonic_ms() >= ward->kill_at_ms) {
		ward_kill(ward);
		ward->kill_at_ms = monotonic_ms() + WARD_KILL_MS;
	}
	/* First: the one that was killed is not to be seen for long. */
	if (polls[7].revents)
		ward_watch_memory(ward);
	if (polls[8].revents)
		ward_watch_throttle(ward);
	if (polls[0].revents)
		read_signals(ward);
	if (polls[3].revents)
		read_output(ward, 0);
	if (polls[4].revents)
		read_output(ward, 1);
	if (polls[1].revents)
		read_message(ward);
	if (polls[9].revents)
		net_forwarder_step(ward->ports.forwarder);
	if (polls[2].revents)
		accept_client(ward);
	if (polls[6].revents && notify_handle(notify) < 0)
		ward_keep_refused(ward);
	if (polls[10].revents)
		ward_hub_news(ward);
	if (polls[11].revents)
		ward_health_step(ward);
	if (polls[5].revents)
		ward_network_ended(ward);
}
