#ifndef CGROUP_OOM_H
#define CGROUP_OOM_H

#include "cgroup/process.h"

/*
 * Who was killed for memory, as far as an ordinary user can learn it. The kernel tells how many
 * (memory.events), and names the victim only in its log, which is not for everybody. What it
 * does show: a process that has the signal and has not acted on it, or ends because of one;
 * and, by an event, that the group has come up against its limit, which is mostly a moment
 * before. Then the processes are looked at, at most ten times a second.
 */

/**
 * struct oom_watch - `= OOM_WATCH_NONE` watches nothing
 * @events_fd:	memory.events, to poll for POLLPRI; -1: there is no memory controller
 * @seen:	the processes at the last look
 */
struct oom_watch {
	int group_fd; /* borrowed */
	int events_fd;
	uint64_t kills;
	struct process *seen;
	size_t seen_count;
	int64_t seen_ms;
};
#define OOM_WATCH_NONE                          \
	(struct oom_watch)                      \
	{                                       \
		.group_fd = -1, .events_fd = -1 \
	}

/**
 * struct oom_report - processes that were killed since the look before
 * @kills:	how many
 * @name:	of the biggest; "" when it went unseen
 * @bytes:	what it had in memory, STAT_UNKNOWN
 * @alike:	how many of that name there were, it included
 * @is_guess:	nobody saw it die, or its size was worked out from what it left
 */
struct oom_report {
	uint64_t kills;
	uint64_t limit_bytes;
	char name[PROCESS_NAME_MAX];
	pid_t pid;
	uint64_t bytes;
	size_t alike;
	bool is_guess;
};

/** oom_watch_open() - watch the group @group_fd; without the controller it watches nothing. */
void oom_watch_open(int group_fd, struct oom_watch *out_watch);
void oom_watch_close(struct oom_watch *watch);

/** oom_watch_look() - after POLLPRI, and once when all is over. Return: true: somebody was
 * killed. Takes up to 40 ms then. */
bool oom_watch_look(struct oom_watch *watch, struct oom_report *out_report);

/** oom_words() - "oom-killed at 512M (cc1plus 410M, 8 of them)". The name is foreign: printable
 * characters only are left of it. free() it. */
char *oom_words(const struct oom_report *report);

#endif
