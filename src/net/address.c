#include "net/net.h"

#include "util/cleanup.h"
#include "util/proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static struct sockaddr as_sockaddr(uint32_t address)
{
	const struct sockaddr_in in = {.sin_family = AF_INET,
				       .sin_addr = {.s_addr = htonl(address)}};
	struct sockaddr out;

	_Static_assert(sizeof(in) == sizeof(out), "an IPv4 address fits");
	memcpy(&out, &in, sizeof(out));
	return out;
}

/* In the network of the box. Return: 0 or errno. */
static int apply(const struct net_layout *layout)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[IFNAMSIZ] = NET_DEVICE;
	struct ifreq request = {0};
	struct rtentry route = {
		.rt_dst = as_sockaddr(0),
		.rt_genmask = as_sockaddr(0),
		.rt_gateway = as_sockaddr(layout->gateway),
		.rt_flags = RTF_UP | RTF_GATEWAY,
		.rt_dev = name,
	};

	memcpy(request.ifr_name, name, sizeof(name));
	if (fd < 0)
		return errno;
	request.ifr_addr = as_sockaddr(layout->address);
	if (ioctl(fd, SIOCSIFADDR, &request) < 0)
		return errno;
	/* Until now it had the mask of its class. The routes went with the old address. */
	request.ifr_addr = as_sockaddr(cidr_mask(layout->subnet.bits));
	if (ioctl(fd, SIOCSIFNETMASK, &request) < 0)
		return errno;
	return ioctl(fd, SIOCADDRT, &route) < 0 ? errno : 0;
}

__attribute__((noreturn)) static void child_main(const int spaces[2],
						 const struct net_layout *layout)
{
	/* The box's root may look into processes of its user namespace: not into this one. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (setns(spaces[0], CLONE_NEWUSER) < 0 || setns(spaces[1], CLONE_NEWNET) < 0)
		_exit(errno);
	_exit(apply(layout));
}

static int open_space(pid_t pid, const char *name)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/%s", (int)pid, name);

	return open(path, O_RDONLY | O_CLOEXEC);
}

int net_move_address(pid_t pid, const struct net_layout *layout, struct err *err)
{
	AUTO_CLOSE int user = open_space(pid, "user");
	AUTO_CLOSE int net = open_space(pid, "net");
	const int spaces[2] = {user, net};
	char words[IPV4_TEXT_MAX];
	pid_t child;
	int code;

	(void)ipv4_text(layout->address, words);
	if (user < 0 || net < 0)
		return err_sys(err, "give the box its address '%s'", words);
	child = fork();
	if (child == 0)
		child_main(spaces, layout);
	if (child < 0)
		return err_sys(err, "give the box its address '%s'", words);
	code = proc_exit_code(proc_wait(child));
	if (code != 0)
		return err_code(err, code, "give the box its address '%s'", words);
	return 0;
}
