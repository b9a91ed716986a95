#ifndef TESTS_INIT_PROCESS_H
#define TESTS_INIT_PROCESS_H

#include "box/start.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000

/* devbox-init as process 1 of a pid namespace of its own, and this end of its socket. */
struct init_process {
	pid_t pid;
	int socket;
	int output; /* what the command writes to 1 and 2 */
	int master; /* of the last INIT_STARTED */
};

/* Between clone and exec: system calls only. */
static inline void init_child(int init_fd, int config_fd, int socket, const int stdio[2],
			      int go)
{
	static const char *const argv[] = {"devbox-init", NULL};
	static const char *const env[] = {NULL};
	char byte;

	if (read(go, &byte, 1) != 1 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
	    syscall(SYS_setresuid, 0, 0, 0) < 0)
		_exit(120);
	/* So that its processes find themselves in /proc, and their terminals in /dev. */
	if (mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0 ||
	    mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666") < 0 ||
	    mount("/dev/pts/ptmx", "/dev/ptmx", NULL, MS_BIND, NULL) < 0)
		_exit(121);
	if (dup2(stdio[0], 0) < 0 || dup2(stdio[1], 1) < 0 || dup2(stdio[1], 2) < 0 ||
	    dup2(socket, INIT_SOCKET_FD) < 0 || dup2(config_fd, INIT_CONFIG_FD) < 0)
		_exit(122);
	(void)syscall(SYS_execveat, init_fd, "", argv, env, AT_EMPTY_PATH);
	_exit(123);
}

static inline void init_write_maps(pid_t pid)
{
	AUTO_FREE char *folder = xasprintf("/proc/%d", (int)pid);
	AUTO_CLOSE int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *uid_map = xasprintf("0 %u 1", getuid());
	AUTO_FREE char *gid_map = xasprintf("0 %u 1", getgid());
	struct err err = {0};

	if (fd_write_file(fd, "uid_map", uid_map, strlen(uid_map), 0, &err) < 0 ||
	    fd_write_file(fd, "setgroups", "deny", 4, 0, &err) < 0 ||
	    fd_write_file(fd, "gid_map", gid_map, strlen(gid_map), 0, &err) < 0)
		fail_msg("%s", err.message);
}

/* Starts it with @config_fd, which is closed; @is_told: it finds INIT_GO waiting. Skips the
 * test where user namespaces are not allowed. */
static inline struct init_process init_start_told(int config_fd, bool is_told)
{
	const struct init_message told = {.type = INIT_GO};
	struct init_process init = {.master = -1};
	struct err err = {0};
	int pair[2], out[2], go[2];
	int init_fd = box_init_fd(&err);
	int stdio[2] = {open("/dev/null", O_RDONLY | O_CLOEXEC), -1};
	int pid_fd = -1;

	assert_true(init_fd >= 0 && config_fd >= 0 && stdio[0] >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	stdio[1] = out[1];
	assert_int_equal(fd_move_up(&init_fd) | fd_move_up(&config_fd) | fd_move_up(&pair[1]) |
				 fd_move_up(&stdio[0]) | fd_move_up(&stdio[1]) |
				 fd_move_up(&go[0]),
			 0);
	init.pid = box_clone(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, -1, &pid_fd);
	if (init.pid == 0)
		init_child(init_fd, config_fd, pair[1], stdio, go[0]);
	if (init.pid < 0 && (errno == EPERM || errno == ENOSPC))
		skip();
	assert_true(init.pid > 0);
	init_write_maps(init.pid);
	if (is_told)
		assert_int_equal(send(pair[0], &told, sizeof(told), 0), sizeof(told));
	assert_int_equal(write(go[1], "", 1), 1);
	(void)close(init_fd);
	(void)close(config_fd);
	(void)close(pair[1]);
	(void)close(stdio[0]);
	(void)close(stdio[1]);
	(void)close(go[0]);
	(void)close(go[1]);
	(void)close(pid_fd);
	init.socket = pair[0];
	init.output = out[0];
	return init;
}

static inline struct init_process init_start_fd(int config_fd)
{
	return init_start_told(config_fd, false);
}

/* The next message; type 0 when it hung up. */
static inline struct init_message init_next(struct init_process *init)
{
	struct init_message message = {0};
	struct pollfd readable = {.fd = init->socket, .events = POLLIN};
	int fds[FD_PASS_MAX];
	size_t count;
	ssize_t n;

	if (poll(&readable, 1, PATIENCE_MS) != 1)
		fail_msg("devbox-init says nothing");
	n = fd_receive(init->socket, &message, sizeof(message), fds, &count);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return (struct init_message){0};
	assert_int_equal(n, sizeof(message));
	if (count > 0)
		init->master = fds[0];
	return message;
}

static inline void init_expect(struct init_process *init, enum init_message_type type, int a,
			       int b)
{
	struct init_message message = init_next(init);

	if (message.type != (int32_t)type || message.a != a || message.b != b)
		fail_msg("devbox-init says %d %d %d, not %d %d %d", message.type, message.a,
			 message.b, (int)type, a, b);
}

static inline void init_say(const struct init_process *init, enum init_message_type type, int a)
{
	const struct init_message message = {.type = (int32_t)type, .a = a};

	assert_int_equal(send(init->socket, &message, sizeof(message), MSG_NOSIGNAL),
			 sizeof(message));
}

static inline void init_go(struct init_process *init)
{
	init_expect(init, INIT_READY, 0, 0);
	init_say(init, INIT_GO, 0);
}

/* Bytes of @fd until @end is among them or it ends; free() it. */
static inline char *init_read(int fd, const char *end)
{
	struct buf text = {0};
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	char data[512];
	ssize_t n;

	buf_puts(&text, "");
	while (!end || !text.data || !strstr(text.data, end)) {
		if (poll(&readable, 1, PATIENCE_MS) != 1)
			fail_msg("nothing more than '%s'", text.data ? text.data : "");
		n = read(fd, data, sizeof(data));
		if (n <= 0)
			break;
		buf_add(&text, data, (size_t)n);
	}
	return buf_take(&text);
}

/* It ends by itself. Return: its wait status. */
static inline int init_wait(struct init_process *init)
{
	int pid_fd = (int)syscall(SYS_pidfd_open, init->pid, 0);
	struct pollfd end = {.fd = pid_fd, .events = POLLIN};
	bool is_over = poll(&end, 1, PATIENCE_MS) == 1;
	int status;

	(void)close(pid_fd);
	if (!is_over)
		(void)kill(init->pid, SIGKILL);
	status = proc_wait(init->pid);
	init->pid = 0;
	if (!is_over)
		fail_msg("devbox-init does not end");
	return status;
}

static inline void init_process_done(struct init_process *init)
{
	if (init->pid > 0) {
		(void)kill(init->pid, SIGKILL);
		(void)proc_wait(init->pid);
	}
	cleanup_close(&init->socket);
	cleanup_close(&init->output);
	cleanup_close(&init->master);
}
#define AUTO_INIT __attribute__((cleanup(init_process_done)))

#endif
