#include "api/top.h"

#include "api/inspect.h"
#include "cgroup/cgroup.h"
#include "cgroup/process.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BETWEEN_NS 333000000
#define PROCESSES_MAX 100000
#define MAP_MAX 16384
#define PASSWD_MAX ((size_t)1 << 20)

/* How the ids of a box read: as its own map and its own account file say. */
struct names {
	char *map;
	char *passwd;
};

void box_processes_done(struct box_processes *processes)
{
	for (size_t i = 0; i < processes->count; i++) {
		free(processes->items[i].user);
		free(processes->items[i].command);
	}
	free(processes->items);
	free(processes->box);
	*processes = (struct box_processes){0};
}

static bool is_inside(pid_t pid, const struct stat *pid_ns)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/pid", (int)pid);
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == pid_ns->st_ino &&
	       st.st_dev == pid_ns->st_dev;
}

/* Without a cgroup: who is in the pid namespace of the box's first process. */
static int pids_of_namespace(pid_t init_pid, pid_t **out_pids, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/pid", (int)init_pid);
	AUTO_CLOSEDIR DIR *proc = opendir("/proc");
	const struct dirent *entry;
	pid_t *pids = NULL;
	struct stat pid_ns;
	int count = 0;

	if (!proc || stat(path, &pid_ns) < 0)
		return err_sys(err, "look at the processes of the box");
	while (count < PROCESSES_MAX && (entry = readdir(proc)) != NULL) {
		uint64_t pid;

		if (str_to_u64(entry->d_name, &pid) < 0 || !is_inside((pid_t)pid, &pid_ns))
			continue;
		if (count % 64 == 0)
			pids = xrealloc(pids, ((size_t)count + 64) * sizeof(*pids));
		pids[count++] = (pid_t)pid;
	}
	*out_pids = pids;
	return count;
}

