#include "store_fixture.h"

#include <signal.h>
#include <sys/wait.h>

static void find(const struct home *home, struct project *project)
{
	struct err err;

	assert_int_equal(
		project_find(&home->dirs, "shop", home->top, false, true, project, &err), 0);
}

/* A process that holds the lock until it is told to end by @out_fd being closed. */
static pid_t start_holder(const struct home *home, int *out_fd)
{
	int to_child[2], from_child[2];
	struct project project;
	struct err err;
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(to_child, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from_child, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(to_child[1]);
		find(home, &project);
		if (project_lock(&project, "down", 0, &err) < 0)
			_exit(1);
		(void)!write(from_child[1], &byte, 1);
		(void)!read(to_child[0], &byte, 1);
		_exit(0);
	}
	(void)close(to_child[0]);
	(void)close(from_child[1]);
	assert_int_equal(read(from_child[0], &byte, 1), 1);
	(void)close(from_child[0]);
	*out_fd = to_child[1];
	return pid;
}

static void end_holder(pid_t pid, int fd)
{
	int status;

	(void)close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_lock_that_is_held_names_the_holder(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *said = NULL;
	struct project project;
	struct err err;
	int fd;
	pid_t pid = start_holder(home, &fd);

	find(home, &project);
	said = xasprintf("project 'shop' is being changed by 'devbox down' (process %d)",
			 (int)pid);
	assert_int_equal(project_lock(&project, "up", 20, &err), -1);
	assert_int_equal(err.code, EWOULDBLOCK);
	assert_string_equal(err.message, said);
	assert_int_equal(project.lock_fd, -1);

	end_holder(pid, fd);
	assert_int_equal(project_lock(&project, "up", 0, &err), 0);
	project_done(&project);
}

static void a_lock_is_waited_for(void **state)
{
	const struct home *home = *state;
	struct project project;
	struct err err;
	int fd;
	pid_t pid = start_holder(home, &fd);
	pid_t killer = fork();

	assert_true(killer >= 0);
	if (killer == 0) {
		(void)usleep(30000);
		(void)kill(pid, SIGKILL);
		_exit(0);
	}
	find(home, &project);
	assert_int_equal(project_lock(&project, "up", 20000, &err), 0);
	project_done(&project);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(fd);
}

static void unlock_releases_it_for_a_forked_child_too(void **state)
{
	const struct home *home = *state;
	struct project project, other;
	struct err err;
	int ends[2];
	char byte;
	pid_t pid;

	find(home, &project);
	find(home, &other);
	assert_int_equal(project_lock(&project, "up", 0, &err), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		_exit(0);
	}
	assert_int_equal(project_lock(&other, "up", 0, &err), -1);
	project_unlock(&project);
	project_unlock(&project);
	assert_int_equal(project_lock(&other, "up", 0, &err), 0);
	project_done(&project);
	project_done(&other);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_removed_lock_file_does_not_let_two_in(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *path = NULL;
	struct project first, second, third;
	struct err err;

	find(home, &first);
	find(home, &second);
	find(home, &third);
	path = path_join(first.runtime_dir, "lock");
	assert_int_equal(project_lock(&first, "down", 0, &err), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(project_lock(&second, "up", 0, &err), 0);
	project_unlock(&first);
	assert_int_equal(project_lock(&third, "up", 0, &err), -1);
	project_done(&first);
	project_done(&second);
	project_done(&third);
}

static void an_absurd_lock_file_gives_a_plain_sentence(void **state)
{
	const struct home *home = *state;
	AUTO_FREE char *path = NULL;
	struct project first, second;
	struct err err;

	find(home, &first);
	find(home, &second);
	path = path_join(first.runtime_dir, "lock");
	assert_int_equal(project_lock(&first, "\x1b[31m", 0, &err), 0);
	assert_int_equal(project_lock(&second, "up", 0, &err), -1);
	assert_string_equal(err.message, "project 'shop' is being changed by another devbox");
	project_unlock(&first);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(project_lock(&second, "up", 0, &err), -1);
	assert_int_equal(err.code, ELOOP);
	project_done(&first);
	project_done(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_HOME(a_lock_that_is_held_names_the_holder),
		IN_HOME(a_lock_is_waited_for),
		IN_HOME(unlock_releases_it_for_a_forked_child_too),
		IN_HOME(a_removed_lock_file_does_not_let_two_in),
		IN_HOME(an_absurd_lock_file_gives_a_plain_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
