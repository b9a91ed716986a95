#include "net/filter_private.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define READY_MS 10000
#define EXIT_FD 3
#define READY_FD 4

void net_filter_done(struct net_filter *filter)
{
	strv_done(&filter->allow);
	free(filter->log_path);
	*filter = (struct net_filter){0};
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Only what it needs: it must not hold the locks and sockets of whoever runs the box. */
static int keep_two(int exit_fd, int ready_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || fd_move_up(&null) < 0 || fd_move_up(&exit_fd) < 0 ||
	    fd_move_up(&ready_fd) < 0)
		return -1;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	if (dup3(exit_fd, EXIT_FD, O_CLOEXEC) < 0 || dup3(ready_fd, READY_FD, O_CLOEXEC) < 0)
		return -1;
	return (int)syscall(SYS_close_range, READY_FD + 1, ~0U, 0);
}

static int set_up(struct filter_server *server, const struct net_filter *filter, pid_t pid,
		  struct err *err)
{
	server->to_private = filter->to_private;
	server->exit_fd = EXIT_FD;
	if (filter_rules_parse(&filter->allow, &server->rules) < 0)
		return err_set(err, "damaged list of hosts");
	if (filter_maker_start(server, pid, err) < 0 || filter_server_open(server, err) < 0)
		return -1;
	return filter_log_open(&server->log, filter->log_path, err);
}

static _Noreturn void server_main(const struct net_filter *filter, pid_t pid, int exit_fd,
				  int ready_fd)
{
	struct filter_server *server = xmalloc(sizeof(*server));
	struct err result = {0};
	sigset_t all;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "devbox-filter", 0, 0, 0);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	raise_limit();
	if (keep_two(exit_fd, ready_fd) < 0)
		_exit(1);
	if (set_up(server, filter, pid, &result) < 0) {
		(void)fd_write_all(READY_FD, &result, sizeof(result));
		_exit(1);
	}
	(void)fd_write_all(READY_FD, &result, sizeof(result));
	(void)close(READY_FD);
	filter_serve(server);
	_exit(0);
}

/* The error it ended with, of which a message is never empty; all zeroes: it is ready. */
static int wait_ready(int ready_fd, struct err *err)
{
	struct pollfd readable = {.fd = ready_fd, .events = POLLIN};
	struct err result;

	if (poll(&readable, 1, READY_MS) <= 0)
		return err_set(err, "start the network filter: it was not ready after %d ms",
			       READY_MS);
	if (read(ready_fd, &result, sizeof(result)) != (ssize_t)sizeof(result))
		return err_set(err, "start the network filter: it ended at once");
	if (!*result.message)
		return 0;
	*err = result;
	return -1;
}

int net_filter_start(const struct net_filter *filter, pid_t pid, struct net_slirp *out_process,
		     struct err *err)
{
	struct net_slirp process = {
		.name = "devbox-filter", .pid_fd = -1, .ready_fd = -1, .log_fd = -1};
	AUTO_CLOSE int ready_fd = -1;
	int exit_pipe[2], ready_pipe[2];

	if (pipe2(exit_pipe, O_CLOEXEC) < 0)
		return err_sys(err, "start the network filter");
	if (pipe2(ready_pipe, O_CLOEXEC) < 0) {
		(void)err_sys(err, "start the network filter");
		(void)close(exit_pipe[0]);
		(void)close(exit_pipe[1]);
		return -1;
	}
	process.pid = fork();
	if (process.pid == 0)
		server_main(filter, pid, exit_pipe[0], ready_pipe[1]);
	(void)close(exit_pipe[0]);
	(void)close(ready_pipe[1]);
	process.exit_fd = exit_pipe[1];
	ready_fd = ready_pipe[0];
	if (process.pid < 0) {
		(void)err_sys(err, "start the network filter");
		cleanup_close(&process.exit_fd);
		return -1;
	}
	process.pid_fd = (int)syscall(SYS_pidfd_open, process.pid, 0);
	(void)proc_start_time(process.pid, &process.start_ticks);
	if (wait_ready(ready_fd, err) < 0) {
		net_slirp_stop(&process);
		return -1;
	}
	*out_process = process;
	return 0;
}
