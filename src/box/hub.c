#include "box/hub.h"

#include "box/hub_parts.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/proc.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The side of those who use a project's network. */

#define ANSWER_SECONDS 20

int hub_address(const char *runtime_dir, int *out_dir, struct sockaddr_un *address,
		struct err *err)
{
	int dir = open(runtime_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_sys(err, "open '%s'", runtime_dir);
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	(void)snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", dir,
		       HUB_SOCKET);
	*out_dir = dir;
	return 0;
}

char *hub_words(const struct net_layout *network)
{
	char subnet[CIDR_TEXT_MAX];

	return xasprintf("%s, mtu %d%s%s", cidr_text(&network->subnet, subnet), network->mtu,
			 network->has_ipv6 ? ", ipv6" : "",
			 network->reaches_host ? ", with the host" : "");
}

char *hub_hosts_path(const char *runtime_dir, const char *box)
{
	return xasprintf("%s/%s.hosts", runtime_dir, box);
}

int hub_connect(const char *runtime_dir, struct err *err)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	AUTO_CLOSE int dir = -1;
	struct sockaddr_un address;

	if (fd < 0)
		return err_sys(err, "make a socket");
	if (hub_address(runtime_dir, &dir, &address, err) < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, "reach the project's network");
	return steal_fd(&fd);
}

struct answer {
	int fd; /* -1: none came along */
	pid_t uplink;
};

/* @fd: sent along, -1: none. The descriptor of *out is the caller's. */
static int ask(int hub_fd, const char *request, int fd, struct answer *out, struct err *err)
{
	char answer[HUB_ANSWER_MAX];
	char *hint;
	int fds[FD_PASS_MAX];
	size_t count = 0;
	ssize_t n;

	if (fd_send(hub_fd, request, strlen(request), &fd, fd >= 0 ? 1 : 0) < 0)
		return err_sys(err, "ask the project's network");
	do {
		n = fd_receive(hub_fd, answer, sizeof(answer) - 1, fds, &count);
	} while (n < 0 && errno == EINTR);
	while (count > 1)
		(void)close(fds[--count]);
	if (n <= 0) {
		if (count > 0)
			(void)close(fds[0]);
		return n < 0 ? err_sys(err, "ask the project's network")
			     : err_code(err, ECONNRESET,
					"the project's network ended before it answered");
	}
	answer[n] = '\0';
	*out = (struct answer){.fd = count > 0 ? fds[0] : -1};
	if (sscanf(answer, "ok %d", &out->uplink) == 1)
		return 0;
	cleanup_close(&out->fd);
	hint = strchr(answer, '\n');
	if (hint)
		*hint++ = '\0';
	(void)err_set(err, "%s", answer);
	return hint ? err_hint(err, "%s", hint) : -1;
}

int hub_enter(int hub_fd, struct err *err)
{
	struct answer answer;

	if (ask(hub_fd, "enter", -1, &answer, err) < 0)
		return -1;
	return answer.fd < 0 ? err_set(err, "the project's network has no user namespace")
			     : answer.fd;
}

/* Of those whose answer has no descriptor. */
static int ask_plain(int hub_fd, const char *request, int fd, pid_t *out_uplink,
		     struct err *err)
{
	struct answer answer;

	if (ask(hub_fd, request, fd, &answer, err) < 0)
		return -1;
	cleanup_close(&answer.fd);
	*out_uplink = answer.uplink;
	return 0;
}

int hub_join(int hub_fd, const struct hub_guest *guest, pid_t *out_uplink, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/net", (int)guest->pid);
	AUTO_CLOSE int netns = open(path, O_RDONLY | O_CLOEXEC);
	char address[IPV4_TEXT_MAX];
	AUTO_FREE char *request =
		xasprintf("join %s %s %s %s\n%s", guest->member->name, guest->hostname,
			  ipv4_text(guest->member->network.address, address),
			  guest->member->is_macvlan ? HUB_MACVLAN : HUB_VETH, guest->hosts);

	if (netns < 0)
		return err_sys(err, "open the box's network");
	return ask_plain(hub_fd, request, netns, out_uplink, err);
}

/* It is there already: is it the same? */
static int check_subnet(const struct hub_plan *plan, int hub_fd, struct err *err)
{
	AUTO_FREE char *words = hub_words(&plan->network);
	AUTO_FREE char *request = xasprintf("is %s", words);
	pid_t ignored;

	return ask_plain(hub_fd, request, -1, &ignored, err) < 0
		       ? err_hint(err,
				  "it changes when no box of the project runs: devbox stop, "
				  "devbox up")
		       : 0;
}

static int await_ready(int fd, pid_t pid, struct err *err)
{
	struct hub_ready ready = {0};
	ssize_t n;

	do {
		n = read(fd, &ready, sizeof(ready));
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(ready) && ready.is_up)
		return 0;
	(void)kill(pid, SIGTERM);
	(void)proc_wait(pid);
	if (n != (ssize_t)sizeof(ready))
		return err_set(err, "the project's network ended while it started");
	*err = ready.err;
	return -1;
}

static int start(const struct hub_request *request, struct err *err)
{
	int ready[2];
	pid_t pid;
	int rc;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	pid = fork();
	if (pid == 0)
		hub_serve(request, ready[1]);
	(void)close(ready[1]);
	rc = pid < 0 ? err_sys(err, "start the project's network")
		     : await_ready(ready[0], pid, err);
	(void)close(ready[0]);
	return rc;
}

int hub_open(const struct hub_plan *plan, const struct dirs *dirs,
	     const struct project *project, const struct host_user *user, int *out_fd,
	     struct err *err)
{
	const struct hub_request request = {plan, dirs, project, user};
	AUTO_CLOSE int fd = hub_connect(project->runtime_dir, err);

	if (fd >= 0 && check_subnet(plan, fd, err) == 0) {
		*out_fd = steal_fd(&fd);
		return 0;
	}
	/* One that ends just now does not answer. */
	if (fd >= 0 && err->code != ECONNRESET)
		return -1;
	cleanup_close(&fd);
	if (start(&request, err) < 0)
		return -1;
	fd = hub_connect(project->runtime_dir, err);
	if (fd < 0)
		return -1;
	*out_fd = steal_fd(&fd);
	return 0;
}
