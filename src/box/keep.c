#include "box/keep.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* `<runtime>/userns`: "PID START INODE" of the process that holds it. Its time of change is
 * that of the last use. */
#define KEEP_FILE "userns"
#define KEEP_NEW_FILE "userns.new"
#define MAP_MAX 4096
#define CGROUP_TEXT_MAX (64 * 1024)

struct kept_record {
	pid_t pid;
	uint64_t start_ticks;
	ino_t inode;
};

static int parse_record(const char *text, struct kept_record *record)
{
	unsigned long long ticks, inode;
	int pid;

	if (sscanf(text, "%d %llu %llu", &pid, &ticks, &inode) != 3 || pid <= 1)
		return -1;
	*record = (struct kept_record){.pid = pid, .start_ticks = ticks, .inode = inode};
	return 0;
}

static int read_record(int dir_fd, struct kept_record *record)
{
	AUTO_FREE char *text = NULL;
	struct err ignored;

	if (fd_read_file(dir_fd, KEEP_FILE, 128, &text, &ignored) < 0)
		return -1;
	return parse_record(text, record);
}

/* The kernel's table of the map against ours, line by line. */
static bool has_map(pid_t pid, const char *file, const struct host_map *map)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	AUTO_FREE char *text = NULL;
	struct err ignored;
	char *line;
	char *save = NULL;
	size_t i = 0;

	if (fd_read_file(AT_FDCWD, path, MAP_MAX, &text, &ignored) < 0)
		return false;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), i++) {
		unsigned int inside, outside, count;

		if (i >= map->count || sscanf(line, "%u %u %u", &inside, &outside, &count) != 3)
			return false;
		if (inside != map->lines[i].inside || outside != map->lines[i].outside ||
		    count != map->lines[i].count)
			return false;
	}
	return i == map->count;
}

static int open_namespace(const struct kept_record *record)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/user", (int)record->pid);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uid_t owner;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino != record->inode)
		return -1;
	if (ioctl(fd, NS_GET_OWNER_UID, &owner) < 0 || owner != getuid())
		return -1;
	return steal_fd(&fd);
}

static struct kept find_at(int dir_fd)
{
	struct kept_record record;
	struct kept kept = {.fd = -1};

	if (dir_fd < 0 || read_record(dir_fd, &record) < 0)
		return kept;
	kept.fd = open_namespace(&record);
	kept.pid = record.pid;
	kept.start_ticks = record.start_ticks;
	return kept;
}

static bool fits_at(const struct kept *kept, int dir_fd, const struct box_start *maps)
{
	if (kept->fd < 0 || !has_map(kept->pid, "uid_map", &maps->facts->uid_map) ||
	    !has_map(kept->pid, "gid_map", &maps->facts->gid_map))
		return false;
	/* After the descriptor is held: the number was this process's all the time. */
	if (!proc_is_alive(kept->pid, kept->start_ticks))
		return false;
	(void)utimensat(dir_fd, KEEP_FILE, NULL, 0);
	return true;
}

