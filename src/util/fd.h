#ifndef UTIL_FD_H
#define UTIL_FD_H

#include "util/err.h"

#include <stddef.h>
#include <sys/types.h>

/** fd_write_all() - write @len bytes, over EINTR and short writes. Return: 0 or -1 with errno.
 */
int fd_write_all(int fd, const void *data, size_t len);

/**
 * fd_read_all() - everything until end of file, at most @max bytes
 * @out_text:	NUL-terminated, free() it; @out_len may be NULL
 * @err:	EFBIG past @max
 */
int fd_read_all(int fd, size_t max, char **out_text, size_t *out_len, struct err *err);

/**
 * fd_read_file() - a whole regular file relative to @dir_fd (AT_FDCWD allowed), at most @max
 * bytes
 *
 * Opened O_NONBLOCK, so a FIFO cannot hang us; other than a regular file is refused (those of
 * proc and sysfs are regular).
 */
int fd_read_file(int dir_fd, const char *path, size_t max, char **out_text, struct err *err);

/** fd_write_file() - create or truncate @path under @dir_fd with @mode and write @len bytes.
 * Not atomic. */
int fd_write_file(int dir_fd, const char *path, const void *data, size_t len, mode_t mode,
		  struct err *err);

/** fd_write_atomic() - as fd_write_file(), through a temporary name and rename(): readers see
 * old or new. */
int fd_write_atomic(int dir_fd, const char *path, const void *data, size_t len, mode_t mode,
		    struct err *err);

#define FD_PASS_MAX 8
/** fd_send() - one SOCK_SEQPACKET message with up to FD_PASS_MAX descriptors (SCM_RIGHTS).
 * Return: 0, or -1 with errno; EPIPE instead of SIGPIPE. */
int fd_send(int sock, const void *data, size_t len, const int *fds, size_t fd_count);
/**
 * fd_receive() - the other end of fd_send()
 * @fds:	the descriptors received, close-on-exec, the caller's; the rest is -1
 * @out_count:	how many
 *
 * Return: bytes (0: the peer closed), or -1 with errno: EMSGSIZE when it did not fit.
 */
ssize_t fd_receive(int sock, void *data, size_t max, int fds[FD_PASS_MAX], size_t *out_count);

/** fd_move_up() - give *@fd a number from 10 up, close-on-exec, out of the way of those a child
 * gives out. Return: 0, or -1 with errno and *@fd as it was. */
int fd_move_up(int *fd);

/** fd_chmod() - chmod(2) of what an O_PATH descriptor means, which fchmod(2) refuses. */
int fd_chmod(int fd, mode_t mode);

/** fd_cloexec_all() - mark every descriptor from 3 up close-on-exec (close_range(2)). */
void fd_cloexec_all(void);

#endif
