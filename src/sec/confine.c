#include "sec/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * System calls only. Identities are changed through syscall(2) and not through the C library,
 * whose wrappers signal every thread of the process - threads that a clone without CLONE_VM has
 * left behind.
 */

#define CAP_BITS 64

struct cap_sets {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

static int caps_read(struct cap_sets *out)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;

	out->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	out->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	out->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	return 0;
}

static int caps_write(const struct cap_sets *sets)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)sets->effective, (uint32_t)sets->permitted,
		 (uint32_t)sets->inheritable},
		{(uint32_t)(sets->effective >> 32), (uint32_t)(sets->permitted >> 32),
		 (uint32_t)(sets->inheritable >> 32)},
	};

	return (int)syscall(SYS_capset, &header, data);
}

static int set_rlimits(const struct confine *c)
{
	for (size_t i = 0; i < c->rlimit_count; i++) {
		if (syscall(SYS_prlimit64, 0, c->rlimits[i].resource, &c->rlimits[i].limit,
			    NULL) < 0)
			return -1;
	}
	return 0;
}

static int drop_bounding(uint64_t keep)
{
	for (unsigned long cap = 0; cap < CAP_BITS; cap++) {
		int held = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (held < 0)
			return 0; /* past the last one this kernel knows */
		if (held == 0 || (keep >> cap & 1) != 0)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -1;
	}
	return 0;
}

static int set_ids(uid_t uid, gid_t gid)
{
	/* Or the kernel clears the permitted set when the last id of 0 goes, and capset has
	 * nothing left. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -1;
	if (syscall(SYS_setresgid, gid, gid, gid) < 0)
		return -1;
	return (int)syscall(SYS_setresuid, uid, uid, uid);
}

/*
 * What exec does with these: for uid 0 it gives back everything that is still in the bounding
 * set, for others only the ambient set. The sets are cut before it too, so nothing between here
 * and exec can use more.
 */
static int set_caps(const struct confine *c)
{
	struct cap_sets held;
	uint64_t keep;

	if (caps_read(&held) < 0)
		return -1;

	keep = (c->uid == 0 ? c->bounding : c->ambient) & held.permitted;
	return caps_write(&(struct cap_sets){
		.effective = keep,
		.permitted = keep,
		.inheritable = c->ambient,
	});
}

static int set_ambient(uint64_t ambient)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return ambient == 0 && errno == EINVAL ? 0 : -1; /* before Linux 4.3 */

	for (unsigned long cap = 0; cap < CAP_BITS; cap++) {
		if ((ambient >> cap & 1) == 0)
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -1;
	}
	return 0;
}

/*
 * The kernel gives the listener the lowest free number, and nothing may be called to move it
 * once the filter is in force (dup3 itself could be refused and wait for an answer that nobody
 * can give yet). So every lower number is taken now, by descriptors that exec closes.
 */
static int reserve_below(int wanted)
{
	for (;;) {
		int fd = (int)syscall(SYS_eventfd2, 0, EFD_CLOEXEC);

		if (fd < 0)
			return -1;
		if (fd < wanted)
			continue;

		(void)syscall(SYS_close, fd);
		if (fd == wanted)
			return 0;
		errno = EBUSY;
		return -1;
	}
}

