#include "sec/caps.h"
#include "sec/confine.h"
#include "sec/filter.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#define NET_BIND (UINT64_C(1) << 10)

static const struct sock_filter allow_all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

static void write_map(const char *file, const char *text)
{
	struct err err;

	if (fd_write_file(AT_FDCWD, file, text, strlen(text), 0644, &err) < 0)
		_exit(77);
}

/* A user namespace in which the caller is root, as in a box with a single id. */
static void enter_userns(void)
{
	AUTO_FREE char *uid_map = xasprintf("0 %u 1", geteuid());
	AUTO_FREE char *gid_map = xasprintf("0 %u 1", getegid());

	if (unshare(CLONE_NEWUSER) < 0)
		_exit(77);
	write_map("/proc/self/setgroups", "deny");
	write_map("/proc/self/uid_map", uid_map);
	write_map("/proc/self/gid_map", gid_map);
}

typedef void child_fn(void *arg, int out);

/* Run @fn in a child in a user namespace; what it writes to @out is returned, with its wait
 * status. */
static char *in_box(child_fn *fn, void *arg, int *out_status)
{
	char *text = NULL;
	struct err err;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		enter_userns();
		fn(arg, ends[1]);
		_exit(0);
	}
	(void)close(ends[1]);
	assert_int_equal(fd_read_all(ends[0], 1 << 20, &text, NULL, &err), 0);
	(void)close(ends[0]);
	*out_status = proc_wait(pid);
	if (WIFEXITED(*out_status) && WEXITSTATUS(*out_status) == 77) {
		free(text);
		skip(); /* no user namespaces here */
	}
	return text;
}

/* Confined, then /proc/self/status read by a program that exec has started. */
static void print_status(void *arg, int out)
{
	static char *const argv[] = {(char *)(uintptr_t) "cat",
				     (char *)(uintptr_t) "/proc/self/status", NULL};
	const struct confine *c = arg;
	enum confine_step step = confine_apply(c);

	if (step != CONFINE_OK) {
		dprintf(out, "%s: %s\n", confine_step_name(step), strerror(errno));
		_exit(1);
	}
	(void)dup2(out, 1);
	(void)execv("/bin/cat", argv);
	_exit(127);
}

static void check_line(const char *status, const char *name, const char *value)
{
	AUTO_FREE char *line = xasprintf("\n%s:\t%s", name, value);
	const char *found = strstr(status, line);

	if (!found || !strchr("\n ", found[strlen(line)]))
		fail_msg("no '%s:%s' in %s", name, value, status);
}

static void check_caps(const char *status, const char *name, uint64_t mask)
{
	AUTO_FREE char *hex = xasprintf("%016llx", (unsigned long long)mask);

	check_line(status, name, hex);
}

/* Nothing changes but the filter; for tests without a user namespace. */
static struct confine only_a_filter(const struct sock_filter *filter, size_t len)
{
	return (struct confine){
		.uid = geteuid(),
		.gid = getegid(),
		.bounding = UINT64_MAX,
		.no_new_privs = true,
		.wants_listener = true,
		.filter = filter,
		.filter_len = len,
	};
}

static struct confine base(void)
{
	return (struct confine){
		.bounding = caps_default(),
		.no_new_privs = true,
		.umask = 027,
		.filter = allow_all,
		.filter_len = ARRAY_LEN(allow_all),
	};
}

static void root_of_a_box_has_the_bounding_set_and_no_more(void **state)
{
	struct confine c = base();
	AUTO_FREE char *status = NULL;
	int result;

	(void)state;
	status = in_box(print_status, &c, &result);
	check_line(status, "Uid", "0\t0\t0\t0");
	check_line(status, "Umask", "0027");
	check_caps(status, "CapBnd", caps_default());
	check_caps(status, "CapPrm", caps_default());
	check_caps(status, "CapEff", caps_default());
	check_caps(status, "CapInh", 0);
	check_caps(status, "CapAmb", 0);
	check_line(status, "NoNewPrivs", "1");
	check_line(status, "Seccomp", "2");
	check_line(status, "Seccomp_filters", "1");
	assert_int_equal(result, 0);
}

static void ambient_capabilities_reach_the_program(void **state)
{
	struct confine c = base();
	AUTO_FREE char *status = NULL;
	int result;

	(void)state;
	c.ambient = NET_BIND;
	status = in_box(print_status, &c, &result);
	check_caps(status, "CapInh", NET_BIND);
	check_caps(status, "CapAmb", NET_BIND);
	assert_int_equal(result, 0);
}

