#include "tui/source.h"

#include "util/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROCS_BYTES_MAX (32 * 1024)
#define PROCESSES_MAX 2000
#define COMMAND_BYTES 400
#define STAT_BYTES 1024
#define ROLLUP_BYTES 2048
#define DEPTH_MAX 8
#define GROUPS_MAX 256

struct pids {
	pid_t *items;
	size_t count;
};

static void add_pids(const char *text, struct pids *pids)
{
	while (*text && pids->count < PROCESSES_MAX) {
		char *end;
		const long pid = strtol(text, &end, 10);

		if (end == text)
			return;
		if (pid > 0) {
			pids->items =
				xrealloc(pids->items, (pids->count + 1) * sizeof(*pids->items));
			pids->items[pids->count++] = (pid_t)pid;
		}
		text = end + strspn(end, "\n");
	}
}

/* cgroup.procs of the group and those below, opened once for as long as they are the same. */
static void open_procs(int dir_fd, const char *path, int depth, struct files *files)
{
	AUTO_CLOSE int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;
	int procs;

	if (fd < 0 || depth > DEPTH_MAX || files->procs_count == GROUPS_MAX)
		return;
	procs = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	if (procs >= 0) {
		files->procs = xrealloc(files->procs, (files->procs_count + 1) * sizeof(int));
		files->procs[files->procs_count++] = procs;
	}
	dir = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 0));
	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			open_procs(fd, entry->d_name, depth + 1, files);
}

/* Return: false when one of the groups is gone. */
static bool read_procs(const struct files *files, struct pids *pids)
{
	AUTO_FREE char *text = xmalloc(PROCS_BYTES_MAX);

	for (size_t i = 0; i < files->procs_count; i++) {
		if (file_text(files->procs[i], text, PROCS_BYTES_MAX) < 0)
			return false;
		add_pids(text, pids);
	}
	return true;
}

static struct pids pids_of(struct box *box)
{
	struct files *files = &box->files;
	struct pids pids = {0};

	for (int tries = 0; files->is_open && tries < 2; tries++) {
		if (!files->procs_count || files->procs_groups != box->now.groups) {
			files_drop_procs(files);
			open_procs(AT_FDCWD, box->cgroup, 0, files);
			files->procs_groups = box->now.groups;
		}
		pids.count = 0;
		if (read_procs(files, &pids))
			break;
		files_drop_procs(files);
	}
	return pids;
}

/* Return: false when the process is gone. */
static bool read_proc(pid_t pid, const char *file, char *buffer, size_t size, size_t *out_len)
{
	AUTO_CLOSE int fd = -1;
	char path[64];
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, buffer, size - 1);
	if (len < 0)
		return false;
	buffer[len] = '\0';
	if (out_len)
		*out_len = (size_t)len;
	return true;
}

/* proc_pid_stat(5): the name may hold anything, so what follows its last bracket counts. */
static bool parse_stat(const char *text, struct process *out)
{
	const char *after = strrchr(text, ')');
	unsigned long long user, system, start;
	long rss;
	char state;

	if (!after ||
	    sscanf(after + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d "
		   "%*d %llu %*u %ld",
		   &state, &user, &system, &start, &rss) != 5)
		return false;
	out->state = state;
	out->ticks = user + system;
	out->start = start;
	out->rss = (double)rss * (double)sysconf(_SC_PAGESIZE);
	return true;
}

/* The words of the command line; the name in brackets when there are none. */
static char *command_of(pid_t pid, const char *stat)
{
	char text[COMMAND_BYTES];
	const char *open_bracket = strchr(stat, '('), *close_bracket = strrchr(stat, ')');
	size_t len = 0;

	if (read_proc(pid, "cmdline", text, sizeof(text), &len) && len) {
		for (size_t i = 0; i + 1 < len; i++)
			if (!text[i])
				text[i] = ' ';
		return xstrdup(text);
	}
	if (!open_bracket || !close_bracket || close_bracket < open_bracket)
		return xstrdup("?");
	return xasprintf("[%.*s]", (int)(close_bracket - open_bracket - 1), open_bracket + 1);
}

