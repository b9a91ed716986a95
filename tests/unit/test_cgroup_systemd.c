#include "cgroup_fake.h"

#include "cgroup/files.h"
#include "cgroup/scope.h"
#include "cgroup/self.h"
#include "util/proc.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Against a real systemd --user: this program runs itself under tests/rig/systemd-user, once
 * for each way to reach it. What moves a process does so in a child.
 */

#define RIG "tests/rig/systemd-user"
#define RIG_CANNOT 77

static int in_child(int (*body)(void))
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	return proc_exit_code(proc_wait(pid));
}

static int complain(const struct err *err)
{
	print_error("%s\n", err->message);
	return 1;
}

static int open_project(void)
{
	struct cgroup_place place = {0};
	struct cgroup_limits none = {0};
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *expected = NULL;
	struct err err = {0};
	int fd, box;

	if (cgroup_place_find("", getenv("XDG_RUNTIME_DIR"), &place, &err) < 0)
		return complain(&err);
	if (place.method != CGROUP_SYSTEMD)
		return 2;
	fd = cgroup_project_open(&place, "unit", &path, &err);
	if (fd < 0)
		return complain(&err);
	expected = xasprintf("%s/supervisor", path);
	if (cgroup_pid_dir(0, &own, &err) < 0 || !str_eq(own, expected))
		return 3;
	if (!strstr(path, "/app.slice/devbox-unit-") || !str_ends(path, ".scope"))
		return 4;

	box = cgroup_box_create(fd, "web", &none, &err);
	if (box < 0)
		return complain(&err);
	cgroup_place_done(&place);
	/* Our own group is delegated by now, but to this project alone. */
	if (cgroup_place_find("", getenv("XDG_RUNTIME_DIR"), &place, &err) < 0)
		return complain(&err);
	return place.method == CGROUP_SYSTEMD ? 0 : 5;
}

static void project_opens_in_a_scope_that_goes_with_it(void **state)
{
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *slice = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(in_child(open_project), 0);

	/* systemd removes what is empty, with all the groups that we made in it. */
	assert_int_equal(cgroup_pid_dir(0, &own, &err), 0);
	*strrchr(own, '/') = '\0';
	slice = path_join(own, "app.slice");
	for (int i = 0; i < 200; i++) {
		AUTO_FREE char *command =
			xasprintf("! ls -d %s/devbox-unit-* >/dev/null 2>&1", slice);

		/* NOLINTNEXTLINE(cert-env33-c): a test, and the path is ours */
		if (system(command) == 0)
			return;
		cgroup_sleep_ms(20);
	}
	fail_msg("the scope is still there");
}

/* A scope by one of the ways, for the calling process. */
static int enter_by(int (*way)(const struct cgroup_scope *scope, struct err *err))
{
	AUTO_FREE char *unit = xasprintf("devbox-way-%d.scope", (int)getpid());
	const struct cgroup_scope scope = {
		.unit = unit, .description = "a test: of words", .pid = getpid()};
	AUTO_FREE char *tail = xasprintf("/app.slice/%s", unit);
	struct err err = {0};

	if (way(&scope, &err) < 0)
		return complain(&err);
	for (int i = 0; i < 400; i++) {
		AUTO_FREE char *own = NULL;

		if (cgroup_pid_dir(0, &own, &err) == 0 && str_ends(own, tail))
			return 0;
		cgroup_sleep_ms(5);
	}
	return 2;
}

static int by_client(const struct cgroup_scope *scope, struct err *err)
{
	return cgroup_scope_start(getenv("XDG_RUNTIME_DIR"), scope, 5000, err);
}

static int enter_by_client(void)
{
	return enter_by(by_client);
}

static int enter_by_busctl(void)
{
	return enter_by(cgroup_scope_by_busctl);
}

static int enter_by_run(void)
{
	return enter_by(cgroup_scope_by_run);
}

static void scope_starts_by_our_own_client(void **state)
{
	(void)state;
	assert_int_equal(in_child(enter_by_client), 0);
}

static void scope_starts_by_busctl(void **state)
{
	(void)state;
	assert_int_equal(in_child(enter_by_busctl), 0);
}

static void scope_starts_by_systemd_run(void **state)
{
	(void)state;
	assert_int_equal(in_child(enter_by_run), 0);
}

/* A second scope of a name that lives. */
static int enter_twice(void)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	const struct cgroup_scope scope = {
		.unit = "devbox-twice.scope", .description = "a test", .pid = getpid()};
	struct err err = {0};

	if (cgroup_scope_start(runtime_dir, &scope, 5000, &err) < 0)
		return complain(&err);
	if (cgroup_scope_start(runtime_dir, &scope, 5000, &err) == 0)
		return 2;
	return err.code == EEXIST ? 0 : complain(&err);
}

