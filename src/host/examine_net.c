#include "host/examine.h"

#include "util/cleanup.h"
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define VERSION_MAX_BYTES 4096U

/* From its line "slirp4netns version 1.2.0"; NULL when it does not run. */
static char *slirp_version(const char *program)
{
	static const char front[] = "slirp4netns version ";
	const char *argv[] = {program, "--version", NULL};
	AUTO_FREE char *text = NULL;
	struct err ignored = {0};
	int status;

	if (proc_run(argv, VERSION_MAX_BYTES, &text, &status, &ignored) < 0 ||
	    proc_exit_code(status) != 0 || !str_starts(text, front))
		return NULL;
	return xstrndup(text + strlen(front), strcspn(text + strlen(front), " \n"));
}

void examine_slirp(struct examine *x)
{
	static const char name[] = "network";
	static const char lost[] = "network_mode: project; boxes have host or none";
	AUTO_FREE char *program = x->find_program("slirp4netns");
	AUTO_FREE char *version = program ? slirp_version(program) : NULL;

	if (!program)
		host_report_add(x->report, HOST_FAIL, "network", name,
				xstrdup("slirp4netns is not installed"), xstrdup(lost),
				examine_install(x->etc, "slirp4netns"));
	else if (!version)
		host_report_add(x->report, HOST_FAIL, "network", name,
				xasprintf("'%s --version' fails", program), xstrdup(lost),
				examine_install(x->etc, "slirp4netns"));
	else
		host_report_add(x->report, HOST_OK, "network", name,
				xasprintf("slirp4netns %s", version), NULL, NULL);
}

void examine_tun(struct examine *x)
{
	static const char name[] = "tun device";
	AUTO_FREE char *path = xasprintf("%s/net/tun", x->dev);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	const int code = errno;

	if (fd >= 0)
		host_report_add(x->report, HOST_OK, "tun", name, xstrdup(path), NULL, NULL);
	else
		host_report_add(
			x->report, HOST_FAIL, "tun", name,
			xasprintf("open '%s': %s", path, strerror(code)),
			xstrdup("network_mode: project; boxes have host or none"),
			code == EACCES || code == EPERM
				? xasprintf("sudo chmod 0666 %s; for good: echo "
					    "'KERNEL==\"tun\", MODE=\"0666\"' | sudo tee "
					    "/etc/udev/rules.d/60-devbox-tun.rules",
					    path)
				: xstrdup("sudo modprobe tun; for good: echo tun | sudo tee "
					  "/etc/modules-load.d/devbox-tun.conf"));
}

/* slirp4netns pings for the box: with its group root, and with the caller's further groups. */
static bool is_ping_allowed(const struct examine *x, uint64_t low, uint64_t high)
{
	const gid_t own = x->subids.gid_count > 0 ? x->subids.gid[0].start : x->user->gid;

	if (own >= low && own <= high)
		return true;
	for (size_t i = 0; i < x->user->group_count; i++)
		if (x->user->groups[i] >= low && x->user->groups[i] <= high)
			return true;
	return false;
}

void examine_ping(struct examine *x)
{
	static const char name[] = "ping";
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *mend = NULL;
	uint64_t low, high;
	char *cursor, *first;

	if (examine_sysctl(x->proc_sys, "net/ipv4/ping_group_range", &text) < 0) {
		host_report_add(x->report, HOST_WARN, "ping", name,
				xstrdup("not judged: no net.ipv4.ping_group_range"), NULL,
				NULL);
		return;
	}
	cursor = text;
	first = strsep(&cursor, " \t");
	if (!cursor || str_to_u64(first, &low) < 0 || str_to_u64(str_trim(cursor), &high) < 0) {
		host_report_add(x->report, HOST_WARN, "ping", name,
				xstrdup("not judged: net.ipv4.ping_group_range is no range"),
				NULL, NULL);
		return;
	}
	if (is_ping_allowed(x, low, high)) {
		host_report_add(x->report, HOST_OK, "ping", name,
				xstrdup("allowed for your groups"), NULL, NULL);
		return;
	}
	mend = examine_mend_sysctl("net.ipv4.ping_group_range=0 2147483647");
	host_report_add(x->report, HOST_WARN, "ping", name,
			xasprintf("net.ipv4.ping_group_range is %llu %llu",
				  (unsigned long long)low, (unsigned long long)high),
			xstrdup("ping from a box to the outside"), STEAL(mend));
}

void examine_ports(struct examine *x)
{
	static const char name[] = "low ports";
	uint64_t first;

	if (examine_sysctl_number(x->proc_sys, "net/ipv4/ip_unprivileged_port_start", &first) <
	    0) {
		host_report_add(x->report, HOST_WARN, "ports", name,
				xstrdup("not judged: no net.ipv4.ip_unprivileged_port_start"),
				NULL, NULL);
		return;
	}
	if (first <= 80) {
		host_report_add(
			x->report, HOST_OK, "ports", name,
			xasprintf("%llu and up may be published", (unsigned long long)first),
			NULL, NULL);
		return;
	}
	host_report_add(x->report, HOST_OK, "ports", name,
			xasprintf("%llu and up may be published", (unsigned long long)first),
			xasprintf("ports below %llu on the host", (unsigned long long)first),
			examine_mend_sysctl("net.ipv4.ip_unprivileged_port_start=80"));
}
