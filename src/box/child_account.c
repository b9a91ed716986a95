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

static int write_at(int fd, const char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * @line, then the @len bytes of text[]. First the end, which makes the file longer: where the
 * disk is full that is what fails, and the file is cut to what it was. The rest lies in blocks
 * that the file has.
 */
static int put_in_front(int fd, const char *line, size_t len)
{
	size_t line_len = strlen(line);
	size_t tail = len < line_len ? len : line_len;
	int code;

	if (write_at(fd, text + len - tail, tail, (off_t)(line_len + len - tail)) < 0) {
		code = errno;
		(void)!ftruncate(fd, (off_t)len);
		errno = code;
		return -1;
	}
	if (write_at(fd, text, len - tail, (off_t)line_len) == 0 &&
	    write_at(fd, line, line_len, 0) == 0)
		return 0;
	code = errno;
	(void)write_at(fd, text, len, 0);
	(void)!ftruncate(fd, (off_t)len);
	errno = code;
	return -1;
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
	rc = put_in_front(fd, step->data, (size_t)len);
out:
	(void)close(fd);
	return rc;
}
