#include "box/birth.h"

#include "box/child.h"
#include "box/start.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

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

struct birth_memory {
	/* left by who enters the kept user namespace */
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

/* A child of ours enters the kept user namespace, gives birth to the box as our own child, and
 * ends. System calls only. */
__attribute__((noreturn)) static void between_main(const struct birth *birth, int socket)
{
	const struct birth_place *place = &birth->place;
	pid_t pid;

	if (setns(place->kept_userns, CLONE_NEWUSER) == 0) {
		/* Entering changed credentials, which hides /proc/PID of what is born here: our
		 * parent writes to it. */
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		pid = box_clone((place->clone_flags & ~(uint64_t)CLONE_NEWUSER) | CLONE_PARENT,
				place->cgroup_fd, NULL);
		if (pid == 0)
			child_main(socket, &birth->memory->orders);
		birth->memory->pid = pid;
	}
	birth->memory->code = errno;
	_exit(0);
}

static int begin(struct birth *birth, int socket, struct err *err)
{
	const bool is_kept = birth->place.kept_userns > 0;
	sigset_t all, old;
	pid_t pid;
	int code;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	if (is_kept)
		pid = box_clone(0, -1, NULL);
	else
		pid = box_clone(birth->place.clone_flags, birth->place.cgroup_fd,
				&birth->pid_fd);
	if (pid == 0 && is_kept)
		between_main(birth, socket);
	if (pid == 0)
		child_main(socket, &birth->memory->orders);
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

int birth_begin(const struct birth_place *place, struct birth *out_birth, struct err *err)
{
	struct birth birth = {.place = *place, .pid_fd = -1, .socket = -1};
	AUTO_CLOSE int socket = -1;
	int pair[2];

	birth.memory = mmap(NULL, MEMORY_MAX, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (birth.memory == MAP_FAILED)
		return err_sys(err, "map memory to share with the box's first process");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		(void)err_sys(err, "make a socket pair");
		(void)munmap(birth.memory, MEMORY_MAX);
		return -1;
	}
	birth.socket = pair[0];
	socket = pair[1];
	/* Above the numbers the child gives out. */
	if (fd_move_up(&socket) < 0)
		(void)err_sys(err, "move a descriptor");
	else if (begin(&birth, socket, err) == 0) {
		*out_birth = birth;
		return 0;
	}
	birth_abandon(&birth);
	return -1;
}

int birth_wait(struct birth *birth, struct err *err)
{
	if (birth->between <= 0)
		return 0;
	(void)proc_wait(birth->between);
	birth->between = 0;
	birth->pid = birth->memory->pid;
	if (birth->pid <= 0) {
		birth->pid = 0;
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
	(void)munmap(birth->memory, MEMORY_MAX);
	memset(birth, 0, sizeof(*birth));
}
