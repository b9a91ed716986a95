#include "box/join.h"

#include "box/prepare.h"
#include "box/start.h"
#include "cgroup/cgroup.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Everything opened before the namespaces are entered. */
struct door {
	int pid_fd;
	int cgroup_fd;
	int init_fd;
	int config_fd;
	int socket;   /* the child's end */
	int score_fd; /* our own oom_score_adj, when the box has another; -1: the same */
	char *own_score, *box_score;
	bool is_single_id;
};

static void door_close(struct door *door)
{
	cleanup_close(&door->pid_fd);
	cleanup_close(&door->cgroup_fd);
	cleanup_close(&door->init_fd);
	cleanup_close(&door->config_fd);
	cleanup_close(&door->socket);
	cleanup_close(&door->score_fd);
	free(door->own_score);
	free(door->box_score);
}

#define ENDING_MS 1000

static const char *name_of(const struct record *record)
{
	return strcmp(record->box, DEV_BOX) == 0 ? record->project : record->box;
}

static int gone(const struct record *record, struct err *err)
{
	(void)err_set(err, "box '%s' ended just now", name_of(record));
	return err_hint(err, "devbox up");
}

/* A box that is ending refuses with whatever its first process has given up by then. */
static bool is_ending(int pid_fd)
{
	struct pollfd ended = {.fd = pid_fd, .events = POLLIN};

	return poll(&ended, 1, ENDING_MS) > 0;
}

#define SCORE_FILE "/proc/self/oom_score_adj"

/* A process has the score of who made it: the box's own belongs to its commands, not to us. */
static void open_score(const struct record *record, struct door *door)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/oom_score_adj", (int)record->init_pid);
	struct err ignored;

	if (fd_read_file(AT_FDCWD, path, 16, &door->box_score, &ignored) == 0 &&
	    fd_read_file(AT_FDCWD, SCORE_FILE, 16, &door->own_score, &ignored) == 0 &&
	    !str_eq(door->box_score, door->own_score))
		door->score_fd = open(SCORE_FILE, O_WRONLY | O_CLOEXEC);
}

static void set_score(const struct door *door, const char *score)
{
	if (door->score_fd >= 0)
		(void)!pwrite(door->score_fd, score, strlen(score), 0);
}

static int open_box(const struct join_request *request, struct door *door, struct err *err)
{
	const struct record *record = request->record;
	AUTO_FREE char *group = NULL;
	uint64_t ticks;

	door->pid_fd = (int)syscall(SYS_pidfd_open, record->init_pid, 0);
	if (door->pid_fd < 0)
		return gone(record, err);
	/* The number may have been given to another process: the start time tells. */
	if (proc_start_time(record->init_pid, &ticks) < 0 || ticks != record->init_start)
		return gone(record, err);
	if (!record->cgroup)
		return 0;
	group = path_join(record->cgroup, CGROUP_INNER);
	if (access(group, F_OK) < 0) {
		free(group);
		group = xstrdup(record->cgroup);
	}
	if (cgroup_reach(group, request->runtime_dir, err) < 0)
		return is_ending(door->pid_fd) ? gone(record, err) : -1;
	door->cgroup_fd = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return door->cgroup_fd < 0 ? gone(record, err) : 0;
}

static int parse_rlimit(const char *text, struct confine *confine)
{
	int resource;
	unsigned long long soft, hard;
	size_t i = confine->rlimit_count;

	if (i == CONFINE_RLIMITS_MAX ||
	    sscanf(text, "%d %llu %llu", &resource, &soft, &hard) != 3)
		return -1;
	confine->rlimits[i].resource = resource;
	confine->rlimits[i].limit.rlim_cur = (rlim_t)soft;
	confine->rlimits[i].limit.rlim_max = (rlim_t)hard;
	confine->rlimit_count++;
	return 0;
}

