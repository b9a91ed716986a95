#include "store_fixture.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int open_top(const struct home *home)
{
	int fd = open(home->top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void a_file_comes_back_as_it_was_written(void **state)
{
	const struct home *home = *state;
	AUTO_CLOSE int dir = open_top(home);
	AUTO_FREE char *text = NULL;
	struct err err;

	assert_int_equal(fd_write_file(dir, "f", "longer", 6, 0600, &err), 0);
	assert_int_equal(fd_write_file(dir, "f", "abc", 3, 0600, &err), 0);
	assert_int_equal(fd_read_file(dir, "f", 3, &text, &err), 0);
	assert_string_equal(text, "abc");
}

static void reading_stops_at_the_limit(void **state)
{
	const struct home *home = *state;
	AUTO_CLOSE int dir = open_top(home);
	char untouched[] = "x", *text = untouched;
	struct err err;

	assert_int_equal(fd_write_file(dir, "f", "abcd", 4, 0600, &err), 0);
	assert_int_equal(fd_read_file(dir, "f", 3, &text, &err), -1);
	assert_int_equal(err.code, EFBIG);
	assert_ptr_equal(text, untouched);
}

static void only_regular_files_are_read(void **state)
{
	const struct home *home = *state;
	AUTO_CLOSE int dir = open_top(home);
	char *text = NULL;
	struct err err;

	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(fd_read_file(dir, "fifo", 10, &text, &err), -1);
	assert_string_equal(err.message, "read 'fifo': not a regular file");
	assert_int_equal(err.code, EINVAL);
	assert_int_equal(fd_read_file(dir, ".", 10, &text, &err), -1);
	assert_int_equal(err.code, EISDIR);
	assert_int_equal(fd_read_file(dir, "none", 10, &text, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(fd_read_file(AT_FDCWD, "/dev/zero", 10, &text, &err), -1);
	assert_int_equal(fd_read_file(AT_FDCWD, "/proc/self/stat", 4096, &text, &err), 0);
	free(text);
}

static void an_atomic_write_replaces_or_leaves_all(void **state)
{
	const struct home *home = *state;
	AUTO_CLOSE int dir = open_top(home);
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *left_over = xasprintf("f.%d.tmp", (int)getpid());
	struct stat st;
	struct err err;

	/* A link of this name is not written through. */
	assert_int_equal(symlinkat("victim", dir, left_over), 0);
	assert_int_equal(fd_write_atomic(dir, "f", "one", 3, 0640, &err), 0);
	assert_int_equal(fd_write_atomic(dir, "f", "two", 3, 0600, &err), 0);
	assert_int_equal(fd_read_file(dir, "f", 10, &text, &err), 0);
	assert_string_equal(text, "two");
	assert_int_equal(fstatat(dir, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(faccessat(dir, "victim", F_OK, 0), -1);
	assert_int_equal(faccessat(dir, left_over, F_OK, AT_SYMLINK_NOFOLLOW), -1);

	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	assert_int_equal(fd_write_atomic(dir, "d", "x", 1, 0600, &err), -1);
	assert_non_null(strstr(err.message, "replace 'd'"));
	AUTO_FREE char *draft = xasprintf("d.%d.tmp", (int)getpid());

	assert_int_equal(faccessat(dir, draft, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void a_full_disk_is_an_error(void **state)
{
	AUTO_CLOSE int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fd_write_all(full, "x", 1), -1);
	assert_int_equal(errno, ENOSPC);
}

static void socket_pair(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void descriptors_travel_with_a_message(void **state)
{
	int ends[2], fds[FD_PASS_MAX], sent[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char text[8] = "";
	size_t count = 9;
	struct stat a, b;

	(void)state;
	socket_pair(ends);
	sent[0] = sent[1] = null;
	assert_int_equal(fd_send(ends[0], "hello", 5, sent, 2), 0);
	assert_int_equal(fd_send(ends[0], "bye", 3, NULL, 0), 0);

	assert_int_equal(fd_receive(ends[1], text, sizeof(text), fds, &count), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(count, 2);
	assert_int_equal(fds[2], -1);
	assert_int_equal(fstat(fds[1], &a), 0);
	assert_int_equal(fstat(null, &b), 0);
	assert_true(a.st_rdev == b.st_rdev);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	(void)close(fds[0]);
	(void)close(fds[1]);

	assert_int_equal(fd_receive(ends[1], text, sizeof(text), fds, &count), 3);
	assert_int_equal(count, 0);
	(void)close(ends[0]);
	assert_int_equal(fd_receive(ends[1], text, sizeof(text), fds, &count), 0);
	assert_int_equal(fd_send(ends[1], "x", 1, NULL, 0), -1);
	assert_int_equal(errno, EPIPE);
	(void)close(ends[1]);
	(void)close(null);
}

static void a_message_that_does_not_fit_leaks_nothing(void **state)
{
	int ends[2], fds[FD_PASS_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC), next;
	size_t count = 9;
	char text[2];

	(void)state;
	socket_pair(ends);
	assert_int_equal(fd_send(ends[0], "hello", 5, &null, 1), 0);
	next = dup(null);
	(void)close(next);
	assert_int_equal(fd_receive(ends[1], text, sizeof(text), fds, &count), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(count, 9);
	assert_int_equal(dup(null), next);
	(void)close(next);

	assert_int_equal(fd_send(ends[0], "x", 1, &null, FD_PASS_MAX + 1), -1);
	assert_int_equal(errno, EINVAL);
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(null);
}

static void every_descriptor_can_be_marked_close_on_exec(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = dup(0);

		fd_cloexec_all();
		_exit((fcntl(fd, F_GETFD) & FD_CLOEXEC) && !(fcntl(2, F_GETFD) & FD_CLOEXEC)
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_descriptor_moves_out_of_the_way(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int old = fd;
	int none = -1;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_move_up(&fd), 0);
	assert_true(fd >= 10);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(old, F_GETFD), -1);
	(void)close(fd);
	assert_int_equal(fd_move_up(&none), -1);
	assert_int_equal(none, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_HOME(a_file_comes_back_as_it_was_written),
		IN_HOME(reading_stops_at_the_limit),
		IN_HOME(only_regular_files_are_read),
		IN_HOME(an_atomic_write_replaces_or_leaves_all),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(a_descriptor_moves_out_of_the_way),
		cmocka_unit_test(descriptors_travel_with_a_message),
		cmocka_unit_test(a_message_that_does_not_fit_leaks_nothing),
		cmocka_unit_test(every_descriptor_can_be_marked_close_on_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
