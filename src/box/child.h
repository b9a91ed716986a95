#ifndef BOX_CHILD_H
#define BOX_CHILD_H

#include "mnt/step.h"

#include <stddef.h>
#include <sys/types.h>

#define CHILD_SLOTS_MAX 512
#define CHILD_NO_STEP (-1)

/**
 * struct child - what the walk needs besides the list
 * @fuse_pid:	set by STEP_ROOT_FUSE
 * @fuse_argv:	argument vector with placeholders for the descriptors, see child_fuse.c
 */
struct child {
	const struct step *steps;
	size_t count;
	const char *fuse_program;
	pid_t fuse_pid;
	int log_fd; /* what fuse-overlayfs says */
	int root_fd;
	int parent_fd; /* folder of the last name made, see child_target.c; -1: none */
	const char *parent;
	size_t parent_len;
	int slots[CHILD_SLOTS_MAX];
};

/** struct child_orders - what the parent writes into the memory it shares with the child */
struct child_orders {
	const struct step *steps;
	size_t count;
	const char *fuse_program;
};

/** enum child_fd - the descriptors that come with the word to begin */
enum child_fd {
	CHILD_FD_INIT, /* devbox-init */
	CHILD_FD_CONFIG,
	CHILD_FD_STDIO, /* three: 0, 1, 2 of the command */
	CHILD_FD_LOG = CHILD_FD_STDIO + 3,
	CHILD_FDS
};

/**
 * child_main() - the first process of a box, from the clone to devbox-init
 * @socket:	to the parent, above the numbers that are given out; every other descriptor that
 * is needed comes through it
 * @clone_flags: CLONE_NEW* of the namespaces it was born into
 * @orders:	valid when they have come
 */
__attribute__((noreturn)) void child_main(int socket, uint64_t clone_flags,
					  const struct child_orders *orders);

/**
 * child_walk() - do every step, in order, in the namespaces the caller was cloned into
 *
 * Runs after clone: system calls only, no heap, no stdio. Return: CHILD_NO_STEP, or the index
 * of the step that failed with errno set.
 */
int child_walk(struct child *child);

/* The kinds of steps, by file; each returns 0 or -1 with errno. */
int child_open_tree(struct child *child, const struct step *step);
int child_open_dir(struct child *child, const struct step *step);
int child_root(struct child *child, const struct step *step);
int child_root_fuse(struct child *child, const struct step *step);
int child_fs(struct child *child, const struct step *step);
int child_bind(struct child *child, const struct step *step);
int child_scratch(struct child *child, const struct step *step, size_t index);
int child_text(struct child *child, const struct step *step, size_t index);
int child_mask(struct child *child, const struct step *step);
int child_read_only(struct child *child, const struct step *step);
int child_pivot(struct child *child);
int child_account(struct child *child, const struct step *step);
int child_dir(struct child *child, const struct step *step);
int child_symlink(struct child *child, const struct step *step);
int child_sysctl(const struct step *step);
/** child_attach() - the detached mount @mount_fd on the step's target, made when missing. */
int child_attach(struct child *child, int mount_fd, const struct step *step);
/** child_leave_root() - close what is open of the box's root. */
void child_leave_root(struct child *child);
/** child_join_paths() - "a" "/" "b" into @out. Return: 0, or -1 with ENAMETOOLONG. */
int child_join_paths(char *out, size_t size, const char *a, const char *b);
/** child_format_fd() - "/proc/self/fd/N" into @out (32 bytes). Return: its length. */
size_t child_format_fd(char *out, int fd);

#endif
