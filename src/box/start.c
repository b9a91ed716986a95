#include "box/start.h"

#include "box/child.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Everything the child needs, made before the clone. */
struct kit {
	int socket; /* the child's end */
	int config_fd;
	int init_fd;
	const struct box_start *start;
};

pid_t box_clone(uint64_t flags, int cgroup_fd, int *out_pid_fd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)out_pid_fd,
		.exit_signal = SIGCHLD,
	};

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (__u64)cgroup_fd;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
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

/* 0..4 in their places; @fds were all moved above them by the parent. */
static int place_fds(const struct kit *p)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (put_fd(p->start->stdio[i], i) < 0)
			return -1;
	}
	if (put_fd(p->socket, INIT_SOCKET_FD) < 0)
		return -1;
	return put_fd(p->config_fd, INIT_CONFIG_FD);
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

/* The child. System calls only from here to execveat. */
__attribute__((noreturn)) static void child_main(const struct kit *p, struct child *child)
{
	static const char *const no_env[] = {NULL};
	const char *argv[] = {"devbox-init", NULL, NULL};
	char digits[16];
	struct init_message message;
	int failed;

	if (recv(p->socket, &message, sizeof(message), 0) != (ssize_t)sizeof(message))
		_exit(125);
	/* Not the caller's: folders made for mounts must be open to the box's user. */
	(void)umask(0022);
	failed = child_walk(child);
	if (failed != CHILD_NO_STEP) {
		tell(p->socket, INIT_STEP_FAILED, failed, errno);
		_exit(125);
	}
	argv[1] = format_pid(digits, sizeof(digits), child->fuse_pid);
	/* The end of devbox is the end of the box; the socket says so too, should this be lost.
	 */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (place_fds(p) == 0)
		(void)syscall(SYS_execveat, p->init_fd, "", argv, no_env, AT_EMPTY_PATH);
	tell(p->socket, INIT_EXEC_FAILED, INIT_STAGE_SETUP, errno);
	_exit(125);
}

static int write_map(pid_t pid, const char *file, const struct host_map *map, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	AUTO_BUF struct buf text = {0};
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t i;

	for (i = 0; i < map->count; i++)
		buf_printf(&text, "%u %u %u\n", map->lines[i].inside, map->lines[i].outside,
			   map->lines[i].count);
	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len)
		return err_sys(err, "write %s", file);
	return 0;
}

static int write_maps(const struct box_start *start, pid_t pid, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/setgroups", (int)pid);

	if (start->facts->is_single_id && fd_write_file(AT_FDCWD, path, "deny", 4, 0, err) < 0)
		return -1;
	if (write_map(pid, "uid_map", &start->facts->uid_map, err) < 0)
		return -1;
	return write_map(pid, "gid_map", &start->facts->gid_map, err);
}

static int start_helper(const char *program, pid_t target, const struct host_map *map,
			pid_t *out_pid, struct err *err)
{
	AUTO_STRV struct strv argv = {0};
	const int stdio[3] = {-1, -1, STDERR_FILENO};
	size_t i;

	strv_add(&argv, program);
	strv_addf(&argv, "%d", (int)target);
	for (i = 0; i < map->count; i++) {
		strv_addf(&argv, "%u", map->lines[i].inside);
		strv_addf(&argv, "%u", map->lines[i].outside);
		strv_addf(&argv, "%u", map->lines[i].count);
	}
	return proc_spawn((const char *const *)argv.items, stdio, NULL, 0, out_pid, err);
}

static int helper_result(const char *program, pid_t pid, struct err *err)
{
	int status = proc_wait(pid);

	if (status == 0)
		return 0;
	(void)err_set(err, "'%s' refused the map of ids (status %d)", program,
		      proc_exit_code(status));
	return err_hint(err, "check /etc/subuid and /etc/subgid, and that it is setuid root or "
			     "has file capabilities; "
			     "'devbox doctor' looks at all of it");
}

/* Both helpers at once: the two maps do not depend on each other. */
static int run_helpers(const struct box_start *start, pid_t pid, struct err *err)
{
	pid_t uid_pid, gid_pid;
	int rc;

	if (start_helper(start->newuidmap, pid, &start->facts->uid_map, &uid_pid, err) < 0)
		return -1;
	if (start_helper(start->newgidmap, pid, &start->facts->gid_map, &gid_pid, err) < 0) {
		(void)proc_wait(uid_pid);
		return -1;
	}
	rc = helper_result(start->newuidmap, uid_pid, err);
	if (rc < 0) {
		(void)proc_wait(gid_pid);
		return -1;
	}
	return helper_result(start->newgidmap, gid_pid, err);
}

int box_map_ids(const struct box_start *start, pid_t pid, struct err *err)
{
	return start->newuidmap ? run_helpers(start, pid, err) : write_maps(start, pid, err);
}

static int set_oom_score(const struct box_start *start, pid_t pid, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/oom_score_adj", (int)pid);
	AUTO_FREE char *text = xasprintf("%d", start->oom_score_adj);

	if (!start->has_oom_score_adj)
		return 0;
	return fd_write_file(AT_FDCWD, path, text, strlen(text), 0, err);
}

