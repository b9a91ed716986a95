#include "box/start.h"

#include "box/child.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

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

/* Born with its maps and its score, it need not be there to be told. */
static bool is_complete(const struct box_start *start, const struct birth *birth)
{
	return birth->place.kept_userns > 0 && !start->has_oom_score_adj;
}

static int give(const struct box_start *start, struct birth *birth, const int *fds,
		struct err *err)
{
	return birth_give(birth, start->plan->steps, start->plan->count,
			  start->facts->fuse_program, fds, err);
}

static int give_orders(const struct box_start *start, struct birth *birth, struct err *err)
{
	AUTO_CLOSE int init_fd = box_init_fd(err);
	AUTO_CLOSE int config_fd = -1;
	int fds[CHILD_FDS];

	if (init_fd < 0)
		return -1;
	config_fd = box_command_fd(start->command, err);
	if (config_fd < 0)
		return -1;
	fds[CHILD_FD_INIT] = init_fd;
	fds[CHILD_FD_CONFIG] = config_fd;
	memcpy(&fds[CHILD_FD_STDIO], start->stdio, sizeof(start->stdio));
	fds[CHILD_FD_LOG] = start->log_fd;
	/* All of it while the kernel was at work. */
	if (is_complete(start, birth))
		return give(start, birth, fds, err) < 0 ? -1 : birth_wait(birth, err);
	if (birth_wait(birth, err) < 0)
		return -1;
	if (birth->place.kept_userns <= 0 && box_map_ids(start, birth->pid, err) < 0)
		return -1;
	if (set_oom_score(start, birth->pid, err) < 0)
		return -1;
	return give(start, birth, fds, err);
}

int box_start(const struct box_start *start, struct box_process *out_process, struct err *err)
{
	const struct birth_place place = {
		.clone_flags = start->plan->clone_flags,
		.kept_userns = start->kept_userns,
		.netns_fd = start->netns_fd,
		.cgroup_fd = start->cgroup_fd,
	};
	struct box_process process = {0};
	struct birth birth = {0};

	if (start->birth) {
		birth = *start->birth;
		memset(start->birth, 0, sizeof(*start->birth));
	} else if (birth_begin(&place, &birth, err) < 0) {
		return -1;
	}
	if (give_orders(start, &birth, err) < 0) {
		birth_abandon(&birth);
		return -1;
	}
	birth_done(&birth);
	process.pid = birth.pid;
	process.pid_fd = birth.pid_fd;
	process.socket = birth.socket;
	(void)proc_start_time(process.pid, &process.start_ticks);
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
