#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#define DEVPTS_MAGIC 0x1cd1

struct failure {
	int32_t stage;
	int32_t code;
};

void init_send(int32_t type, int32_t a, int32_t b, int fd)
{
	struct init_message message = {.type = type, .a = a, .b = b};
	struct iovec iov = {.iov_base = &message, .iov_len = sizeof(message)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	/* MSG_NOSIGNAL: the other end may have gone; that is noticed by the loop. */
	while (sendmsg(INIT_SOCKET_FD, &header, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* "a\0b\0c\0" to a NULL-terminated vector in memory of its own. */
static char **make_vector(const struct init_config *config, uint32_t offset, uint32_t count)
{
	size_t bytes = (count + 1) * sizeof(char *);
	char *text = (char *)config + offset;
	char **vector;
	uint32_t i;

	vector = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vector == MAP_FAILED)
		return NULL;
	for (i = 0; i < count; i++) {
		vector[i] = text;
		text += strlen(text) + 1;
	}
	return vector;
}

/* The box's own devpts and nothing else; the slave comes from the master, not from a path. */
static int open_terminal(const struct init_config *config, int *out_slave)
{
	struct statfs fs;
	int slave;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int unlock = 0;

	if (master < 0)
		return -1;
	if (fstatfs(master, &fs) < 0 || fs.f_type != DEVPTS_MAGIC) {
		errno = ENODEV;
		return -1;
	}
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(master, TIOCSWINSZ, &config->winsize) < 0)
		return -1;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -1;
	(void)fchown(slave, config->confine.uid, config->confine.gid);
	*out_slave = slave;
	return master;
}

static void bind_console(int slave)
{
	char name[] = "/proc/self/fd/00";
	int fd = open("/dev/console", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		      0620);

	if (fd >= 0)
		(void)close(fd);
	name[sizeof(name) - 3] = (char)('0' + slave / 10);
	name[sizeof(name) - 2] = (char)('0' + slave % 10);
	(void)mount(name, "/dev/console", NULL, MS_BIND, NULL);
}

static int take_terminal(const struct init_config *config)
{
	int slave = -1;
	int master = open_terminal(config, &slave);

	if (master < 0)
		return -1;
	/* This process leads the session, so that a stopped command is not orphaned and ^Z
	 * means something. */
	if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		return -1;
	if (config->flags & INIT_CONSOLE)
		bind_console(slave);
	if (dup2(slave, 0) < 0 || dup2(slave, 1) < 0 || dup2(slave, 2) < 0)
		return -1;
	(void)close(slave);
	return master;
}

/* Pipes that devbox made for the log belong to the caller; a command of another user could not
 * reopen them. */
static void own_stdio(const struct init_config *config)
{
	struct stat st;
	int fd;

	for (fd = 1; fd <= 2; fd++) {
		if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
			(void)fchown(fd, config->confine.uid, config->confine.gid);
	}
}

static void fail(int report, int32_t stage)
{
	struct failure failure = {.stage = stage, .code = errno};

	(void)!write(report, &failure, sizeof(failure));
	_exit(stage == INIT_STAGE_EXEC && failure.code == ENOENT ? 127 : 126);
}

/* "folder/program" into @out, for the folder at the start of @path. Return: what follows it. */
static const char *next_name(const char *path, const char *program, char *out, size_t size)
{
	const char *end = strchrnul(path, ':');
	size_t len = (size_t)(end - path);
	size_t base = strlen(program);

	out[0] = '\0';
	if (len > 0 && len + base + 2 <= size) {
		memcpy(out, path, len);
		out[len] = '/';
		memcpy(out + len + 1, program, base + 1);
	}
	return *end ? end + 1 : end;
}

static bool is_missing(int code)
{
	return code == ENOENT || code == ENOTDIR;
}

/* The path from the first folder on that has such a program: to have execve(2) find out is ten
 * times the work. */
static const char *skip_missing(const char *path, const char *program)
{
	char name[4096];

	while (*path && !strchr(program, '/')) {
		const char *next = next_name(path, program, name, sizeof(name));

		if (name[0] &&
		    (syscall(SYS_faccessat, AT_FDCWD, name, F_OK) == 0 || !is_missing(errno)))
			break;
		path = next;
	}
	return path;
}

/* execvp without the heap: the first hit that is not "no such file" decides. */
static void exec_in_path(const char *path, char **argv, char **envp)
{
	char name[4096];
	bool is_denied = false;

	if (strchr(argv[0], '/') || !*argv[0]) {
		(void)execve(argv[0], argv, envp);
		return;
	}
	while (*path) {
		path = next_name(path, argv[0], name, sizeof(name));
		if (!name[0])
			continue;
		(void)execve(name, argv, envp);
		if (errno == EACCES)
			is_denied = true;
		else if (!is_missing(errno))
			return;
	}
	errno = is_denied ? EACCES : ENOENT;
}

static void enter_cwd(const char *cwd, int report)
{
	char where[4096];

	if (chdir(cwd) < 0)
		fail(report, INIT_STAGE_CWD);
	/* The folder must be inside the root we were put into. */
	if (syscall(SYS_getcwd, where, sizeof(where)) < 0 || where[0] != '/') {
		errno = ENOENT;
		fail(report, INIT_STAGE_CWD);
	}
}

/* What the caller ignores (nohup, a job in the background of a script) says nothing about the
 * box. */
static void default_signals(void)
{
	sigset_t none;
	int number;

	for (number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void run_command(const struct init_config *config, int report)
{
	char **argv = make_vector(config, config->argv_offset, config->argc);
	char **envp = make_vector(config, config->env_offset, config->envc);
	struct confine confine = config->confine;
	const char *path;

	if (!argv || !envp)
		fail(report, INIT_STAGE_SETUP);
	if (config->flags & INIT_TTY) {
		(void)setpgid(0, 0);
		(void)tcsetpgrp(0, getpid());
	} else {
		(void)setsid();
	}
	confine.listener_fd = INIT_LISTENER_FD;
	confine.filter = NULL;
	if (config->filter_offset)
		confine.filter = (const void *)init_text(config, config->filter_offset);
	default_signals();
	enter_cwd(init_text(config, config->cwd_offset), report);
	path = skip_missing(init_text(config, config->path_offset), argv[0]);
	if (confine.wants_listener &&
	    confine_listener_send(INIT_LISTENER_FD, INIT_SOCKET_FD) < 0)
		fail(report, INIT_STAGE_CONFINE);
	if (confine_apply(&confine) != CONFINE_OK)
		fail(report, INIT_STAGE_CONFINE);
	exec_in_path(path, argv, envp);
	fail(report, INIT_STAGE_EXEC);
}

void init_shed_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	data[0].effective = data[0].permitted = 1U << CAP_KILL;
	(void)syscall(SYS_capset, &header, data);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Of ours, the command's process keeps these two until it executes. */
static void keep_only(int socket, int report)
{
	(void)syscall(SYS_close_range, socket + 1, (unsigned int)report - 1, 0);
	(void)syscall(SYS_close_range, (unsigned int)report + 1, ~0U, 0);
	(void)fcntl(socket, F_SETFD, FD_CLOEXEC);
}

static int await_exec(struct init *init, int report, int master)
{
	struct failure failure;
	ssize_t n;

	do {
		n = read(report, &failure, sizeof(failure));
	} while (n < 0 && errno == EINTR);
	(void)close(report);
	if (n == (ssize_t)sizeof(failure)) {
		init_send(INIT_EXEC_FAILED, failure.stage, failure.code, -1);
		return -1;
	}
	init_send(INIT_STARTED, init->main, 0, master);
	return 0;
}

int init_spawn(struct init *init)
{
	const struct init_config *config = init->config;
	int report[2];
	int master = -1;
	int rc;

	if (config->flags & INIT_TTY) {
		master = take_terminal(config);
		if (master < 0) {
			init_send(INIT_EXEC_FAILED, INIT_STAGE_TTY, errno, -1);
			return -1;
		}
	} else if (config->flags & INIT_OWN_STDIO) {
		own_stdio(config);
	}
	if (pipe2(report, O_CLOEXEC) < 0) {
		init_send(INIT_EXEC_FAILED, INIT_STAGE_SETUP, errno, -1);
		return -1;
	}
	init->main = fork();
	if (init->main < 0) {
		init_send(INIT_EXEC_FAILED, INIT_STAGE_SETUP, errno, -1);
		return -1;
	}
	if (init->main == 0) {
		keep_only(INIT_SOCKET_FD, report[1]);
		run_command(config, report[1]);
	}
	(void)close(report[1]);
	if (config->flags & INIT_TTY)
		(void)setpgid(init->main, init->main);
	init_shed_capabilities();
	rc = await_exec(init, report[0], master);
	if (master >= 0)
		(void)close(master);
	/* 0, 1, 2 stay open in the command only: end of file must reach who reads them. A
	 * terminal is kept for tcsetpgrp(). */
	(void)syscall(SYS_close_range, config->flags & INIT_TTY ? 1 : 0, 2, 0);
	return rc;
}
