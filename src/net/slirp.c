#include "net/slirp.h"

#include "util/cleanup.h"
#include "util/log.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#define STOP_TIMEOUT_MS 1000
#define LOG_HEAD_BYTES 512

int slirp_check(const struct slirp_host *host, const char *api_path, struct err *err)
{
	struct sockaddr_un address;

	if (!host->program) {
		(void)err_set(err, "start the network: slirp4netns is not installed");
		return err_hint(err,
				"sudo apt-get install slirp4netns (Debian, Ubuntu), sudo dnf "
				"install slirp4netns (Fedora); or network_mode: none or host");
	}
	if (api_path && strlen(api_path) >= sizeof(address.sun_path))
		return err_set(err, "start the network: '%s' is too long for a socket",
			       api_path);
	if (access(host->tun, R_OK | W_OK) == 0)
		return 0;
	(void)err_sys(err, "start the network: open '%s'", host->tun);
	if (errno == EACCES || errno == EPERM)
		return err_hint(err, "sudo chmod 0666 %s; or network_mode: none or host",
				host->tun);
	return err_hint(err, "sudo modprobe tun; or network_mode: none or host");
}

bool slirp_has_sandbox(const struct slirp_host *host)
{
	char path[PATH_MAX];

	return !realpath(host->resolv_conf, path) || str_starts(path, "/etc/") ||
	       str_starts(path, "/run/");
}

int slirp_follow_log(int log_fd)
{
	AUTO_CLOSE int fd = -1;
	struct stat status;
	char path[40];

	if (log_fd < 0 || fstat(log_fd, &status) < 0 || !S_ISREG(status.st_mode))
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", log_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		return -1;
	return steal_fd(&fd);
}

static void make_argv(struct strv *argv, const struct slirp_host *host,
		      const struct slirp_request *request)
{
	const struct net_layout *layout = request->layout;
	char subnet[CIDR_TEXT_MAX];

	strv_add(argv, host->program);
	if (!request->is_bridge)
		strv_add(argv, "--configure");
	strv_addf(argv, "--mtu=%d", layout->mtu);
	strv_addf(argv, "--cidr=%s", cidr_text(&layout->subnet, subnet));
	if (!layout->reaches_host)
		strv_add(argv, "--disable-host-loopback");
	if (layout->has_ipv6)
		strv_add(argv, "--enable-ipv6");
	if (slirp_has_sandbox(host))
		strv_add(argv, "--enable-sandbox");
	else
		log_note("resolv.conf lies outside of /etc and /run: slirp4netns runs without "
			 "its sandbox");
	strv_add(argv, "--enable-seccomp");
	if (request->api_path)
		strv_addf(argv, "--api-socket=%s", request->api_path);
}

/*
 * It makes its socket as root of the box's user namespace, who is another user for us: the mode
 * must let us in, and the folder keep others out.
 */
static int spawn(const struct strv *argv, int log_fd, const int keep_fds[2], pid_t *out_pid,
		 struct err *err)
{
	/* What it says on stdout is a list of its settings. */
	const int stdio[3] = {-1, -1, log_fd};
	const mode_t old = umask(0111);
	int result =
		proc_spawn((const char *const *)argv->items, stdio, keep_fds, 2, out_pid, err);

	(void)umask(old);
	return result;
}

/*
 * As the host's root it joins no user namespace, and its sandbox unmounts what it does not need
 * from a copy of the mounts that is still shared with the machine: the machine would lose its
 * own. It gets a copy from which nothing comes back. setns(2) forgets the current folder.
 */
static int spawn_as_root(const struct strv *argv, int log_fd, const int keep_fds[2],
			 pid_t *out_pid, struct err *err)
{
	AUTO_CLOSE int mounts_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (mounts_fd < 0 || cwd_fd < 0 || unshare(CLONE_NEWNS) < 0)
		return err_sys(err, "give slirp4netns mounts of its own");
	result = mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0
			 ? err_sys(err, "give slirp4netns mounts of its own")
			 : spawn(argv, log_fd, keep_fds, out_pid, err);
	if (setns(mounts_fd, CLONE_NEWNS) == 0 && fchdir(cwd_fd) == 0)
		return result;
	/* Nothing that follows would happen where it should. */
	perror("devbox: return to the mounts of the machine");
	abort();
}

int slirp_start(const struct slirp_host *host, const struct slirp_request *request,
		struct net_slirp *out_slirp, struct err *err)
{
	AUTO_STRV struct strv argv = {0};
	AUTO_CLOSE int ready_read = -1;
	AUTO_CLOSE int ready_write = -1;
	AUTO_CLOSE int exit_read = -1;
	AUTO_CLOSE int exit_write = -1;
	struct net_slirp slirp = {0};
	int ends[2], keep[2];

