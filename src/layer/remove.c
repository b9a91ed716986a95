#include "layer/folders.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Removes a tree of any depth with one descriptor and no memory of the way: down into what is
 * not empty, up by "..", where the folder just emptied is found again and removed. Nobody else
 * works in the tree, and ".." of a real folder cannot be forged.
 */

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct linux_dirent {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

enum outcome { FAILED = -1, EMPTY, DESCENDED, AGAIN };

static int move_to(int *fd, const char *name)
{
	int next = openat(*fd, name, DIR_FLAGS);

	if (next < 0)
		return -1;
	(void)close(*fd);
	*fd = next;
	return 0;
}

/* Remove one name. Return: 0; 1 when *fd is now that folder, which is not empty; or -1. */
static int remove_one(int *fd, const char *name)
{
	if (unlinkat(*fd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (unlinkat(*fd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -1;
	return move_to(fd, name) < 0 ? -1 : 1;
}

/* What one read of the folder gave. Return: how many were removed; -1; or -2: *fd is another
 * folder now. */
static int remove_read(int *fd, const char *buffer, long len)
{
	int removed = 0;
	long at;

	for (at = 0; at < len;) {
		const struct linux_dirent *d = (const void *)(buffer + at);
		int result;

		at += d->d_reclen;
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		result = remove_one(fd, d->d_name);
		if (result != 0)
			return result < 0 ? -1 : -2;
		removed++;
	}
	return removed;
}

/* A folder that changes while it is read may hide some: it is empty when a whole round found
 * nothing. */
static enum outcome remove_some(int *fd)
{
	_Alignas(struct linux_dirent) char buffer[16 * 1024];
	bool has_removed = false;

	if (lseek(*fd, 0, SEEK_SET) < 0)
		return FAILED;
	for (;;) {
		long n = syscall(SYS_getdents64, *fd, buffer, sizeof(buffer));
		int removed;

		if (n < 0)
			return FAILED;
		if (n == 0)
			return has_removed ? AGAIN : EMPTY;
		removed = remove_read(fd, buffer, n);
		if (removed < 0)
			return removed == -1 ? FAILED : DESCENDED;
		has_removed |= removed > 0;
	}
}

static enum outcome remove_round(int *fd, unsigned long *depth)
{
	enum outcome outcome = remove_some(fd);

	if (outcome == DESCENDED)
		(*depth)++;
	if (outcome != EMPTY || *depth == 0)
		return outcome;
	(*depth)--;
	return move_to(fd, "..") < 0 ? FAILED : AGAIN;
}

int remove_tree(int dir_fd, const char *name)
{
	AUTO_CLOSE int fd = -1;
	unsigned long depth = 0;
	enum outcome outcome;

	if (unlinkat(dir_fd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	fd = openat(dir_fd, name, DIR_FLAGS);
	if (fd < 0)
		return -1;
	do {
		outcome = remove_round(&fd, &depth);
	} while (outcome == AGAIN || outcome == DESCENDED);
	return outcome == FAILED ? -1 : unlinkat(dir_fd, name, AT_REMOVEDIR);
}
