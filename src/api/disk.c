#include "api/images_parts.h"
#include "api/internal.h"
#include "box/start.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* How much lies in folders that the boxes write, as root of their user namespace: they may have
 * closed them to us. */

#define DEPTH_MAX 200
#define BLOCK 512

/* Inodes with several names that were seen, in open addressing; half of it stays empty. */
struct seen {
	struct seen_inode {
		dev_t dev;
		ino_t ino; /* 0: free */
	} * items;
	size_t size;
	size_t count;
};

struct walk {
	int data_fd;
	const struct strv *paths;
	uint64_t *bytes; /* shared with the parent */
};

static size_t place_of(const struct seen *seen, dev_t dev, ino_t ino)
{
	size_t i = (size_t)((uint64_t)ino * UINT64_C(0x9e3779b97f4a7c15) >> 20) % seen->size;

	while (seen->items[i].ino && (seen->items[i].ino != ino || seen->items[i].dev != dev))
		i = (i + 1) % seen->size;
	return i;
}

static void grow(struct seen *seen)
{
	struct seen bigger = {.size = seen->size ? seen->size * 2 : 256, .count = seen->count};

	bigger.items = xmalloc(bigger.size * sizeof(*bigger.items));
	for (size_t i = 0; i < seen->size; i++)
		if (seen->items[i].ino)
			bigger.items[place_of(&bigger, seen->items[i].dev,
					      seen->items[i].ino)] = seen->items[i];
	free(seen->items);
	*seen = bigger;
}

/* Return: whether it is new. */
static bool note(struct seen *seen, const struct stat *st)
{
	size_t i;

	if (seen->count * 2 >= seen->size)
		grow(seen);
	i = place_of(seen, st->st_dev, st->st_ino);
	if (seen->items[i].ino)
		return false;
	seen->items[i] = (struct seen_inode){st->st_dev, st->st_ino};
	seen->count++;
	return true;
}

static uint64_t folder_bytes(struct seen *seen, int dir_fd, const char *name, int depth);

static uint64_t entry_bytes(struct seen *seen, int dir_fd, const char *name, int depth)
{
	uint64_t bytes;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1 && !note(seen, &st))
		return 0;
	bytes = (uint64_t)st.st_blocks * BLOCK;
	if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		bytes += folder_bytes(seen, dir_fd, name, depth + 1);
	return bytes;
}

/* What somebody removes meanwhile is not counted. */
static uint64_t folder_bytes(struct seen *seen, int dir_fd, const char *name, int depth)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t bytes = 0;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			bytes += entry_bytes(seen, dirfd(dir), entry->d_name, depth);
	if (fd >= 0 && !dir)
		(void)close(fd);
	return bytes;
}

static int walk_all(void *arg, struct err *err)
{
	const struct walk *walk = arg;

	(void)err;
	for (size_t i = 0; i < walk->paths->count; i++) {
		struct seen seen = {0};

		walk->bytes[i] = entry_bytes(&seen, walk->data_fd, walk->paths->items[i], 0);
		free(seen.items);
	}
	return 0;
}

static int walk_as_boxes(struct devbox *devbox, struct walk *walk, struct err *err)
{
	struct prepared maps = {0};
	struct box_facts facts;
	struct box_start start;
	int result;

	if (devbox->user.uid == 0)
		return walk_all(walk, err);
	if (prepare_maps(&devbox->user, &maps, err) < 0)
		return -1;
	facts = (struct box_facts){.uid_map = maps.uid_map, .gid_map = maps.gid_map};
	facts.is_single_id = maps.uid_map.count == 1 && maps.uid_map.lines[0].count == 1;
	start = (struct box_start){
		.facts = &facts, .newuidmap = maps.newuidmap, .newgidmap = maps.newgidmap};
	result = box_run_in_userns(&start, walk_all, walk, err);
	prepared_done(&maps);
	return result;
}

int api_disk_bytes(struct devbox *devbox, const struct strv *paths, uint64_t *out_bytes,
		   struct err *err)
{
	const size_t size = (paths->count + 1) * sizeof(*out_bytes);
	AUTO_CLOSE int fd =
		open(devbox->dirs.data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct walk walk = {.data_fd = fd, .paths = paths};
	int result;

	if (fd < 0 && errno != ENOENT)
		return err_sys(err, "open '%s'", devbox->dirs.data);
	if (fd < 0 || !paths->count) {
		memset(out_bytes, 0, paths->count * sizeof(*out_bytes));
		return 0;
	}
	walk.bytes =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (walk.bytes == MAP_FAILED)
		return err_sys(err, "memory for sizes");
	result = walk_as_boxes(devbox, &walk, err);
	if (result == 0)
		memcpy(out_bytes, walk.bytes, paths->count * sizeof(*out_bytes));
	(void)munmap(walk.bytes, size);
	return result;
}
