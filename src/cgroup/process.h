#ifndef CGROUP_PROCESS_H
#define CGROUP_PROCESS_H

#include "cgroup/stats.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_NAME_MAX 64

/**
 * struct process - one process, by its numbers in /proc; see proc_pid_stat(5)
 * @name:	what the kernel calls it, at most 15 bytes of the program's choice: foreign text
 * @is_ending:	it lets go of its memory, or has: nothing can be read of that any more
 * @was_killed:	and a signal was the reason
 * @rss_bytes:	STAT_UNKNOWN when it has no memory of its own any more
 */
struct process {
	pid_t pid, parent;
	char name[PROCESS_NAME_MAX];
	char state;
	bool is_ending, was_killed;
	uint64_t cpu_us; /* in ticks of the kernel, commonly 10 ms */
	uint64_t start_ticks;
	uint64_t threads;
	uint64_t rss_bytes;
};

/** process_parse() - the text of /proc/PID/stat. Return: 0 or -1. */
int process_parse(const char *text, struct process *out_process);

/** process_read() - of @pid. Return: 0, or -1: it is gone. */
int process_read(pid_t pid, struct process *out_process);

/**
 * struct process_ids - who it is, by /proc/PID/status
 * @inner_pid:	number in its own pid namespace
 * @uid:	effective, as our user namespace sees it
 */
struct process_ids {
	pid_t inner_pid;
	uid_t uid;
};
/** process_parse_ids() - the text of /proc/PID/status. Return: 0 or -1. */
int process_parse_ids(const char *text, struct process_ids *out_ids);
int process_read_ids(pid_t pid, struct process_ids *out_ids);

/** process_has_kill() - SIGKILL was sent to it and it did not come to act on it. */
bool process_has_kill(pid_t pid);

/** process_pss() - its memory, with its part of what it shares. Dear. Return: bytes,
 * STAT_UNKNOWN when we may not know. */
uint64_t process_pss(pid_t pid);

#define PROCESS_COMMAND_MAX 4096
/** process_command() - its arguments, a blank between them; "[name]" when it has none. Foreign
 * text. free() it; NULL: it is gone. */
char *process_command(const struct process *process);

#endif