/* The user as he is called inside: of "INSIDE OUTSIDE COUNT" lines. */
static void user_of(pid_t pid, const char *map, char out[16])
{
	unsigned long inside, outside, count;
	struct stat st;
	char path[32];
	int used;

	(void)snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
	(void)snprintf(out, 16, "?");
	if (stat(path, &st) < 0)
		return;
	(void)snprintf(out, 16, "%u", (unsigned int)st.st_uid);
	while (sscanf(map, "%lu %lu %lu%n", &inside, &outside, &count, &used) == 3) {
		map += used;
		if (st.st_uid < outside || st.st_uid - outside >= count)
			continue;
		inside += st.st_uid - outside;
		(void)snprintf(out, 16, inside ? "%lu" : "root", inside);
		return;
	}
}

static void compare(const struct processes *before, double elapsed_s, struct process *now)
{
	now->cpu = UNKNOWN;
	for (size_t i = 0; i < before->count; i++) {
		const struct process *old = &before->items[i];

		if (old->pid != now->pid || old->start != now->start ||
		    old->ticks > now->ticks || elapsed_s <= 0)
			continue;
		now->cpu = (double)(now->ticks - old->ticks) / (double)sysconf(_SC_CLK_TCK) /
			   elapsed_s * 100;
		return;
	}
}

static int by_use(const void *a, const void *b)
{
	const struct process *p = a, *q = b;
	const double left = is_known(p->cpu) ? p->cpu : 0,
		     right = is_known(q->cpu) ? q->cpu : 0;

	if (left != right)
		return left < right ? 1 : -1;
	if (p->rss != q->rss)
		return p->rss < q->rss ? 1 : -1;
	return p->pid < q->pid ? -1 : 1;
}

void processes_read(struct box *box, uint64_t now_ns, struct processes *processes)
{
	const bool same = str_eq(processes->box, box->name);
	const double elapsed_s = same ? (double)(now_ns - processes->time_ns) / 1e9 : 0;
	struct pids pids = pids_of(box);
	struct processes list = {.time_ns = now_ns, .box = xstrdup(box->name)};
	char stat_text[STAT_BYTES], map[STAT_BYTES] = "";

	(void)read_proc(box->init_pid, "uid_map", map, sizeof(map), NULL);
	list.items = xmalloc((pids.count + 1) * sizeof(*list.items));
	for (size_t i = 0; i < pids.count; i++) {
		struct process process = {.pid = pids.items[i]};

		if (!read_proc(process.pid, "stat", stat_text, sizeof(stat_text), NULL) ||
		    !parse_stat(stat_text, &process))
			continue;
		process.command = command_of(process.pid, stat_text);
		user_of(process.pid, map, process.user);
		compare(processes, elapsed_s, &process);
		list.items[list.count++] = process;
	}
	qsort(list.items, list.count, sizeof(*list.items), by_use);
	free(pids.items);
	processes_done(processes);
	*processes = list;
}

/* "Pss:   1234 kB"; its own pages when we may not look at the mappings. */
static double memory_of(pid_t pid)
{
	char text[ROLLUP_BYTES];
	const char *line;
	unsigned long long number;

	if (read_proc(pid, "smaps_rollup", text, sizeof(text), NULL) &&
	    (line = strstr(text, "\nPss:")) && sscanf(line + 5, " %llu kB", &number) == 1)
		return (double)number * 1024;
	if (read_proc(pid, "statm", text, sizeof(text), NULL) &&
	    sscanf(text, "%*u %llu", &number) == 1)
		return (double)number * (double)sysconf(_SC_PAGESIZE);
	return 0;
}

size_t memory_measure(struct box *box, size_t max)
{
	struct pids pids = pids_of(box);
	const size_t looked = pids.count < max ? pids.count : max;
	double sum = 0;

	for (size_t i = 0; i < looked; i++)
		sum += memory_of(pids.items[i]);
	/* Of very many only some are looked at: the rest is taken to be like them. */
	box->pss = looked ? sum / (double)looked * (double)pids.count : 0;
	box->process_count = (double)pids.count;
	free(pids.items);
	return looked;
}
