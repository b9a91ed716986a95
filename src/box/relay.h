#ifndef BOX_RELAY_H
#define BOX_RELAY_H

#include "box/stdio.h"
#include "cgroup/oom.h"
#include "sec/notify.h"
#include "util/err.h"

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>

/** relay_block_signals() - block all signals and open a signalfd for them; call before the box
 * starts. Return: descriptor or -1. */
int relay_block_signals(struct err *err);

/** relay_is_terminal() - 0 and 1 are both terminals. *out_size is the size of it. */
bool relay_is_terminal(struct winsize *out_size);

/**
 * struct relay - between the caller's terminal and a command in a box
 * @socket:	to devbox-init
 * @master:	the command's terminal, -1: it uses our own descriptors
 * @signal_fd:	from relay_block_signals()
 * @stdio:	what we copy for a command without a terminal; NULL: nothing
 */
struct relay {
	int socket;
	int master;
	int signal_fd;
	struct stdio *stdio;
	int news_fd;                   /* of control_watch(): lines for the user; 0: none */
	struct notify *notify;         /* refusals to answer; NULL: none */
	struct oom_watch *oom;         /* kills for memory to look at; NULL: none */
	struct oom_report *oom_report; /* the last of them; kills is 0 when there was none */
};

/**
 * relay_run() - pass bytes, size, stops and signals until the command ends
 * The terminal is raw meanwhile and restored on every way out. *out_status: wait status.
 * @out_guard_died: fuse-overlayfs ended. Return: 0, or -1 when the box went away without saying
 * how the command ended.
 */
int relay_run(const struct relay *relay, int *out_status, bool *out_guard_died,
	      struct err *err);

#endif
