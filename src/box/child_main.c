#include "box/child.h"

#include "init/config.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From the clone to the start of init. System calls only. */

#define FIRST_FREE_FD 10

/* What arrives must not have the numbers that init finds its descriptors at. */
static int occupy_low(int socket)
{
	int fd;

	for (fd = STDERR_FILENO + 1; fd < FIRST_FREE_FD; fd++) {
		if (syscall(SYS_dup3, socket, fd, O_CLOEXEC) < 0)
			return -1;
	}
	return 0;
}

/*
 * What its parent has open is not its business: with the parent's end of @socket among it, the
 * end of devbox would never be seen. Before Linux 5.9 it stays until init is executed.
 */
static void close_others(int socket)
{
	if (socket > FIRST_FREE_FD)
		(void)syscall(SYS_close_range, FIRST_FREE_FD, socket - 1, 0);
	(void)syscall(SYS_close_range, socket + 1, ~0U, 0);
}

/* Return: 0 when the orders are written and the descriptors there; -1: nobody wants the box. */
static int wait_orders(int socket, int fds[CHILD_FDS])
{
	struct init_message message;
	struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(CHILD_FDS * sizeof(int))];
	} control;
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};

	if (recvmsg(socket, &header, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(message))
		return -1;
	if (header.msg_controllen < sizeof(control.align) ||
	    control.align.cmsg_type != SCM_RIGHTS ||
	    control.align.cmsg_len != CMSG_LEN(CHILD_FDS * sizeof(int)))
		return -1;
	memcpy(fds, CMSG_DATA(&control.align), CHILD_FDS * sizeof(int));
	return 0;
}

static void tell(int socket, int type, int a, int b)
{
	const struct init_message message = {.type = type, .a = a, .b = b};

	(void)!send(socket, &message, sizeof(message), MSG_NOSIGNAL);
}

static int put_fd(int fd, int number)
{
	return syscall(SYS_dup3, fd, number, 0) < 0 ? -1 : 0;
}

static int place_fds(int socket, const int fds[CHILD_FDS])
{
	int i;

	for (i = 0; i < 3; i++) {
		if (put_fd(fds[CHILD_FD_STDIO + i], i) < 0)
			return -1;
	}
	if (put_fd(socket, INIT_SOCKET_FD) < 0)
		return -1;
	return put_fd(fds[CHILD_FD_CONFIG], INIT_CONFIG_FD);
}

/* "devbox-init" takes the pid of fuse-overlayfs as its argument. */
static const char *format_pid(char *out, size_t size, pid_t pid)
{
	size_t at = size;

	out[--at] = '\0';
	do {
		out[--at] = (char)('0' + pid % 10);
		pid /= 10;
	} while (pid > 0);
	return out + at;
}

void child_main(int socket, uint64_t clone_flags, const struct child_orders *orders)
{
	static const char *const no_env[] = {NULL};
	static struct child child;
	const char *argv[] = {"devbox-init", NULL, NULL};
	char digits[16];
	int fds[CHILD_FDS];
	int failed;

	/* The longest step that needs no orders, in the time until they come; that it fails is
	 * found by STEP_LO_UP. */
	if (clone_flags & CLONE_NEWNET)
		(void)net_lo_up();
	close_others(socket);
	if (occupy_low(socket) < 0 || wait_orders(socket, fds) < 0)
		_exit(125);
	memset(child.slots, -1, sizeof(child.slots));
	child.steps = orders->steps;
	child.count = orders->count;
	child.fuse_program = orders->fuse_program;
	child.root_fd = -1;
	child.parent_fd = -1;
	child.log_fd = fds[CHILD_FD_LOG];
	/* Not the caller's: folders made for mounts must be open to the box's user. */
	(void)umask(0022);
	failed = child_walk(&child);
	if (failed != CHILD_NO_STEP) {
		tell(socket, INIT_STEP_FAILED, failed, errno);
		_exit(125);
	}
	argv[1] = format_pid(digits, sizeof(digits), child.fuse_pid);
	/* The end of devbox is the end of the box; the socket says so too, should this be lost.
	 */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (place_fds(socket, fds) == 0)
		(void)syscall(SYS_execveat, fds[CHILD_FD_INIT], "", argv, no_env,
			      AT_EMPTY_PATH);
	tell(socket, INIT_EXEC_FAILED, INIT_STAGE_SETUP, errno);
	_exit(125);
}