static void add_groups(const struct strv *groups, struct confine *confine)
{
	size_t i;

	for (i = 0; i < groups->count && i < CONFINE_GROUPS_MAX; i++) {
		uint64_t gid;

		if (str_to_u64(groups->items[i], &gid) == 0)
			confine->groups[confine->group_count++] = (gid_t)gid;
	}
}

static void fill_confine(const struct join_request *request, struct confine *confine)
{
	const struct record *record = request->record;
	size_t i;

	confine->uid = request->identity ? request->identity->uid : record->exec_uid;
	confine->gid = request->identity ? request->identity->gid : record->exec_gid;
	confine->can_setgroups = record->exec_can_setgroups;
	confine->bounding = record->exec_bounding;
	/* What was added to the box is its user's, not somebody else's (-u). */
	/* Root holds its bounding set anyway. */
	confine->ambient = confine->uid == 0 ? 0 : record->exec_ambient;
	confine->no_new_privs = record->exec_no_new_privs;
	confine->umask = 0022;
	add_groups(request->identity ? &request->identity->groups : &record->exec_groups,
		   confine);
	for (i = 0; i < record->exec_rlimits.count; i++)
		(void)parse_rlimit(record->exec_rlimits.items[i], confine);
	if (record->exec_affinity) {
		confine->affinity_len = sizeof(confine->sched_affinity);
		prepare_cpu_mask(record->exec_affinity, confine->sched_affinity,
				 confine->affinity_len);
	}
}

static int make_config(const struct join_request *request, struct door *door, struct err *err)
{
	const struct record *record = request->record;
	struct filter filter = {0};
	struct box_command command = {
		.argv = request->argv,
		.env = request->env,
		.cwd = request->cwd,
		.winsize = request->winsize,
		.flags = INIT_JOINED | (request->wants_tty ? INIT_TTY : 0),
	};

	fill_confine(request, &command.confine);
	/* The same bytes the box was started with, or nothing runs. */
	if (record->exec_filter && filter_load_file(record->exec_filter, &filter, err) < 0)
		return err_hint(err, "'devbox restart' makes it again");
	command.filter = filter.len ? &filter : NULL;
	door->config_fd = box_command_fd(&command, err);
	filter_done(&filter);
	return door->config_fd < 0 ? -1 : 0;
}

static int make_socket(struct door *door, int *out_socket, struct err *err)
{
	int pair[2];

	door->init_fd = box_init_fd(err);
	if (door->init_fd < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "make a socket pair");
	*out_socket = pair[0];
	door->socket = pair[1];
	if (fd_move_up(&door->init_fd) < 0 || fd_move_up(&door->config_fd) < 0 ||
	    fd_move_up(&door->socket) < 0)
		return err_sys(err, "move descriptors");
	return 0;
}

