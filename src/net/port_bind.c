#include "net/port.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TABLE_MAX ((size_t)16 << 20)
#define STATE_LISTEN 0x0a
#define STATE_UDP 0x07
#define BACKLOG 4096

int net_port_bind(struct net_port *port)
{
	const int type = port->protocol == NET_UDP ? SOCK_DGRAM : SOCK_STREAM;
	const int on = 1;
	AUTO_CLOSE int fd =
		socket(port->host.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage got = {0};
	socklen_t len = sizeof(got);

	if (fd < 0)
		return -1;
	/* Connections of the last box that linger must not keep the next one from its port. For
	 * UDP it would mean to share the port with somebody else. */
	if (port->protocol == NET_TCP)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (port->host.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&port->host, net_address_len(&port->host)) < 0 ||
	    (port->protocol == NET_TCP && listen(fd, BACKLOG) < 0) ||
	    getsockname(fd, (struct sockaddr *)&got, &len) < 0)
		return -1;
	port->host = got;
	return steal_fd(&fd);
}

/* --- who has it --- */

/* The address of a table of proc_net_tcp: 32-bit words in the machine's order. */
static int parse_table_address(const char *text, struct in6_addr *out, bool *out_is_v6)
{
	size_t words = strlen(text) / 8;

	if (strlen(text) != 8 && strlen(text) != 32)
		return -1;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < words; i++) {
		unsigned word;

		if (sscanf(text + i * 8, "%8x", &word) != 1)
			return -1;
		memcpy(&out->s6_addr[i * 4], &word, sizeof(word));
	}
	*out_is_v6 = words == 4;
	return 0;
}

/* Whether a socket bound there keeps @host from being bound. */
static bool is_in_the_way(const struct sockaddr_storage *host, const struct in6_addr *address,
			  bool is_v6)
{
	static const struct in6_addr any;
	const void *wanted =
		host->ss_family == AF_INET6
			? (const void *)&((const struct sockaddr_in6 *)host)->sin6_addr
			: (const void *)&((const struct sockaddr_in *)host)->sin_addr;
	size_t len = is_v6 ? 16 : 4;

	/* "::" takes IPv4 too, unless it was told not to. */
	if (memcmp(address, &any, sizeof(any)) == 0)
		return is_v6 || host->ss_family == AF_INET;
	if (is_v6 != (host->ss_family == AF_INET6))
		return false;
	return memcmp(wanted, address, len) == 0 || memcmp(wanted, &any, len) == 0;
}

/* Inode of the socket in the table @path that is in the way, 0: none. */
static uint64_t find_inode(const char *path, const struct net_port *port)
{
	AUTO_FREE char *text = NULL;
	struct err ignored;
	char *rest;
	char *line;

	if (fd_read_file(AT_FDCWD, path, TABLE_MAX, &text, &ignored) < 0)
		return 0;
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		char local[33];
		unsigned number, state;
		unsigned long long inode;
		struct in6_addr address;
		bool is_v6;

		if (sscanf(line,
			   " %*u: %32[0-9A-F]:%4x %*[0-9A-F]:%*x %2x %*x:%*x %*x:%*x %*x %*u "
			   "%*u %llu",
			   local, &number, &state, &inode) != 4 ||
		    number != net_address_port(&port->host) ||
		    state != (port->protocol == NET_UDP ? STATE_UDP : STATE_LISTEN) ||
		    parse_table_address(local, &address, &is_v6) < 0)
			continue;
		if (is_in_the_way(&port->host, &address, is_v6))
			return inode;
	}
	return 0;
}

static bool holds(const char *pid, uint64_t inode)
{
	AUTO_FREE char *dir_path = xasprintf("/proc/%s/fd", pid);
	AUTO_FREE char *wanted = xasprintf("socket:[%llu]", (unsigned long long)inode);
	AUTO_CLOSEDIR DIR *dir = opendir(dir_path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char target[64];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, wanted) == 0)
			return true;
	}
	return false;
}

static void name_process(const char *pid, struct net_holder *out)
{
	AUTO_FREE char *path = xasprintf("/proc/%s/comm", pid);
	AUTO_FREE char *name = NULL;
	struct err ignored;

	if (fd_read_file(AT_FDCWD, path, 64, &name, &ignored) < 0)
		return;
	for (char *c = name; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = c[1] ? '?' : '\0';
	(void)snprintf(out->name, sizeof(out->name), "%.31s", name);
}

void net_port_holder(const struct net_port *port, struct net_holder *out_holder)
{
	const bool is_udp = port->protocol == NET_UDP;
	uint64_t inode = find_inode(is_udp ? "/proc/net/udp" : "/proc/net/tcp", port);
	struct net_holder holder = {0};
	AUTO_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;

	if (!inode)
		inode = find_inode(is_udp ? "/proc/net/udp6" : "/proc/net/tcp6", port);
	dir = inode ? opendir("/proc") : NULL;
	while (dir && (entry = readdir(dir))) {
		uint64_t pid;

		if (str_to_u64(entry->d_name, &pid) < 0 || !holds(entry->d_name, inode))
			continue;
		holder.pid = (pid_t)pid;
		name_process(entry->d_name, &holder);
		break;
	}
	*out_holder = holder;
}

static int explain_taken(const struct net_port *port, const char *where, struct err *err)
{
	struct net_holder holder;

	net_port_holder(port, &holder);
	if (holder.pid == 0) {
		(void)err_code(err, EADDRINUSE, "publish %s", where);
		return err_hint(
			err, "somebody else's process has it: sudo ss -%clnp 'sport = %u'",
			port->protocol == NET_UDP ? 'u' : 't', net_address_port(&port->host));
	}
	(void)err_set(err, "publish %s: '%s' (process %d) has it", where, holder.name,
		      (int)holder.pid);
	err->code = EADDRINUSE;
	return err_hint(err, "end that process, or publish another port of the host");
}

int net_port_listen(struct net_port *port, struct err *err)
{
	AUTO_FREE char *where = NULL;
	char address[NET_ADDRESS_MAX];
	unsigned number = net_address_port(&port->host);
	int fd = net_port_bind(port);

	if (fd >= 0)
		return fd;
	where = xasprintf("port %u/%s on %s", number, net_protocol_name(port->protocol),
			  net_address_text(&port->host, address));
	switch (errno) {
	case EADDRINUSE:
		return explain_taken(port, where, err);
	case EACCES:
		(void)err_sys(err, "publish %s", where);
		return err_hint(err,
				"ports this low are root's: publish it as %u, or sudo sysctl "
				"net.ipv4.ip_unprivileged_port_start=%u",
				number + 8000, number);
	case EADDRNOTAVAIL:
		(void)err_set(err, "publish %s: the address is not one of this machine", where);
		err->code = EADDRNOTAVAIL;
		return err_hint(err, "'ip address' lists them; without one it is 127.0.0.1");
	case EAFNOSUPPORT:
		(void)err_sys(err, "publish %s", where);
		return err_hint(err, "this machine has no IPv6");
	default:
		return err_sys(err, "publish %s", where);
	}
}
