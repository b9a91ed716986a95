#include "cgroup/cgroup.h"

#include "cgroup/files.h"
#include "util/cleanup.h"
#include "util/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* A box can make groups in its own; the kernel sets no limit to their depth, our stack does. */
#define DEPTH_MAX 64
#define REMOVE_TIMEOUT_MS 2000

struct pid_list {
	pid_t *items;
	size_t count, size;
};

static void add_pid(struct pid_list *list, pid_t pid)
{
	if (list->count == list->size) {
		list->size = list->size ? list->size * 2 : 64;
		list->items = xrealloc(list->items, list->size * sizeof(*list->items));
	}
	list->items[list->count++] = pid;
}

/* Lines of cgroup.procs. "0" is a process of another pid namespace; as an argument of kill(2)
 * it would be us. */
static void add_lines(struct pid_list *list, char *text)
{
	char *rest = text;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		uint64_t pid;

		if (*line && str_to_u64(line, &pid) == 0 && pid > 0 && pid <= INT_MAX)
			add_pid(list, (pid_t)pid);
	}
}

static DIR *open_folder(int dir_fd, const char *path)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		(void)close(fd);
	return dir;
}

/* The next group below, NULL at the end. */
static const struct dirent *next_group(DIR *dir)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		if (entry->d_type == DT_DIR && !str_eq(entry->d_name, ".") &&
		    !str_eq(entry->d_name, ".."))
			return entry;
	return NULL;
}

static void collect_pids(int group_fd, struct pid_list *list, int depth)
{
	AUTO_FREE char *text = cgroup_file_read(group_fd, "cgroup.procs");
	AUTO_CLOSEDIR DIR *dir = open_folder(group_fd, ".");
	const struct dirent *entry;

	/* A threaded group names its processes in the group above it only. */
	if (text)
		add_lines(list, text);

	while (dir && depth < DEPTH_MAX && (entry = next_group(dir)) != NULL) {
		AUTO_CLOSE int fd = openat(dirfd(dir), entry->d_name,
					   O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

		if (fd >= 0)
			collect_pids(fd, list, depth + 1);
	}
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int cgroup_pids(int group_fd, pid_t **out_pids, struct err *err)
{
	struct pid_list list = {0};
	size_t kept = 0;

	if (faccessat(group_fd, "cgroup.procs", F_OK, 0) < 0 && errno != ENOENT)
		return err_sys(err, "list the processes of the group");

	add_pid(&list, 0);
	collect_pids(group_fd, &list, 0);
	/* The file may name a process twice, and one that moves is met twice. */
	qsort(list.items + 1, list.count - 1, sizeof(*list.items), compare_pids);
	for (size_t i = 1; i < list.count; i++)
		if (kept == 0 || list.items[kept - 1] != list.items[i])
			list.items[kept++] = list.items[i];

	*out_pids = list.items;
	return (int)kept;
}

static int remove_once(int dir_fd, const char *path, int depth)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;

	if (unlinkat(dir_fd, path, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENODEV)
		return 0;
	/* EBUSY: processes or groups in it; ENOTEMPTY says another file system of the same. */
	if ((errno != EBUSY && errno != ENOTEMPTY) || depth >= DEPTH_MAX)
		return -1;

	dir = open_folder(dir_fd, path);
	if (!dir)
		return errno == ENOENT ? 0 : -1;
	while ((entry = next_group(dir)) != NULL)
		if (remove_once(dirfd(dir), entry->d_name, depth + 1) < 0)
			return -1;

	return unlinkat(dir_fd, path, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

int cgroup_remove_at(int dir_fd, const char *path, int timeout_ms)
{
	int64_t deadline_ms = cgroup_now_ms() + timeout_ms;
	int pause_ms = 1;

	/* A process that was killed stays in its group until it has let go of its memory. */
	while (remove_once(dir_fd, path, 0) < 0) {
		if (errno != EBUSY && errno != ENOTEMPTY)
			return -1;
		if (cgroup_now_ms() >= deadline_ms) {
			errno = EBUSY;
			return -1;
		}
		cgroup_sleep_ms(pause_ms);
		pause_ms = pause_ms < 16 ? pause_ms * 2 : 16;
	}
	return 0;
}

int cgroup_remove(const char *path, struct err *err)
{
	if (str_ends(path, CGROUP_SCOPE_SUFFIX))
		return 0;
	if (cgroup_remove_at(AT_FDCWD, path, REMOVE_TIMEOUT_MS) == 0)
		return 0;
	return err_sys(err, "remove cgroup '%s'", path);
}
