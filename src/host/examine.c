#include "host/examine.h"

#include "util/cleanup.h"
#include "util/log.h"
#include "util/proc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*const checks[])(struct examine *x) = {
	examine_kernel,  examine_userns,  examine_subids,      examine_idmap,  examine_clash,
	examine_overlay, examine_fuse,    examine_slirp,       examine_tun,    examine_ping,
	examine_ports,   examine_seccomp, examine_runtime_dir, examine_linger, examine_path,
};

/*
 * The file system on which boxes will lie decides whether overlay works: the data folder, or
 * the nearest folder above it that exists.
 */
static char *find_probe_parent(const struct host_user *user)
{
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	char *path = data && *data == '/'
			     ? xasprintf("%s/devbox", data)
			     : xasprintf("%s/.local/share/devbox", home ? home : user->home);

	while (strlen(path) > 1 && access(path, F_OK) < 0) {
		char *slash = strrchr(path, '/');

		if (!slash)
			break;
		slash[slash == path] = '\0';
	}
	return path;
}

int host_examine(struct host_report *out_report, struct err *err)
{
	struct host_report report = {0};
	struct host_user user = {0};
	AUTO_FREE char *probe_parent = NULL;
	struct err ignored = {0};
	struct examine x = {
		.report = &report,
		.user = &user,
		.etc = "/etc",
		.proc_sys = "/proc/sys",
		.dev = "/dev",
		.run = "/run",
		.var_lib = "/var/lib",
		.path = getenv("PATH"),
		.runtime_dir = getenv("XDG_RUNTIME_DIR"),
		.find_program = proc_find_program,
	};

	if (host_user_get(&user, err) < 0)
		return -1;
	probe_parent = find_probe_parent(&user);
	x.probe_parent = probe_parent;
	if (host_subids_get(x.etc, &user, &x.subids, &ignored) < 0)
		log_warn("%s", ignored.message);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		checks[i](&x);
	host_user_done(&user);
	*out_report = report;
	return 0;
}
