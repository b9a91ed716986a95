#include "box/hub_parts.h"

#include "box/namespace.h"
#include "cgroup/cgroup.h"
#include "net/net.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/proc.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* The process that holds a project's network. */

#define CLIENTS_MAX 160
#define READY_MS 10000
#define READY_FD 3
#define NAME_MAX_LEN 64

/** struct client - a connection; @name "": it has not joined, and has no @netns_fd */
struct client {
	int fd;
	int netns_fd;
	char name[NAME_MAX_LEN];
	char hostname[NAME_MAX_LEN + 1];
	char address[IPV4_TEXT_MAX];
	char *hosts;
};

struct hub {
	const struct hub_request *request;
	char *words;
	int userns_fd;
	int netns_fd;
	int listen_fd;
	struct net_slirp slirp;
	unsigned links;
	struct client clients[CLIENTS_MAX];
	size_t count;
	bool had_one;
};

/* --- names --- */

static void put_names(struct buf *out, const char *address, const struct client *client)
{
	buf_printf(out, "%s\t%s", address, client->name);
	if (strcmp(client->name, client->hostname) != 0)
		buf_printf(out, " %s", client->hostname);
	buf_putc(out, '\n');
}

static void put_ipv6_names(struct buf *out, const struct client *client)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	uint32_t address = 0;

	(void)ipv4_parse(client->address, &address);
	six = net_ipv6_of(address);
	put_names(out, inet_ntop(AF_INET6, &six, text, sizeof(text)), client);
}

/* In place, as it is mounted in the box. */
static void write_hosts(const struct hub *hub, const struct client *to)
{
	const char *box = strcmp(to->name, hub->request->project->id) == 0 ? "dev" : to->name;
	AUTO_FREE char *path = hub_hosts_path(hub->request->project->runtime_dir, box);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_BUF struct buf text = {0};

	buf_puts(&text, to->hosts);
	for (size_t i = 0; i < hub->count; i++) {
		const struct client *other = &hub->clients[i];

		if (!*other->name || other == to)
			continue;
		put_names(&text, other->address, other);
		if (hub->request->plan->network.has_ipv6)
			put_ipv6_names(&text, other);
	}
	if (fd >= 0 && fd_write_all(fd, text.data, text.len) == 0)
		(void)!ftruncate(fd, (off_t)text.len);
}

static void write_all_hosts(const struct hub *hub)
{
	for (size_t i = 0; i < hub->count; i++)
		if (*hub->clients[i].name)
			write_hosts(hub, &hub->clients[i]);
}

/* --- requests --- */

static void leave(struct hub *hub, size_t index)
{
	struct client client = hub->clients[index];
	struct err ignored;

	(void)close(client.fd);
	hub->clients[index] = hub->clients[--hub->count];
	if (!*client.name)
		return;
	write_all_hosts(hub);
	(void)hub_remove_link(hub->userns_fd, client.netns_fd, &ignored);
	(void)close(client.netns_fd);
	free(client.hosts);
}

static bool has_name(const struct hub *hub, const char *name)
{
	for (size_t i = 0; i < hub->count; i++)
		if (strcmp(hub->clients[i].name, name) == 0)
			return true;
	return false;
}

static int parse_join(char *request, struct client *out, bool *out_is_macvlan)
{
	char *hosts = strchr(request, '\n');
	char kind[sizeof(HUB_MACVLAN)];

	if (!hosts)
		return -1;
	*hosts++ = '\0';
	if (sscanf(request, "join %63s %64s %15s %7s", out->name, out->hostname, out->address,
		   kind) != 4)
		return -1;
	*out_is_macvlan = strcmp(kind, HUB_MACVLAN) == 0;
	if (!*out_is_macvlan && strcmp(kind, HUB_VETH) != 0)
		return -1;
	out->hosts = xstrdup(hosts);
	return 0;
}

/* @netns_fd: kept by the member that @client then is. */
static int join(struct hub *hub, struct client *client, char *request, int *netns_fd,
		struct err *err)
{
	const struct hub_plan *plan = hub->request->plan;
	struct client joined = {.fd = client->fd};
	struct hub_link link = {
		.box_netns_fd = *netns_fd,
		.number = hub->links++,
		.network = &plan->network,
	};

