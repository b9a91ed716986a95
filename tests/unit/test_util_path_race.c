#include "util/path.h"

#include "hostile_tree.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#define ROUNDS 2000

/* A process that swaps two names in a folder until it is stopped. */
static pid_t start_swapping(int dir_fd, const char *a, int other_fd, const char *b)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	while (renameat2(dir_fd, a, other_fd, b, RENAME_EXCHANGE) == 0)
		;
	_exit(1);
}

static void stop_swapping(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* It swapped to the end. */
	assert_true(WIFSIGNALED(status));
}

static int open_in(const struct tree *tree, const char *path)
{
	int fd = openat(tree->root_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

struct tally {
	unsigned found;
	unsigned missed;
};

/*
 * Open @path again and again: what opens is the file with @text, or nothing. With @to_find
 * until it was found at least once: whoever swaps may lose his core for as long as all the
 * rounds take.
 */
static struct tally open_often(const struct tree *tree, const char *path, const char *text,
			       bool to_find)
{
	struct tally tally = {0};

	for (int i = 0; i < ROUNDS || (to_find && tally.found == 0 && i < 1000 * ROUNDS); i++) {
		if (i >= ROUNDS)
			(void)sched_yield();
		AUTO_CLOSE int fd = path_open_in_root(tree->root_fd, path, O_RDONLY, 0);
		char got[16] = "";

		if (fd < 0) {
			if (errno != ENOENT && errno != ENOTDIR && errno != EAGAIN)
				fail_msg("'%s': %s", path, strerror(errno));
			tally.missed++;
			continue;
		}
		assert_true(read(fd, got, sizeof(got) - 1) > 0);
		assert_string_equal(got, text);
		tally.found++;
	}
	return tally;
}

static void folder_swapped_for_an_absolute_link_leads_nowhere(void **state)
{
	const struct tree *tree = *state;
	struct tally tally;
	pid_t racer;

	tree_dir(tree->root_fd, "victim");
	tree_file(tree->root_fd, "victim/canary", "mine");
	racer = start_swapping(tree->root_fd, "victim", tree->root_fd, "out");
	tally = open_often(tree, "victim/canary", "mine", true);
	stop_swapping(racer);
	assert_true(tally.found > 0);
}

static void file_swapped_for_a_link_leads_nowhere(void **state)
{
	const struct tree *tree = *state;
	AUTO_CLOSE int etc = open_in(tree, "etc");
	struct tally tally;
	pid_t racer;

	racer = start_swapping(etc, "passwd", etc, "relative");
	tally = open_often(tree, "etc/passwd", "inside", true);
	stop_swapping(racer);
	assert_true(tally.found > 0);
}

/*
 * a/b/c and a folder at the top change places: ".." taken from where c lies now would be two
 * folders higher than the path says, which is the folder with the canary.
 */
static void dotdot_in_a_moved_folder_stays_inside(void **state)
{
	const struct tree *tree = *state;
	AUTO_CLOSE int a_b = open_in(tree, "a/b");
	pid_t racer;

	tree_dir(tree->root_fd, "flat");
	tree_file(tree->root_fd, "flat/file", "deep");
	tree_dir(tree->root_fd, "a/outside");
	tree_file(tree->root_fd, "a/outside/canary", "mine");
	racer = start_swapping(a_b, "c", tree->root_fd, "flat");
	(void)open_often(tree, "a/b/c/../../outside/canary", "mine", false);
	(void)open_often(tree, "a/b/c/../c/../../outside/canary", "mine", false);
	stop_swapping(racer);
}

static void mkdir_under_a_swapped_folder_stays_inside(void **state)
{
	const struct tree *tree = *state;
	pid_t racer;

	tree_dir(tree->root_fd, "victim");
	racer = start_swapping(tree->root_fd, "victim", tree->root_fd, "out");
	for (int i = 0; i < ROUNDS; i++) {
		AUTO_FREE char *path = xasprintf("victim/%d/x", i);
		AUTO_CLOSE int fd = path_mkdir_in_root(tree->root_fd, path, 0755);

		if (fd < 0 && errno != EAGAIN && errno != ENOENT && errno != ENOTDIR)
			fail_msg("'%s': %s", path, strerror(errno));
	}
	/* tree_remove() finds the canary alone in its folder. */
	stop_swapping(racer);
}

static void target_under_a_swapped_name_stays_inside(void **state)
{
	const struct tree *tree = *state;
	AUTO_CLOSE int etc = open_in(tree, "etc");
	struct stat canary;
	pid_t racer;

	assert_int_equal(fstatat(tree->top_fd, "outside/canary", &canary, 0), 0);
	racer = start_swapping(etc, "resolv.conf", etc, "absolute");
	for (int i = 0; i < ROUNDS; i++) {
		AUTO_CLOSE int fd =
			path_target_in_root(tree->root_fd, "etc/resolv.conf", false);
		struct stat st;

		if (fd < 0)
			continue;
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(st.st_ino != canary.st_ino);
	}
	stop_swapping(racer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_WAYS(folder_swapped_for_an_absolute_link_leads_nowhere),
		BOTH_WAYS(file_swapped_for_a_link_leads_nowhere),
		BOTH_WAYS(dotdot_in_a_moved_folder_stays_inside),
		BOTH_WAYS(mkdir_under_a_swapped_folder_stays_inside),
		BOTH_WAYS(target_under_a_swapped_name_stays_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
