#include "net/net.h"
#include "util/cleanup.h"
#include "util/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A datagram to ourselves arrives, once lo is up. */
static int talk_to_self(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(4000)};
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char byte = 'x';

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    sendto(fd, &byte, 1, 0, (struct sockaddr *)&address, sizeof(address)) != 1)
		return -1;
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 1 ? 0 : -1;
}

static int in_own_network(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return 1;
	if (talk_to_self() == 0)
		return 2;
	if (net_lo_up() < 0)
		return 3;
	if (net_lo_up() < 0)
		return 4;
	return talk_to_self() == 0 ? 0 : 5;
}

static void loopback_of_a_new_network_comes_up(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(in_own_network());
	assert_int_equal(proc_exit_code(proc_wait(pid)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_of_a_new_network_comes_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