void box_end(struct box_process *process)
{
	if (process->pid <= 0)
		return;
	(void)kill(process->pid, SIGKILL);
	(void)proc_wait(process->pid);
	(void)close(process->pid_fd);
	(void)close(process->socket);
	notify_free(process->notify);
	memset(process, 0, sizeof(*process));
}

/* What the short-lived process between us and the box leaves in the memory it shares with us.
 */
struct birth {
	pid_t pid;
	int code;
};

/* In a kept user namespace: a child of ours enters it, gives birth to the box as our own child
 * (CLONE_PARENT), and ends. */
__attribute__((noreturn)) static void birth_main(const struct kit *kit, struct child *child,
						 volatile struct birth *birth)
{
	struct clone_args args = {
		.flags = (kit->start->plan->clone_flags & ~(uint64_t)CLONE_NEWUSER) |
			 CLONE_PARENT,
	};
	pid_t pid;

	if (kit->start->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (__u64)kit->start->cgroup_fd;
	}
	if (setns(kit->start->kept_userns, CLONE_NEWUSER) == 0) {
		/* Entering changed credentials, which hides /proc/PID of whoever uses this
		 * memory. */
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
		if (pid == 0)
			child_main(kit, child);
		birth->pid = pid;
	}
	birth->code = errno;
	_exit(0);
}

static pid_t fork_in_kept(const struct kit *kit, struct child *child, int *out_pid_fd)
{
	volatile struct birth birth = {.pid = -1, .code = EIO};
	/* vfork: it only makes system calls, and copying our memory would be the larger part of
	 * its work. */
	pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */

	if (pid == 0)
		birth_main(kit, child, &birth); /* NOLINT(clang-analyzer-unix.Vfork) */
	if (pid < 0)
		return -1;
	(void)proc_wait(pid);
	if (birth.pid > 0)
		*out_pid_fd = (int)syscall(SYS_pidfd_open, birth.pid, 0);
	errno = birth.code;
	return birth.pid;
}

static pid_t fork_box(const struct kit *kit, int *out_pid_fd)
{
	static struct child child;
	const struct box_start *start = kit->start;
	sigset_t all, old;
	pid_t pid;
	int saved;

	memset(&child, 0, sizeof(child));
	memset(child.slots, -1, sizeof(child.slots));
	child.steps = start->plan->steps;
	child.count = start->plan->count;
	child.fuse_program = start->facts->fuse_program;
	child.root_fd = -1;
	child.log_fd = start->log_fd;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	if (start->kept_userns > 0) {
		pid = fork_in_kept(kit, &child, out_pid_fd);
	} else {
		pid = box_clone(start->plan->clone_flags, start->cgroup_fd, out_pid_fd);
		if (pid == 0)
			child_main(kit, &child);
	}
	saved = errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return pid;
}

static int prepare(struct kit *p, int *out_parent_socket, struct err *err)
{
	int pair[2];

	p->init_fd = box_init_fd(err);
	if (p->init_fd < 0)
		return -1;
	p->config_fd = box_command_fd(p->start->command, err);
	if (p->config_fd < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "make a socket pair");
	*out_parent_socket = pair[0];
	p->socket = pair[1];
	/* Above the numbers the child gives out. */
	if (fd_move_up(&p->init_fd) < 0 || fd_move_up(&p->config_fd) < 0 ||
	    fd_move_up(&p->socket) < 0)
		return err_sys(err, "move descriptors");
	return 0;
}

int box_start(const struct box_start *start, struct box_process *out_process, struct err *err)
{
	struct box_start copy = *start;
	struct kit p = {.socket = -1, .config_fd = -1, .init_fd = -1, .start = &copy};
	struct box_process process = {.pid_fd = -1, .socket = -1};
	int rc = prepare(&p, &process.socket, err);
	int i;

	for (i = 0; rc == 0 && i < 3; i++) {
		copy.stdio[i] = fcntl(start->stdio[i], F_DUPFD_CLOEXEC, 10);
		if (copy.stdio[i] < 0)
			rc = err_sys(err, "duplicate descriptor %d", start->stdio[i]);
	}
	if (rc == 0) {
		process.pid = fork_box(&p, &process.pid_fd);
		if (process.pid < 0)
			rc = host_explain_userns("/proc/sys", errno, err);
	}
	cleanup_close(&p.init_fd);
	cleanup_close(&p.config_fd);
	cleanup_close(&p.socket);
	while (--i >= 0)
		cleanup_close(&copy.stdio[i]);
	if (rc < 0) {
		cleanup_close(&process.socket);
		return -1;
	}
	if ((start->kept_userns <= 0 && box_map_ids(start, process.pid, err) < 0) ||
	    set_oom_score(start, process.pid, err) < 0) {
		box_end(&process);
		return -1;
	}
	(void)proc_start_time(process.pid, &process.start_ticks);
	tell(process.socket, INIT_GO, 0, 0); /* first one: the maps are there, walk */
	*out_process = process;
	return 0;
}

int box_go(const struct box_process *process, struct err *err)
{
	const struct init_message message = {.type = INIT_GO};

	/* MSG_NOSIGNAL: the child may have ended already, which box_await() tells. */
	if (send(process->socket, &message, sizeof(message), MSG_NOSIGNAL) < 0 &&
	    errno != EPIPE && errno != ECONNRESET)
		return err_sys(err, "tell init to go");
	return 0;
}