static int enter(const struct record *record, const struct door *door, struct err *err)
{
	/* Not yet the cgroup namespace: from inside it, where systemd mounts with nsdelegate,
	 * nobody may be born into a group while he is outside. The child enters it. */
	int flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;

	if (!str_eq(record->network, "host"))
		flags |= CLONE_NEWNET;
	/* In the namespace of the box its root would be allowed to look into this process,
	 * which still holds the host's files open. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (setns(door->pid_fd, flags) < 0) {
		const int code = errno;

		if (code == ESRCH || is_ending(door->pid_fd))
			return gone(record, err);
		(void)err_code(err, code, "enter the namespaces of box '%s'", name_of(record));
		return err_hint(err, "kernel 5.8 or newer is needed; 'devbox doctor' looks");
	}
	return 0;
}

/* System calls only from here to execveat. */
__attribute__((noreturn)) static void child_main(const struct door *door,
						 const struct stdio *stdio)
{
	static const char *const no_env[] = {NULL};
	static const char *const argv[] = {"devbox-init", "0", NULL};

	if (setns(door->pid_fd, CLONE_NEWCGROUP) < 0)
		_exit(125);
	for (int i = 0; i < 3; i++) {
		if (stdio->theirs[i] != i && syscall(SYS_dup3, stdio->theirs[i], i, 0) < 0)
			_exit(125);
	}
	if (syscall(SYS_setresgid, 0, 0, 0) == 0 && syscall(SYS_setresuid, 0, 0, 0) == 0 &&
	    syscall(SYS_dup3, door->socket, INIT_SOCKET_FD, 0) >= 0 &&
	    syscall(SYS_dup3, door->config_fd, INIT_CONFIG_FD, 0) >= 0)
		(void)syscall(SYS_execveat, door->init_fd, "", argv, no_env, AT_EMPTY_PATH);
	_exit(125);
}

#define STOPPED_POLL_MS 200

static int await(int socket, const struct join_request *request, int *out_master, int *out_exit,
		 struct err *err)
{
	struct init_message message;
	struct pollfd readable = {.fd = socket, .events = POLLIN};
	int fds[FD_PASS_MAX];
	size_t count = 0;
	ssize_t n;

	/* ECONNRESET: it ended without reading all of ours. What it said before comes next. */
	do {
		while (poll(&readable, 1, STOPPED_POLL_MS) == 0)
			box_wake_stopped();
		n = fd_receive(socket, &message, sizeof(message), fds, &count);
	} while ((n < 0 && (errno == EINTR || errno == ECONNRESET)) ||
		 (n == (ssize_t)sizeof(message) && message.type == INIT_READY));
	*out_exit = 125;
	if (n != (ssize_t)sizeof(message))
		return err_set(err, "the box ended before the command began");
	if (message.type != INIT_STARTED)
		return box_explain_exec(&message, request->argv->items[0], request->cwd,
					out_exit, err);
	*out_master = count > 0 ? fds[0] : -1;
	return 0;
}

static int start(const struct join_request *request, const struct door *door,
		 struct joined *joined, struct err *err)
{
	const struct init_message go = {.type = INIT_GO};
	AUTO_CLOSE int pid_fd = -1;

	joined->pid = box_clone(0, door->cgroup_fd, &pid_fd);
	if (joined->pid == 0)
		child_main(door, request->stdio);
	if (joined->pid < 0) {
		const int code = errno;

		if (is_ending(door->pid_fd))
			return gone(request->record, err);
		(void)err_code(err, code, "start a process in box '%s'",
			       name_of(request->record));
		return code == EAGAIN ? err_hint(err, "the box has as many processes as "
						      "pids_limit allows")
				      : -1;
	}
	(void)send(joined->socket, &go, sizeof(go), MSG_NOSIGNAL);
	return 0;
}

int box_join(const struct join_request *request, struct joined *out_joined, int *out_exit,
	     struct err *err)
{
	struct door door = {.pid_fd = -1,
			    .cgroup_fd = -1,
			    .init_fd = -1,
			    .config_fd = -1,
			    .socket = -1,
			    .score_fd = -1};
	struct joined joined = {.socket = -1, .master = -1};
	int rc;

	*out_exit = 125;
	rc = open_box(request, &door, err);
	if (rc == 0)
		open_score(request->record, &door);
	if (rc == 0)
		rc = make_config(request, &door, err);
	if (rc == 0)
		rc = make_socket(&door, &joined.socket, err);
	if (rc == 0)
		rc = enter(request->record, &door, err);
	if (rc == 0) {
		set_score(&door, door.box_score);
		rc = start(request, &door, &joined, err);
		set_score(&door, door.own_score);
	}
	door_close(&door);
	if (rc == 0)
		rc = await(joined.socket, request, &joined.master, out_exit, err);
	if (rc < 0) {
		cleanup_close(&joined.socket);
		/* It may be kept from ending by itself. */
		if (joined.pid > 0) {
			(void)kill(joined.pid, SIGKILL);
			(void)proc_wait(joined.pid);
		}
		return -1;
	}
	*out_joined = joined;
	return 0;
}