static int list_pids(const struct record *record, pid_t **out_pids, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (!record->cgroup)
		return pids_of_namespace(record->init_pid, out_pids, err);
	fd = open(record->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open the cgroup of the box");
	return cgroup_pids(fd, out_pids, err);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void names_read(pid_t init_pid, struct names *names)
{
	AUTO_FREE char *map = xasprintf("/proc/%d/uid_map", (int)init_pid);
	AUTO_FREE char *root = xasprintf("/proc/%d/root", (int)init_pid);
	AUTO_CLOSE int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = -1;
	struct err ignored;
	struct stat st;

	(void)fd_read_file(AT_FDCWD, map, MAP_MAX, &names->map, &ignored);
	if (root_fd >= 0)
		fd = path_open_in_root(root_fd, "/etc/passwd", O_RDONLY | O_NONBLOCK, 0);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)fd_read_all(fd, PASSWD_MAX, &names->passwd, NULL, &ignored);
}

/* The id in the box of one of ours, by lines "INSIDE OUTSIDE COUNT". Return: false: none. */
static bool map_id(const char *map, uint64_t uid, uint64_t *out_inner)
{
	while (map && *map) {
		uint64_t inside, outside, count;

		if (sscanf(map, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside,
			   &count) == 3 &&
		    uid >= outside && uid - outside < count) {
			*out_inner = inside + (uid - outside);
			return true;
		}
		map = strchr(map, '\n');
		map = map ? map + 1 : NULL;
	}
	return false;
}

/* "name:x:UID:..." of passwd(5). free() it. */
static char *find_name(const char *passwd, uint64_t uid)
{
	AUTO_FREE char *want = xasprintf("%" PRIu64, uid);
	const size_t want_len = strlen(want);

	while (passwd && *passwd) {
		const size_t len = strcspn(passwd, "\n");
		const size_t name_len = strcspn(passwd, ":\n");
		const char *id = memchr(passwd + name_len, ':', len - name_len);

		id = id ? memchr(id + 1, ':', len - (size_t)(id + 1 - passwd)) : NULL;
		if (id && name_len > 0 && name_len <= 32 &&
		    strncmp(id + 1, want, want_len) == 0 && id[1 + want_len] == ':')
			return xstrndup(passwd, name_len);
		passwd += len + (passwd[len] == '\n');
	}
	return NULL;
}

static char *user_name(const struct names *names, uid_t uid)
{
	uint64_t inner;
	char *name;

	if (!map_id(names->map, uid, &inner))
		return xasprintf("(%u)", (unsigned int)uid);
	name = find_name(names->passwd, inner);
	return name ? name : xasprintf("%" PRIu64, inner);
}

static const struct process *find_before(const struct process *before, size_t count,
					 const struct process *now)
{
	for (size_t i = 0; i < count; i++)
		if (before[i].pid == now->pid && before[i].start_ticks == now->start_ticks)
			return &before[i];
	return NULL;
}

static bool fill(const struct process *now, const struct process *before, uint64_t elapsed_ns,
		 const struct names *names, struct box_process *out)
{
	struct process_ids ids;
	char *command;

	if (process_read_ids(now->pid, &ids) < 0 || !(command = process_command(now)))
		return false;
	*out = (struct box_process){
		.pid = now->pid,
		.inner_pid = ids.inner_pid,
		.parent = now->parent,
		.user = user_name(names, ids.uid),
		.state = now->state,
		.cpu_us = now->cpu_us,
		.cpu_millicores = STAT_UNKNOWN,
		.rss_bytes = now->rss_bytes,
		.pss_bytes = process_pss(now->pid),
		.threads = now->threads,
		.command = command,
	};
	if (before && now->cpu_us >= before->cpu_us && elapsed_ns >= 1000)
		out->cpu_millicores = (now->cpu_us - before->cpu_us) * 1000 * 1000 / elapsed_ns;
	return true;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	/* What is not known comes last. */
	a = a == STAT_UNKNOWN ? 0 : a + 1;
	b = b == STAT_UNKNOWN ? 0 : b + 1;
	return (a < b) - (a > b);
}

static int compare(const void *a, const void *b)
{
	const struct box_process *x = a, *y = b;
	int order = compare_numbers(x->cpu_millicores, y->cpu_millicores);

	if (order == 0)
		order = compare_numbers(x->rss_bytes, y->rss_bytes);
	return order ? order : (x->pid > y->pid) - (x->pid < y->pid);
}

/* What runs now. Return: how many, or -1. */
static int look(const struct record *record, struct process **out_items, struct err *err)
{
	AUTO_FREE pid_t *pids = NULL;
	int count = list_pids(record, &pids, err), kept = 0;

	if (count < 0)
		return -1;
	*out_items = xmalloc(((size_t)count + 1) * sizeof(**out_items));
	for (int i = 0; i < count; i++)
		kept += process_read(pids[i], &(*out_items)[kept]) == 0;
	return kept;
}

static int read_processes(const struct record *record, struct box_processes *out,
			  struct err *err)
{
	const struct timespec pause = {.tv_nsec = BETWEEN_NS};
	AUTO_FREE struct process *before = NULL;
	AUTO_FREE struct process *now = NULL;
	struct names names = {0};
	uint64_t began_ns = now_ns(), elapsed_ns;
	int old_count = look(record, &before, err), count;

	if (old_count < 0)
		return -1;
	(void)nanosleep(&pause, NULL);
	elapsed_ns = now_ns() - began_ns;
	count = look(record, &now, err);
	if (count < 0)
		return -1;
	names_read(record->init_pid, &names);
	out->items = xmalloc(((size_t)count + 1) * sizeof(*out->items));
	for (int i = 0; i < count; i++)
		out->count += fill(&now[i], find_before(before, (size_t)old_count, &now[i]),
				   elapsed_ns, &names, &out->items[out->count]);
	qsort(out->items, out->count, sizeof(*out->items), compare);
	free(names.map);
	free(names.passwd);
	return 0;
}

int devbox_top(struct devbox *devbox, const char *name, struct box_processes *out_processes,
	       struct err *err)
{
	struct box_processes processes = {0};
	struct box_status status = {0};
	struct record record = {0};
	int result = devbox_inspect(devbox, name, &record, &status, err);

	if (result == 0 && !record_is_running(&record)) {
		(void)err_set(err, "box '%s' is not running", status.name);
		result = err_hint(err, "devbox up");
	}
	if (result == 0)
		result = read_processes(&record, &processes, err);
	if (result == 0) {
		processes.box = xstrdup(status.name);
		*out_processes = processes;
	}
	record_done(&record);
	box_status_done(&status);
	return result;
}
