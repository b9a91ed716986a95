#include "tui/files.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* memory.stat has some 2000 bytes; io.stat a line a device. */
#define FILE_BYTES_MAX 16384

static const struct {
	const char *name;
	unsigned int when;
} table[FILE_COUNT] = {
	[FILE_CPU_STAT] = {"cpu.stat", READ_CHEAP},
	[FILE_CPU_MAX] = {"cpu.max", READ_LIMITS},
	[FILE_CPU_WEIGHT] = {"cpu.weight", READ_LIMITS},
	[FILE_MEMORY] = {"memory.current", READ_CHEAP},
	[FILE_MEMORY_PEAK] = {"memory.peak", READ_DEAR},
	[FILE_MEMORY_MAX] = {"memory.max", READ_LIMITS},
	[FILE_MEMORY_HIGH] = {"memory.high", READ_LIMITS},
	[FILE_MEMORY_STAT] = {"memory.stat", READ_DEAR},
	[FILE_MEMORY_EVENTS] = {"memory.events", READ_CHEAP},
	[FILE_SWAP] = {"memory.swap.current", READ_DEAR},
	[FILE_PIDS] = {"pids.current", READ_CHEAP},
	[FILE_PIDS_MAX] = {"pids.max", READ_LIMITS},
	[FILE_PIDS_EVENTS] = {"pids.events", READ_DEAR},
	[FILE_IO] = {"io.stat", READ_DEAR},
	[FILE_CPU_PRESSURE] = {"cpu.pressure", READ_STALLS},
	[FILE_MEMORY_PRESSURE] = {"memory.pressure", READ_STALLS},
	[FILE_IO_PRESSURE] = {"io.pressure", READ_STALLS},
	[FILE_EVENTS] = {"cgroup.events", READ_EVENTS},
	[FILE_NET] = {NULL, READ_DEAR},
	[FILE_TREE] = {"cgroup.stat", READ_LIMITS},
};

ssize_t file_text(int fd, char *buffer, size_t size)
{
	const ssize_t len = pread(fd, buffer, size - 1, 0);

	if (len >= 0)
		buffer[len] = '\0';
	return len;
}

int files_open(const char *path, pid_t init_pid, struct files *out_files)
{
	struct files files = {.is_open = true};
	AUTO_CLOSE int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char net[64];

	if (dir < 0)
		return -1;
	for (int i = 0; i < FILE_COUNT; i++)
		files.fds[i] =
			table[i].name ? openat(dir, table[i].name, O_RDONLY | O_CLOEXEC) : -1;
	if (init_pid > 0) {
		(void)snprintf(net, sizeof(net), "/proc/%ld/net/dev", (long)init_pid);
		files.fds[FILE_NET] = open(net, O_RDONLY | O_CLOEXEC);
	}
	*out_files = files;
	return 0;
}

void files_drop_procs(struct files *files)
{
	for (size_t i = 0; i < files->procs_count; i++)
		(void)close(files->procs[i]);
	free(files->procs);
	files->procs = NULL;
	files->procs_count = 0;
}

void files_close(struct files *files)
{
	if (files->is_open)
		files_drop_procs(files);
	for (int i = 0; files->is_open && i < FILE_COUNT; i++)
		if (files->fds[i] >= 0)
			(void)close(files->fds[i]);
	*files = FILES_CLOSED;
}

static void parse_cpu_stat(const char *text, struct reading *reading)
{
	parse_flat(text, "usage_usec", &reading->cpu_usage_us);
	parse_flat(text, "user_usec", &reading->cpu_user_us);
	parse_flat(text, "system_usec", &reading->cpu_system_us);
	parse_flat(text, "nr_periods", &reading->periods);
	parse_flat(text, "nr_throttled", &reading->throttled_periods);
	parse_flat(text, "throttled_usec", &reading->throttled_us);
}

static void parse_memory_stat(const char *text, struct reading *reading)
{
	parse_flat(text, "anon", &reading->anon);
	parse_flat(text, "file", &reading->file);
	parse_flat(text, "kernel", &reading->kernel);
	parse_flat(text, "sock", &reading->sock);
	parse_flat(text, "slab", &reading->slab);
	parse_flat(text, "inactive_file", &reading->inactive_file);
}

static void parse_memory_events(const char *text, struct reading *reading)
{
	parse_flat(text, "high", &reading->event_high);
	parse_flat(text, "max", &reading->event_max);
	parse_flat(text, "oom", &reading->event_oom);
	parse_flat(text, "oom_kill", &reading->event_oom_kill);
}

static void parse_more(enum file file, const char *text, struct reading *reading)
{
	if (file == FILE_CPU_STAT)
		parse_cpu_stat(text, reading);
	else if (file == FILE_CPU_MAX)
		parse_cpu_max(text, &reading->quota_us, &reading->period_us);
	else if (file == FILE_MEMORY_STAT)
		parse_memory_stat(text, reading);
	else if (file == FILE_MEMORY_EVENTS)
		parse_memory_events(text, reading);
	else if (file == FILE_PIDS_EVENTS)
		parse_flat(text, "max", &reading->pids_refused);
	else if (file == FILE_IO)
		parse_io(text, reading);
	else if (file == FILE_NET)
		parse_net(text, reading);
	else if (file == FILE_TREE)
		parse_flat(text, "nr_descendants", &reading->groups);
	else if (file == FILE_EVENTS) {
		parse_flat(text, "populated", &reading->populated);
		parse_flat(text, "frozen", &reading->frozen);
	}
}

static void parse_file(enum file file, const char *text, struct reading *reading)
{
	uint64_t *const values[FILE_COUNT] = {
		[FILE_CPU_WEIGHT] = &reading->weight,
		[FILE_MEMORY] = &reading->memory,
		[FILE_MEMORY_PEAK] = &reading->memory_peak,
		[FILE_MEMORY_MAX] = &reading->memory_max,
		[FILE_MEMORY_HIGH] = &reading->memory_high,
		[FILE_SWAP] = &reading->swap,
		[FILE_PIDS] = &reading->pids,
		[FILE_PIDS_MAX] = &reading->pids_max,
	};

	if (values[file])
		parse_value(text, values[file]);
	else if (file >= FILE_CPU_PRESSURE && file <= FILE_IO_PRESSURE)
		parse_pressure(text, &reading->pressure[file - FILE_CPU_PRESSURE]);
	else
		parse_more(file, text, reading);
}

int files_read(const struct files *files, unsigned int what, struct reading *reading)
{
	char text[FILE_BYTES_MAX];

	for (int i = 0; i < FILE_COUNT; i++) {
		if (!(table[i].when & what) || files->fds[i] < 0)
			continue;
		if (file_text(files->fds[i], text, sizeof(text)) >= 0)
			parse_file((enum file)i, text, reading);
		else if (errno == ENODEV && i != FILE_NET)
			return -1;
	}
	return 0;
}