	if (*client->name || *netns_fd < 0 ||
	    parse_join(request, &joined, &link.is_macvlan) < 0 ||
	    ipv4_parse(joined.address, &link.address) < 0) {
		free(joined.hosts);
		return err_set(err, "the project's network does not know this request");
	}
	if (has_name(hub, joined.name)) {
		free(joined.hosts);
		return err_set(err, "box '%s' is in the project's network already",
			       joined.name);
	}
	if (hub_add_link(hub->userns_fd, hub->netns_fd, &link, err) < 0) {
		free(joined.hosts);
		return -1;
	}
	joined.netns_fd = steal_fd(netns_fd);
	*client = joined;
	write_all_hosts(hub);
	return 0;
}

static void answer(const struct hub *hub, const struct client *client, int rc,
		   const struct err *err, int fd)
{
	AUTO_FREE char *words =
		rc == 0 ? xasprintf("ok %d", (int)hub->slirp.pid)
			: xasprintf("%s%s%s", err->message, *err->hint ? "\n" : "", err->hint);

	(void)fd_send(client->fd, words, strlen(words), &fd, fd >= 0 ? 1 : 0);
}

static void serve(struct hub *hub, size_t index)
{
	struct client *client = &hub->clients[index];
	AUTO_FREE char *request = xmalloc(HUB_REQUEST_MAX);
	int fds[FD_PASS_MAX];
	struct err err = {0};
	size_t count = 0;
	ssize_t n = fd_receive(client->fd, request, HUB_REQUEST_MAX - 1, fds, &count);
	AUTO_CLOSE int fd = count > 0 ? fds[0] : -1;

	while (count > 1)
		(void)close(fds[--count]);
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			leave(hub, index);
		return;
	}
	request[n] = '\0';
	if (strcmp(request, "enter") == 0) {
		answer(hub, client, 0, &err, hub->userns_fd);
	} else if (str_starts(request, "is ")) {
		int rc = strcmp(request + 3, hub->words) == 0
				 ? 0
				 : err_set(&err, "the project's network is still %s",
					   hub->words);

		answer(hub, client, rc, &err, -1);
	} else {
		answer(hub, client, join(hub, client, request, &fd, &err), &err, -1);
	}
}

