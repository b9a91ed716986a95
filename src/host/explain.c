#include "host/host.h"

#include "host/examine.h"
#include "util/cleanup.h"

#include <errno.h>
#include <limits.h>

static bool sysctl_is(const char *proc_sys, const char *name, uint64_t wanted)
{
	uint64_t value;

	return examine_sysctl_number(proc_sys, name, &value) == 0 && value == wanted;
}

/* This program as the profile of AppArmor has to name it. */
static char *own_path(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len <= 0)
		return xstrdup("/usr/local/bin/devbox");
	path[len] = '\0';
	return xstrdup(path);
}

static char *mend_apparmor(void)
{
	AUTO_FREE char *path = own_path();

	return xasprintf("printf 'abi <abi/4.0>,\\nprofile devbox \"%s\" flags=(unconfined) { "
			 "userns, }\\n' | sudo tee /etc/apparmor.d/devbox && "
			 "sudo apparmor_parser -r /etc/apparmor.d/devbox",
			 path);
}

static const char *const limit_names[] = {
	"max_user_namespaces",   "max_mnt_namespaces", "max_pid_namespaces",
	"max_net_namespaces",    "max_ipc_namespaces", "max_uts_namespaces",
	"max_cgroup_namespaces",
};

/* ENOSPC: which of the limits is it? One that is 0 for certain, else all that is known is the
 * smallest. */
static int explain_limits(const char *proc_sys, int code, struct err *err)
{
	const char *lowest = NULL;
	uint64_t lowest_value = UINT64_MAX;

	for (size_t i = 0; i < ARRAY_LEN(limit_names); i++) {
		AUTO_FREE char *name = xasprintf("user/%s", limit_names[i]);
		uint64_t value;

		if (examine_sysctl_number(proc_sys, name, &value) < 0 || value >= lowest_value)
			continue;
		lowest = limit_names[i];
		lowest_value = value;
	}
	if (!lowest) {
		err_code(err, code, "create namespaces");
		return err_hint(err, "a limit of user.max_*_namespaces is reached");
	}
	if (lowest_value == 0) {
		AUTO_FREE char *setting = xasprintf("user.%s=28633", lowest);
		AUTO_FREE char *mend = examine_mend_sysctl(setting);

		err_code(err, code, "create namespaces: user.%s is 0", lowest);
		return err_hint(err, "%s", mend);
	}
	err_code(err, code, "create namespaces: as many as allowed are in use");
	return err_hint(
		err,
		"stop other boxes and containers ('lsns' lists what is in use), or raise "
		"user.%s, now %llu: sudo sysctl -w user.%s=%llu",
		lowest, (unsigned long long)lowest_value, lowest,
		(unsigned long long)lowest_value * 2);
}

static int explain_refusal(const char *proc_sys, int code, struct err *err)
{
	AUTO_FREE char *mend = NULL;

	if (sysctl_is(proc_sys, "kernel/unprivileged_userns_clone", 0)) {
		mend = examine_mend_sysctl("kernel.unprivileged_userns_clone=1");
		err_code(err, code,
			 "create user namespace: kernel.unprivileged_userns_clone is 0");
		return err_hint(err, "%s", mend);
	}
	if (sysctl_is(proc_sys, "kernel/apparmor_restrict_unprivileged_userns", 1)) {
		mend = mend_apparmor();
		err_code(err, code,
			 "create user namespace: AppArmor allows it to named programs only "
			 "(kernel.apparmor_restrict_unprivileged_userns is 1)");
		return err_hint(err, "%s", mend);
	}
	if (sysctl_is(proc_sys, "user/max_user_namespaces", 0))
		return explain_limits(proc_sys, code, err);
	err_code(err, code, "create user namespace");
	return err_hint(err, "no sysctl forbids it: this shell runs in a chroot, or in a "
			     "container or sandbox whose filter does");
}

int host_explain_userns(const char *proc_sys, int code, struct err *err)
{
	switch (code) {
	case EPERM:
	case EACCES:
		return explain_refusal(proc_sys, code, err);
	case ENOSPC:
	case EUSERS: /* also: more than 32 user namespaces inside each other */
		return explain_limits(proc_sys, code, err);
	case ENOSYS:
		err_code(err, code, "create namespaces with clone3");
		return err_hint(err,
				"Linux 5.3 has it: this kernel is older, or the filter of an "
				"outer container hides it");
	case EINVAL:
		err_code(err, code, "create namespaces");
		return err_hint(err, "this kernel was built without user, pid, net or cgroup "
				     "namespaces: 'grep _NS= /boot/config-$(uname -r)' tells");
	case EAGAIN:
		err_code(err, code, "create a process in new namespaces");
		return err_hint(err, "too many processes: 'ulimit -u' is the limit, "
				     "'ps -u $USER' what runs");
	default:
		return err_code(err, code, "create namespaces");
	}
}
