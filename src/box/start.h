#ifndef BOX_START_H
#define BOX_START_H

#include "box/birth.h"
#include "box/identity.h"
#include "box/plan.h"
#include "init/config.h"
#include "sec/filter.h"
#include "sec/notify.h"
#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct box_command - what runs in a box and what it becomes; borrowed texts
 * @argv: empty: nothing, the box stays up with only its init
 */
struct box_command {
	const struct strv *argv;
	const struct strv *env;
	const char *cwd;
	struct confine confine;
	const struct filter *filter; /* NULL: unconfined */
	struct winsize winsize;
	const char *profile; /* of an explained filter; NULL: not explained */
	uint32_t flags;      /* INIT_TTY, INIT_CONSOLE, INIT_OWN_STDIO, INIT_JOINED */
};

/**
 * struct box_start - one box to start
 * @cgroup_fd:	group to be born in, -1: none
 * @stdio:	the command's 0, 1, 2; borrowed
 */
struct box_start {
	const struct plan *plan;
	const struct box_facts *facts;
	const struct box_command *command;
	const char *
		newuidmap; /* NULL with a single id or as root: the maps are written directly */
	const char *newgidmap;
	struct birth *birth; /* a fitting one that has begun; taken over. NULL: a new one */
	int kept_userns; /* user namespace to be born in (box/keep.h), 0: a new one; borrowed */
	int netns_fd;    /* network to be born in, of @kept_userns; 0: none; borrowed */
	int cgroup_fd;
	bool has_oom_score_adj; /* may only be raised, proc(5) */
	int oom_score_adj;
	int stdio[3];
	int log_fd; /* what fuse-overlayfs says; borrowed */
};

/** struct box_process - a box that has begun: its init and our end of the socket */
struct box_process {
	pid_t pid;
	int pid_fd;
	int socket;
	uint64_t start_ticks;
	struct notify
		*notify; /* refusals of an explained seccomp profile; NULL: not explained */
	bool has_failed_step;
	enum step_kind failed_step; /* after box_await() failed in the plan */
};

/**
 * box_start() - give birth, map ids, let the child walk the plan; returns while it walks
 * The caller sends INIT_GO (box_go()) when the network is ready, and box_await() tells how it
 * went. Kernel interface: clone3(2) with all namespaces and CLONE_INTO_CGROUP,
 * user_namespaces(7), newuidmap(1).
 */
int box_start(const struct box_start *start, struct box_process *out_process, struct err *err);

/** box_go() - let init start the command (may be sent before the plan is done). */
int box_go(const struct box_process *process, struct err *err);

/**
 * box_await_ready() - wait until the plan is done and init waits for box_go(): only now may
 * others join its namespaces (between setresuid and execve the kernel closes a process to
 * everybody). Failure as box_await().
 */
int box_await_ready(struct box_process *process, const struct plan *plan, struct err *err);

/**
 * box_await() - wait until the command runs
 * @out_master:	the terminal with INIT_TTY, else -1; may be NULL without one
 * @out_exit:	on failure: 127 not found, 126 not executable, 125 everything before
 * On failure the process has been ended and reaped.
 */
int box_await(struct box_process *process, const struct plan *plan,
	      const struct box_command *command, int *out_master, int *out_exit,
	      struct err *err);

/** box_end() - kill the box's init (and with it everything inside) and reap it. Accepts a
 * zeroed process. */
void box_end(struct box_process *process);

/**
 * box_explain_exec() - words for INIT_EXEC_FAILED
 * @message:	what init said
 * @program, @cwd: what should have run, and where
 * @out_exit:	125, 126 or 127
 * Return: -1.
 */
int box_explain_exec(const struct init_message *message, const char *program, const char *cwd,
		     int *out_exit, struct err *err);

/** box_command_fd() - the command as a memfd for devbox-init. Return: descriptor or -1. */
int box_command_fd(const struct box_command *command, struct err *err);
/** box_init_fd() - devbox-init as a sealed memfd. Return: descriptor or -1. */
int box_init_fd(struct err *err);

/** box_map_ids() - write the maps of @start for the new user namespace of @pid. */
int box_map_ids(const struct box_start *start, pid_t pid, struct err *err);

/** box_clone() - clone3(2) like fork, into @cgroup_fd unless it is -1. @out_pid_fd may be NULL.
 * Return: as fork(2). */
pid_t box_clone(uint64_t flags, int cgroup_fd, int *out_pid_fd);

/** box_wake_stopped() - continue children of ours that were stopped: the root of a box can do
 * that to the init of an `exec`, which would then never say how its command ended. */
void box_wake_stopped(void);

/** box_run_in_userns() - run @work in a child inside a user namespace with these maps (to
 * remove or make files of the boxes). */
int box_run_in_userns(const struct box_start *maps, int (*work)(void *arg, struct err *err),
		      void *arg, struct err *err);

#endif
