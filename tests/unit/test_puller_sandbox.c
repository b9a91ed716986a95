#include "puller/sandbox.h"

#include "puller_folder.h"
#include "util/proc.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CANNOT 77

static void write_map(const char *file, const char *text)
{
	struct err err;

	if (fd_write_file(AT_FDCWD, file, text, strlen(text), 0644, &err) < 0)
		_exit(CANNOT);
}

/* As root of the boxes with a single id. */
static void enter_userns(void)
{
	AUTO_FREE char *uid_map = xasprintf("0 %u 1", geteuid());
	AUTO_FREE char *gid_map = xasprintf("0 %u 1", getegid());

	if (unshare(CLONE_NEWUSER) < 0)
		_exit(CANNOT);
	write_map("/proc/self/setgroups", "deny");
	write_map("/proc/self/uid_map", uid_map);
	write_map("/proc/self/gid_map", gid_map);
}

typedef int child_fn(void);

/* Exit status of @fn in a sandbox that sees @folder. */
static int inside(const char *folder, bool is_read_only, child_fn *fn)
{
	AUTO_CLOSE int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status, ends[2], pair[2];
	pid_t pid;

	assert_true(dir_fd >= 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct sandbox sandbox = {
			.userns_fd = -1,
			.path = folder,
			.dir_fd = dir_fd,
			.is_read_only = is_read_only,
			.stream_fd = ends[0],
			.socket = pair[1],
		};
		struct sandbox_ids ids = {0};
		struct err err;

		enter_userns();
		if (sandbox_enter(&sandbox, &ids, &err) < 0) {
			(void)!write(SANDBOX_SOCKET_FD, err.message, strlen(err.message));
			_exit(76);
		}
		_exit(ids.count == 1 && ids.first_uid != 0 ? fn() : 75);
	}
	status = proc_exit_code(proc_wait(pid));
	if (status == 76) {
		char why[512] = {0};

		(void)recv(pair[0], why, sizeof(why) - 1, MSG_DONTWAIT);
		fail_msg("no sandbox: %s", why);
	}
	for (int i = 0; i < 2; i++) {
		(void)close(ends[i]);
		(void)close(pair[i]);
	}
	if (status == CANNOT)
		skip(); /* no user namespaces here, or this is root's test */
	return status;
}

static int open_host_files(void)
{
	static const char *const paths[] = {"/etc/passwd", "/proc/self/status", "/dev/null",
					    "/usr", "/tmp"};

	for (int i = 0; i < (int)ARRAY_LEN(paths); i++) {
		if (open(paths[i], O_RDONLY | O_CLOEXEC) >= 0 || errno != ENOENT)
			return 1 + i;
	}
	return 0;
}

static void nothing_of_the_host_has_a_name(void **state)
{
	AUTO_FOLDER char *folder = folder_make();

	(void)state;
	assert_int_equal(inside(folder, false, open_host_files), 0);
}