/* The filter goes in first, and everything after it still works under it. */
static void without_no_new_privs_the_filter_is_loaded_all_the_same(void **state)
{
	struct filter_request request = {.bounding = caps_default()};
	AUTO_STRV struct strv warnings = {0};
	struct confine c = base();
	AUTO_FREE char *status = NULL;
	struct filter filter = {0};
	struct err err;
	int result;

	(void)state;
	assert_int_equal(filter_get(&request, &filter, &warnings, &err), 0);
	c.no_new_privs = false;
	c.filter = filter.program;
	c.filter_len = filter.len;
	c.ambient = NET_BIND;
	status = in_box(print_status, &c, &result);
	filter_done(&filter);
	check_line(status, "NoNewPrivs", "0");
	check_line(status, "Seccomp", "2");
	check_caps(status, "CapBnd", caps_default());
	check_caps(status, "CapAmb", NET_BIND);
	assert_int_equal(result, 0);
}

static void no_filter_is_possible(void **state)
{
	struct confine c = base();
	AUTO_FREE char *status = NULL;
	int result;

	(void)state;
	c.filter = NULL;
	c.filter_len = 0;
	c.no_new_privs = false;
	c.bounding = caps_all();
	status = in_box(print_status, &c, &result);
	check_line(status, "Seccomp", "0");
	check_line(status, "NoNewPrivs", "0");
	check_caps(status, "CapEff", caps_all());
	assert_int_equal(result, 0);
}

static void limits_and_affinity_are_set(void **state)
{
	struct confine c = base();
	AUTO_FREE char *status = NULL;
	cpu_set_t now;
	int result;
	int cpu = 0;
	AUTO_FREE char *cpu_text = NULL;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	while (!CPU_ISSET((size_t)cpu, &now))
		cpu++;
	c.sched_affinity[cpu / 8] = (unsigned char)(1 << cpu % 8);
	c.affinity_len = sizeof(c.sched_affinity);
	c.rlimits[0].resource = RLIMIT_NOFILE;
	c.rlimits[0].limit = (struct rlimit){40, 50};
	c.rlimit_count = 1;
	status = in_box(print_status, &c, &result);
	cpu_text = xasprintf("%d", cpu);
	check_line(status, "Cpus_allowed_list", cpu_text);
	assert_int_equal(result, 0);
}

static void failing_step_is_named(void **state)
{
	struct confine c = base();
	AUTO_FREE char *text = NULL;
	int result;

	(void)state;
	c.uid = 4242; /* not mapped */
	text = in_box(print_status, &c, &result);
	assert_string_equal(text, "change user and group: Invalid argument\n");
	free(STEAL(text));

	c = base();
	c.can_setgroups = true; /* but it is denied */
	c.groups[0] = 0;
	c.group_count = 1;
	text = in_box(print_status, &c, &result);
	assert_string_equal(text, "set groups: Operation not permitted\n");
	free(STEAL(text));

	c = base();
	c.ambient = UINT64_C(1) << 21; /* not in the bounding set */
	text = in_box(print_status, &c, &result);
	assert_string_equal(text, "drop capabilities: Operation not permitted\n");
	free(STEAL(text));

	c = base();
	c.rlimits[0].resource = 1000;
	c.rlimit_count = 1;
	text = in_box(print_status, &c, &result);
	assert_string_equal(text, "set resource limits: Invalid argument\n");
	free(STEAL(text));

	c = base();
	c.filter_len = BPF_MAXINSNS + 1;
	text = in_box(print_status, &c, &result);
	assert_string_equal(text, "load the seccomp filter: Invalid argument\n");
}

static void half_confined_process_cannot_be_looked_into(void *arg, int out)
{
	(void)confine_apply(arg);
	dprintf(out, "%d", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
}

static void process_is_not_dumpable_until_exec(void **state)
{
	struct confine c = base();
	AUTO_FREE char *text = NULL;
	int result;

	(void)state;
	text = in_box(half_confined_process_cannot_be_looked_into, &c, &result);
	assert_string_equal(text, "0");
}

/* --- several ids --- */

/* The first range of the caller in @file, which is /etc/subuid or /etc/subgid. */
static bool find_range(const char *file, unsigned long *out_start)
{
	AUTO_FREE char *text = NULL;
	const struct passwd *pw = getpwuid(geteuid());
	AUTO_FREE char *name = pw ? xasprintf("%s:", pw->pw_name) : NULL;
	struct err err;

	if (!name || fd_read_file(AT_FDCWD, file, 1 << 16, &text, &err) < 0)
		return false;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!str_starts(line, name))
			continue;
		*out_start = strtoul(line + strlen(name), NULL, 10);
		return true;
	}
	return false;
}

static bool map_with(const char *program, const char *file, pid_t pid, unsigned int own)
{
	AUTO_FREE char *path = proc_find_program(program);
	AUTO_FREE char *pid_text = xasprintf("%d", pid);
	AUTO_FREE char *own_text = xasprintf("%u", own);
	AUTO_FREE char *start_text = NULL;
	const char *argv[] = {path, pid_text, "0", own_text, "1", "1", NULL, "60000", NULL};
	unsigned long start;
	struct err err;
	int status;

	if (!path || !find_range(file, &start))
		return false;
	start_text = xasprintf("%lu", start);
	argv[6] = start_text;
	return proc_run(argv, 0, NULL, &status, &err) == 0 && status == 0;
}

