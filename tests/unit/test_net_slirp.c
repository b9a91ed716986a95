#include "net/slirp.h"
#include "util/cleanup.h"
#include "util/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host_folder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS 5000

static const struct net_layout layout = {
	.subnet = {0x0a000200, 24},
	.gateway = 0x0a000202,
	.dns = 0x0a000203,
	.address = 0x0a000264,
	.mtu = NET_MTU,
};

/* A process in a user and a network namespace of its own, as the first of a box is. */
static pid_t start_target(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		AUTO_FREE char *uid_map = xasprintf("0 %u 1", getuid());
		AUTO_FREE char *gid_map = xasprintf("0 %u 1", getgid());
		struct err err = {0};

		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 ||
		    fd_write_file(AT_FDCWD, "/proc/self/uid_map", uid_map, strlen(uid_map), 0,
				  &err) < 0 ||
		    fd_write_file(AT_FDCWD, "/proc/self/setgroups", "deny", 4, 0, &err) < 0 ||
		    fd_write_file(AT_FDCWD, "/proc/self/gid_map", gid_map, strlen(gid_map), 0,
				  &err) < 0 ||
		    write(ready[1], "1", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void end_target(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)proc_wait(pid);
}

/* Call @work in the namespaces of @target. Return: what it returned. */
static int run_inside(pid_t target, int (*work)(void *arg), void *arg)
{
	AUTO_FREE char *user = xasprintf("/proc/%d/ns/user", target);
	AUTO_FREE char *net = xasprintf("/proc/%d/ns/net", target);
	pid_t pid = fork();

	if (pid == 0) {
		AUTO_CLOSE int user_fd = open(user, O_RDONLY | O_CLOEXEC);
		AUTO_CLOSE int net_fd = open(net, O_RDONLY | O_CLOEXEC);

		if (setns(user_fd, CLONE_NEWUSER) < 0 || setns(net_fd, CLONE_NEWNET) < 0)
			_exit(100);
		_exit(work(arg));
	}
	return proc_exit_code(proc_wait(pid));
}

static size_t count_fds(void)
{
	AUTO_CLOSEDIR DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	return count;
}

static int open_log(const char *folder)
{
	AUTO_FREE char *path = path_join(folder, "log");

	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int read_mtu(const char *interface)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	memcpy(request.ifr_name, interface, strlen(interface));
	return ioctl(fd, SIOCGIFMTU, &request) < 0 ? -1 : request.ifr_mtu;
}

static int check_tap(void *arg)
{
	struct ifaddrs *list = NULL;
	AUTO_FREE char *routes = NULL;
	struct err err = {0};
	bool has_address = false;

	(void)arg;
	if (getifaddrs(&list) < 0)
		return 1;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct sockaddr_in address;
		char text[INET_ADDRSTRLEN];

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		    strcmp(i->ifa_name, "tap0") != 0)
			continue;
		memcpy(&address, i->ifa_addr, sizeof(address));
		(void)inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
		has_address = strcmp(text, "10.0.2.100") == 0 && (i->ifa_flags & IFF_UP);
	}
	freeifaddrs(list);
	if (!has_address)
		return 2;
	if (read_mtu("tap0") != layout.mtu)
		return 5;
	if (fd_read_file(AT_FDCWD, "/proc/thread-self/net/route", 65536, &routes, &err) < 0)
		return 3;
	return strstr(routes, "tap0\t00000000\t0202000A") ? 0 : 4;
}

static void slirp_gives_an_address_and_a_route_and_leaves_nothing(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *socket_path = path_join(folder, "api.sock");
	const pid_t target = start_target();
	const size_t fds = count_fds();
	AUTO_CLOSE int log_fd = open_log(folder);
	struct net_slirp slirp;
	struct err err = {0};
	pid_t pid;

	(void)state;
	if (net_slirp_start(&layout, target, socket_path, log_fd, &slirp, &err) < 0 ||
	    net_slirp_wait_ready(&slirp, READY_MS, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(run_inside(target, check_tap, NULL), 0);
	assert_int_equal(access(socket_path, R_OK | W_OK), 0);
	assert_true(proc_is_alive(slirp.pid, slirp.start_ticks));

	pid = slirp.pid;
	net_slirp_stop(&slirp);
	assert_int_equal(slirp.pid, 0);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(access(socket_path, F_OK), -1);
	assert_int_equal(count_fds(), fds + 1);
	net_slirp_stop(&slirp);
	end_target(target);
}

static void slirp_is_confined(void **state)
{
	const pid_t target = start_target();
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *text = NULL;
	struct net_slirp slirp;
	struct err err = {0};

	(void)state;
	if (net_slirp_start(&layout, target, NULL, -1, &slirp, &err) < 0 ||
	    net_slirp_wait_ready(&slirp, READY_MS, &err) < 0)
		fail_msg("%s", err.message);
	path = xasprintf("/proc/%d/status", slirp.pid);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 65536, &text, &err), 0);
	assert_non_null(strstr(text, "CapEff:\t0000000000000400"));
	assert_non_null(strstr(text, "Seccomp:\t2"));
	net_slirp_stop(&slirp);
	end_target(target);
}

