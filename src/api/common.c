#include "api/internal.h"

#include "box/start.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *api_rootfs_reference(const char *image)
{
	AUTO_FREE char *dir = realpath(image + strlen("rootfs:"), NULL);

	return dir ? xasprintf("rootfs:%s", dir) : xstrdup(image);
}

/* One descriptor a level is open: what lies deeper is moved up first. A box can make folders as
 * deep as it likes. */
#define REMOVE_DEPTH_MAX 64

struct removal {
	int top_fd;
	unsigned int moved; /* folders that were moved up, to number them */
};

/* Out of the depth into the top folder, where the next round finds it. */
static int move_up(struct removal *removal, int dir_fd, const char *name, struct err *err)
{
	for (;;) {
		AUTO_FREE char *to = xasprintf("devbox-deep-%u", removal->moved++);

		if (renameat2(dir_fd, name, removal->top_fd, to, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(err, "move deep folder '%s'", name);
	}
}

static int empty_folder(struct removal *removal, int dir_fd, int depth, struct err *err);

/* Modes are no obstacle: we are root of everybody who can own something here. */
static int remove_folder(struct removal *removal, int dir_fd, const char *name, int depth,
			 struct err *err)
{
	int fd;

	if (depth == REMOVE_DEPTH_MAX)
		return move_up(removal, dir_fd, name, err);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open '%s'", name);
	if (empty_folder(removal, fd, depth + 1, err) < 0)
		return -1;
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
		return err_sys(err, "remove folder '%s'", name);
	return 0;
}

/* Takes the descriptor. */
static int empty_folder(struct removal *removal, int dir_fd, int depth, struct err *err)
{
	AUTO_CLOSEDIR DIR *dir = fdopendir(dir_fd);
	struct dirent *entry;

	if (!dir) {
		(void)close(dir_fd);
		return err_sys(err, "read a folder");
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR && errno != EPERM)
			return err_sys(err, "remove '%s'", entry->d_name);
		if (remove_folder(removal, dirfd(dir), entry->d_name, depth, err) < 0)
			return -1;
	}
	return 0;
}

static int remove_tree(void *arg, struct err *err)
{
	struct removal removal = {.top_fd = *(const int *)arg};
	unsigned int before;

	do {
		int fd = openat(removal.top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		before = removal.moved;
		if (fd < 0)
			return err_sys(err, "open a folder");
		if (empty_folder(&removal, fd, 0, err) < 0)
			return -1;
	} while (removal.moved != before);
	return 0;
}

/* A box can close its own home to us. */
static int open_top(const char *path)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(path, O_RDONLY | flags);

	if (fd < 0 && errno == EACCES) {
		AUTO_CLOSE int closed = open(path, O_PATH | flags);

		if (closed < 0 || fd_chmod(closed, 0700) < 0)
			return -1;
		fd = open(path, O_RDONLY | flags);
	}
	return fd;
}

int api_remove_tree(struct devbox *devbox, const struct prepared *maps, const char *path,
		    struct err *err)
{
	struct box_facts facts = {.uid_map = maps->uid_map, .gid_map = maps->gid_map};
	struct box_start start = {
		.facts = &facts, .newuidmap = maps->newuidmap, .newgidmap = maps->newgidmap};
	/* Opened as the caller: the way to it may be closed to the box's root. */
	AUTO_CLOSE int fd = open_top(path);
	int rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "remove '%s'", path);
	facts.is_single_id = maps->uid_map.count == 1 && maps->uid_map.lines[0].count == 1;
	rc = devbox->user.uid == 0 ? remove_tree(&fd, err)
				   : box_run_in_userns(&start, remove_tree, &fd, err);
	if (rc < 0)
		return err_wrap(err, "remove '%s'", path);
	if (rmdir(path) < 0)
		return err_sys(err, "remove '%s'", path);
	return 0;
}

/** struct started - a box that runs, and since when */
struct started {
	char *box;
	int64_t at_ms;
	uint64_t ticks; /* of two within a millisecond */
};

static int compare_started(const void *a, const void *b)
{
	const struct started *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? 1 : -1;
	return (x->ticks < y->ticks) - (x->ticks > y->ticks);
}

int api_running_boxes(const struct project *project, struct strv *out_boxes, struct err *err)
{
	AUTO_STRV struct strv boxes = {0};
	AUTO_FREE struct started *started = NULL;
	size_t count = 0;

	if (record_list(project->runtime_dir, &boxes, err) < 0)
		return -1;
	started = xmalloc((boxes.count + 1) * sizeof(*started));
	for (size_t i = 0; i < boxes.count; i++) {
		struct record record = {0};
		struct err ignored;

		if (record_load_settled(project->runtime_dir, boxes.items[i], &record,
					&ignored) < 0)
			continue;
		if (record_is_running(&record))
			started[count++] = (struct started){boxes.items[i], record.started_ms,
							    record.init_start};
		record_done(&record);
	}
	qsort(started, count, sizeof(*started), compare_started);
	for (size_t i = 0; i < count; i++)
		strv_add(out_boxes, started[i].box);
	return 0;
}
