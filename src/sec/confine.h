#ifndef SEC_CONFINE_H
#define SEC_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct sock_filter;

#define CONFINE_GROUPS_MAX 64
#define CONFINE_RLIMITS_MAX 16

/**
 * struct confine - what a process inside a box becomes just before it executes the user's
 * program
 *
 * Plain data without ownership, so that it can be prepared before clone and copied into a
 * shared page. Applied by confine_apply() with system calls only. Shared by devbox (exec) and
 * devbox-init (start).
 *
 * @groups:		supplementary groups; set when @can_setgroups, left as they are
 *			otherwise
 * @bounding:		capabilities that stay in the bounding set; all others are dropped
 * @ambient:		capabilities raised in inheritable and ambient set (normally 0;
 *			inheritable is always @ambient). Effective and permitted before exec
 *			are what is held of @bounding for uid 0, and @ambient for others.
 * @no_new_privs:	set last but for the filter; when false the filter is loaded before
 *			capabilities go, which needs CAP_SYS_ADMIN in the user namespace
 * @wants_listener:	load with SECCOMP_FILTER_FLAG_NEW_LISTENER. The listener gets the
 *			number @listener_fd, which must be free and below RLIMIT_NOFILE as
 *			@rlimits leave it: confine_apply() occupies all lower numbers first
 *			(close-on-exec), so that no call is needed after loading. It is
 *			close-on-exec; see confine_listener_send().
 * @filter, @filter_len: seccomp program; NULL/0: none
 * @sched_affinity, @affinity_len: CPU mask bytes for sched_setaffinity (cpuset fallback), len
 *			0: none
 */
struct confine {
	uid_t uid;
	gid_t gid;
	gid_t groups[CONFINE_GROUPS_MAX];
	size_t group_count;
	bool can_setgroups; /* false: setgroups is denied in this namespace */
	uint64_t bounding;
	uint64_t ambient;
	bool no_new_privs;
	bool wants_listener;
	int listener_fd;
	mode_t umask;
	struct {
		int resource;
		struct rlimit limit;
	} rlimits[CONFINE_RLIMITS_MAX];
	size_t rlimit_count;
	const struct sock_filter *filter;
	size_t filter_len;
	unsigned char sched_affinity[128];
	size_t affinity_len;
};

enum confine_step {
	CONFINE_OK,
	CONFINE_RLIMIT,
	CONFINE_AFFINITY,
	CONFINE_GROUPS,
	CONFINE_BOUNDING,
	CONFINE_IDS,
	CONFINE_CAPS,
	CONFINE_AMBIENT,
	CONFINE_NO_NEW_PRIVS,
	CONFINE_FILTER,
};

/**
 * confine_apply() - become what @c says
 *
 * The order: not dumpable, rlimits, affinity, umask, groups, bounding set (while SETPCAP is
 * held), [filter when no_new_privs is false], keepcaps and ids, capset, ambient, no_new_privs,
 * filter as the very last call.
 *
 * When no_new_privs is false the filter must allow what follows it here, with any arguments:
 * prctl, setresgid, setresuid, capget, capset; in any case execve and what the caller does
 * until then.
 *
 * System calls only: no heap, no stdio. Return: CONFINE_OK, or the failed step with errno set
 * (CONFINE_FILTER: EBUSY when @listener_fd is taken).
 */
enum confine_step confine_apply(const struct confine *c);

/** confine_step_name() - "drop capabilities" etc. for error messages. */
const char *confine_step_name(enum confine_step step);

/**
 * confine_listener_send() - have the listener of the coming confine_apply() sent out of the box
 * @listener_fd:	as in struct confine; free now
 * @sock:		connected SOCK_SEQPACKET or SOCK_STREAM socket; one message of the
 *			byte 'N' with the listener arrives at the other end (fd_receive())
 *
 * Call it right before confine_apply(), with the same descriptor table. It leaves a process
 * behind that shares this table, waits until the listener is in it (at most ten seconds, or
 * until this process is gone), sends it and ends; that process is a child of pid 1 (or of the
 * nearest subreaper), not of the caller. It is needed because the first call after loading,
 * execve included, may already wait for an answer. The shared table keeps other descriptors
 * open a moment longer than exec: an error pipe reports "executed" when the listener has been
 * sent.
 *
 * System calls only. Return: 0, or -1 with errno.
 */
int confine_listener_send(int listener_fd, int sock);

#endif
