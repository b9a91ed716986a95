#include "cgroup/process.h"

#include "cgroup/files.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/str.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PROC_FILE_MAX 16384
/* Words behind the name, from 0: proc_pid_stat(5) counts the state as the third. */
#define FIELD_STATE 0
#define FIELD_PARENT 1
#define FIELD_FLAGS 6
#define FIELD_USER_TICKS 11
#define FIELD_SYSTEM_TICKS 12
#define FIELD_THREADS 17
#define FIELD_START 19
#define FIELD_RSS 21
#define FIELD_COUNT 22
/* PF_EXITING and PF_SIGNALED of the kernel. */
#define FLAG_EXITING 0x4U
#define FLAG_SIGNALED 0x400U

static uint64_t ticks_to_us(uint64_t ticks)
{
	const long per_s = sysconf(_SC_CLK_TCK);

	return per_s > 0 && ticks < UINT64_MAX / 1000000 ? ticks * 1000000 / (uint64_t)per_s
							 : 0;
}

/* The first FIELD_COUNT words of @rest. Return: 0 or -1. */
static int split(char *rest, char *out_fields[FIELD_COUNT])
{
	for (int i = 0; i < FIELD_COUNT; i++) {
		out_fields[i] = strsep(&rest, " \n");
		if (!out_fields[i] || !*out_fields[i])
			return -1;
	}
	return 0;
}

static int take_numbers(char *const fields[FIELD_COUNT], struct process *process)
{
	uint64_t flags, user, system, pages;
	int64_t parent;

	if (str_to_i64(fields[FIELD_PARENT], &parent) < 0 || parent < 0 || parent > INT_MAX ||
	    str_to_u64(fields[FIELD_FLAGS], &flags) < 0 ||
	    str_to_u64(fields[FIELD_USER_TICKS], &user) < 0 ||
	    str_to_u64(fields[FIELD_SYSTEM_TICKS], &system) < 0 ||
	    str_to_u64(fields[FIELD_THREADS], &process->threads) < 0 ||
	    str_to_u64(fields[FIELD_START], &process->start_ticks) < 0 ||
	    str_to_u64(fields[FIELD_RSS], &pages) < 0)
		return -1;
	process->parent = (pid_t)parent;
	process->state = fields[FIELD_STATE][0];
	process->is_ending = (flags & FLAG_EXITING) || strchr("ZXx", process->state);
	process->was_killed = process->is_ending && (flags & FLAG_SIGNALED);
	process->cpu_us = ticks_to_us(user) + ticks_to_us(system);
	process->rss_bytes = STAT_UNKNOWN;
	if (!process->is_ending && pages < UINT64_MAX >> 24)
		process->rss_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

int process_parse(const char *text, struct process *out_process)
{
	/* The name may hold anything, parentheses and newlines too. */
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');
	AUTO_FREE char *head = open ? xstrndup(text, (size_t)(open - text)) : NULL;
	AUTO_FREE char *rest = NULL;
	char *fields[FIELD_COUNT];
	struct process process = {0};
	uint64_t pid;

	if (!open || !close || close < open || close[1] != ' ' ||
	    (size_t)(close - open) > sizeof(process.name))
		return -1;
	if (str_to_u64(str_trim(head), &pid) < 0 || pid > INT_MAX)
		return -1;
	process.pid = (pid_t)pid;
	memcpy(process.name, open + 1, (size_t)(close - open) - 1);
	rest = xstrdup(close + 2);
	if (split(rest, fields) < 0 || take_numbers(fields, &process) < 0)
		return -1;
	*out_process = process;
	return 0;
}

/* A file of a process; free() it. NULL: gone, or not for us. */
static char *read_text(pid_t pid, const char *name)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", (int)pid, name);
	char *text = NULL;
	struct err ignored;

	return fd_read_file(AT_FDCWD, path, PROC_FILE_MAX, &text, &ignored) < 0 ? NULL : text;
}

int process_read(pid_t pid, struct process *out_process)
{
	AUTO_FREE char *text = read_text(pid, "stat");

	return text ? process_parse(text, out_process) : -1;
}

/* The word @index of the line "KEY:\t...", from 0; -1: the last. Return: 0 or -1. */
static int take_word(const char *text, const char *key, int index, uint64_t *out)
{
	const char *line = text;
	const size_t key_len = strlen(key);
	AUTO_FREE char *copy = NULL;
	char *rest, *word, *chosen = NULL;

	while (strncmp(line, key, key_len) != 0) {
		line = strchr(line, '\n');
		if (!line)
			return -1;
		line++;
	}
	line += key_len;
	copy = xstrndup(line, strcspn(line, "\n"));
	rest = copy;
	for (int i = 0; (word = strsep(&rest, "\t ")) != NULL;) {
		if (!*word)
			continue;
		if (index < 0 || i == index)
			chosen = word;
		i++;
	}
	return chosen ? str_to_u64(chosen, out) : -1;
}

int process_parse_ids(const char *text, struct process_ids *out_ids)
{
	uint64_t pid, uid;

	if (take_word(text, "NSpid:", -1, &pid) < 0 || pid > INT_MAX ||
	    take_word(text, "Uid:", 1, &uid) < 0 || uid > UINT32_MAX)
		return -1;
	*out_ids = (struct process_ids){.inner_pid = (pid_t)pid, .uid = (uid_t)uid};
	return 0;
}

int process_read_ids(pid_t pid, struct process_ids *out_ids)
{
	AUTO_FREE char *text = read_text(pid, "status");

	return text ? process_parse_ids(text, out_ids) : -1;
}

bool process_has_kill(pid_t pid)
{
	AUTO_FREE char *text = read_text(pid, "status");
	const char *line = text ? strstr(text, "\nSigPnd:\t") : NULL;

	/* Hexadecimal, signal 1 is the lowest bit; each thread has a kill of its own. */
	return line && strtoull(line + strlen("\nSigPnd:\t"), NULL, 16) >> (SIGKILL - 1) & 1;
}

uint64_t process_pss(pid_t pid)
{
	AUTO_FREE char *text = read_text(pid, "smaps_rollup");
	uint64_t kilobytes;

	if (!text || take_word(text, "Pss:", 0, &kilobytes) < 0 ||
	    kilobytes > UINT64_MAX / 1024 / 2)
		return STAT_UNKNOWN;
	return kilobytes * 1024;
}

char *process_command(const struct process *process)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/cmdline", (int)process->pid);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[PROCESS_COMMAND_MAX];
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (len < 0)
		return NULL;
	while (len > 0 && text[len - 1] == '\0')
		len--;
	if (len == 0)
		return xasprintf("[%s]", process->name);
	for (ssize_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return xstrndup(text, (size_t)len);
}
