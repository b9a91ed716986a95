#ifndef UTIL_PROC_H
#define UTIL_PROC_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * proc_spawn() - start a program (posix_spawn, absolute path, no shell), all signals unblocked
 * and default
 * @argv:	NULL-terminated; argv[0] is the path
 * @stdio:	descriptors for 0, 1, 2; -1 means /dev/null
 * @keep_fds:	further descriptors the program gets under their own numbers; may be NULL with
 * @keep_count 0
 * @out_pid:	reap it
 */
int proc_spawn(const char *const *argv, const int stdio[3], const int *keep_fds,
	       size_t keep_count, pid_t *out_pid, struct err *err);

/** proc_run() - proc_spawn with stdin /dev/null, collect up to @max bytes of stdout+stderr into
 * *out_text (NULL: discard) and the wait status. */
int proc_run(const char *const *argv, size_t max, char **out_text, int *out_status,
	     struct err *err);

/** proc_start_time() - start time of a process in clock ticks since boot (proc_pid_stat(5)
 * field 22); with the pid it names a process for ever. Return: 0 or -1 (gone). */
int proc_start_time(pid_t pid, uint64_t *out_ticks);

/** proc_is_alive() - the process @pid that started at @ticks still runs (a zombie does not). */
bool proc_is_alive(pid_t pid, uint64_t ticks);

/** proc_wait() - waitpid over EINTR. Return: wait status, or -1. */
int proc_wait(pid_t pid);

/** proc_exit_code() - wait status to shell convention: exit status, or 128 + signal. */
int proc_exit_code(int status);

/** proc_find_program() - absolute path of @name in /usr/bin, /bin, /usr/sbin, /sbin,
 * /usr/local/bin, then $PATH. free() it; NULL when absent. */
char *proc_find_program(const char *name);

/** signal_from_name() - number of "TERM", "SIGTERM", "term" or "15". Return: number, or -1. */
int signal_from_name(const char *name);
/** signal_name() - "SIGTERM" for 15; "signal N" words are the caller's. Return: static string
 * or NULL. */
const char *signal_name(int number);

#endif