static int open_dir(const char *runtime_dir)
{
	return open(runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct kept keep_find(const char *runtime_dir)
{
	AUTO_CLOSE int dir_fd = open_dir(runtime_dir);

	return find_at(dir_fd);
}

void keep_done(struct kept *kept)
{
	cleanup_close(&kept->fd);
	kept->fd = -1;
}

bool keep_fits(const struct kept *kept, const char *runtime_dir, const struct box_start *maps)
{
	AUTO_CLOSE int dir_fd = open_dir(runtime_dir);

	return maps->newuidmap && fits_at(kept, dir_fd, maps);
}

static int open_kept(int dir_fd, const struct box_start *maps)
{
	struct kept kept = find_at(dir_fd);

	if (!fits_at(&kept, dir_fd, maps))
		keep_done(&kept);
	return kept.fd;
}

/* System calls only: becomes devbox-init in its role of holder. */
__attribute__((noreturn)) static void holder_main(int init_fd, int file_fd, const int go[2])
{
	static const char *const no_env[] = {NULL};
	static const char *const argv[] = {"devbox-init", "hold", NULL};
	char byte;
	int null_fd;

	/* Or the end of who made us would never be seen. */
	(void)close(go[1]);
	if (read(go[0], &byte, 1) != 1)
		_exit(125);
	(void)setsid();
	(void)!chdir("/");
	null_fd = open("/dev/null", O_RDWR);
	if (dup2(null_fd, 0) < 0 || dup2(null_fd, 1) < 0 || dup2(null_fd, 2) < 0)
		_exit(125);
	if (syscall(SYS_dup3, file_fd, INIT_SOCKET_FD, 0) >= 0)
		(void)syscall(SYS_execveat, init_fd, "", argv, no_env, AT_EMPTY_PATH);
	_exit(125);
}

struct pipes {
	int go[2];
	int done[2]; /* closed by the holder's exec */
};

static int write_kept(int file_fd, pid_t pid, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/user", (int)pid);
	AUTO_FREE char *text = NULL;
	uint64_t ticks;
	struct stat st;

	if (stat(path, &st) < 0 || proc_start_time(pid, &ticks) < 0)
		return err_sys(err, "look at the kept user namespace");
	text = xasprintf("%d %llu %llu\n", (int)pid, (unsigned long long)ticks,
			 (unsigned long long)st.st_ino);
	return fd_write_all(file_fd, text, strlen(text)) < 0 ? err_sys(err, "write its record")
							     : 0;
}

static int start_holder(int dir_fd, const struct box_start *maps, struct pipes *pipes,
			struct err *err)
{
	AUTO_CLOSE int file_fd =
		openat(dir_fd, KEEP_NEW_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	AUTO_CLOSE int init_fd = box_init_fd(err);
	AUTO_CLOSE int pid_fd = -1;
	char byte;
	pid_t pid;

	if (file_fd < 0 || init_fd < 0)
		return err_sys(err, "make the record of the kept user namespace");
	/* Out of the way of 0..3, which the child gives out. */
	if (fd_move_up(&init_fd) < 0 || fd_move_up(&file_fd) < 0 ||
	    fd_move_up(&pipes->go[0]) < 0)
		return err_sys(err, "move descriptors");
	pid = box_clone(CLONE_NEWUSER, -1, &pid_fd);
	if (pid == 0)
		holder_main(init_fd, file_fd, pipes->go);
	if (pid < 0)
		return err_sys(err, "make a user namespace to keep");
	if (box_map_ids(maps, pid, err) < 0 || write(pipes->go[1], "", 1) != 1) {
		(void)kill(pid, SIGKILL);
		(void)proc_wait(pid);
		return -1;
	}
	cleanup_close(&pipes->done[1]);
	pipes->done[1] = -1;
	/* Only after its exec may others look into it. */
	(void)!read(pipes->done[0], &byte, 1);
	if (write_kept(file_fd, pid, err) < 0)
		return -1;
	if (renameat(dir_fd, KEEP_NEW_FILE, dir_fd, KEEP_FILE) < 0)
		return err_sys(err, "keep the record of the user namespace");
	return 0;
}

/*
 * A process left behind in the session of a login (ssh, console) would keep that session from
 * ending. Below the user's own manager it ends with it.
 */
static bool may_leave_a_process(void)
{
	AUTO_FREE char *text = NULL;
	struct err ignored;

	if (access("/run/systemd/system", F_OK) < 0)
		return true;
	return fd_read_file(AT_FDCWD, "/proc/self/cgroup", CGROUP_TEXT_MAX, &text, &ignored) ==
		       0 &&
	       strstr(text, "/user@") != NULL;
}

static int make_kept(int dir_fd, const struct box_start *maps)
{
	AUTO_CLOSE int lock = openat(dir_fd, "userns.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct pipes pipes = {.go = {-1, -1}, .done = {-1, -1}};
	struct err err = {0};
	int rc = -1;

	/* Somebody else is at it: this one start does without. */
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
		return -1;
	if (pipe2(pipes.go, O_CLOEXEC) == 0 && pipe2(pipes.done, O_CLOEXEC) == 0)
		rc = start_holder(dir_fd, maps, &pipes, &err);
	if (rc < 0)
		log_debug("no kept user namespace: %s", err.message);
	cleanup_close(&pipes.go[0]);
	cleanup_close(&pipes.go[1]);
	cleanup_close(&pipes.done[0]);
	cleanup_close(&pipes.done[1]);
	return rc;
}

int keep_open(const char *runtime_dir, const struct box_start *maps)
{
	AUTO_CLOSE int dir_fd = -1;
	int fd;

	if (!maps->newuidmap || path_mkdirs(runtime_dir, 0700) < 0)
		return -1;
	dir_fd = open_dir(runtime_dir);
	if (dir_fd < 0)
		return -1;
	fd = open_kept(dir_fd, maps);
	if (fd < 0 && may_leave_a_process() && make_kept(dir_fd, maps) == 0)
		fd = open_kept(dir_fd, maps);
	return fd;
}

void keep_drop(const char *runtime_dir)
{
	AUTO_CLOSE int dir_fd = open_dir(runtime_dir);
	AUTO_CLOSE int pid_fd = -1;
	struct kept_record record;

	if (dir_fd < 0 || read_record(dir_fd, &record) < 0)
		return;
	(void)unlinkat(dir_fd, KEEP_FILE, 0);
	pid_fd = (int)syscall(SYS_pidfd_open, record.pid, 0);
	if (pid_fd >= 0 && proc_is_alive(record.pid, record.start_ticks))
		(void)syscall(SYS_pidfd_send_signal, pid_fd, SIGKILL, NULL, 0);
}
