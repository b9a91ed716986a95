#include "cgroup_fake.h"

#include "cgroup/files.h"
#include "cgroup/self.h"
#include "util/proc.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * On real groups. What moves a process does so in a child, because nobody can remove the group
 * that he sits in.
 */

struct fixture {
	struct cgroup_place place;
	char *path;
	int fd;
};

/* One for all tests, so that a test that fails is cleaned up after as well. */
static struct fixture fixture;

static int begin(void **state)
{
	fixture = (struct fixture){.fd = -1};
	*state = &fixture;
	return 0;
}

static void set_up(struct fixture *f)
{
	static int count;

	real_place(&f->place);
	f->path = xasprintf("%s/devbox-unit-%d-%d", f->place.base, (int)getpid(), ++count);
	assert_int_equal(mkdir(f->path, 0755), 0);
	f->fd = fake_open(f->path);
}

static int end(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};

	if (!f->path)
		return 0;
	if (f->fd >= 0) {
		(void)cgroup_kill(f->fd, &err);
		(void)cgroup_wait_empty(f->fd, 2000, &err);
		(void)close(f->fd);
	}
	(void)cgroup_remove(f->path, &err);
	free(f->path);
	cgroup_place_done(&f->place);
	return 0;
}

static void leave(int number)
{
	_exit(number == SIGTERM ? 7 : 8);
}

/* A process in @group_fd that only waits for SIGTERM, or forks for ever. */
static pid_t start_in(int group_fd, bool is_forking)
{
	struct err err = {0};
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (cgroup_attach(group_fd, getpid(), &err) < 0)
			_exit(1);
		(void)signal(SIGTERM, leave);
		for (;;) {
			if (is_forking && fork() == 0)
				_exit(0);
			if (!is_forking)
				(void)pause();
			else
				(void)waitpid(-1, NULL, 0);
		}
	}
	for (int i = 0; i < 1000; i++) {
		AUTO_FREE char *procs = cgroup_file_read(group_fd, "cgroup.procs");

		if (procs && *procs)
			return pid;
		cgroup_sleep_ms(2);
	}
	fail_msg("the process does not appear in its group");
	return -1;
}

