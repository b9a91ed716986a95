#include "util/fd.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK 16384
#define FIRST_FD 3

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_read_all(int fd, size_t max, char **out_text, size_t *out_len, struct err *err)
{
	AUTO_BUF struct buf text = {0};
	char chunk[READ_CHUNK];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		if (n == 0)
			break;
		if ((size_t)n > max - text.len)
			return err_code(err, EFBIG, "read more than %zu bytes", max);
		buf_add(&text, chunk, (size_t)n);
	}
	if (out_len)
		*out_len = text.len;
	*out_text = buf_take(&text);
	return 0;
}

int fd_read_file(int dir_fd, const char *path, size_t max, char **out_text, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, "stat '%s'", path);
	if (!S_ISREG(st.st_mode)) {
		(void)err_set(err, "read '%s': not a regular file", path);
		err->code = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}

	if (fd_read_all(fd, max, out_text, NULL, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

static int write_and_close(int fd, const void *data, size_t len)
{
	int failed = fd_write_all(fd, data, len) < 0 ? errno : 0;

	/* A full disk may be reported as late as here. */
	if (close(fd) < 0 && !failed)
		failed = errno;
	errno = failed;
	return failed ? -1 : 0;
}

int fd_write_file(int dir_fd, const char *path, const void *data, size_t len, mode_t mode,
		  struct err *err)
{
	int fd =
		openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, mode);

	if (fd < 0)
		return err_sys(err, "create '%s'", path);
	if (write_and_close(fd, data, len) < 0)
		return err_sys(err, "write '%s'", path);
	return 0;
}

int fd_write_atomic(int dir_fd, const char *path, const void *data, size_t len, mode_t mode,
		    struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	AUTO_FREE char *temporary = xasprintf("%s.%d.tmp", path, (int)getpid());
	int fd = openat(dir_fd, temporary, flags, mode);

	/* Left over by a process that had our number. */
	if (fd < 0 && errno == EEXIST && unlinkat(dir_fd, temporary, 0) == 0)
		fd = openat(dir_fd, temporary, flags, mode);
	if (fd < 0)
		return err_sys(err, "create '%s'", temporary);

	if (write_and_close(fd, data, len) < 0) {
		(void)err_sys(err, "write '%s'", path);
		(void)unlinkat(dir_fd, temporary, 0);
		return -1;
	}
	if (renameat(dir_fd, temporary, dir_fd, path) < 0) {
		(void)err_sys(err, "replace '%s'", path);
		(void)unlinkat(dir_fd, temporary, 0);
		return -1;
	}
	return 0;
}

union fd_control {
	char space[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int fd_send(int sock, const void *data, size_t len, const int *fds, size_t fd_count)
{
	union fd_control control = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	if (fd_count > FD_PASS_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (fd_count) {
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, fd_count * sizeof(int));
	}

	do {
		n = sendmsg(sock, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static size_t take_fds(struct msghdr *message, int fds[FD_PASS_MAX])
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > FD_PASS_MAX - count)
			n = FD_PASS_MAX - count;
		memcpy(&fds[count], CMSG_DATA(c), n * sizeof(int));
		count += n;
	}
	return count;
}

ssize_t fd_receive(int sock, void *data, size_t max, int fds[FD_PASS_MAX], size_t *out_count)
{
	union fd_control control = {0};
	struct iovec part = {.iov_base = data, .iov_len = max};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	size_t count;
	ssize_t n;

	do {
		n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;

	for (size_t i = 0; i < FD_PASS_MAX; i++)
		fds[i] = -1;
	count = take_fds(&message, fds);
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (size_t i = 0; i < count; i++) {
			(void)close(fds[i]);
			fds[i] = -1;
		}
		errno = EMSGSIZE;
		return -1;
	}
	*out_count = count;
	return n;
}

int fd_move_up(int *fd)
{
	int moved = fcntl(*fd, F_DUPFD_CLOEXEC, 10);

	if (moved < 0)
		return -1;
	(void)close(*fd);
	*fd = moved;
	return 0;
}

int fd_chmod(int fd, mode_t mode)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode);
}

void fd_cloexec_all(void)
{
	AUTO_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;

	if (close_range(FIRST_FD, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;

	/* Linux before 5.11 */
	dir = opendir("/proc/self/fd");
	while (dir && (entry = readdir(dir))) {
		uint64_t fd;

		if (str_to_u64(entry->d_name, &fd) == 0 && fd >= FIRST_FD)
			(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	}
}
