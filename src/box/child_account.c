#include "box/child.h"

#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * STEP_ACCOUNT: the caller's own line in /etc/passwd or /etc/group of a root that may be
 * anybody's. The file is read and written through path_open_in_root(), must be regular and
 * small, and keeps every line it had; ours comes first, because the first line that matches is
 * the one that counts.
 */

#define ACCOUNT_MAX (1024 * 1024)

static char text[ACCOUNT_MAX];

static ssize_t read_whole(int fd)
{
	size_t used = 0;

	for (;;) {
		ssize_t n = read(fd, text + used, sizeof(text) - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			return (ssize_t)used;
		used += (size_t)n;
		if (used == sizeof(text)) {
			errno = EFBIG;
			return -1;
		}
	}
}

static int write_whole(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int child_account(struct child *child, const struct step *step)
{
	size_t line_len = strlen(step->data);
	struct stat st;
	ssize_t len;
	int parent;
	int rc = -1;
	int fd;

	parent = path_mkdir_in_root(child->root_fd, "etc", 0755);
	if (parent < 0)
		return -1;
	(void)close(parent);
	/* O_NONBLOCK: a FIFO must not hold us. */
	fd = path_open_in_root(child->root_fd, step->target,
			       O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY, 0644);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		goto out;
	if (!S_ISREG(st.st_mode) || st.st_size >= ACCOUNT_MAX) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		goto out;
	}
	len = read_whole(fd);
	if (len < 0)
		goto out;
	rc = 0;
	if ((size_t)len >= line_len && memcmp(text, step->data, line_len) == 0)
		goto out;
	rc = -1;
	if (lseek(fd, 0, SEEK_SET) < 0 || write_whole(fd, step->data, line_len) < 0)
		goto out;
	rc = write_whole(fd, text, (size_t)len);
out:
	(void)close(fd);
	return rc;
}