static int load(const struct confine *c, unsigned long flags)
{
	struct sock_fprog program = {
		.len = (unsigned short)c->filter_len,
		.filter = (struct sock_filter *)(uintptr_t)c->filter,
	};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int load_filter(const struct confine *c)
{
	unsigned long flags = c->wants_listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	int result;

	if (!c->filter || c->filter_len == 0)
		return 0;
	if (c->filter_len > BPF_MAXINSNS) {
		errno = EINVAL;
		return -1;
	}
	if (c->wants_listener && reserve_below(c->listener_fd) < 0)
		return -1;

	/* Without it the kernel turns speculation mitigations on, which cost every branch of
	 * the box. */
	result = load(c, flags | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	if (result < 0 && errno == EINVAL)
		result = load(c, flags);
	return result < 0 ? -1 : 0;
}

enum confine_step confine_apply(const struct confine *c)
{
	/* Half confined, nobody else of the namespace may look in; exec makes the process
	 * dumpable again. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

	if (set_rlimits(c) < 0)
		return CONFINE_RLIMIT;
	if (c->affinity_len > 0 &&
	    syscall(SYS_sched_setaffinity, 0, c->affinity_len, c->sched_affinity) < 0)
		return CONFINE_AFFINITY;
	(void)syscall(SYS_umask, c->umask);

	if (c->can_setgroups && syscall(SYS_setgroups, c->group_count, c->groups) < 0)
		return CONFINE_GROUPS;
	if (drop_bounding(c->bounding) < 0)
		return CONFINE_BOUNDING;

	/* Without no_new_privs only CAP_SYS_ADMIN may load a filter: now or never. */
	if (!c->no_new_privs && load_filter(c) < 0)
		return CONFINE_FILTER;

	if (set_ids(c->uid, c->gid) < 0)
		return CONFINE_IDS;
	if (set_caps(c) < 0)
		return CONFINE_CAPS;
	if (set_ambient(c->ambient) < 0)
		return CONFINE_AMBIENT;
	if (!c->no_new_privs)
		return CONFINE_OK;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return CONFINE_NO_NEW_PRIVS;
	return load_filter(c) < 0 ? CONFINE_FILTER : CONFINE_OK;
}

const char *confine_step_name(enum confine_step step)
{
	switch (step) {
	case CONFINE_OK:
		return "confine";
	case CONFINE_RLIMIT:
		return "set resource limits";
	case CONFINE_AFFINITY:
		return "set cpu affinity";
	case CONFINE_GROUPS:
		return "set groups";
	case CONFINE_BOUNDING:
		return "drop capabilities from the bounding set";
	case CONFINE_IDS:
		return "change user and group";
	case CONFINE_CAPS:
		return "drop capabilities";
	case CONFINE_AMBIENT:
		return "set ambient capabilities";
	case CONFINE_NO_NEW_PRIVS:
		return "set no_new_privs";
	case CONFINE_FILTER:
		return "load the seccomp filter";
	}
	return "confine";
}

/* --- the listener on its way out --- */

#define LISTENER_PAUSE_NS 200000
#define LISTENER_TRIES 50000 /* ten seconds */

static bool is_listener(int fd)
{
	uint64_t no_such_id = 0;

	/* A listener knows the request but not the id; everything else does not know the
	 * request. */
	return syscall(SYS_ioctl, fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &no_such_id) < 0 &&
	       errno == ENOENT;
}

static int send_descriptor(int sock, int fd)
{
	char byte = 'N';
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	*(int *)(void *)CMSG_DATA(&control.align) = fd;
	return (int)syscall(SYS_sendmsg, sock, &message, MSG_NOSIGNAL);
}

/* Shares the descriptor table of the process @watched, and so sees the listener appear in it.
 */
static int wait_and_send(int listener_fd, int sock, pid_t watched)
{
	const struct timespec pause = {.tv_nsec = LISTENER_PAUSE_NS};

	for (int i = 0; i < LISTENER_TRIES; i++) {
		if (is_listener(listener_fd))
			return send_descriptor(sock, listener_fd) < 0;
		if (syscall(SYS_kill, watched, 0) < 0 && errno == ESRCH)
			return 1;
		(void)syscall(SYS_nanosleep, &pause, NULL);
	}
	return 1;
}

/* As fork(2), with the descriptor table shared; nobody gets a signal when the child ends. */
static pid_t fork_sharing_files(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES, 0, 0, 0, 0);
}

int confine_listener_send(int listener_fd, int sock)
{
	pid_t watched = (pid_t)syscall(SYS_getpid);
	pid_t between;
	int status = 0;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	between = fork_sharing_files();
	if (between < 0)
		return -1;

	/* A child of a child: pid 1 reaps it, and the user's program never has a child it did
	 * not make. */
	if (between == 0) {
		pid_t sender = fork_sharing_files();

		if (sender == 0)
			(void)syscall(SYS_exit_group,
				      wait_and_send(listener_fd, sock, watched));
		(void)syscall(SYS_exit_group, sender < 0);
	}

	while (syscall(SYS_wait4, between, &status, __WALL, NULL) < 0) {
		if (errno != EINTR)
			return -1;
	}
	if (status == 0)
		return 0;
	errno = EAGAIN;
	return -1;
}
