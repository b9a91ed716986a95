#include "util/path.h"

#include "hostile_tree.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static bool is_same(int fd, int dir_fd, const char *path)
{
	struct stat a, b;

	assert_int_equal(fstat(fd, &a), 0);
	if (fstatat(dir_fd, path, &b, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Opening @path gives what lies at @real, a path without links. */
static void check_opens(const struct tree *tree, const char *path, int flags, const char *real)
{
	AUTO_CLOSE int fd = path_open_in_root(tree->root_fd, path, flags, 0);

	if (fd < 0)
		fail_msg("'%s': %s", path, strerror(errno));
	if (!is_same(fd, tree->root_fd, real))
		fail_msg("'%s' is not '%s'", path, real);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void check_fails(const struct tree *tree, const char *path, int flags, int code)
{
	AUTO_CLOSE int fd = path_open_in_root(tree->root_fd, path, flags, 0644);

	if (fd >= 0)
		fail_msg("'%s' was opened", path);
	if (errno != code)
		fail_msg("'%s': %s, not %s", path, strerror(errno), strerror(code));
}

static void open_means_every_path_below_the_root(void **state)
{
	const struct tree *tree = *state;

	check_opens(tree, "/", O_PATH, ".");
	check_opens(tree, ".", O_RDONLY, ".");
	check_opens(tree, "..", O_RDONLY | O_DIRECTORY, ".");
	check_opens(tree, "/../../..", O_PATH, ".");
	check_opens(tree, "etc/passwd", O_RDONLY, "etc/passwd");
	check_opens(tree, "//etc///passwd", O_RDONLY, "etc/passwd");
	check_opens(tree, "/a/b/../../etc/./passwd", O_RDWR, "etc/passwd");
	check_opens(tree, "a/b/c/..", O_PATH, "a/b");
	check_opens(tree, "a/b/", O_PATH | O_DIRECTORY, "a/b");
}

static void open_follows_links_inside_the_root(void **state)
{
	const struct tree *tree = *state;

	check_opens(tree, "to-passwd", O_RDONLY, "etc/passwd");
	check_opens(tree, "to-dir", O_PATH, "a/b");
	check_opens(tree, "to-dir/c/file", O_RDONLY, "a/b/c/file");
	check_opens(tree, "a/up/a/up/file", O_PATH | O_NOFOLLOW, "file");
	check_opens(tree, "self/self/self/slash/self/file", O_RDONLY, "file");
	check_opens(tree, "to-dir/../../file", O_RDONLY, "file");
	check_opens(tree, "slash", O_RDONLY | O_DIRECTORY, ".");
	check_opens(tree, "to-fifo", O_RDONLY | O_NONBLOCK, "fifo");
}

static void open_never_leaves_by_a_link(void **state)
{
	const struct tree *tree = *state;

	check_fails(tree, "etc/absolute", O_RDONLY, ENOENT);
	check_fails(tree, "etc/relative", O_RDONLY, ENOENT);
	check_fails(tree, "etc/chain", O_RDONLY, ENOENT);
	check_fails(tree, "out/canary", O_RDONLY, ENOENT);
	check_fails(tree, "out/canary", O_RDWR | O_CREAT, ENOENT);
	check_fails(tree, "a/out/canary", O_PATH, ENOENT);
	check_fails(tree, "../outside/canary", O_RDONLY, ENOENT);
	check_fails(tree, "a/b/../../../outside/canary", O_RDONLY, ENOENT);
}

static void open_says_what_is_wrong_with_a_path(void **state)
{
	const struct tree *tree = *state;
	char deep[5000], wide[300];

	memset(deep, '/', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';

	check_fails(tree, "", O_RDONLY, ENOENT);
	check_fails(tree, deep, O_RDONLY, ENAMETOOLONG);
	check_fails(tree, wide, O_RDONLY, ENAMETOOLONG);
	check_fails(tree, "loop1", O_RDONLY, ELOOP);
	check_fails(tree, "loop1/x", O_RDONLY, ELOOP);
	check_fails(tree, "none", O_RDONLY, ENOENT);
	check_fails(tree, "none/none", O_RDONLY, ENOENT);
	check_fails(tree, "file/x", O_RDONLY, ENOTDIR);
	check_fails(tree, "file/..", O_RDONLY, ENOTDIR);
	check_fails(tree, "file/", O_RDONLY, ENOTDIR);
	check_fails(tree, "file-as-dir", O_RDONLY, ENOTDIR);
	check_fails(tree, "file", O_PATH | O_DIRECTORY, ENOTDIR);
	check_fails(tree, "etc", O_WRONLY, EISDIR);
	check_fails(tree, "etc", O_WRONLY | O_CREAT, EISDIR);
	check_fails(tree, "/", O_WRONLY | O_CREAT, EISDIR);
}

static void open_leaves_a_last_link_alone_with_nofollow(void **state)
{
	const struct tree *tree = *state;

	check_fails(tree, "to-passwd", O_RDONLY | O_NOFOLLOW, ELOOP);
	check_fails(tree, "to-dir", O_RDONLY | O_NOFOLLOW | O_DIRECTORY, ENOTDIR);
	check_fails(tree, "to-dir", O_PATH | O_NOFOLLOW | O_DIRECTORY, ENOTDIR);
	check_opens(tree, "to-passwd", O_PATH | O_NOFOLLOW, "to-passwd");
	check_opens(tree, "slash/to-passwd", O_PATH | O_NOFOLLOW, "to-passwd");
	check_opens(tree, "to-dir/", O_PATH | O_NOFOLLOW, "a/b");
}

static void open_counts_at_most_forty_links(void **state)
{
	const struct tree *tree = *state;
	AUTO_BUF struct buf path = {0};

	for (int i = 0; i < 40; i++)
		buf_puts(&path, "self/");
	buf_puts(&path, "file");
	check_opens(tree, path.data, O_RDONLY, "file");

	AUTO_FREE char *more = xasprintf("self/%s", path.data);

	check_fails(tree, more, O_RDONLY, ELOOP);
}

static void open_creates_inside_the_root_only(void **state)
{
	const struct tree *tree = *state;
	struct stat st;
	int fd;

	tree_dir(tree->root_fd, "var");
	fd = path_open_in_root(tree->root_fd, "dangling", O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_true(is_same(fd, tree->root_fd, "var/none"));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	(void)close(fd);

	check_fails(tree, "to-passwd", O_WRONLY | O_CREAT | O_EXCL, EEXIST);
	check_fails(tree, "loop1", O_WRONLY | O_CREAT | O_EXCL, EEXIST);
	check_fails(tree, "new/", O_WRONLY | O_CREAT, EISDIR);
	check_fails(tree, "loop1", O_WRONLY | O_CREAT, ELOOP);
}

static void mkdir_makes_all_that_is_missing(void **state)
{
	const struct tree *tree = *state;
	struct stat st;
	int fd = path_mkdir_in_root(tree->root_fd, "/a/b/../new/../x/y/", 0700);

	assert_true(fd >= 0);
	assert_true(is_same(fd, tree->root_fd, "a/x/y"));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	(void)close(fd);

	/* Again: it is there. */
	fd = path_mkdir_in_root(tree->root_fd, "a/x/y", 0700);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void mkdir_follows_links_inside_the_root(void **state)
{
	const struct tree *tree = *state;
	int fd = path_mkdir_in_root(tree->root_fd, "a/out/new", 0755);

	assert_true(fd >= 0);
	assert_true(is_same(fd, tree->root_fd, "outside/new"));
	(void)close(fd);

	fd = path_mkdir_in_root(tree->root_fd, "dangling", 0755);
	assert_true(fd >= 0);
	assert_true(is_same(fd, tree->root_fd, "var/none"));
	(void)close(fd);
}

static void mkdir_says_what_is_in_the_way(void **state)
{
	const struct tree *tree = *state;

	assert_int_equal(path_mkdir_in_root(tree->root_fd, "file", 0755), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(path_mkdir_in_root(tree->root_fd, "fifo/x", 0755), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(path_mkdir_in_root(tree->root_fd, "to-passwd/x", 0755), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(path_mkdir_in_root(tree->root_fd, "loop1/x", 0755), -1);
	assert_int_equal(errno, ELOOP);
}

static void target_is_made_where_a_dangling_link_points(void **state)
{
	const struct tree *tree = *state;
	struct stat st;
	int fd = path_target_in_root(tree->root_fd, "/etc/resolv.conf", false);

	assert_true(fd >= 0);
	assert_true(is_same(fd, tree->root_fd, "run/net/resolv.conf"));
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	(void)close(fd);

	/* The canary's own path means a new file below the root. */
	fd = path_target_in_root(tree->root_fd, "etc/absolute", false);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	(void)close(fd);
}

static void target_that_exists_keeps_its_content(void **state)
{
	const struct tree *tree = *state;
	struct stat st;
	int fd = path_target_in_root(tree->root_fd, "to-passwd", false);

	assert_true(fd >= 0);
	assert_true(is_same(fd, tree->root_fd, "etc/passwd"));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 6);
	(void)close(fd);

	fd = path_target_in_root(tree->root_fd, "to-dir", true);
	assert_true(fd >= 0);
	assert_true(is_same(fd, tree->root_fd, "a/b"));
	(void)close(fd);
}

static void target_of_the_wrong_kind_is_refused(void **state)
{
	const struct tree *tree = *state;

	assert_int_equal(path_target_in_root(tree->root_fd, "etc", false), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(path_target_in_root(tree->root_fd, "new/", false), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(path_target_in_root(tree->root_fd, "/", false), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(path_target_in_root(tree->root_fd, "file", true), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(path_target_in_root(tree->root_fd, "to-fifo", false), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(path_target_in_root(tree->root_fd, "loop1", false), -1);
	assert_int_equal(errno, ELOOP);
}

static int result_of(const struct tree *tree, const char *path, int flags, struct stat *st)
{
	AUTO_CLOSE int fd = path_open_in_root(tree->root_fd, path, flags, 0644);

	memset(st, 0, sizeof(*st));
	if (fd < 0)
		return errno;
	assert_int_equal(fstat(fd, st), 0);
	return 0;
}

static void walk_and_openat2_agree_on_random_paths(void **state)
{
	static const char *const names[] = {
		"etc",       "a",      "b",    "c",    "file",    "passwd",   "..",
		".",         "",       "out",  "up",   "self",    "slash",    "loop1",
		"to-passwd", "to-dir", "fifo", "none", "to-fifo", "dangling", "file-as-dir",
		"absolute"};
	static const int flags[] = {O_PATH,
				    O_PATH | O_NOFOLLOW,
				    O_PATH | O_DIRECTORY,
				    O_RDONLY | O_NONBLOCK,
				    O_RDONLY | O_NONBLOCK | O_NOFOLLOW,
				    O_RDWR | O_NONBLOCK | O_CREAT,
				    O_RDWR | O_NONBLOCK | O_CREAT | O_EXCL,
				    O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_NOFOLLOW};
	const struct tree *tree = *state;
	uint64_t seed = 1;

	for (int i = 0; i < 4000; i++) {
		AUTO_BUF struct buf path = {0};
		struct stat by_kernel, by_walk;
		int kernel, walk, flag;

		seed = str_hash(&i, sizeof(i), seed);
		flag = flags[seed % ARRAY_LEN(flags)];
		for (uint64_t n = 1 + (seed >> 8) % 6; n; n--) {
			seed = str_hash(&n, sizeof(n), seed);
			buf_puts(&path, names[(seed >> 16) % ARRAY_LEN(names)]);
			if (n > 1 || (seed >> 40) % 8 == 0)
				buf_putc(&path, '/');
		}
		if (!path.data)
			continue;

		path_force_walk(false);
		kernel = result_of(tree, path.data, flag, &by_kernel);
		/* A file the first one made is no witness for the second. */
		if ((flag & O_CREAT) && kernel == 0)
			continue;
		path_force_walk(true);
		walk = result_of(tree, path.data, flag, &by_walk);
		if (kernel != walk || by_kernel.st_ino != by_walk.st_ino)
			fail_msg("'%s' with %#o: openat2 %s (%lu), walk %s (%lu)", path.data,
				 (unsigned)flag, strerror(kernel),
				 (unsigned long)by_kernel.st_ino, strerror(walk),
				 (unsigned long)by_walk.st_ino);
	}
}

/* openat2 answers @code in this process from now on. */
static int block_openat2(int code)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = ARRAY_LEN(program), .filter = program};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static int open_without_openat2(const struct tree *tree, int code)
{
	int fd;

	if (block_openat2(code) < 0)
		return 10;
	fd = path_open_in_root(tree->root_fd, "to-passwd", O_RDONLY, 0);
	if (fd < 0)
		return 11;
	fd = path_open_in_root(tree->root_fd, "out/canary", O_RDONLY, 0);
	return fd < 0 && errno == ENOENT ? 0 : 12;
}

static void open_walks_where_openat2_is_blocked(void **state)
{
	static const int codes[] = {EPERM, ENOSYS};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(open_without_openat2(*state, codes[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void open_passes_on_an_eperm_of_the_file(void **state)
{
	AUTO_CLOSE int root = open("/", O_PATH | O_CLOEXEC);

	(void)state;
	/* For the owner and for root it is allowed. */
	if (geteuid() == 0)
		skip();
	assert_int_equal(path_open_in_root(root, "etc/passwd", O_RDONLY | O_NOATIME, 0), -1);
	assert_int_equal(errno, EPERM);
}

static void open_leaks_no_descriptor(void **state)
{
	const struct tree *tree = *state;
	static const char *const paths[] = {"a/b/../b/c/../../../file",
					    "loop1",
					    "file/x",
					    "etc/absolute",
					    "none",
					    "to-dir/c/file"};
	int before = dup(tree->root_fd);
	int after;

	(void)close(before);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		int fd = path_open_in_root(tree->root_fd, paths[i], O_RDONLY, 0);

		if (fd >= 0)
			(void)close(fd);
		fd = path_target_in_root(tree->root_fd, paths[i], i % 2 == 0);
		if (fd >= 0)
			(void)close(fd);
	}
	after = dup(tree->root_fd);
	(void)close(after);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_WAYS(open_means_every_path_below_the_root),
		BOTH_WAYS(open_follows_links_inside_the_root),
		BOTH_WAYS(open_never_leaves_by_a_link),
		BOTH_WAYS(open_says_what_is_wrong_with_a_path),
		BOTH_WAYS(open_leaves_a_last_link_alone_with_nofollow),
		BOTH_WAYS(open_counts_at_most_forty_links),
		BOTH_WAYS(open_creates_inside_the_root_only),
		BOTH_WAYS(mkdir_makes_all_that_is_missing),
		BOTH_WAYS(mkdir_follows_links_inside_the_root),
		BOTH_WAYS(mkdir_says_what_is_in_the_way),
		BOTH_WAYS(target_is_made_where_a_dangling_link_points),
		BOTH_WAYS(target_that_exists_keeps_its_content),
		BOTH_WAYS(target_of_the_wrong_kind_is_refused),
		BOTH_WAYS(open_leaks_no_descriptor),
		cmocka_unit_test_setup_teardown(walk_and_openat2_agree_on_random_paths,
						tree_make, tree_remove),
		cmocka_unit_test_setup_teardown(open_walks_where_openat2_is_blocked, tree_make,
						tree_remove),
		cmocka_unit_test(open_passes_on_an_eperm_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
