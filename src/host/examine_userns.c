#include "host/examine.h"

#include "util/cleanup.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#define ALL_NAMESPACES                                                              \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | \
	 CLONE_NEWUTS | CLONE_NEWCGROUP)

void examine_kernel(struct examine *x)
{
	static const char name[] = "kernel";
	struct utsname names;
	unsigned int major = 0, minor = 0;
	char *found;

	if (uname(&names) < 0 || sscanf(names.release, "%3u.%3u", &major, &minor) != 2) {
		host_report_add(x->report, HOST_WARN, "kernel", name,
				xstrdup("not judged: its version cannot be read"), NULL, NULL);
		return;
	}
	found = xasprintf("Linux %s", names.release);
	if (major > 5 || (major == 5 && minor >= 14))
		host_report_add(x->report, HOST_OK, "kernel", name, found, NULL, NULL);
	else if (major == 5 && minor >= 11)
		host_report_add(x->report, HOST_WARN, "kernel", name, found,
				xstrdup("stopping a box at once (cgroup.kill of 5.14)"),
				xstrdup("upgrade to Linux 5.14 or later"));
	else
		host_report_add(x->report, HOST_FAIL, "kernel", name, found,
				xstrdup("native overlay for ordinary users; maybe everything"),
				xstrdup("upgrade to Linux 5.14 or later"));
}

static int try_namespaces(struct attempt *attempt, void *arg)
{
	(void)arg;
	if (unshare(ALL_NAMESPACES) < 0)
		return attempt_fail(attempt, "create namespaces");
	/* AppArmor lets the namespace be made, and then every use of it fails. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return attempt_fail(attempt, "mount in a new namespace");
	return 0;
}

void examine_userns(struct examine *x)
{
	static const char name[] = "user namespaces";
	struct attempt attempt = {0};
	struct err err = {0};
	AUTO_FREE char *limit = NULL;

	x->has_userns = attempt_run(try_namespaces, NULL, &attempt) == 0;
	if (x->has_userns) {
		if (examine_sysctl(x->proc_sys, "user/max_user_namespaces", &limit) < 0)
			limit = xstrdup("unlimited");
		host_report_add(x->report, HOST_OK, "userns", name,
				xasprintf("%s allowed", limit), NULL, NULL);
		return;
	}
	if (attempt.code == 0) {
		host_report_add(x->report, HOST_FAIL, "userns", name, attempt_words(&attempt),
				xstrdup("everything: no box can start"), NULL);
		return;
	}
	(void)host_explain_userns(x->proc_sys, attempt.code, &err);
	host_report_add(x->report, HOST_FAIL, "userns", name, xstrdup(err.message),
			xstrdup("everything: no box can start"),
			err.hint[0] ? xstrdup(err.hint) : NULL);
}
