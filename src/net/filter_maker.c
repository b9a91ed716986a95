#include "net/filter_private.h"

#include "util/cleanup.h"
#include "util/fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/*
 * Who makes a socket decides in which network it is. This process enters the namespaces of the
 * box, in which it may use low ports, and makes sockets until nobody asks any more. It runs
 * nothing of the box and reads nothing of it; the box cannot see it.
 */

#define BACKLOG 128

struct wish {
	struct in_addr address;
	uint16_t port;
	int32_t type;
};

static int make(const struct wish *wish)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(wish->port),
					    .sin_addr = wish->address};
	const int on = 1;
	AUTO_CLOSE int fd = socket(AF_INET, wish->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	/* Connections of a name that had this address before may linger. */
	if (wish->type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    (wish->type == SOCK_STREAM && listen(fd, BACKLOG) < 0))
		return -1;
	return steal_fd(&fd);
}

static void work(int socket)
{
	int fds[FD_PASS_MAX];
	size_t count;
	struct wish wish;

	while (fd_receive(socket, &wish, sizeof(wish), fds, &count) == (ssize_t)sizeof(wish)) {
		AUTO_CLOSE int fd = make(&wish);
		int32_t code = fd < 0 ? errno : 0;

		if (fd_send(socket, &code, sizeof(code), &fd, fd >= 0) < 0)
			return;
	}
}

/* An address beside 127.0.0.1: without one the C library takes it that nobody is to be reached
 * over IPv4, and does not ask for such addresses when AI_ADDRCONFIG is set. */
static int add_address(void)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct ifreq request = {.ifr_name = "lo:0"};

	(void)inet_pton(AF_INET, NET_FILTER_ADDRESS, &address.sin_addr);
	memcpy(&request.ifr_addr, &address, sizeof(address));
	return fd < 0 ? -1 : ioctl(fd, SIOCSIFADDR, &request);
}

static _Noreturn void maker_main(struct filter_server *server, int socket, int pid_fd)
{
	int32_t code = 0;

	(void)close(server->exit_fd);
	(void)prctl(PR_SET_NAME, "devbox-sockets", 0, 0, 0);
	if (setns(pid_fd, CLONE_NEWUSER | CLONE_NEWNET) < 0 || add_address() < 0)
		code = errno;
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)close(pid_fd);
	if (fd_send(socket, &code, sizeof(code), NULL, 0) == 0 && code == 0)
		work(socket);
	_exit(0);
}

int filter_maker_start(struct filter_server *server, pid_t pid, struct err *err)
{
	AUTO_CLOSE int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	int ends[2];
	int fds[FD_PASS_MAX];
	size_t count;
	int32_t code = EPROTO;

	if (pid_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, "start the network filter");
	server->maker_pid = fork();
	if (server->maker_pid == 0) {
		(void)close(ends[0]);
		maker_main(server, ends[1], pid_fd);
	}
	(void)close(ends[1]);
	server->maker = ends[0];
	if (server->maker_pid < 0)
		return err_sys(err, "start the network filter");
	if (fd_receive(server->maker, &code, sizeof(code), fds, &count) !=
		    (ssize_t)sizeof(code) ||
	    code != 0)
		return err_code(err, code, "enter the network of the box");
	return 0;
}

int filter_listen(struct filter_server *server, struct in_addr address, uint16_t port, int type)
{
	const struct wish wish = {.address = address, .port = port, .type = type};
	int fds[FD_PASS_MAX];
	size_t count = 0;
	int32_t code = EPROTO;

	if (fd_send(server->maker, &wish, sizeof(wish), NULL, 0) < 0)
		return -1;
	if (fd_receive(server->maker, &code, sizeof(code), fds, &count) ==
		    (ssize_t)sizeof(code) &&
	    code == 0 && count == 1)
		return fds[0];
	errno = code;
	return -1;
}