static bool map_range(pid_t pid)
{
	static const char text[] = "0 100000 60000";
	AUTO_FREE char *uid_map = xasprintf("/proc/%d/uid_map", pid);
	AUTO_FREE char *gid_map = xasprintf("/proc/%d/gid_map", pid);
	struct err err;

	if (geteuid() != 0)
		return map_with("newuidmap", "/etc/subuid", pid, geteuid()) &&
		       map_with("newgidmap", "/etc/subgid", pid, getegid());
	return fd_write_file(AT_FDCWD, uid_map, text, strlen(text), 0644, &err) == 0 &&
	       fd_write_file(AT_FDCWD, gid_map, text, strlen(text), 0644, &err) == 0;
}

static void wait_for_map_and_print(const struct confine *c, int sync, int out)
{
	char byte;

	if (unshare(CLONE_NEWUSER) < 0 || write(sync, "u", 1) != 1 ||
	    read(sync, &byte, 1) != 1 || syscall(SYS_setresgid, 0, 0, 0) < 0 ||
	    syscall(SYS_setresuid, 0, 0, 0) < 0)
		_exit(77);
	print_status((void *)(uintptr_t)c, out);
}

/* As in_box(), with a range of ids. */
static char *in_box_with_range(const struct confine *c, int *out_status)
{
	char *text = NULL;
	struct err err;
	bool is_mapped;
	int ends[2];
	int sync[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(sync[0]);
		wait_for_map_and_print(c, sync[1], ends[1]);
	}
	(void)close(ends[1]);
	(void)close(sync[1]);
	is_mapped =
		read(sync[0], &byte, 1) == 1 && map_range(pid) && write(sync[0], "g", 1) == 1;
	(void)close(sync[0]);
	assert_int_equal(fd_read_all(ends[0], 1 << 20, &text, NULL, &err), 0);
	(void)close(ends[0]);
	*out_status = proc_wait(pid);
	if (!is_mapped) {
		free(text);
		skip(); /* no subordinate ids here */
	}
	return text;
}

static void user_has_no_capability_but_the_ambient_ones(void **state)
{
	struct confine c = base();
	AUTO_FREE char *status = NULL;
	int result;

	(void)state;
	c.uid = 4242;
	c.gid = 4343;
	c.can_setgroups = true;
	c.groups[0] = 4343;
	c.groups[1] = 4444;
	c.group_count = 2;
	status = in_box_with_range(&c, &result);
	check_caps(status, "CapBnd", caps_default());
	check_caps(status, "CapPrm", 0);
	check_caps(status, "CapEff", 0);
	check_line(status, "NoNewPrivs", "1");
	assert_int_equal(result, 0);
	free(STEAL(status));

	c.ambient = NET_BIND;
	c.no_new_privs = false;
	status = in_box_with_range(&c, &result);
	check_caps(status, "CapPrm", NET_BIND);
	check_caps(status, "CapEff", NET_BIND);
	check_caps(status, "CapInh", NET_BIND);
	check_caps(status, "CapAmb", NET_BIND);
	check_line(status, "NoNewPrivs", "0");
	check_line(status, "Seccomp", "2");
	check_line(status, "Uid", "4242\t4242\t4242\t4242");
	check_line(status, "Gid", "4343\t4343\t4343\t4343");
	check_line(status, "Groups", "4343 4444");
	assert_int_equal(result, 0);
}

static void groups_are_left_alone_where_they_cannot_be_set(void **state)
{
	struct confine c = base();
	AUTO_FREE char *status = NULL;
	int result;

	(void)state;
	c.groups[0] = 7;
	c.group_count = 1;
	status = in_box(print_status, &c, &result);
	check_line(status, "NoNewPrivs", "1");
	assert_int_equal(result, 0);
}

/* --- the listener --- */

/* Everything but what a test needs to end is put to the listener. */
static const struct sock_filter ask_about_all[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
};

struct listened {
	struct confine confine;
	int sock;
	int taken;
};

static void ask_and_exit(void *arg, int out)
{
	struct listened *l = arg;
	enum confine_step step;

	(void)close(out);
	if (l->taken >= 0)
		(void)dup2(0, l->taken);
	if (confine_listener_send(l->confine.listener_fd, l->sock) < 0)
		_exit(3);
	step = confine_apply(&l->confine);
	if (step != CONFINE_OK)
		_exit(step == CONFINE_FILTER && errno == EBUSY ? 4 : 5);

	/* The very next call waits already; and _exit() makes others before, under a sanitizer.
	 */
	(void)syscall(SYS_exit_group, syscall(SYS_getppid) == 4711 ? 0 : 6);
}

