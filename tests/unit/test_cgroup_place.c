#include "cgroup_fake.h"

#include <sys/xattr.h>

/* A machine in a folder: its /proc, and a cgroup2 "mount" at <root>/cg. */
static void fake_machine(const char *root, const char *own)
{
	AUTO_FREE char *mounts =
		xasprintf("1 0 0:1 / /sys rw - sysfs sysfs rw\n"
			  "2 1 0:2 / %s/cg rw,nosuid shared:3 - cgroup2 cgroup2 rw\n",
			  root);
	AUTO_FREE char *groups = xasprintf("0::%s\n", own);

	fake_file(root, "proc/self/mountinfo", mounts);
	fake_file(root, "proc/self/cgroup", groups);
}

/* A group with everything that makes it ours. */
static void fake_group(const char *root, const char *path, const char *controllers,
		       const char *procs)
{
	static const char *const names[] = {"cgroup.controllers", "cgroup.procs", "cgroup.type",
					    "cgroup.subtree_control"};
	const char *texts[] = {controllers, procs, "domain\n", ""};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *file = xasprintf("cg%s/%s", path, names[i]);

		fake_file(root, file, texts[i]);
	}
}

/* A group of somebody else: it shows nothing to write, even to root. */
static void fake_foreign(const char *root, const char *path, const char *controllers)
{
	AUTO_FREE char *file = xasprintf("cg%s/cgroup.controllers", path);

	fake_file(root, file, controllers);
}

