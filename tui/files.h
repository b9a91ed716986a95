#ifndef TUI_FILES_H
#define TUI_FILES_H

#include "tui/reading.h"

#include <stdbool.h>
#include <sys/types.h>

/* The files of one box's cgroup, held open: a reading opens nothing. */

enum file {
	FILE_CPU_STAT,
	FILE_CPU_MAX,
	FILE_CPU_WEIGHT,
	FILE_MEMORY,
	FILE_MEMORY_PEAK,
	FILE_MEMORY_MAX,
	FILE_MEMORY_HIGH,
	FILE_MEMORY_STAT,
	FILE_MEMORY_EVENTS,
	FILE_SWAP,
	FILE_PIDS,
	FILE_PIDS_MAX,
	FILE_PIDS_EVENTS,
	FILE_IO,
	FILE_CPU_PRESSURE,
	FILE_MEMORY_PRESSURE,
	FILE_IO_PRESSURE,
	FILE_EVENTS,
	FILE_NET,
	FILE_TREE,
	FILE_COUNT
};

/**
 * struct files - `= FILES_CLOSED` holds nothing
 * @fds:	-1: the kernel has no such file here
 */
struct files {
	bool is_open;
	int fds[FILE_COUNT];
	int *procs; /* cgroup.procs of the group and of those below; processes.c opens them */
	size_t procs_count;
	uint64_t procs_groups; /* how many groups there were below it */
};
#define FILES_CLOSED             \
	(struct files)           \
	{                        \
		.is_open = false \
	}

/* What a reading looks at; dear files are read less often. */
#define READ_CHEAP (1U << 0)  /* cpu.stat, memory.current, memory.events, pids.current */
#define READ_EVENTS (1U << 1) /* cgroup.events */
#define READ_STALLS (1U << 2) /* *.pressure */
#define READ_DEAR (1U << 3)   /* memory.stat, io.stat, peak and swap, network */
#define READ_LIMITS (1U << 4) /* what changes only when somebody changes it */
#define READ_ALL 0x1fU

/**
 * files_open() - open what the cgroup @path offers
 * @init_pid:	whose network is counted; 0: nobody's
 *
 * Return: 0, or -1 when there is no such folder.
 */
int files_open(const char *path, pid_t init_pid, struct files *out_files);
void files_close(struct files *files);
/** files_drop_procs() - the groups below are others now. */
void files_drop_procs(struct files *files);

/**
 * files_read() - read what @what says into @reading; the rest of it stays as it is
 * Return: 0, or -1 when the group is gone.
 */
int files_read(const struct files *files, unsigned int what, struct reading *reading);

/** file_text() - all of one file, from its start, NUL-terminated. Return: length, or -1 with
 * errno. */
ssize_t file_text(int fd, char *buffer, size_t size);

#endif