static void accept_client(struct hub *hub)
{
	int fd = accept4(hub->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (hub->count == CLIENTS_MAX) {
		(void)close(fd);
		return;
	}
	hub->clients[hub->count++] = (struct client){.fd = fd};
	hub->had_one = true;
}

static void uplink_gone(struct hub *hub)
{
	AUTO_FREE char *how = net_slirp_end_words(&hub->slirp);

	net_slirp_stop(&hub->slirp);
	for (size_t i = 0; i < hub->count; i++)
		(void)send(hub->clients[i].fd, how, strlen(how), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Without an uplink it stays for its members only: who asks next gets one that is whole. */
static bool is_needed(const struct hub *hub)
{
	bool has_member = false;

	for (size_t i = 0; i < hub->count; i++)
		has_member |= *hub->clients[i].name != '\0';
	return has_member || (hub->slirp.pid > 0 && (hub->count > 0 || !hub->had_one));
}

static void loop_once(struct hub *hub)
{
	struct pollfd polls[CLIENTS_MAX + 2];
	const size_t count = hub->count;

	polls[0] = (struct pollfd){.fd = hub->listen_fd, .events = POLLIN};
	polls[1] = (struct pollfd){.fd = hub->slirp.pid > 0 ? hub->slirp.pid_fd : -1,
				   .events = POLLIN};
	for (size_t i = 0; i < count; i++)
		polls[i + 2] = (struct pollfd){.fd = hub->clients[i].fd, .events = POLLIN};
	if (poll(polls, (nfds_t)count + 2, -1) < 0)
		return;
	if (polls[1].revents)
		uplink_gone(hub);
	/* From the end: who leaves gives his place to the last, who was served. */
	for (size_t i = count; i-- > 0;)
		if (polls[i + 2].revents)
			serve(hub, i);
	if (polls[0].revents)
		accept_client(hub);
}

/* --- begin and end --- */

static int listen_at(struct hub *hub, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	AUTO_CLOSE int dir = -1;
	struct sockaddr_un address;

	if (fd < 0)
		return err_sys(err, "make a socket");
	if (hub_address(hub->request->project->runtime_dir, &dir, &address, err) < 0)
		return -1;
	(void)unlinkat(dir, HUB_SOCKET, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0)
		return err_sys(err, "make the socket of the project's network");
	(void)!fchmodat(dir, HUB_SOCKET, 0600, 0);
	hub->listen_fd = steal_fd(&fd);
	return 0;
}

static int begin(struct hub *hub, struct err *err)
{
	const struct hub_plan *plan = hub->request->plan;
	struct hub_inside inside;
	int rc;

	hub->words = hub_words(&plan->network);
	hub->userns_fd = box_userns_open(hub->request->user, hub->request->dirs->runtime, err);
	if (hub->userns_fd < 0)
		return -1;
	hub->netns_fd = hub_make_bridge(hub->userns_fd, plan->network.mtu, &inside, err);
	if (hub->netns_fd < 0)
		return -1;
	rc = net_slirp_start_bridge(&plan->network, inside.pid, STDERR_FILENO, &hub->slirp,
				    err);
	if (rc == 0)
		rc = net_slirp_wait_ready(&hub->slirp, READY_MS, err);
	hub_release(&inside);
	if (rc == 0)
		rc = hub_add_uplink(hub->userns_fd, hub->netns_fd, &plan->network, err);
	if (rc == 0)
		rc = listen_at(hub, err);
	if (rc < 0)
		net_slirp_stop(&hub->slirp);
	return rc;
}

/* Nothing of the command that started us is ours: its lock, its terminal. */
static void detach(const struct hub_request *request, int ready_fd)
{
	AUTO_FREE char *path = path_join(request->project->state_dir, "supervisor.log");
	int null_fd, log_fd;
	sigset_t none;

	(void)setsid();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NAME, "devbox-net", 0, 0, 0);
	(void)dup3(ready_fd, READY_FD, O_CLOEXEC);
	(void)syscall(SYS_close_range, READY_FD + 1, ~0U, 0);
	(void)path_mkdirs(request->project->state_dir, 0700);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(log_fd >= 0 ? log_fd : null_fd, STDOUT_FILENO);
	(void)dup2(log_fd >= 0 ? log_fd : null_fd, STDERR_FILENO);
	cleanup_close(&null_fd);
	cleanup_close(&log_fd);
	(void)!chdir("/");
}

/*
 * A scope of its own, as each supervisor has: who stays in the login session that happened to
 * start it keeps that session from ending, or ends with it. Without systemd nobody counts.
 */
static void leave_session(const struct hub_request *request)
{
	AUTO_FREE char *name = xasprintf("%s-N", request->project->id);
	AUTO_FREE char *path = NULL;
	struct cgroup_place place = {0};
	struct err ignored;
	int fd = -1;

	if (cgroup_place_find("", request->dirs->xdg_runtime, &place, &ignored) < 0)
		return;
	if (place.method == CGROUP_SYSTEMD)
		fd = cgroup_project_open(&place, name, &path, &ignored);
	cleanup_close(&fd);
	cgroup_place_done(&place);
}

void hub_serve(const struct hub_request *request, int ready_fd)
{
	static struct hub hub;
	AUTO_FREE char *path = path_join(request->project->runtime_dir, HUB_SOCKET);
	struct hub_ready ready = {0};

	if (ready_fd == READY_FD)
		(void)fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
	hub.request = request;
	hub.userns_fd = hub.netns_fd = hub.listen_fd = -1;
	detach(request, ready_fd);
	leave_session(request);
	ready.is_up = begin(&hub, &ready.err) == 0;
	(void)fd_write_all(READY_FD, &ready, sizeof(ready));
	(void)close(READY_FD);
	if (!ready.is_up)
		_exit(1);
	while (is_needed(&hub))
		loop_once(&hub);
	(void)unlink(path);
	net_slirp_stop(&hub.slirp);
	_exit(0);
}
