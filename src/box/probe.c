#include "box/probe.h"

#include "box/join.h"
#include "init/config.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KILLED_MS 1000
#define ANSWER_MAX 256

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Why it is not healthy: what the reader of the pipe is told. */
__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vdprintf(STDOUT_FILENO, format, args);
	va_end(args);
	_exit(1);
}

static void enter(const struct record *record, int flags)
{
	AUTO_CLOSE int pid_fd = (int)syscall(SYS_pidfd_open, record->init_pid, 0);

	/* The box's root may look into processes of its user namespace: not into this one. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (pid_fd < 0 || setns(pid_fd, flags) < 0)
		fail("enter the box: %s", strerror(errno));
}

/* --- a port --- */

static bool wait_for(int fd, short events, int64_t deadline_ms)
{
	struct pollfd poller = {.fd = fd, .events = events};
	const int64_t left = deadline_ms - now_ms();

	return left > 0 && poll(&poller, 1, (int)left) > 0;
}

/* Return: 0, or errno. */
static int try_connect(int fd, const struct sockaddr *address, socklen_t len,
		       int64_t deadline_ms)
{
	int code = 0;
	socklen_t size = sizeof(code);

	if (connect(fd, address, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!wait_for(fd, POLLOUT, deadline_ms))
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0 ? errno : code;
}

/* On the loopback of IPv4, else of IPv6. */
static int connect_port(uint16_t port, int64_t deadline_ms)
{
	const struct sockaddr_in four = {.sin_family = AF_INET,
					 .sin_port = htons(port),
					 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6,
					 .sin6_port = htons(port),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const int flags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(AF_INET, flags, 0);
	int code = fd < 0 ? errno
			  : try_connect(fd, (const struct sockaddr *)&four, sizeof(four),
					deadline_ms);

	if (code == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	fd = socket(AF_INET6, flags, 0);
	if (fd >= 0 &&
	    try_connect(fd, (const struct sockaddr *)&six, sizeof(six), deadline_ms) == 0)
		return fd;
	fail("port %u: %s", port, strerror(code));
}

static int open_port(const struct spec_health *spec, const struct record *record,
		     int64_t deadline_ms)
{
	if (!str_eq(record->network, "host"))
		enter(record, CLONE_NEWUSER | CLONE_NEWNET);
	return connect_port(spec->port, deadline_ms);
}

/* The first line of the answer, as far as it is one. */
static void probe_http(const struct spec_health *spec, int fd, int64_t deadline_ms)
{
	AUTO_FREE char *request = xasprintf("GET %s HTTP/1.0\r\nHost: localhost\r\n"
					    "User-Agent: devbox\r\n\r\n",
					    spec->path);
	char answer[ANSWER_MAX + 1] = "";
	size_t len = 0;
	int status = 0;

	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		fail("port %u: %s", spec->port, strerror(errno));
	while (len < ANSWER_MAX && !memchr(answer, '\n', len)) {
		ssize_t n;

		if (!wait_for(fd, POLLIN, deadline_ms))
			fail("http %u%s: no answer in time", spec->port, spec->path);
		n = recv(fd, answer + len, ANSWER_MAX - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	answer[len] = '\0';
	if (sscanf(answer, "HTTP/%*u.%*u %3d", &status) != 1)
		fail("http %u%s: the answer is not HTTP", spec->port, spec->path);
	if (status < 200 || status >= 400)
		fail("http %u%s: status %d", spec->port, spec->path, status);
}

/* --- a command --- */

static int await_end(int socket, int64_t deadline_ms, int *out_status)
{
	while (wait_for(socket, POLLIN, deadline_ms)) {
		struct init_message message;
		ssize_t n = recv(socket, &message, sizeof(message), 0);

		if (n < 0 && (errno == EINTR || errno == ECONNRESET))
			continue;
		if (n != (ssize_t)sizeof(message))
			return -1;
		if (message.type == INIT_EXITED) {
			*out_status = proc_exit_code(message.a);
			return 0;
		}
	}
	return -1;
}

__attribute__((noreturn)) static void probe_test(const struct spec_health *spec,
						 const struct record *record,
						 const char *runtime_dir, int64_t deadline_ms)
{
	const struct init_message end = {.type = INIT_SIGNAL, .a = SIGKILL};
	struct stdio stdio = {.theirs = {0, 1, 2}, .ours = {-1, -1, -1}};
	const struct join_request request = {
		.record = record,
		.argv = &spec->argv,
		.env = &record->exec_env,
		.cwd = record->exec_cwd,
		.stdio = &stdio,
		.runtime_dir = runtime_dir,
	};
	struct joined joined;
	struct err err = {0};
	int status = 1;
	bool is_late;

	if (box_join(&request, &joined, &status, &err) < 0)
		fail("%s", err.message);
	is_late = await_end(joined.socket, deadline_ms, &status) < 0;
	if (is_late) {
		(void)send(joined.socket, &end, sizeof(end), MSG_NOSIGNAL);
		(void)await_end(joined.socket, now_ms() + KILLED_MS, &status);
	}
	/* Its init has said how it ended and ends itself, unless the box's root keeps it. */
	(void)kill(joined.pid, SIGKILL);
	(void)proc_wait(joined.pid);
	if (is_late)
		fail("no end in time");
	_exit(status);
}

/* --- all of them --- */

__attribute__((noreturn)) static void child_main(const struct spec_health *spec,
						 const struct record *record,
						 const char *runtime_dir, int output_fd)
{
	const int64_t deadline_ms = now_ms() + (int64_t)(spec->timeout_us / 1000);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)prctl(PR_SET_NAME, "devbox-probe", 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(output_fd, STDOUT_FILENO);
	(void)dup2(output_fd, STDERR_FILENO);
	switch (spec->kind) {
	case HEALTH_TCP:
		(void)open_port(spec, record, deadline_ms);
		break;
	case HEALTH_HTTP:
		probe_http(spec, open_port(spec, record, deadline_ms), deadline_ms);
		break;
	case HEALTH_FILE:
		enter(record, CLONE_NEWUSER | CLONE_NEWNS);
		if (access(spec->path, F_OK) < 0)
			fail("file %s: %s", spec->path, strerror(errno));
		break;
	case HEALTH_TEST:
	case HEALTH_NONE:
	default:
		probe_test(spec, record, runtime_dir, deadline_ms);
	}
	_exit(0);
}

int probe_start(const struct spec_health *spec, const struct record *record,
		const char *runtime_dir, struct probe *out_probe, struct err *err)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	pid = fork();
	if (pid == 0)
		child_main(spec, record, runtime_dir, ends[1]);
	(void)close(ends[1]);
	if (pid < 0) {
		(void)close(ends[0]);
		return err_sys(err, "start a probe");
	}
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*out_probe = (struct probe){.pid = pid,
				    .pid_fd = (int)syscall(SYS_pidfd_open, pid, 0),
				    .output_fd = ends[0]};
	return 0;
}

void probe_stop(struct probe *probe)
{
	if (probe->pid <= 0)
		return;
	(void)kill(probe->pid, SIGKILL);
	(void)proc_wait(probe->pid);
	(void)close(probe->pid_fd);
	(void)close(probe->output_fd);
	*probe = (struct probe){0};
}
