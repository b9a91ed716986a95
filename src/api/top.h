#ifndef API_TOP_H
#define API_TOP_H

#include "api/api.h"
#include "cgroup/stats.h"

/**
 * struct box_process - a process of a box; owned
 * @inner_pid:	the number it has in the box
 * @user:	the name of its user in the box; the number where the box has no name for it
 * @cpu_millicores: thousandths of a processor in the last moments; STAT_UNKNOWN: it is new
 * @pss_bytes:	memory with its part of what it shares; STAT_UNKNOWN where the kernel keeps it
 * to itself
 * @command:	foreign text
 */
struct box_process {
	pid_t pid, inner_pid, parent;
	char *user;
	char state;
	uint64_t cpu_millicores, cpu_us;
	uint64_t rss_bytes, pss_bytes;
	uint64_t threads;
	char *command;
};
struct box_processes {
	char *box; /* full name */
	struct box_process *items;
	size_t count;
};
void box_processes_done(struct box_processes *processes);

/**
 * devbox_top() - what runs in a box, the busiest first
 * @name:	as typed; NULL: the dev box
 * Found by the box's cgroup, else by its pid namespace. Takes the third of a second between two
 * looks at the processor time.
 */
int devbox_top(struct devbox *devbox, const char *name, struct box_processes *out_processes,
	       struct err *err);

#endif