struct listener {
	int fd;
	struct sockaddr_in address;
};

static struct listener listen_on(struct in_addr address)
{
	struct listener l = {.address = {.sin_family = AF_INET, .sin_addr = address}};
	socklen_t len = sizeof(l.address);

	l.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l.fd, (struct sockaddr *)&l.address, sizeof(l.address)), 0);
	assert_int_equal(listen(l.fd, 4), 0);
	assert_int_equal(getsockname(l.fd, (struct sockaddr *)&l.address, &len), 0);
	return l;
}

/* Send a byte there. */
static int connect_to(void *arg)
{
	const struct sockaddr_in *address = arg;
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval limit = {.tv_sec = 2};

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return 1;
	return write(fd, "x", 1) == 1 ? 0 : 2;
}

/* True when a connection with a byte comes. */
static bool hears(const struct listener *l)
{
	struct pollfd poller = {.fd = l->fd, .events = POLLIN};
	AUTO_CLOSE int fd = -1;
	char byte = 0;

	if (poll(&poller, 1, 500) != 1)
		return false;
	fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	return read(fd, &byte, 1) == 1 && byte == 'x';
}

static bool find_outside_address(struct in_addr *out)
{
	struct ifaddrs *list = NULL;
	bool is_found = false;

	if (getifaddrs(&list) < 0)
		return false;
	for (const struct ifaddrs *i = list; i && !is_found; i = i->ifa_next) {
		struct sockaddr_in address;

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		    (i->ifa_flags & IFF_LOOPBACK))
			continue;
		memcpy(&address, i->ifa_addr, sizeof(address));
		*out = address.sin_addr;
		is_found = true;
	}
	freeifaddrs(list);
	return is_found;
}

static void box_reaches_the_network_but_not_the_hosts_loopback(void **state)
{
	struct in_addr outside = {0};
	const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
	const pid_t target = start_target();
	struct listener far, near;
	struct net_slirp slirp;
	struct err err = {0};

	(void)state;
	if (!find_outside_address(&outside)) {
		end_target(target);
		skip();
	}
	far = listen_on(outside);
	near = listen_on(loopback);
	if (net_slirp_start(&layout, target, NULL, -1, &slirp, &err) < 0 ||
	    net_slirp_wait_ready(&slirp, READY_MS, &err) < 0)
		fail_msg("%s", err.message);

	assert_int_equal(run_inside(target, connect_to, &far.address), 0);
	assert_true(hears(&far));
	near.address.sin_addr.s_addr = inet_addr("10.0.2.2");
	(void)run_inside(target, connect_to, &near.address);
	assert_false(hears(&near));

	net_slirp_stop(&slirp);
	(void)close(far.fd);
	(void)close(near.fd);
	end_target(target);
}

static void box_reaches_the_hosts_loopback_when_it_may(void **state)
{
	const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
	const pid_t target = start_target();
	struct net_layout open = layout;
	struct listener near = listen_on(loopback);
	struct net_slirp slirp;
	struct err err = {0};

	(void)state;
	open.reaches_host = true;
	if (net_slirp_start(&open, target, NULL, -1, &slirp, &err) < 0 ||
	    net_slirp_wait_ready(&slirp, READY_MS, &err) < 0)
		fail_msg("%s", err.message);
	near.address.sin_addr.s_addr = inet_addr("10.0.2.2");
	assert_int_equal(run_inside(target, connect_to, &near.address), 0);
	assert_true(hears(&near));
	net_slirp_stop(&slirp);
	(void)close(near.fd);
	end_target(target);
}

