#include "net/pasta.h"

#include "util/cleanup.h"
#include "util/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define PATIENCE_MS 5000

static const struct net_layout layout = {
	.backend = NET_PASTA,
	.subnet = {0x0a000200, 24},
	.gateway = 0x0a000202,
	.dns = 0x0a000203,
	.address = 0x0a000264,
	.mtu = NET_MTU,
};

static void a_default_route_by_the_device_is_found(void **state)
{
	static const char head[] = "Iface\tDestination\tGateway \tFlags\n";
	AUTO_FREE char *with = xasprintf("%stap0\t0002000A\t00000000\t0001\n"
					 "tap0\t00000000\t0202000A\t0003\n",
					 head);
	AUTO_FREE char *without = xasprintf("%stap0\t0002000A\t00000000\t0001\n"
					    "eth0\t00000000\t0202000A\t0003\n",
					    head);

	(void)state;
	assert_true(pasta_has_route(with));
	assert_false(pasta_has_route(without));
	assert_false(pasta_has_route(""));
}

static void without_it_it_is_said_how_to_get_it(void **state)
{
	struct net_slirp slirp = {.pid = 7};
	struct err err = {0};

	(void)state;
	assert_int_equal(pasta_start(NULL, &layout, getpid(), -1, &slirp, &err), -1);
	assert_string_equal(err.message, "start the network: pasta is not installed");
	assert_non_null(strstr(err.hint, "sudo apt-get install passt"));
	assert_int_equal(pasta_start("/nonexistent/pasta", &layout, getpid(), -1, &slirp, &err),
			 -1);
	assert_string_equal(err.message, "start the network: '/nonexistent/pasta' cannot be "
					 "executed");
	assert_int_equal(slirp.pid, 7);
}

/* Start a program of that text in its place. */
static void start_script(const char *folder, const char *script, struct net_slirp *slirp)
{
	AUTO_FREE char *program = path_join(folder, "program");
	AUTO_FREE char *log = path_join(folder, "log");
	AUTO_CLOSE int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct err err = {0};

	folder_write(folder, "program", script);
	assert_int_equal(chmod(program, 0755), 0);
	if (pasta_start(program, &layout, getpid(), log_fd, slirp, &err) < 0)
		fail_msg("%s", err.message);
}

static void an_end_before_ready_is_an_error_with_its_reason(void **state)
{
	static const struct {
		const char *script, *message;
	} table[] = {
		{"#!/bin/sh\nexit 3\n", "start the network: pasta gave up with status 3"},
		{"#!/bin/sh\nkill -9 $$\n", "start the network: pasta was killed by signal 9"},
		{"#!/bin/sh\necho why not >&2\nexit 1\n",
		 "start the network: pasta gave up: why not"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO_FOLDER char *folder = folder_make();
		struct net_slirp slirp;
		struct err err = {0};

		start_script(folder, table[i].script, &slirp);
		assert_int_equal(pasta_wait_ready(&slirp, getpid(), PATIENCE_MS, &err), -1);
		assert_string_equal(err.message, table[i].message);
		net_slirp_stop(&slirp);
	}
}

static void it_ends_when_it_is_told_to(void **state)
{
	AUTO_FOLDER char *folder = folder_make();
	struct net_slirp slirp;
	struct err err = {0};
	uint64_t ticks;
	pid_t pid;

	(void)state;
	start_script(folder, "#!/bin/sh\nexec sleep 60\n", &slirp);
	pid = slirp.backend_pid;
	ticks = slirp.start_ticks;
	assert_true(proc_is_alive(pid, ticks));
	assert_int_equal(pasta_wait_ready(&slirp, getpid(), 50, &err), -1);
	assert_string_equal(err.message, "start the network: pasta was not ready after 50 ms");
	net_slirp_stop(&slirp);
	assert_false(proc_is_alive(pid, ticks));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_default_route_by_the_device_is_found),
		cmocka_unit_test(without_it_it_is_said_how_to_get_it),
		cmocka_unit_test(an_end_before_ready_is_an_error_with_its_reason),
		cmocka_unit_test(it_ends_when_it_is_told_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
