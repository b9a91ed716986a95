#include "host/examine.h"
#include "util/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_examine.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>

static int succeed(struct attempt *attempt, void *arg)
{
	(void)attempt;
	*(int *)arg = 5;
	return 0;
}

static int give_up(struct attempt *attempt, void *arg)
{
	(void)arg;
	errno = EXDEV;
	return attempt_fail(attempt, "do it");
}

static int die(struct attempt *attempt, void *arg)
{
	(void)attempt;
	(void)arg;
	(void)raise(SIGKILL);
	return 0;
}

static void attempts_tell_how_they_ended(void **state)
{
	struct attempt attempt = {0};
	int value = 1;

	(void)state;
	assert_int_equal(attempt_run(succeed, &value, &attempt), 0);
	assert_int_equal(value, 1);
	assert_int_equal(attempt_run(give_up, NULL, &attempt), -1);
	AUTO_FREE char *words = attempt_words(&attempt);
	assert_string_equal(words, "do it: Invalid cross-device link");
	assert_int_equal(attempt_run(die, NULL, &attempt), -1);
	AUTO_FREE char *killed = attempt_words(&attempt);
	assert_string_equal(killed, "the attempt was killed by signal 9");
}

static void packages_have_the_distributions_name(void **state)
{
	static const struct {
		const char *os_release, *program, *command;
	} cases[] = {
		{"ID=debian\n", "newuidmap", "sudo apt-get install uidmap"},
		{"NAME=\"X\"\nID_LIKE=\"ubuntu debian\"\nID=mint\n", "newgidmap",
		 "sudo apt-get install uidmap"},
		{"ID=fedora\nID_LIKE=debian\n", "newuidmap", "sudo dnf install shadow-utils"},
		{"ID_LIKE=debian\nID=\"fedora\"\n", "newuidmap",
		 "sudo dnf install shadow-utils"},
		{"ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"", "slirp4netns",
		 "sudo zypper install slirp4netns"},
		{"ID=endeavouros\nID_LIKE='arch'\n", "fuse-overlayfs",
		 "sudo pacman -S fuse-overlayfs"},
		{"ID=alpine", "slirp4netns", "sudo apk add slirp4netns"},
		{"ID=plan9\n", "newuidmap",
		 "Debian, Ubuntu: sudo apt-get install uidmap\nFedora: sudo dnf install "
		 "shadow-utils"},
		{"", "slirp4netns",
		 "Debian, Ubuntu: sudo apt-get install slirp4netns\nFedora: sudo dnf install "
		 "slirp4netns"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FOLDER char *etc = folder_make();
		AUTO_FREE char *command = NULL;

		folder_write(etc, "os-release", cases[i].os_release);
		command = examine_install(etc, cases[i].program);
		assert_string_equal(command, cases[i].command);
	}
}

static char *find_true(const char *name)
{
	(void)name;
	return xstrdup("/bin/true");
}

static void overlay_is_tried_and_leaves_nothing(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	machine_expect(&m, examine_overlay, HOST_OK, "native (userxattr)", "");
	assert_true(m.x.has_overlay);
	/* A folder that is empty again can be removed, and only then. */
	assert_int_equal(rmdir(m.folder), 0);
	assert_int_equal(mkdir(m.folder, 0700), 0);
}

static void overlay_that_cannot_be_tried_is_not_judged(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	m.x.probe_parent = "/nonexistent";
	machine_expect(&m, examine_overlay, HOST_WARN,
		       "not judged: cannot make a folder in '/nonexistent': No such file", "");
	m.x.has_userns = false;
	machine_expect(&m, examine_overlay, HOST_WARN, "not judged: no user namespace", "");
	assert_false(m.x.has_overlay);
}

/* An overlay cannot be the upper layer of another: the usual reason on desktops that live on
 * one. */
static int examine_on_overlay(struct attempt *attempt, void *arg)
{
	struct machine *m = arg;
	AUTO_FREE char *uid_map = xasprintf("0 %u 1", getuid());
	AUTO_FREE char *gid_map = xasprintf("0 %u 1", getgid());
	const struct host_check *lines;
	struct err err = {0};

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
	    fd_write_file(AT_FDCWD, "/proc/self/uid_map", uid_map, strlen(uid_map), 0, &err) <
		    0 ||
	    fd_write_file(AT_FDCWD, "/proc/self/setgroups", "deny", 4, 0, &err) < 0 ||
	    fd_write_file(AT_FDCWD, "/proc/self/gid_map", gid_map, strlen(gid_map), 0, &err) <
		    0 ||
	    chdir(m->folder) < 0 || mkdir("lower", 0755) < 0 || mkdir("upper", 0755) < 0 ||
	    mkdir("work", 0755) < 0 || mkdir("merged", 0755) < 0 ||
	    mount("overlay", "merged", "overlay", 0,
		  "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
		return attempt_fail(attempt, "mount an overlay to try on");
	m->user.uid = getuid();
	m->user.gid = getgid();
	m->x.probe_parent = "merged";
	folder_write(m->etc, "os-release", "ID=debian\n");
	examine_overlay(&m->x);
	folder_write(m->dev, "fuse", "");
	m->x.find_program = find_true;
	examine_overlay(&m->x);
	lines = m->report.checks;
	errno = 0;
	if (m->x.has_overlay || lines[0].verdict != HOST_FAIL ||
	    !strstr(lines[0].found, "native fails on overlay (mount overlay with userxattr: "))
		return attempt_fail(attempt, lines[0].found);
	if (!strstr(lines[0].mend, "sudo apt-get install fuse-overlayfs"))
		return attempt_fail(attempt, lines[0].mend);
	if (lines[1].verdict != HOST_WARN || !strstr(lines[1].found, "fuse-overlayfs is used"))
		return attempt_fail(attempt, lines[1].found);
	return 0;
}

static void overlay_on_overlay_falls_back_to_fuse(void **state)
{
	AUTO_MACHINE struct machine m;
	struct attempt attempt = {0};

	(void)state;
	machine_init(&m);
	if (attempt_run(examine_on_overlay, &m, &attempt) < 0)
		fail_msg("%s: %d", attempt.step, attempt.code);
}

static void fuse_needs_its_device_and_its_program(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	folder_write(m.etc, "os-release", "ID=debian\n");
	machine_expect(&m, examine_fuse, HOST_WARN, "No such file or directory",
		       "sudo modprobe fuse");
	folder_write(m.dev, "fuse", "");
	machine_expect(&m, examine_fuse, HOST_WARN, "not installed",
		       "sudo apt-get install fuse-overlayfs");
	m.x.find_program = find_true;
	machine_expect(&m, examine_fuse, HOST_OK, "/bin/true", "");
	if (getuid() != 0) {
		AUTO_FREE char *fuse = path_join(m.dev, "fuse");

		assert_int_equal(chmod(fuse, 0), 0);
		machine_expect(&m, examine_fuse, HOST_WARN, "Permission denied",
			       "sudo chmod 0666");
	}
}

static void network_needs_slirp_and_tun(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	folder_write(m.etc, "os-release", "ID=arch\n");
	machine_expect(&m, examine_slirp, HOST_FAIL, "not installed",
		       "sudo pacman -S slirp4netns");
	m.x.find_program = find_true; /* says nothing, so has no version */
	machine_expect(&m, examine_slirp, HOST_FAIL, "'/bin/true --version' fails", NULL);
	m.x.find_program = proc_find_program;
	machine_expect(&m, examine_slirp, HOST_OK, "slirp4netns ", "");
	machine_expect(&m, examine_tun, HOST_FAIL, "No such file or directory",
		       "sudo modprobe tun");
	folder_write(m.dev, "net/tun", "");
	machine_expect(&m, examine_tun, HOST_OK, "/net/tun", "");
}

static void ping_is_judged_by_its_range_of_groups(void **state)
{
	AUTO_MACHINE struct machine m;
	gid_t groups[] = {27, 44};

	(void)state;
	machine_init(&m);
	m.user.gid = 1001;
	machine_expect(&m, examine_ping, HOST_WARN, "not judged", "");
	folder_write(m.proc_sys, "net/ipv4/ping_group_range", "1\t0\n");
	machine_expect(&m, examine_ping, HOST_WARN, "is 1 0",
		       "net.ipv4.ping_group_range=0 2147483647");
	folder_write(m.proc_sys, "net/ipv4/ping_group_range", "0\t2147483647\n");
	machine_expect(&m, examine_ping, HOST_OK, "allowed", "");
	folder_write(m.proc_sys, "net/ipv4/ping_group_range", "1001 1001\n");
	machine_expect(&m, examine_ping, HOST_OK, "allowed", "");
	m.x.subids = (struct host_subids){.gid = {{100000, 10}}, .gid_count = 1};
	machine_expect(&m, examine_ping, HOST_WARN, "is 1001 1001", NULL);
	folder_write(m.proc_sys, "net/ipv4/ping_group_range", "40 50\n");
	machine_expect(&m, examine_ping, HOST_WARN, "is 40 50", NULL);
	m.user.groups = groups;
	m.user.group_count = 2;
	machine_expect(&m, examine_ping, HOST_OK, "allowed", "");
	folder_write(m.proc_sys, "net/ipv4/ping_group_range", "nonsense\n");
	machine_expect(&m, examine_ping, HOST_WARN, "not judged", "");
}

static void low_ports_say_where_they_begin(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	machine_expect(&m, examine_ports, HOST_WARN, "not judged", "");
	folder_write(m.proc_sys, "net/ipv4/ip_unprivileged_port_start", "1024\n");
	machine_expect(&m, examine_ports, HOST_OK, "1024 and up",
		       "net.ipv4.ip_unprivileged_port_start=80");
	folder_write(m.proc_sys, "net/ipv4/ip_unprivileged_port_start", "0\n");
	machine_expect(&m, examine_ports, HOST_OK, "0 and up", "");
}

static void runtime_folder_must_be_the_callers_alone(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	machine_expect(&m, examine_runtime_dir, HOST_WARN, "is not set",
		       "machinectl shell dev@");
	m.x.runtime_dir = "relative";
	machine_expect(&m, examine_runtime_dir, HOST_WARN, "not an absolute path", NULL);
	m.x.runtime_dir = "/nonexistent";
	machine_expect(&m, examine_runtime_dir, HOST_WARN, "No such file", NULL);
	m.x.runtime_dir = "/dev/null";
	machine_expect(&m, examine_runtime_dir, HOST_WARN, "is not a folder", NULL);
	m.x.runtime_dir = m.folder;
	assert_int_equal(chmod(m.folder, 0755), 0);
	machine_expect(&m, examine_runtime_dir, HOST_WARN, "open to others (mode 0755)", NULL);
	assert_int_equal(chmod(m.folder, 0700), 0);
	machine_expect(&m, examine_runtime_dir, HOST_OK, m.folder, "");
	m.user.uid++;
	machine_expect(&m, examine_runtime_dir, HOST_WARN, "belongs to uid", NULL);
}

static void lingering_matters_where_systemd_runs(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	machine_expect(&m, examine_linger, HOST_OK, "systemd does not run", "");
	folder_write(m.folder, "systemd/system/x", "");
	machine_expect(&m, examine_linger, HOST_WARN, "boxes end at logout",
		       "loginctl enable-linger dev");
	folder_write(m.folder, "systemd/linger/dev", "");
	machine_expect(&m, examine_linger, HOST_OK, "on:", "");
}

static void another_devbox_in_path_is_named(void **state)
{
	AUTO_MACHINE struct machine m;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *program = NULL;

	(void)state;
	machine_init(&m);
	path = xasprintf("/nonexistent:%s/bin:/nonexistent", m.folder);
	program = xasprintf("%s/bin/devbox", m.folder);
	m.x.path = path;
	machine_expect(&m, examine_path, HOST_OK, "no other", "");
	folder_write(m.folder, "bin/devbox", "#!/bin/sh\n");
	machine_expect(&m, examine_path, HOST_OK, "no other", "");
	assert_int_equal(chmod(program, 0755), 0);
	machine_expect(&m, examine_path, HOST_WARN, program, NULL);
	assert_int_equal(unlink(program), 0);
	assert_int_equal(symlink("/proc/self/exe", program), 0);
	machine_expect(&m, examine_path, HOST_OK, "no other", "");
	m.x.path = NULL;
	machine_expect(&m, examine_path, HOST_OK, "no other", "");
}

static void kernel_userns_and_seccomp_work_where_tests_run(void **state)
{
	AUTO_MACHINE struct machine m;

	(void)state;
	machine_init(&m);
	m.x.has_userns = false;
	machine_expect(&m, examine_kernel, HOST_OK, "Linux ", "");
	machine_expect(&m, examine_userns, HOST_OK, "allowed", "");
	assert_true(m.x.has_userns);
	machine_expect(&m, examine_seccomp, HOST_OK, "filters", "");
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

/* The limit of the caller's own user namespace may be lowered: nothing can be made there any
 * more. */
static int forbid_and_examine(struct attempt *attempt, void *arg)
{
	struct machine *m = arg;
	struct err err = {0};
	const struct host_check *line;

	m->x.proc_sys = "/proc/sys";
	if (unshare(CLONE_NEWUSER) < 0 ||
	    fd_write_file(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "0", 1, 0, &err) < 0)
		return attempt_fail(attempt, "forbid user namespaces");
	examine_userns(&m->x);
	line = &m->report.checks[0];
	errno = 0;
	if (m->x.has_userns || line->verdict != HOST_FAIL ||
	    !strstr(line->found, "user.max_user_namespaces is 0"))
		return attempt_fail(attempt, line->found);
	if (!strstr(line->mend, "user.max_user_namespaces=28633"))
		return attempt_fail(attempt, line->mend);
	return 0;
}

static void forbidden_user_namespaces_fail_with_their_sysctl(void **state)
{
	AUTO_MACHINE struct machine m;
	struct attempt attempt = {0};

	(void)state;
	machine_init(&m);
	if (attempt_run(forbid_and_examine, &m, &attempt) < 0)
		fail_msg("%s: %d", attempt.step, attempt.code);
}

static void whole_examination_has_a_line_of_each(void **state)
{
	static const char *const ids[] = {"kernel",      "userns",  "subids", "newuidmap",
					  "newgidmap",   "overlay", "fuse",   "network",
					  "tun",         "ping",    "ports",  "seccomp",
					  "runtime_dir", "linger",  "path"};
	struct host_report report;
	struct err err = {0};
	size_t seen = 0;

	(void)state;
	assert_int_equal(host_examine(&report, &err), 0);
	for (size_t i = 0; i < report.count; i++) {
		assert_non_null(report.checks[i].found);
		assert_true(report.checks[i].found[0]);
		if (seen < ARRAY_LEN(ids) && str_eq(report.checks[i].id, ids[seen]))
			seen++;
	}
	assert_int_equal(seen, ARRAY_LEN(ids));
	host_report_done(&report);
	assert_int_equal(report.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attempts_tell_how_they_ended),
		cmocka_unit_test(packages_have_the_distributions_name),
		cmocka_unit_test(overlay_is_tried_and_leaves_nothing),
		cmocka_unit_test(overlay_that_cannot_be_tried_is_not_judged),
		cmocka_unit_test(overlay_on_overlay_falls_back_to_fuse),
		cmocka_unit_test(fuse_needs_its_device_and_its_program),
		cmocka_unit_test(network_needs_slirp_and_tun),
		cmocka_unit_test(ping_is_judged_by_its_range_of_groups),
		cmocka_unit_test(low_ports_say_where_they_begin),
		cmocka_unit_test(runtime_folder_must_be_the_callers_alone),
		cmocka_unit_test(lingering_matters_where_systemd_runs),
		cmocka_unit_test(another_devbox_in_path_is_named),
		cmocka_unit_test(kernel_userns_and_seccomp_work_where_tests_run),
		cmocka_unit_test(forbidden_user_namespaces_fail_with_their_sysctl),
		cmocka_unit_test(whole_examination_has_a_line_of_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