static void kill_ends_a_frozen_group_at_once(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	pid_t pid;
	int status;

	set_up(f);
	pid = start_in(f->fd, false);
	if (cgroup_freeze(f->fd, true, 2000, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(cgroup_kill(f->fd, &err), 0);
	status = proc_wait(pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(cgroup_wait_empty(f->fd, 2000, &err), 0);
	assert_int_equal(cgroup_remove(f->path, &err), 0);
	assert_int_equal(access(f->path, F_OK), -1);
	/* All of these are fine with a group that is gone. */
	assert_int_equal(cgroup_kill(f->fd, &err), 0);
	assert_int_equal(cgroup_wait_empty(f->fd, 0, &err), 0);
	assert_int_equal(cgroup_remove(f->path, &err), 0);
}

static void remove_leaves_a_scope_to_systemd(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *scope = NULL;
	AUTO_FREE char *box = NULL;
	struct err err = {0};

	set_up(f);
	scope = path_join(f->path, "devbox-shop-4711.scope");
	box = path_join(scope, "web");
	assert_int_equal(mkdir(scope, 0755), 0);
	assert_int_equal(mkdir(box, 0755), 0);
	assert_int_equal(cgroup_remove(scope, &err), 0);
	assert_int_equal(access(box, F_OK), 0);
	assert_int_equal(cgroup_remove(box, &err), 0);
	assert_int_equal(access(box, F_OK), -1);
	assert_int_equal(access(scope, F_OK), 0);
}

static void freeze_holds_and_thaw_lets_go(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	pid_t pid;

	set_up(f);
	pid = start_in(f->fd, false);
	assert_int_equal(cgroup_freeze(f->fd, true, 2000, &err), 0);
	assert_int_equal(cgroup_signal(f->fd, SIGTERM, &err), 0);
	cgroup_sleep_ms(30);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_int_equal(cgroup_freeze(f->fd, false, 2000, &err), 0);
	assert_int_equal(proc_exit_code(proc_wait(pid)), 7);
}

static void wait_empty_times_out_while_a_process_lives(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	pid_t pid;

	set_up(f);
	pid = start_in(f->fd, false);
	assert_int_equal(cgroup_wait_empty(f->fd, 20, &err), -1);
	assert_int_equal(err.code, ETIMEDOUT);
	assert_int_equal(cgroup_remove_at(AT_FDCWD, f->path, 20), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(cgroup_signal(f->fd, SIGKILL, &err), 0);
	(void)proc_wait(pid);
	assert_int_equal(cgroup_wait_empty(f->fd, 2000, &err), 0);
}

static void kill_wins_against_a_process_that_forks(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	pid_t pid;

	set_up(f);
	pid = start_in(f->fd, true);
	assert_int_equal(cgroup_kill(f->fd, &err), 0);
	(void)proc_wait(pid);
	assert_int_equal(cgroup_wait_empty(f->fd, 5000, &err), 0);
}

static void remove_takes_the_groups_below_leaf_first(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};

	set_up(f);
	assert_int_equal(mkdirat(f->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(f->fd, "a/b", 0755), 0);
	assert_int_equal(mkdirat(f->fd, "a/b/c", 0755), 0);
	assert_int_equal(mkdirat(f->fd, "d", 0755), 0);
	assert_int_equal(cgroup_remove(f->path, &err), 0);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void remove_leaves_files_of_other_file_systems_alone(void **state)
{
	AUTO_FAKE char *root = fake_root();

	(void)state;
	fake_file(root, "a/precious", "x");
	assert_int_equal(cgroup_remove_at(AT_FDCWD, root, 5), -1);
	assert_file(root, "a/precious", "x");
}

static void pids_are_those_of_the_whole_tree_once_each(void **state)
{
	struct fixture *f = *state;
	AUTO_CLOSE int sub = -1;
	AUTO_FREE pid_t *pids = NULL;
	struct err err = {0};
	pid_t first, second;

	set_up(f);
	assert_int_equal(mkdirat(f->fd, "sub", 0755), 0);
	sub = openat(f->fd, "sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	second = start_in(sub, false);
	first = start_in(f->fd, false);
	assert_int_equal(cgroup_pids(f->fd, &pids, &err), 2);
	assert_true((pids[0] == first && pids[1] == second) ||
		    (pids[0] == second && pids[1] == first));
	assert_int_equal(cgroup_kill(f->fd, &err), 0);
	(void)proc_wait(first);
	(void)proc_wait(second);
}

static void kill_without_cgroup_kill_goes_one_by_one(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_CLOSE int fd = fake_open(root);
	AUTO_FREE char *procs = NULL;
	struct err err = {0};
	pid_t pid;

	(void)state;
	/* The list is no real one and keeps what has ended; so let nothing of it stay a zombie.
	 */
	(void)signal(SIGCHLD, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	/* A pid of 0 would make kill(2) hit this test and its siblings; our own is passed over.
	 */
	procs = xasprintf("0\n%d\n%d\n", (int)pid, (int)getpid());
	fake_file(root, "cgroup.procs", procs);
	assert_int_equal(cgroup_kill(fd, &err), 0);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	(void)signal(SIGCHLD, SIG_DFL);
}

/* In a child: @body, which returns 0 when all is well. */
static int in_child(int (*body)(const struct cgroup_place *place, const char *project),
		    const struct cgroup_place *place, const char *project)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(body(place, project));
	return proc_exit_code(proc_wait(pid));
}

static int open_project(const struct cgroup_place *place, const char *project)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *expected = NULL;
	struct cgroup_limits none = {0};
	struct err err = {0};
	int fd = cgroup_project_open(place, project, &path, &err);
	int box;

	if (fd < 0) {
		print_error("%s\n", err.message);
		return 1;
	}
	expected = xasprintf("%s/supervisor", path);
	if (cgroup_pid_dir(0, &own, &err) < 0 || !str_eq(own, expected))
		return 2;
	box = cgroup_box_create(fd, "web", &none, &err);
	if (box < 0)
		return 3;
	if (cgroup_box_create(fd, "supervisor", &none, &err) >= 0 || err.code != EEXIST)
		return 4;
	if (cgroup_box_create(fd, "../web", &none, &err) >= 0 || err.code != EINVAL)
		return 5;
	/* An empty group of that name is replaced. */
	if (cgroup_box_create(fd, "web", &none, &err) < 0)
		return 6;
	if (cgroup_reach(path, NULL, &err) < 0)
		return 7;
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) ? 0 : 8;
}

static void project_opens_with_the_caller_in_its_supervisor_group(void **state)
{
	struct cgroup_place place = {0};
	AUTO_FREE char *project = xasprintf("unit-%d", (int)getpid());
	AUTO_FREE char *path = NULL;
	struct err err = {0};

	(void)state;
	real_place(&place);
	path = xasprintf("%s/devbox-%s", place.base, project);
	assert_int_equal(in_child(open_project, &place, project), 0);
	assert_int_equal(access(path, F_OK), 0);
	/* What a crash left behind is no obstacle. */
	assert_int_equal(in_child(open_project, &place, project), 0);
	assert_int_equal(cgroup_remove(path, &err), 0);
	cgroup_place_done(&place);
}

static void project_that_still_runs_is_not_opened_twice(void **state)
{
	struct cgroup_place place = {0};
	AUTO_FREE char *project = xasprintf("unit-%d", (int)getpid());
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *out = NULL;
	AUTO_CLOSE int fd = -1;
	struct err err = {0};
	pid_t pid;

	(void)state;
	real_place(&place);
	path = xasprintf("%s/devbox-%s", place.base, project);
	assert_int_equal(mkdir(path, 0755), 0);
	fd = fake_open(path);
	pid = start_in(fd, false);
	assert_int_equal(cgroup_project_open(&place, project, &out, &err), -1);
	assert_int_equal(err.code, EBUSY);
	assert_non_null(strstr(err.hint, "cgroup.kill"));
	assert_null(out);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(cgroup_kill(fd, &err), 0);
	(void)proc_wait(pid);
	assert_int_equal(cgroup_remove(path, &err), 0);
	cgroup_place_done(&place);
}

static void box_with_a_limit_that_cannot_be_set_is_not_left_behind(void **state)
{
	struct fixture *f = *state;
	struct cgroup_limits limits = {.cpuset = (char[]){"0-no"}};
	struct err err = {0};

	set_up(f);
	assert_int_equal(cgroup_box_create(f->fd, "web", &limits, &err), -1);
	assert_non_null(strstr(err.message, "'cpuset.cpus'"));
	assert_int_equal(faccessat(f->fd, "web", F_OK, 0), -1);
}

static void project_name_is_checked(void **state)
{
	static const char *const names[] = {"", "..", "a/b", "a.b", "-a", "a\nb"};
	struct cgroup_place place = {.method = CGROUP_SUBTREE, .base = (char[]){"/nowhere"}};
	AUTO_FREE char *out = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct err err = {0};

		assert_int_equal(cgroup_project_open(&place, names[i], &out, &err), -1);
		assert_int_equal(err.code, EINVAL);
	}
}

static void attach_of_no_process_fails(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};

	set_up(f);
	assert_int_equal(cgroup_attach(f->fd, 0x3fffffff, &err), -1);
	assert_int_equal(err.code, ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kill_ends_a_frozen_group_at_once, begin, end),
		cmocka_unit_test_setup_teardown(remove_leaves_a_scope_to_systemd, begin, end),
		cmocka_unit_test_setup_teardown(freeze_holds_and_thaw_lets_go, begin, end),
		cmocka_unit_test_setup_teardown(wait_empty_times_out_while_a_process_lives,
						begin, end),
		cmocka_unit_test_setup_teardown(kill_wins_against_a_process_that_forks, begin,
						end),
		cmocka_unit_test_setup_teardown(remove_takes_the_groups_below_leaf_first, begin,
						end),
		cmocka_unit_test_setup_teardown(remove_leaves_files_of_other_file_systems_alone,
						begin, end),
		cmocka_unit_test_setup_teardown(pids_are_those_of_the_whole_tree_once_each,
						begin, end),
		cmocka_unit_test_setup_teardown(kill_without_cgroup_kill_goes_one_by_one, begin,
						end),
		cmocka_unit_test_setup_teardown(
			project_opens_with_the_caller_in_its_supervisor_group, begin, end),
		cmocka_unit_test_setup_teardown(project_that_still_runs_is_not_opened_twice,
						begin, end),
		cmocka_unit_test_setup_teardown(
			box_with_a_limit_that_cannot_be_set_is_not_left_behind, begin, end),
		cmocka_unit_test_setup_teardown(project_name_is_checked, begin, end),
		cmocka_unit_test_setup_teardown(attach_of_no_process_fails, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