/* Only that address and that gateway. */
static int check_moved(void *arg)
{
	AUTO_FREE char *routes = NULL;
	AUTO_FREE char *trie = NULL;
	struct err err = {0};

	(void)arg;
	if (fd_read_file(AT_FDCWD, "/proc/thread-self/net/route", 65536, &routes, &err) < 0 ||
	    fd_read_file(AT_FDCWD, "/proc/thread-self/net/fib_trie", 65536, &trie, &err) < 0)
		return 1;
	if (!strstr(routes, "tap0\t00000000\t02004D0A") ||
	    !strstr(routes, "tap0\t00004D0A\t00000000\t0001\t0\t0\t0\t00FEFFFF"))
		return 2;
	return strstr(trie, "10.77.1.11") && !strstr(trie, "10.77.0.100") ? 0 : 3;
}

static void an_address_is_moved_with_its_routes(void **state)
{
	const struct net_layout wide = {
		.subnet = {0x0a4d0000, 23},
		.gateway = 0x0a4d0002,
		.dns = 0x0a4d0003,
		.address = 0x0a4d010b,
		.mtu = 1500,
		.reaches_host = true,
	};
	const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
	struct listener near = listen_on(loopback);
	const pid_t target = start_target();
	struct net_slirp slirp;
	struct err err = {0};

	(void)state;
	if (net_slirp_start(&wide, target, NULL, -1, &slirp, &err) < 0 ||
	    net_slirp_wait_ready(&slirp, READY_MS, &err) < 0 ||
	    net_move_address(target, &wide, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(run_inside(target, check_moved, NULL), 0);
	near.address.sin_addr.s_addr = inet_addr("10.77.0.2");
	assert_int_equal(run_inside(target, connect_to, &near.address), 0);
	assert_true(hears(&near));
	net_slirp_stop(&slirp);
	/* Its device is gone. */
	assert_int_equal(net_move_address(target, &wide, &err), -1);
	assert_int_equal(err.code, ENODEV);
	assert_string_equal(err.message,
			    "give the box its address '10.77.1.11': No such device");
	(void)close(near.fd);
	end_target(target);
}

static void slirp_ends_with_its_supervisor(void **state)
{
	const pid_t target = start_target();
	struct net_slirp slirp;
	struct err err = {0};
	int report[2];
	pid_t supervisor, pid = 0;
	uint64_t ticks = 0;

	(void)state;
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	supervisor = fork();
	if (supervisor == 0) {
		if (net_slirp_start(&layout, target, NULL, -1, &slirp, &err) < 0 ||
		    net_slirp_wait_ready(&slirp, READY_MS, &err) < 0 ||
		    fd_write_all(report[1], &slirp.pid, sizeof(slirp.pid)) < 0 ||
		    fd_write_all(report[1], &slirp.start_ticks, sizeof(ticks)) < 0)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(report[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(read(report[0], &ticks, sizeof(ticks)), sizeof(ticks));
	assert_true(proc_is_alive(pid, ticks));
	end_target(supervisor);
	for (int i = 0; i < 500 && proc_is_alive(pid, ticks); i++)
		(void)usleep(10000);
	assert_false(proc_is_alive(pid, ticks));
	(void)close(report[0]);
	(void)close(report[1]);
	end_target(target);
}

static void death_of_slirp_is_noticed(void **state)
{
	const pid_t target = start_target();
	struct net_slirp slirp;
	struct err err = {0};
	struct pollfd poller = {.events = POLLIN};
	AUTO_FREE char *words = NULL;

	(void)state;
	if (net_slirp_start(&layout, target, NULL, -1, &slirp, &err) < 0 ||
	    net_slirp_wait_ready(&slirp, READY_MS, &err) < 0)
		fail_msg("%s", err.message);
	poller.fd = slirp.pid_fd;
	assert_int_equal(poll(&poller, 1, 0), 0);
	assert_int_equal(kill(slirp.pid, SIGKILL), 0);
	assert_int_equal(poll(&poller, 1, READY_MS), 1);
	words = net_slirp_end_words(&slirp);
	assert_string_equal(words, "slirp4netns was killed by signal 9");
	net_slirp_stop(&slirp);
	end_target(target);
}

static void check_refused(const struct slirp_host *host, const char *api_path,
			  const char *message, const char *hint)
{
	const struct slirp_request request = {&layout, getpid(), api_path, -1, false};
	struct net_slirp slirp = {.pid = 7};
	struct err err = {0};

	assert_int_equal(slirp_start(host, &request, &slirp, &err), -1);
	if (!strstr(err.message, message))
		fail_msg("message: %s", err.message);
	if (!strstr(err.hint, hint))
		fail_msg("hint: %s", err.hint);
	assert_int_equal(slirp.pid, 7);
}

static void what_is_missing_is_said_before_the_start(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *tun = path_join(folder, "tun");
	AUTO_FREE char *long_path = xasprintf("%s/%0120d", folder, 0);
	const struct slirp_host without_program = {NULL, "/dev/null", "/etc/resolv.conf"};
	const struct slirp_host with_tun = {"/bin/true", tun, "/etc/resolv.conf"};
	const struct slirp_host good = {"/bin/true", "/dev/null", "/etc/resolv.conf"};

	(void)state;
	check_refused(&without_program, NULL, "slirp4netns is not installed",
		      "sudo apt-get install slirp4netns");
	check_refused(&with_tun, NULL, "tun': No such file or directory", "sudo modprobe tun");
	check_refused(&good, long_path, "is too long for a socket", "");
	if (getuid() == 0)
		return; /* to whom no file is forbidden */
	folder_write(folder, "tun", "");
	assert_int_equal(chmod(tun, 0), 0);
	check_refused(&with_tun, NULL, "tun': Permission denied", "sudo chmod 0666");
}

static void check_fails(const char *script, pid_t target, const char *message)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *program = path_join(folder, "program");
	AUTO_FREE char *real = proc_find_program("slirp4netns");
	AUTO_CLOSE int log_fd = open_log(folder);
	const struct slirp_host host = {script ? program : real, "/dev/null",
					"/etc/resolv.conf"};
	struct slirp_request request;
	struct net_slirp slirp;
	struct err err = {0};

	if (script) {
		folder_write(folder, "program", script);
		assert_int_equal(chmod(program, 0755), 0);
	}
	assert_int_equal(write(log_fd, "older words\n", 12), 12);
	request = (struct slirp_request){&layout, target, NULL, log_fd, false};
	assert_int_equal(slirp_start(&host, &request, &slirp, &err), 0);
	assert_int_equal(net_slirp_wait_ready(&slirp, 300, &err), -1);
	if (!strstr(err.message, message))
		fail_msg("message: %s", err.message);
	net_slirp_stop(&slirp);
}

static void an_end_before_ready_is_an_error_with_its_reason(void **state)
{
	(void)state;
	check_fails(NULL, 4194303, "/proc/4194303/ns/net: No such file or directory");
	check_fails("#!/bin/sh\nexit 3\n", 1, "slirp4netns gave up with status 3");
	check_fails("#!/bin/sh\nkill -9 $$\n", 1, "slirp4netns was killed by signal 9");
	check_fails("#!/bin/sh\necho why not >&2\necho more >&2\n", 1, "gave up: why not");
}

static void one_that_hangs_is_not_waited_for(void **state)
{
	(void)state;
	check_fails("#!/bin/sh\nexec sleep 60\n", 1, "was not ready after 300 ms");
}

static void sandbox_needs_a_resolv_conf_that_it_sees(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	AUTO_FREE char *path = path_join(folder, "resolv.conf");
	const struct slirp_host outside = {"/bin/true", "/dev/null", path};
	const struct slirp_host inside = {"/bin/true", "/dev/null", "/etc/hostname"};
	const struct slirp_host missing = {"/bin/true", "/dev/null", "/etc/missing"};

	(void)state;
	folder_write(folder, "resolv.conf", "");
	assert_false(slirp_has_sandbox(&outside));
	assert_true(slirp_has_sandbox(&inside));
	assert_true(slirp_has_sandbox(&missing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slirp_gives_an_address_and_a_route_and_leaves_nothing),
		cmocka_unit_test(slirp_is_confined),
		cmocka_unit_test(box_reaches_the_network_but_not_the_hosts_loopback),
		cmocka_unit_test(box_reaches_the_hosts_loopback_when_it_may),
		cmocka_unit_test(an_address_is_moved_with_its_routes),
		cmocka_unit_test(slirp_ends_with_its_supervisor),
		cmocka_unit_test(death_of_slirp_is_noticed),
		cmocka_unit_test(what_is_missing_is_said_before_the_start),
		cmocka_unit_test(an_end_before_ready_is_an_error_with_its_reason),
		cmocka_unit_test(one_that_hangs_is_not_waited_for),
		cmocka_unit_test(sandbox_needs_a_resolv_conf_that_it_sees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
