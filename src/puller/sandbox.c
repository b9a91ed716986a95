#include "puller/sandbox.h"

#include "puller/sandbox_root.h"
#include "sec/allow.h"
#include "sec/confine.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MAP_TEXT_MAX 4096
#define MAP_LINES_MAX 340 /* what the kernel takes */

#define MEMORY_MAX (UINT64_C(1) << 30)
#define FILE_MAX (UINT64_C(64) << 30)

#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

#define BIT(cap) (UINT64_C(1) << (cap))

/* What layer_unpack() and layer_pack() do, and the C library and its threads for them. */
static const int calls[] = {
	SYS_read,
	SYS_write,
	SYS_openat,
	SYS_openat2,
	SYS_close,
	SYS_fchown,
	SYS_fchmod,
	SYS_utimensat,
	SYS_futex,
	SYS_pwrite64,
	SYS_pread64,
	SYS_writev,
	SYS_readv,
	SYS_pwritev,
	SYS_preadv,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_fstatfs,
	SYS_lseek,
	SYS_ftruncate,
	SYS_fallocate,
	SYS_fchownat,
	SYS_fchmodat,
	SYS_mkdirat,
	SYS_mknodat,
	SYS_linkat,
	SYS_symlinkat,
	SYS_unlinkat,
#ifdef SYS_renameat
	SYS_renameat,
#endif
	SYS_renameat2,
	SYS_readlinkat,
	SYS_getdents64,
	SYS_fsetxattr,
	SYS_fgetxattr,
	SYS_flistxattr,
	SYS_fremovexattr,
	SYS_setxattr,
	SYS_lsetxattr,
	SYS_getxattr,
	SYS_lgetxattr,
	SYS_listxattr,
	SYS_llistxattr,
	SYS_dup,
	SYS_fcntl,
	SYS_umask,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_ppoll,
	SYS_mmap,
	SYS_munmap,
	SYS_mprotect,
	SYS_mremap,
	SYS_madvise,
	SYS_brk,
	SYS_clone,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_gettimeofday,
	SYS_getrandom,
	SYS_getpid,
	SYS_gettid,
	SYS_geteuid,
	SYS_getuid,
	SYS_getegid,
	SYS_getgid,
	SYS_eventfd2,
	SYS_exit,
	SYS_exit_group,
#ifdef __SANITIZE_ADDRESS__
	SYS_sigaltstack,
#endif
};

int sandbox_read_map(const char *text, struct sandbox_ids *out_ids)
{
	struct sandbox_ids ids = {0};
	unsigned long inside, outside, count;
	int used = 0;

	/* The kernel sorts long maps only: go round until no line begins where we are. */
	for (int round = 0; round < MAP_LINES_MAX; round++) {
		uint32_t before = ids.count;

		for (const char *line = text;
		     sscanf(line, "%lu %lu %lu%n", &inside, &outside, &count, &used) == 3;
		     line += used) {
			if (inside != ids.count || count == 0 || count > UINT32_MAX)
				continue;
			if (inside == 0)
				ids.first_uid = (uint32_t)outside;
			ids.count = count > UINT32_MAX - ids.count
					    ? UINT32_MAX
					    : ids.count + (uint32_t)count;
		}
		if (ids.count == before)
			break;
	}
	if (ids.count == 0)
		return -1;
	*out_ids = ids;
	return 0;
}

static int read_map(const char *file, struct sandbox_ids *out_ids, struct err *err)
{
	AUTO_FREE char *text = NULL;

	if (fd_read_file(AT_FDCWD, file, MAP_TEXT_MAX, &text, err) < 0)
		return -1;
	if (sandbox_read_map(text, out_ids) < 0)
		return err_set(err, "'%s' maps no id 0", file);
	return 0;
}

static int read_maps(struct sandbox_ids *out_users, struct sandbox_ids *out_groups,
		     struct err *err)
{
	if (read_map("/proc/self/uid_map", out_users, err) < 0)
		return -1;
	return read_map("/proc/self/gid_map", out_groups, err);
}

static int read_ids(struct sandbox_ids *out_ids, struct err *err)
{
	struct sandbox_ids users = {0}, groups = {0};

	if (read_maps(&users, &groups, err) < 0)
		return -1;
	if (groups.count < users.count)
		users.count = groups.count;
	*out_ids = users;
	return 0;
}

/* Who enters does not come back: a child looks who root of the boxes is out here. */
__attribute__((noreturn)) static void look_for_root(int userns_fd, int out_fd)
{
	struct sandbox_ids users, groups;
	struct err ignored;

	if (setns(userns_fd, CLONE_NEWUSER) == 0 && read_maps(&users, &groups, &ignored) == 0) {
		const uint32_t ids[] = {users.first_uid, groups.first_uid};

		(void)!write(out_fd, ids, sizeof(ids));
	}
	_exit(0);
}

/* The host's root is no id of the boxes, whose root could not take a folder of his. */
static int give_folder(int userns_fd, int dir_fd, struct err *err)
{
	uint32_t ids[2];
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	pid = fork();
	if (pid == 0)
		look_for_root(userns_fd, ends[1]);
	(void)close(ends[1]);
	do {
		n = pid < 0 ? -1 : read(ends[0], ids, sizeof(ids));
	} while (n < 0 && errno == EINTR);
	(void)close(ends[0]);
	if (pid > 0)
		(void)proc_wait(pid);
	if (n != (ssize_t)sizeof(ids))
		return err_set(err, "look who is root of the boxes: a process ended");
	return fchown(dir_fd, ids[0], ids[1]) < 0
		       ? err_sys(err, "give the folder of the layer to root of the boxes")
		       : 0;
}