static void scope_of_a_name_that_lives_is_refused(void **state)
{
	(void)state;
	assert_int_equal(in_child(enter_twice), 0);
	/* And free again, when its process has ended. */
	cgroup_sleep_ms(300);
	assert_int_equal(in_child(enter_twice), 0);
}

static int pid_of_nobody(void)
{
	const struct cgroup_scope scope = {
		.unit = "devbox-nobody.scope", .description = "a test", .pid = 0x3ffffffe};
	struct err err = {0};

	if (cgroup_scope_start(getenv("XDG_RUNTIME_DIR"), &scope, 5000, &err) == 0)
		return 2;
	print_message("%s\n", err.message);
	return strstr(err.message, "systemd") ? 0 : 3;
}

static void scope_of_no_process_says_what_systemd_said(void **state)
{
	(void)state;
	assert_int_equal(in_child(pid_of_nobody), 0);
}

/* From a terminal to a group of another scope: the common ancestor is ours. */
static int reach_from_here(void)
{
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *later = NULL;
	AUTO_FREE char *target = NULL;
	struct err err = {0};

	if (cgroup_pid_dir(0, &own, &err) < 0)
		return complain(&err);
	target = xstrdup(own);
	*strrchr(target, '/') = '\0';
	if (cgroup_reach(target, getenv("XDG_RUNTIME_DIR"), &err) < 0)
		return complain(&err);
	if (cgroup_pid_dir(0, &later, &err) < 0 || !str_eq(own, later))
		return 2;
	return 0;
}

static void reach_does_nothing_from_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(in_child(reach_from_here), 0);
}

/* Like after ssh, but without a systemd of the machine that would move us for the user's. */
static int reach_from_a_login(void)
{
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *manager = NULL;
	struct err err = {0};

	if (cgroup_pid_dir(0, &own, &err) < 0)
		return complain(&err);
	*strrchr(own, '/') = '\0';
	manager = xasprintf("%s/user@%u.service", own, (unsigned)geteuid());
	if (cgroup_reach(manager, getenv("XDG_RUNTIME_DIR"), &err) == 0)
		return 2;
	print_message("%s\n", err.message);
	return str_starts(err.message, "enter cgroup '") ? 0 : 3;
}

static void reach_from_a_foreign_group_asks_systemd(void **state)
{
	(void)state;
	assert_int_equal(in_child(reach_from_a_login), 0);
}

static void systemd_can_be_run_for_tests(void **state)
{
	(void)state;
	skip();
}

/* This program again, under the rig. Return: exit status. */
static int run_under_rig(const char *mode)
{
	char self[512] = "";
	pid_t pid;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return RIG_CANNOT;
	pid = fork();
	if (pid == 0) {
		(void)setenv("DEVBOX_TESTS_SYSTEMD_MODE", mode, 1);
		if (*mode)
			(void)execl(RIG, RIG, mode, self, (char *)NULL);
		else
			(void)execl(RIG, RIG, self, (char *)NULL);
		_exit(RIG_CANNOT);
	}
	return proc_exit_code(proc_wait(pid));
}

static int run_everywhere(void)
{
	static const char *const modes[] = {"", "--bus", "--login"};
	const struct CMUnitTest none[] = {cmocka_unit_test(systemd_can_be_run_for_tests)};
	int worst = 0;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		int status = run_under_rig(modes[i]);

		if (status == RIG_CANNOT)
			status = cmocka_run_group_tests(none, NULL, NULL);
		if (status)
			worst = status;
	}
	return worst;
}

int main(void)
{
	const char *mode = getenv("DEVBOX_TESTS_SYSTEMD_MODE");
	const struct CMUnitTest all[] = {
		cmocka_unit_test(project_opens_in_a_scope_that_goes_with_it),
		cmocka_unit_test(scope_starts_by_our_own_client),
		cmocka_unit_test(scope_starts_by_busctl),
		cmocka_unit_test(scope_starts_by_systemd_run),
		cmocka_unit_test(scope_of_a_name_that_lives_is_refused),
		cmocka_unit_test(scope_of_no_process_says_what_systemd_said),
		cmocka_unit_test(reach_does_nothing_from_a_terminal),
	};
	const struct CMUnitTest by_bus[] = {
		cmocka_unit_test(scope_starts_by_our_own_client),
		cmocka_unit_test(project_opens_in_a_scope_that_goes_with_it),
	};
	const struct CMUnitTest after_login[] = {
		cmocka_unit_test(reach_from_a_foreign_group_asks_systemd),
	};

	if (!getenv("DEVBOX_TESTS_SYSTEMD") || !mode)
		return run_everywhere();
	if (str_eq(mode, "--bus"))
		return cmocka_run_group_tests(by_bus, NULL, NULL);
	if (str_eq(mode, "--login"))
		return cmocka_run_group_tests(after_login, NULL, NULL);
	return cmocka_run_group_tests(all, NULL, NULL);
}