static int answer_one(int listener, int32_t value)
{
	struct seccomp_notif request = {0};
	struct seccomp_notif_resp response = {0};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
		return -1;
	response.id = request.id;
	response.val = value;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0)
		return -1;
	return request.data.nr;
}

static void listener_is_sent_although_every_call_is_refused(void **state)
{
	static const int numbers[] = {3, 30, 200};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct listened l = {.taken = -1};
		int fds[FD_PASS_MAX];
		int none[FD_PASS_MAX];
		int ends[2];
		size_t count = 0;
		char byte = 0;
		pid_t pid;

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends),
				 0);
		l.confine = only_a_filter(ask_about_all, ARRAY_LEN(ask_about_all));
		l.confine.listener_fd = numbers[i];
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			/* The lowest numbers are taken or free as they are; the socket goes out
			 * of the way. */
			l.sock = fcntl(ends[1], F_DUPFD_CLOEXEC, 210);
			for (int fd = 3; fd < 210; fd++)
				(void)close(fd);
			ask_and_exit(&l, -1);
		}
		(void)close(ends[1]);
		assert_int_equal(fd_receive(ends[0], &byte, 1, fds, &count), 1);
		assert_int_equal(byte, 'N');
		assert_int_equal(count, 1);
		assert_int_equal(answer_one(fds[0], 4711), SYS_getppid);
		assert_int_equal(proc_wait(pid), 0);
		assert_int_equal(fd_receive(ends[0], &byte, 1, none, &count), 0);
		(void)close(fds[0]);
		(void)close(ends[0]);
	}
}

static void taken_listener_number_fails_before_the_filter_is_in_force(void **state)
{
	struct listened l = {.taken = 250};
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	l.confine = only_a_filter(ask_about_all, ARRAY_LEN(ask_about_all));
	l.confine.listener_fd = 250;
	l.sock = ends[1];
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		ask_and_exit(&l, -1);
	(void)close(ends[1]);
	assert_int_equal(proc_exit_code(proc_wait(pid)), 4);

	/* The sender has given up too: nobody holds the socket. */
	{
		int fds[FD_PASS_MAX];
		size_t count;
		char byte;

		assert_int_equal(fd_receive(ends[0], &byte, 1, fds, &count), 0);
	}
	(void)close(ends[0]);
}

/* Through exec: the call that waits is execve itself, and the program has no child of ours. */
static void execve_itself_may_wait_for_an_answer(void **state)
{
	static char *const argv[] = {(char *)(uintptr_t) "true", NULL};
	struct sock_filter ask_exec[ARRAY_LEN(ask_about_all)];
	struct confine c = only_a_filter(ask_exec, ARRAY_LEN(ask_exec));
	struct seccomp_notif request = {0};
	struct seccomp_notif_resp response = {0};
	int fds[FD_PASS_MAX];
	size_t count = 0;
	int ends[2];
	char byte;
	pid_t pid;

	(void)state;
	memcpy(ask_exec, ask_about_all, sizeof(ask_exec));
	ask_exec[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 1, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	c.listener_fd = 100;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int status;

		if (confine_listener_send(c.listener_fd, ends[1]) < 0 ||
		    confine_apply(&c) != CONFINE_OK)
			_exit(9);
		if (syscall(SYS_wait4, -1, &status, __WALL, NULL) != -1 || errno != ECHILD)
			_exit(8);
		(void)execv("/bin/true", argv);
		_exit(7);
	}
	(void)close(ends[1]);
	assert_int_equal(fd_receive(ends[0], &byte, 1, fds, &count), 1);
	assert_int_equal(ioctl(fds[0], SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.data.nr, SYS_execve);
	response.id = request.id;
	response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	assert_int_equal(ioctl(fds[0], SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
	assert_int_equal(proc_exit_code(proc_wait(pid)), 0);
	(void)close(fds[0]);
	(void)close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_of_a_box_has_the_bounding_set_and_no_more),
		cmocka_unit_test(ambient_capabilities_reach_the_program),
		cmocka_unit_test(without_no_new_privs_the_filter_is_loaded_all_the_same),
		cmocka_unit_test(no_filter_is_possible),
		cmocka_unit_test(limits_and_affinity_are_set),
		cmocka_unit_test(failing_step_is_named),
		cmocka_unit_test(process_is_not_dumpable_until_exec),
		cmocka_unit_test(user_has_no_capability_but_the_ambient_ones),
		cmocka_unit_test(groups_are_left_alone_where_they_cannot_be_set),
		cmocka_unit_test(listener_is_sent_although_every_call_is_refused),
		cmocka_unit_test(taken_listener_number_fails_before_the_filter_is_in_force),
		cmocka_unit_test(execve_itself_may_wait_for_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