static int enter_namespaces(int userns_fd, struct err *err)
{
	if (userns_fd >= 0) {
		if (setns(userns_fd, CLONE_NEWUSER) < 0)
			return err_sys(err, "enter the user namespace of the boxes");
		(void)close(userns_fd);
	}
	/* One that looks in from the namespace would see what this process still holds. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return err_sys(err, "make namespaces for unpacking");
	return 0;
}

static int own_folder(int dir_fd, struct err *err)
{
	struct stat st;

	if (fstat(dir_fd, &st) < 0)
		return err_sys(err, "look at the folder of the layer");
	if (st.st_uid == 0 && st.st_gid == 0)
		return 0;
	if (fchown(dir_fd, 0, 0) < 0)
		return err_sys(err, "give the folder of the layer to root of the boxes");
	return 0;
}

/* The descriptors of interest to numbers that are known, whatever they were; no others stay. */
static int keep_descriptors(struct sandbox *inside, int *out_userns_fd)
{
	int fds[] = {inside->stream_fd, inside->dir_fd, inside->socket, inside->userns_fd};
	const int count = inside->userns_fd >= 0 ? 4 : 3;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || fd_move_up(&null_fd) < 0)
		return -1;
	for (int i = 0; i < SANDBOX_STREAM_FD; i++) {
		/* The reports of a sanitizer go to 2. */
		if (!(IS_SANITIZED && i == 2) && dup2(null_fd, i) < 0)
			return -1;
	}

	for (int i = 0; i < count; i++) {
		if (fd_move_up(&fds[i]) < 0)
			return -1;
	}
	for (int i = 0; i < count; i++) {
		if (dup3(fds[i], SANDBOX_STREAM_FD + i, O_CLOEXEC) < 0)
			return -1;
	}
	inside->stream_fd = SANDBOX_STREAM_FD;
	inside->dir_fd = SANDBOX_DIR_FD;
	inside->socket = SANDBOX_SOCKET_FD;
	*out_userns_fd = count == 4 ? SANDBOX_STREAM_FD + 3 : -1;
	return (int)syscall(SYS_close_range, SANDBOX_STREAM_FD + count, ~0U, 0);
}

static void add_limit(struct confine *c, int resource, uint64_t value)
{
	c->rlimits[c->rlimit_count].resource = resource;
	c->rlimits[c->rlimit_count].limit = (struct rlimit){value, value};
	c->rlimit_count++;
}

static int confine(bool can_setgroups, struct err *err)
{
	struct confine c = {
		.can_setgroups = can_setgroups,
		/* Not MKNOD: a whiteout needs none, and other devices are not made. */
		.bounding = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) |
			    BIT(CAP_FSETID) | BIT(CAP_SETFCAP),
		.no_new_privs = true,
	};
	enum confine_step step;

	add_limit(&c, RLIMIT_NOFILE, 64);
	add_limit(&c, RLIMIT_CORE, 0);
	add_limit(&c, RLIMIT_FSIZE, FILE_MAX);
	if (!IS_SANITIZED)
		add_limit(&c, RLIMIT_AS, MEMORY_MAX);
	step = confine_apply(&c);
	if (step != CONFINE_OK)
		return err_sys(err, "%s for unpacking", confine_step_name(step));
	return 0;
}

/* With a single id setgroups(2) is denied, and there are none to give up. */
static bool may_setgroups(void)
{
	AUTO_FREE char *text = NULL;
	struct err ignored;

	return fd_read_file(AT_FDCWD, "/proc/self/setgroups", 16, &text, &ignored) < 0 ||
	       str_starts(text, "allow");
}

static int enter(const struct sandbox *inside, int userns_fd, struct sandbox_ids *out_ids,
		 struct err *err)
{
	AUTO_CLOSE int dir_fd = -1;
	bool can_setgroups;

	/* Made in a folder of another group, it would belong to one that is not in the map. */
	if (!inside->is_read_only)
		(void)!fchown(inside->dir_fd, (uid_t)-1, getegid());
	if (!inside->is_read_only && userns_fd >= 0 && geteuid() == 0 &&
	    give_folder(userns_fd, inside->dir_fd, err) < 0)
		return -1;
	if (enter_namespaces(userns_fd, err) < 0 || read_ids(out_ids, err) < 0)
		return -1;
	can_setgroups = may_setgroups();
	dir_fd = sandbox_root(inside->path, inside->dir_fd, inside->is_read_only, err);
	if (dir_fd < 0)
		return -1;
	if (!inside->is_read_only && own_folder(dir_fd, err) < 0)
		return -1;
	if (dup3(dir_fd, SANDBOX_DIR_FD, O_CLOEXEC) < 0)
		return err_sys(err, "move descriptors");
	return confine(can_setgroups, err);
}

int sandbox_enter(const struct sandbox *sandbox, struct sandbox_ids *out_ids, struct err *err)
{
	const pid_t parent = getppid();
	struct sandbox inside = *sandbox;
	struct sandbox_ids ids;
	int userns_fd;

	/* Nobody could be told. */
	if (keep_descriptors(&inside, &userns_fd) < 0)
		_exit(1);
	/* A file that outgrows its limit is an error like others. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	if (enter(&inside, userns_fd, &ids, err) < 0)
		return -1;
	/* Only now: a change of ids takes it back. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	if (sec_allow_only(calls, ARRAY_LEN(calls), err) < 0)
		return -1;
	*out_ids = ids;
	return 0;
}
