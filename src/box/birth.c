#include "box/birth.h"

#include "box/child.h"
#include "box/start.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"
#include "util/rawcall.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/*
 * The parent's half of a birth; the child's is child_main.c. The memory between them is mapped
 * before the clone and so lies at the same address in both: pointers into it need no
 * translation. Only what is written to takes up room.
 */

#define MEMORY_MAX ((size_t)16 * 1024 * 1024)
#define STACK_MAX ((size_t)256 * 1024)

struct birth_memory {
	/* for who enters the kept user namespace, and what he leaves */
	struct birth_place place;
	int socket;
	pid_t pid;
	int code;

	struct child_orders orders;
	_Alignas(struct step) char space[];
};

pid_t box_clone(uint64_t flags, int cgroup_fd, int *out_pid_fd)
{
	struct clone_args args = {
		.flags = flags | (out_pid_fd ? CLONE_PIDFD : 0),
		.pidfd = (uint64_t)(uintptr_t)out_pid_fd,
		/* With CLONE_PARENT that of the caller's own birth counts. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (__u64)cgroup_fd;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* AddressSanitizer knows of no stack but its own. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#endif

#if defined(RAW_CALL) && !defined(IS_SANITIZED)
#define SHARES_MEMORY 1
#endif

#ifdef SHARES_MEMORY

static long between_call(long number, long a, long b)
{
	return raw_call(number, a, b, 0, 0, 0, 0);
}

#else

static long between_call(long number, long a, long b)
{
	const long result = syscall(number, a, b);

	return result < 0 ? -errno : result;
}

#endif

/*
 * A child of ours enters the kept user namespace, gives birth to the box as our own child, and
 * ends. It shares our memory while we go on: to copy that would take as long as a tenth of the
 * start, twice. So it has a stack of its own, makes raw calls, and writes to nothing of ours
 * but @arg.
 */
static int between_main(void *arg)
{
	struct birth_memory *memory = arg;
	struct clone_args args = {
		/* Born by CLONE_PARENT, the box has our exit signal. */
		.flags = (memory->place.clone_flags & ~(uint64_t)CLONE_NEWUSER) | CLONE_PARENT,
	};
	long rc;

	if (memory->place.cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (__u64)memory->place.cgroup_fd;
	}
	rc = between_call(SYS_setns, memory->place.kept_userns, CLONE_NEWUSER);
	if (rc == 0 && memory->place.netns_fd > 0)
		rc = between_call(SYS_setns, memory->place.netns_fd, CLONE_NEWNET);
	if (rc == 0) {
		/* Entering changed credentials, which hides /proc/PID of all who use this
		 * memory and of what is born here. */
		(void)between_call(SYS_prctl, PR_SET_DUMPABLE, 1);
		rc = between_call(SYS_clone3, (long)&args, sizeof(args));
		if (rc == 0)
			child_main(memory->socket, memory->place.clone_flags, &memory->orders);
	}
	memory->pid = rc > 0 ? (pid_t)rc : 0;
	memory->code = rc < 0 ? (int)-rc : 0;
	between_call(SYS_exit_group, 0, 0);
	return 0;
}

static pid_t clone_between(struct birth *birth)
{
#ifdef SHARES_MEMORY
	return clone(between_main, birth->stack + STACK_MAX, CLONE_VM | SIGCHLD, birth->memory);
#else
	pid_t pid = box_clone(0, -1, NULL);

	if (pid == 0)
		_exit(between_main(birth->memory));
	return pid;
#endif
}

static int begin(struct birth *birth, struct err *err)
{
	const struct birth_place *place = &birth->memory->place;
	const bool is_kept = place->kept_userns > 0;
	sigset_t all, old;
	pid_t pid;
	int code;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = is_kept ? clone_between(birth)
		      : box_clone(place->clone_flags, place->cgroup_fd, &birth->pid_fd);
	if (pid == 0)
		child_main(birth->memory->socket, place->clone_flags, &birth->memory->orders);
	code = errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return host_explain_userns("/proc/sys", code, err);
	if (is_kept)
		birth->between = pid;
	else
		birth->pid = pid;
	return 0;
}

static int map_memory(const struct birth_place *place, struct birth *birth, struct err *err)
{
	const int prot = PROT_READ | PROT_WRITE;
	void *memory =
		mmap(NULL, MEMORY_MAX, prot, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *stack;

	if (memory == MAP_FAILED) {
		(void)err_sys(err, "map memory to share with the box's first process");
		return -1;
	}
	stack = mmap(NULL, STACK_MAX, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED) {
		(void)err_sys(err, "map a stack for the box's first process");
		(void)munmap(memory, MEMORY_MAX);
		return -1;
	}
	birth->memory = memory;
	birth->memory->place = *place;
	birth->stack = stack;
	return 0;
}

static int connect_child(struct birth *birth, int *out_socket, struct err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "make a socket pair");
	birth->socket = pair[0];
	*out_socket = pair[1];
	/* Above the numbers the child gives out. */
	if (fd_move_up(out_socket) < 0)
		return err_sys(err, "move a descriptor");
	birth->memory->socket = *out_socket;
	return 0;
}

int birth_begin(const struct birth_place *place, struct birth *out_birth, struct err *err)
{
	struct birth birth = {.place = *place, .pid_fd = -1, .socket = -1};
	AUTO_CLOSE int socket = -1;

	if (map_memory(place, &birth, err) < 0)
		return -1;
	if (connect_child(&birth, &socket, err) < 0 || begin(&birth, err) < 0) {
		birth_abandon(&birth);
		return -1;
	}
	*out_birth = birth;
	return 0;
}

int birth_wait(struct birth *birth, struct err *err)
{
	if (birth->between <= 0)
		return 0;
	(void)proc_wait(birth->between);
	birth->between = 0;
	birth->pid = birth->memory->pid;
	if (birth->pid == 0) {
		return host_explain_userns(
			"/proc/sys", birth->memory->code ? birth->memory->code : EIO, err);
	}
	birth->pid_fd = (int)syscall(SYS_pidfd_open, birth->pid, 0);
	return birth->pid_fd < 0 ? err_sys(err, "open the box's first process") : 0;
}

/* @text at @at, which moves on. */
static const char *put_text(char **at, const char *text)
{
	const char *copy = *at;

	if (!text)
		return NULL;
	*at = stpcpy(*at, text) + 1;
	return copy;
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static int write_orders(struct birth_memory *memory, const struct step *steps, size_t count,
			const char *fuse_program, struct err *err)
{
	struct step *copy = (struct step *)(void *)memory->space;
	char *text = (char *)(copy + count);
	size_t size = sizeof(*memory) + count * sizeof(*steps) + text_size(fuse_program);
	size_t i;

	for (i = 0; i < count; i++)
		size += text_size(steps[i].source) + text_size(steps[i].target) +
			text_size(steps[i].data);
	if (size > MEMORY_MAX)
		return err_set(err, "the plan of the box is larger than %zu MiB",
			       MEMORY_MAX >> 20);
	for (i = 0; i < count; i++) {
		copy[i] = steps[i];
		copy[i].source = put_text(&text, steps[i].source);
		copy[i].target = put_text(&text, steps[i].target);
		copy[i].data = put_text(&text, steps[i].data);
		copy[i].at = (struct step_place){0}; /* for words, which are the parent's */
	}
	memory->orders = (struct child_orders){
		.steps = copy,
		.count = count,
		.fuse_program = put_text(&text, fuse_program),
	};
	return 0;
}

int birth_give(struct birth *birth, const struct step *steps, size_t count,
	       const char *fuse_program, const int *fds, struct err *err)
{
	const struct init_message go = {.type = INIT_GO};

	if (write_orders(birth->memory, steps, count, fuse_program, err) < 0)
		return -1;
	/* That it has ended already is told by box_await(). */
	if (fd_send(birth->socket, &go, sizeof(go), fds, CHILD_FDS) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		return err_sys(err, "send the box's first process its descriptors");
	return 0;
}

void birth_done(struct birth *birth)
{
	(void)munmap(birth->stack, STACK_MAX);
	(void)munmap(birth->memory, MEMORY_MAX);
	birth->memory = NULL;
}

void birth_abandon(struct birth *birth)
{
	struct err ignored;

	if (!birth->memory)
		return;
	(void)birth_wait(birth, &ignored);
	if (birth->pid > 0) {
		(void)kill(birth->pid, SIGKILL);
		(void)proc_wait(birth->pid);
	}
	cleanup_close(&birth->pid_fd);
	cleanup_close(&birth->socket);
	birth_done(birth);
	memset(birth, 0, sizeof(*birth));
}
