#include "net/pasta.h"

#include "net/slirp.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define LOOK_EVERY_MS 2
#define ROUTES_MAX_BYTES ((size_t)64 * 1024)

static void make_argv(struct strv *argv, const char *program, const struct net_layout *layout,
		      pid_t pid)
{
	char text[IPV4_TEXT_MAX];

	strv_add(argv, program);
	strv_add(argv, "--foreground");
	strv_add(argv, "--quiet");
	strv_add(argv, "--stderr");
	strv_add(argv, "--config-net");
	strv_add(argv, "--ns-ifname=" NET_DEVICE);
	strv_addf(argv, "--address=%s", ipv4_text(layout->address, text));
	strv_addf(argv, "--netmask=%u", layout->subnet.bits);
	strv_addf(argv, "--gateway=%s", ipv4_text(layout->gateway, text));
	strv_addf(argv, "--dns-forward=%s", ipv4_text(layout->dns, text));
	strv_addf(argv, "--mtu=%d", layout->mtu);
	if (!layout->reaches_host)
		strv_add(argv, "--no-map-gw");
	if (!layout->has_ipv6)
		strv_add(argv, "--ipv4-only");
	/* Ports are the forwarder's. */
	strv_add(argv, "--tcp-ports=none");
	strv_add(argv, "--udp-ports=none");
	strv_add(argv, "--tcp-ns=none");
	strv_add(argv, "--udp-ns=none");
	strv_addf(argv, "%d", (int)pid);
}

/* Nothing of the caller's stays open here. */
static void keep_only(int a, int b)
{
	const unsigned int low = (unsigned int)(a < b ? a : b);
	const unsigned int high = (unsigned int)(a < b ? b : a);

	if (low > 0)
		(void)syscall(SYS_close_range, 0U, low - 1, 0);
	if (high > low + 1)
		(void)syscall(SYS_close_range, low + 1, high - 1, 0);
	(void)syscall(SYS_close_range, high + 1, ~0U, 0);
}

/* End as the one did that is watched over. */
__attribute__((noreturn)) static void end_as(int status)
{
	sigset_t all;

	if (WIFSIGNALED(status)) {
		(void)sigfillset(&all);
		(void)signal(WTERMSIG(status), SIG_DFL);
		(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
		(void)raise(WTERMSIG(status));
	}
	_exit(proc_exit_code(status));
}

__attribute__((noreturn)) static void watch_over(pid_t pasta, int exit_read)
{
	struct pollfd polls[] = {
		{.fd = exit_read, .events = POLLIN},
		{.fd = (int)syscall(SYS_pidfd_open, pasta, 0), .events = POLLIN},
	};

	(void)prctl(PR_SET_NAME, "devbox-net", 0, 0, 0);
	if (polls[1].fd >= 0) {
		keep_only(polls[0].fd, polls[1].fd);
		while (poll(polls, ARRAY_LEN(polls), -1) < 0)
			;
	}
	if (polls[1].fd < 0 || !polls[1].revents)
		(void)kill(pasta, SIGKILL);
	end_as(proc_wait(pasta));
}

/* @ends: of a pipe that hands the number of pasta's process out. */
__attribute__((noreturn)) static void be_parent(const struct strv *argv, int log_fd,
						int exit_read, int number_write)
{
	const int stdio[3] = {-1, -1, log_fd};
	struct err ignored;
	pid_t pasta;

	if (proc_spawn((const char *const *)argv->items, stdio, NULL, 0, &pasta, &ignored) < 0)
		_exit(127);
	(void)fd_write_all(number_write, &pasta, sizeof(pasta));
	watch_over(pasta, exit_read);
}

static int start(const struct strv *argv, int log_fd, struct net_slirp *slirp, struct err *err)
{
	AUTO_CLOSE int exit_read = -1;
	AUTO_CLOSE int exit_write = -1;
	AUTO_CLOSE int number_read = -1;
	AUTO_CLOSE int number_write = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "start the network: make a pipe");
	exit_read = ends[0];
	exit_write = ends[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "start the network: make a pipe");
	number_read = ends[0];
	number_write = ends[1];
	slirp->pid = fork();
	if (slirp->pid < 0)
		return err_sys(err, "start the network");
	if (slirp->pid == 0) {
		(void)close(exit_write);
		be_parent(argv, log_fd, exit_read, number_write);
	}
	cleanup_close(&number_write);
	number_write = -1;
	if (read(number_read, &slirp->backend_pid, sizeof(slirp->backend_pid)) !=
	    (ssize_t)sizeof(slirp->backend_pid)) {
		(void)proc_wait(slirp->pid);
		return err_set(err, "start the network: '%s' cannot be executed",
			       argv->items[0]);
	}
	slirp->exit_fd = steal_fd(&exit_write);
	return 0;
}

int pasta_start(const char *program, const struct net_layout *layout, pid_t pid, int log_fd,
		struct net_slirp *out_slirp, struct err *err)
{
	AUTO_STRV struct strv argv = {0};
	struct net_slirp slirp = {.name = "pasta", .ready_fd = -1};

	if (net_backend_check(NET_PASTA, program, err) < 0)
		return -1;
	make_argv(&argv, program, layout, pid);
	slirp.log_fd = slirp_follow_log(log_fd);
	if (start(&argv, log_fd, &slirp, err) < 0) {
		cleanup_close(&slirp.log_fd);
		return -1;
	}
	slirp.pid_fd = (int)syscall(SYS_pidfd_open, slirp.pid, 0);
	(void)proc_start_time(slirp.backend_pid, &slirp.start_ticks);
	*out_slirp = slirp;
	return 0;
}

bool pasta_has_route(const char *text)
{
	return strstr(text, "\n" NET_DEVICE "\t00000000\t") != NULL;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int pasta_wait_ready(struct net_slirp *slirp, pid_t pid, int timeout_ms, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/net/route", (int)pid);
	const int64_t end = now_ms() + timeout_ms;
	struct pollfd poller = {.fd = slirp->pid_fd, .events = POLLIN};

	while (now_ms() < end) {
		AUTO_FREE char *text = NULL;

		if (fd_read_file(AT_FDCWD, path, ROUTES_MAX_BYTES, &text, err) < 0)
			return err_wrap(err, "wait for pasta");
		if (pasta_has_route(text)) {
			cleanup_close(&slirp->log_fd);
			slirp->log_fd = -1;
			return 0;
		}
		if (poll(&poller, 1, LOOK_EVERY_MS) > 0)
			return slirp_explain_end(slirp, err);
	}
	return err_set(err, "start the network: pasta was not ready after %d ms", timeout_ms);
}
