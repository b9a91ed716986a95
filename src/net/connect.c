#include "net/net.h"

#include "net/pasta.h"
#include "util/cleanup.h"
#include "util/proc.h"

#include <unistd.h>

int net_backend_check(enum net_backend backend, const char *program, struct err *err)
{
	if (backend != NET_PASTA)
		return 0;
	if (geteuid() == 0) {
		(void)err_set(err, "start the network: pasta that root starts becomes nobody, "
				   "who may not enter the box");
		return err_hint(err, "network.backend: slirp4netns");
	}
	if (program)
		return 0;
	(void)err_set(err, "start the network: pasta is not installed");
	return err_hint(err, "sudo apt-get install passt (Debian, Ubuntu), sudo dnf install "
			     "passt (Fedora); or network.backend: slirp4netns");
}

int net_connect(const struct net_layout *layout, pid_t pid, int log_fd,
		struct net_slirp *out_slirp, struct err *err)
{
	struct net_slirp slirp;

	if (layout->backend == NET_PASTA) {
		AUTO_FREE char *program = proc_find_program("pasta");

		if (pasta_start(program, layout, pid, log_fd, out_slirp, err) < 0)
			return -1;
		return pasta_wait_ready(out_slirp, pid, NET_READY_MS, err);
	}
	if (net_slirp_start(layout, pid, NULL, log_fd, &slirp, err) < 0)
		return -1;
	*out_slirp = slirp;
	if (net_slirp_wait_ready(out_slirp, NET_READY_MS, err) < 0)
		return -1;
	if (layout->address == layout->subnet.base + NET_ADDRESS_AT)
		return 0;
	return net_move_address(pid, layout, err);
}