static int write_at_root(void)
{
	return open("/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 && errno == EROFS ? 0 : 1;
}

static void its_root_is_empty_and_stays_so(void **state)
{
	AUTO_FOLDER char *folder = folder_make();

	(void)state;
	assert_int_equal(inside(folder, false, write_at_root), 0);
}

static int leave_folder(void)
{
	struct stat here, up;
	int fd = openat(SANDBOX_DIR_FD, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (fstat(fd, &up) < 0 || fstat(SANDBOX_DIR_FD, &here) < 0)
		return 1;
	return up.st_ino == here.st_ino && up.st_dev == here.st_dev ? 0 : 2;
}

static void above_the_folder_there_is_nothing(void **state)
{
	AUTO_FOLDER char *folder = folder_make();

	(void)state;
	assert_int_equal(inside(folder, false, leave_folder), 0);
}

static int make_a_file(void)
{
	int fd = openat(SANDBOX_DIR_FD, "made", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? errno : 0;
}

static void the_folder_can_be_filled(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *made = path_join(folder, "made");

	(void)state;
	assert_int_equal(inside(folder, false, make_a_file), 0);
	assert_int_equal(access(made, F_OK), 0);
}

static void a_layer_that_is_packed_cannot_be_changed(void **state)
{
	AUTO_FOLDER char *folder = folder_make();

	(void)state;
	assert_int_equal(inside(folder, true, make_a_file), EROFS);
}

static int make_trouble(void)
{
	static char *const argv[] = {NULL};

	if (syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)
		return 1;
	if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0 || errno != EPERM)
		return 2;
	if (execve("/x", argv, argv) == 0 || errno != EPERM)
		return 3;
	if (mount("x", "/", "tmpfs", 0, NULL) == 0 || errno != EPERM)
		return 4;
	if (syscall(SYS_unshare, CLONE_NEWUSER) == 0 || errno != EPERM)
		return 5;
	if (syscall(SYS_ptrace, 0, 0, 0, 0) == 0 || errno != EPERM)
		return 6;
	if (syscall(SYS_kill, getppid(), 0) == 0 || errno != EPERM)
		return 7;
	if (syscall(SYS_open_by_handle_at, 0, NULL, 0) >= 0 || errno != EPERM)
		return 8;
	return 0;
}

static void there_is_no_network_no_process_and_no_mount_to_be_made(void **state)
{
	AUTO_FOLDER char *folder = folder_make();

	(void)state;
	assert_int_equal(inside(folder, false, make_trouble), 0);
}

static int count_descriptors(void)
{
	for (int fd = SANDBOX_SOCKET_FD + 1; fd < 64; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			return fd;
	}
	return fcntl(SANDBOX_STREAM_FD, F_GETFD) >= 0 ? 0 : 1;
}

static void no_other_descriptor_comes_along(void **state)
{
	AUTO_FOLDER char *folder = folder_make();

	(void)state;
	assert_int_equal(inside(folder, false, count_descriptors), 0);
}

static int open_many(void)
{
	int last = -1;

	for (int i = 0; i < 100; i++) {
		int fd = openat(SANDBOX_DIR_FD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			return errno == EMFILE && last == 63 ? 0 : 1;
		last = fd;
	}
	return 2;
}

static void descriptors_are_few(void **state)
{
	AUTO_FOLDER char *folder = folder_make();

	(void)state;
	assert_int_equal(inside(folder, false, open_many), 0);
}

static void a_folder_that_was_replaced_is_refused(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FOLDER char *other = folder_make();
	struct err err = {0};
	struct sandbox_ids ids;
	int status, pair[2];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct sandbox sandbox = {
			.userns_fd = -1,
			.path = folder,
			.dir_fd = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			.stream_fd = pair[0],
			.socket = pair[1],
		};

		enter_userns();
		if (sandbox_enter(&sandbox, &ids, &err) == 0)
			_exit(1);
		_exit(strstr(err.message, "was replaced") ? 0 : 2);
	}
	status = proc_exit_code(proc_wait(pid));
	(void)close(pair[0]);
	(void)close(pair[1]);
	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

static void a_map_reaches_to_its_first_gap(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint32_t first, count;
	} cases[] = {
		{"0 1000 1\n", 0, 1000, 1},
		{"         0     100000       1000\n      1000       1000          1\n"
		 "      1001     101000      64535\n",
		 0, 100000, 65536},
		{"1000 1000 1\n0 100000 1000\n1001 101000 64535\n", 0, 100000, 65536},
		{"0 100000 10\n20 100020 10\n", 0, 100000, 10},
		{"0 0 4294967295\n", 0, 0, 4294967295U},
		{"1 100000 10\n", -1, 7, 7},
		{"", -1, 7, 7},
		{"0 5 0\n", -1, 7, 7},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sandbox_ids ids = {7, 7};

		assert_int_equal(sandbox_read_map(cases[i].text, &ids), cases[i].rc);
		assert_int_equal(ids.first_uid, cases[i].first);
		assert_int_equal(ids.count, cases[i].count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_the_host_has_a_name),
		cmocka_unit_test(its_root_is_empty_and_stays_so),
		cmocka_unit_test(above_the_folder_there_is_nothing),
		cmocka_unit_test(the_folder_can_be_filled),
		cmocka_unit_test(a_layer_that_is_packed_cannot_be_changed),
		cmocka_unit_test(there_is_no_network_no_process_and_no_mount_to_be_made),
		cmocka_unit_test(no_other_descriptor_comes_along),
		cmocka_unit_test(descriptors_are_few),
		cmocka_unit_test(a_folder_that_was_replaced_is_refused),
		cmocka_unit_test(a_map_reaches_to_its_first_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
