#ifndef BOX_BIRTH_H
#define BOX_BIRTH_H

#include "mnt/step.h"
#include "util/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct birth_memory;

/**
 * struct birth_place - where a box is born
 * @clone_flags:	CLONE_NEW* of its namespaces
 * @kept_userns:	user namespace to be born in (box/keep.h), 0: a new one; borrowed
 * @netns_fd:	of that user namespace, instead of a new one of @clone_flags; 0: none; borrowed
 * @cgroup_fd:	group to be born in, -1: that of its caller; borrowed
 */
struct birth_place {
	uint64_t clone_flags;
	int kept_userns;
	int netns_fd;
	int cgroup_fd;
};

/**
 * struct birth - the first process of a box, in the box's namespaces, waiting for its plan
 * @pid:	0 until birth_wait(); with a new user namespace at once
 * @between:	who enters the kept user namespace for it, and ends; 0: nobody, or done
 * @memory:	shared with it; the plan is copied there
 *
 * Namespaces take the kernel as long as a profile and a plan take us. So a birth may begin
 * before the plan is known, and both go on at once.
 */
struct birth {
	struct birth_place place;
	pid_t pid;
	pid_t between;
	int pid_fd;
	int socket; /* our end */
	struct birth_memory *memory;
	char *stack; /* of @between */
};

/** birth_begin() - let it be born; returns while the kernel works. Kernel interface: clone3(2)
 * with CLONE_INTO_CGROUP, CLONE_PARENT. */
int birth_begin(const struct birth_place *place, struct birth *out_birth, struct err *err);

/** birth_wait() - until it is there: fills in @birth->pid and @birth->pid_fd. A failure is not
 * undone: birth_abandon(). */
int birth_wait(struct birth *birth, struct err *err);

/**
 * birth_give() - hand it what to do; it begins, or will as soon as it is born
 * @fds:	as enum child_fd (box/child.h); borrowed
 */
int birth_give(struct birth *birth, const struct step *steps, size_t count,
	       const char *fuse_program, const int *fds, struct err *err);

/** birth_done() - it was given its orders and waited for: the rest of @birth is the caller's.
 */
void birth_done(struct birth *birth);

/** birth_abandon() - end and reap it. Accepts a zeroed one, and one that was abandoned. */
void birth_abandon(struct birth *birth);

#endif