static void find(const char *root, const char *runtime_dir, struct cgroup_place *out)
{
	struct err err = {0};

	(void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
	if (cgroup_place_find(root, runtime_dir, out, &err) < 0)
		fail_msg("%s", err.message);
	assert_non_null(out->why);
}

#define AUTO_PLACE __attribute__((cleanup(cgroup_place_done)))

static void place_without_systemd_is_the_topmost_group_of_ours(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_machine(root, "/foreign/mine/session");
	fake_foreign(root, "/foreign", "cpu io memory pids\n");
	fake_group(root, "/foreign/mine", "cpu memory hugetlb pids\n", "");
	fake_group(root, "/foreign/mine/session", "\n", "12\n");
	find(root, NULL, &place);

	assert_int_equal(place.method, CGROUP_SUBTREE);
	assert_int_equal(place.layout, CGROUP_LAYOUT_UNIFIED);
	assert_true(str_ends(place.base, "/cg/foreign/mine"));
	assert_int_equal(place.controllers, CGROUP_CPU | CGROUP_MEMORY | CGROUP_PIDS);
	assert_false(place.has_systemd);
}

static void place_offers_no_controller_where_the_base_holds_processes(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_machine(root, "/mine");
	fake_group(root, "/mine", "cpu memory\n", "12\n");
	find(root, NULL, &place);

	assert_int_equal(place.method, CGROUP_SUBTREE);
	assert_int_equal(place.controllers, 0);
	assert_non_null(strstr(place.why, "holds processes"));
}

static void place_passes_over_threaded_groups(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_machine(root, "/mine");
	fake_group(root, "/mine", "cpu\n", "");
	fake_file(root, "cg/mine/cgroup.type", "domain threaded\n");
	find(root, NULL, &place);
	assert_int_equal(place.method, CGROUP_NONE);
}

static void place_is_none_without_a_v2_mount(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_file(root, "proc/self/mountinfo",
		  "1 0 0:1 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw\n");
	fake_file(root, "proc/self/cgroup", "3:cpu:/\n");
	find(root, NULL, &place);
	assert_int_equal(place.method, CGROUP_NONE);
	assert_int_equal(place.layout, CGROUP_LAYOUT_V1);
	assert_string_equal(place.why, "no cgroup v2 hierarchy is mounted");
}

static void place_is_none_where_our_group_is_out_of_sight(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_machine(root, "/../../elsewhere");
	fake_group(root, "", "cpu\n", "");
	find(root, NULL, &place);
	assert_int_equal(place.method, CGROUP_NONE);
	assert_non_null(strstr(place.why, "does not show"));
}

static void place_is_none_where_nothing_is_ours(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_machine(root, "/foreign");
	fake_foreign(root, "/foreign", "cpu\n");
	find(root, NULL, &place);
	assert_int_equal(place.method, CGROUP_NONE);
	assert_null(place.base);
}

static char *manager_path(void)
{
	unsigned uid = (unsigned)geteuid();

	return xasprintf("/user.slice/user-%u.slice/user@%u.service", uid, uid);
}

static void place_with_systemd_leaves_the_managers_own_groups_alone(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_FREE char *manager = manager_path();
	AUTO_FREE char *own = xasprintf("%s/app.slice/terminal.scope", manager);
	AUTO_FREE char *runtime_dir = path_join(root, "run/user");
	AUTO_PLACE struct cgroup_place place = {0};
	AUTO_PLACE struct cgroup_place without_socket = {0};

	(void)state;
	fake_machine(root, own);
	fake_group(root, manager, "cpu memory pids\n", "");
	fake_group(root, own, "memory pids\n", "12\n");
	fake_file(root, "run/systemd/system/x", "");
	assert_int_equal(path_mkdirs(runtime_dir, 0700), 0);

	if (geteuid() != 0) {
		find(root, runtime_dir, &without_socket);
		assert_int_equal(without_socket.method, CGROUP_NONE);
		assert_non_null(strstr(without_socket.why, "systemd/private"));
	}

	fake_file(root, "run/user/systemd/private", "");
	find(root, runtime_dir, &place);
	assert_int_equal(place.method, CGROUP_SYSTEMD);
	assert_true(place.has_systemd);
	assert_null(place.base);
	assert_string_equal(place.runtime_dir, runtime_dir);
	assert_int_equal(place.controllers, CGROUP_CPU | CGROUP_MEMORY | CGROUP_PIDS);
}

static void place_from_a_login_shell_reads_the_manager_beside_it(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_FREE char *manager = manager_path();
	AUTO_FREE char *runtime_dir = path_join(root, "run/user");
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_machine(root, "/user.slice/user-77.slice/session-3.scope");
	fake_foreign(root, "/user.slice/user-77.slice/session-3.scope", "cpu io\n");
	fake_group(root, manager, "memory pids\n", "");
	fake_file(root, "run/systemd/system/x", "");
	fake_file(root, "run/user/bus", "");
	find(root, runtime_dir, &place);
	assert_int_equal(place.method, CGROUP_SYSTEMD);
	assert_int_equal(place.controllers, CGROUP_MEMORY | CGROUP_PIDS);
}

static void mark_delegated(const char *root, const char *path)
{
	AUTO_FREE char *dir = xasprintf("%s/cg%s", root, path);

	if (setxattr(dir, "user.delegate", "1", 1, 0) < 0) {
		print_message("no extended attributes in the temporary folder\n");
		skip();
	}
}

static void place_with_systemd_takes_what_it_delegated(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_FREE char *manager = manager_path();
	AUTO_FREE char *unit = xasprintf("%s/app.slice/ide.scope", manager);
	AUTO_FREE char *own = xasprintf("%s/shell", unit);
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_machine(root, own);
	fake_group(root, manager, "cpu memory pids\n", "");
	fake_group(root, unit, "cpu memory\n", "");
	fake_group(root, own, "\n", "12\n");
	fake_file(root, "run/systemd/system/x", "");
	mark_delegated(root, manager);
	mark_delegated(root, unit);
	find(root, NULL, &place);
	assert_int_equal(place.method, CGROUP_SUBTREE);
	assert_true(str_ends(place.base, "/ide.scope"));
	assert_int_equal(place.controllers, CGROUP_CPU | CGROUP_MEMORY);
}

static void place_with_systemd_does_not_nest_in_another_project(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_FREE char *manager = manager_path();
	AUTO_FREE char *unit = xasprintf("%s/app.slice/devbox-shop-1.scope", manager);
	AUTO_FREE char *own = xasprintf("%s/supervisor", unit);
	AUTO_FREE char *runtime_dir = path_join(root, "run/user");
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_machine(root, own);
	fake_group(root, manager, "cpu\n", "");
	fake_group(root, unit, "cpu\n", "");
	fake_group(root, own, "\n", "12\n");
	fake_file(root, "run/systemd/system/x", "");
	fake_file(root, "run/user/systemd/private", "");
	mark_delegated(root, unit);
	find(root, runtime_dir, &place);
	assert_int_equal(place.method, CGROUP_SYSTEMD);
}

static void place_with_systemd_refuses_a_delegated_group_with_processes(void **state)
{
	AUTO_FAKE char *root = fake_root();
	AUTO_FREE char *manager = manager_path();
	AUTO_FREE char *own = xasprintf("%s/app.slice/ide.scope", manager);
	AUTO_FREE char *runtime_dir = path_join(root, "run/user");
	AUTO_PLACE struct cgroup_place place = {0};

	(void)state;
	fake_machine(root, own);
	fake_group(root, manager, "cpu\n", "");
	fake_group(root, own, "cpu\n", "12\n");
	fake_file(root, "run/systemd/system/x", "");
	fake_file(root, "run/user/systemd/private", "");
	mark_delegated(root, own);
	find(root, runtime_dir, &place);
	assert_int_equal(place.method, CGROUP_SYSTEMD);
}

static void place_fails_without_proc(void **state)
{
	AUTO_FAKE char *root = fake_root();
	struct cgroup_place place = {.controllers = 77};
	struct err err = {0};

	(void)state;
	assert_int_equal(cgroup_place_find(root, NULL, &place, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(place.controllers, 77);
}

static void place_of_this_machine_can_be_found(void **state)
{
	AUTO_PLACE struct cgroup_place place = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(cgroup_place_find("", getenv("XDG_RUNTIME_DIR"), &place, &err), 0);
	assert_non_null(place.why);
	print_message("%s\n", place.why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(place_without_systemd_is_the_topmost_group_of_ours),
		cmocka_unit_test(place_offers_no_controller_where_the_base_holds_processes),
		cmocka_unit_test(place_passes_over_threaded_groups),
		cmocka_unit_test(place_is_none_without_a_v2_mount),
		cmocka_unit_test(place_is_none_where_our_group_is_out_of_sight),
		cmocka_unit_test(place_is_none_where_nothing_is_ours),
		cmocka_unit_test(place_with_systemd_leaves_the_managers_own_groups_alone),
		cmocka_unit_test(place_from_a_login_shell_reads_the_manager_beside_it),
		cmocka_unit_test(place_with_systemd_takes_what_it_delegated),
		cmocka_unit_test(place_with_systemd_does_not_nest_in_another_project),
		cmocka_unit_test(place_with_systemd_refuses_a_delegated_group_with_processes),
		cmocka_unit_test(place_fails_without_proc),
		cmocka_unit_test(place_of_this_machine_can_be_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