	if (slirp_check(host, request->api_path, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "start the network: make a pipe");
	ready_read = ends[0];
	ready_write = ends[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "start the network: make a pipe");
	exit_read = ends[0];
	exit_write = ends[1];

	make_argv(&argv, host, request);
	strv_addf(&argv, "--ready-fd=%d", ready_write);
	strv_addf(&argv, "--exit-fd=%d", exit_read);
	strv_addf(&argv, "%d", request->pid);
	strv_add(&argv, NET_DEVICE);
	if (request->api_path)
		(void)unlink(request->api_path);

	keep[0] = ready_write;
	keep[1] = exit_read;
	slirp.log_fd = slirp_follow_log(request->log_fd);
	if ((geteuid() == 0 ? spawn_as_root : spawn)(&argv, request->log_fd, keep, &slirp.pid,
						     err) < 0) {
		cleanup_close(&slirp.log_fd);
		return err_wrap(err, "start the network");
	}
	slirp.pid_fd = (int)syscall(SYS_pidfd_open, slirp.pid, 0);
	(void)proc_start_time(slirp.pid, &slirp.start_ticks);
	slirp.exit_fd = steal_fd(&exit_write);
	slirp.ready_fd = steal_fd(&ready_read);
	slirp.api_path = xstrdup(request->api_path);
	*out_slirp = slirp;
	return 0;
}

int net_slirp_start(const struct net_layout *layout, pid_t pid, const char *api_path,
		    int log_fd, struct net_slirp *out_slirp, struct err *err)
{
	AUTO_FREE char *program = proc_find_program("slirp4netns");
	const struct slirp_host host = {program, "/dev/net/tun", "/etc/resolv.conf"};
	const struct slirp_request request = {layout, pid, api_path, log_fd, false};

	return slirp_start(&host, &request, out_slirp, err);
}

int net_slirp_start_bridge(const struct net_layout *layout, pid_t pid, int log_fd,
			   struct net_slirp *out_slirp, struct err *err)
{
	AUTO_FREE char *program = proc_find_program("slirp4netns");
	const struct slirp_host host = {program, "/dev/net/tun", "/etc/resolv.conf"};
	const struct slirp_request request = {layout, pid, NULL, log_fd, true};

	return slirp_start(&host, &request, out_slirp, err);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* poll(2) for reading over EINTR. Return: as poll. */
static int wait_readable(int fd, int timeout_ms)
{
	const int64_t end = now_ms() + timeout_ms;
	struct pollfd poller = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left = end - now_ms();
		int n = poll(&poller, 1, left > 0 ? (int)left : 0);

		if (n >= 0 || errno != EINTR)
			return n;
	}
}

/* The first line it wrote, where it says why it gives up; others follow from that. "" when
 * unknown. */
static char *first_words(int log_fd)
{
	char text[LOG_HEAD_BYTES + 1] = "";
	ssize_t n = log_fd < 0 ? 0 : read(log_fd, text, LOG_HEAD_BYTES);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return xstrdup(str_trim(text));
}

char *net_slirp_end_words(const struct net_slirp *slirp)
{
	const char *name = slirp->name ? slirp->name : "slirp4netns";
	siginfo_t info = {0};

	(void)waitid(P_PID, (id_t)slirp->pid, &info, WEXITED | WNOHANG | WNOWAIT);
	if (info.si_pid == slirp->pid && info.si_code != CLD_EXITED)
		return xasprintf("%s was killed by signal %d", name, info.si_status);
	return xasprintf("%s gave up with status %d", name, info.si_status);
}

int slirp_explain_end(const struct net_slirp *slirp, struct err *err)
{
	AUTO_FREE char *words = NULL;
	AUTO_FREE char *how = NULL;

	(void)wait_readable(slirp->pid_fd, STOP_TIMEOUT_MS);
	words = first_words(slirp->log_fd);
	how = net_slirp_end_words(slirp);
	if (*words && str_is_printable(words))
		return err_set(err, "start the network: %s gave up: %s",
			       slirp->name ? slirp->name : "slirp4netns", words);
	return err_set(err, "start the network: %s", how);
}

int net_slirp_wait_ready(struct net_slirp *slirp, int timeout_ms, struct err *err)
{
	char byte;
	ssize_t n;
	int polled = wait_readable(slirp->ready_fd, timeout_ms);

	if (polled < 0)
		return err_sys(err, "wait for slirp4netns");
	if (polled == 0)
		return err_set(err, "start the network: slirp4netns was not ready after %d ms",
			       timeout_ms);
	n = read(slirp->ready_fd, &byte, 1);
	if (n < 0)
		return err_sys(err, "wait for slirp4netns");
	if (n == 0)
		return slirp_explain_end(slirp, err);
	cleanup_close(&slirp->ready_fd);
	cleanup_close(&slirp->log_fd);
	slirp->ready_fd = slirp->log_fd = -1;
	return 0;
}

static void slirp_done(struct net_slirp *slirp)
{
	if (slirp->api_path)
		(void)unlink(slirp->api_path);
	free(slirp->api_path);
	cleanup_close(&slirp->pid_fd);
	cleanup_close(&slirp->ready_fd);
	cleanup_close(&slirp->log_fd);
	*slirp = (struct net_slirp){.pid_fd = -1, .exit_fd = -1, .ready_fd = -1, .log_fd = -1};
}

void net_slirp_stop(struct net_slirp *slirp)
{
	if (slirp->pid <= 0)
		return;
	cleanup_close(&slirp->exit_fd);
	if (slirp->pid_fd < 0 || wait_readable(slirp->pid_fd, STOP_TIMEOUT_MS) <= 0) {
		log_debug("slirp4netns (%d) does not end by itself: killed", slirp->pid);
		(void)kill(slirp->pid, SIGKILL);
	}
	(void)proc_wait(slirp->pid);
	slirp_done(slirp);
}

void net_slirp_leave(struct net_slirp *slirp)
{
	/* Those with a name have processes of their own, which end with them. */
	if (slirp->pid <= 0 || slirp->name) {
		net_slirp_stop(slirp);
		return;
	}
	(void)kill(slirp->pid, SIGKILL);
	cleanup_close(&slirp->exit_fd);
	slirp_done(slirp);
}
