#include "cgroup/cgroup.h"

#include "cgroup/files.h"
#include "util/cleanup.h"
#include "util/path.h"

#include <fcntl.h>
#include <unistd.h>

/* The controllers of the whole machine, or all when this process cannot see the top of the
 * hierarchy. */
static uint32_t machine_controllers(const struct cgroup_place *place)
{
	AUTO_FREE char *type = place->mount ? path_join(place->mount, "cgroup.type") : NULL;

	if (!type || access(type, F_OK) == 0)
		return UINT32_MAX;
	return cgroup_controllers_read(place->mount);
}

static int hint_systemd(const struct cgroup_place *place, struct err *err)
{
	if (place->method == CGROUP_NONE)
		return err_hint(
			err,
			"%s\nlog in through a session of systemd (pam_systemd), or: loginctl "
			"enable-linger",
			place->why ? place->why : "the user's systemd cannot be reached");
	return err_hint(err,
			"sudo mkdir -p /etc/systemd/system/user@.service.d && printf "
			"'[Service]\\nDelegate=cpu cpuset io memory pids\\n' | sudo tee "
			"/etc/systemd/system/user@.service.d/delegate.conf\n"
			"sudo systemctl daemon-reload, then log out everywhere and in again");
}

static int hint_plain(const struct cgroup_place *place, const char *names, struct err *err)
{
	if (place->method == CGROUP_NONE)
		return err_hint(err,
				"%s\nas root: make a cgroup, give it to this user and start "
				"the session in a "
				"group below it",
				place->why ? place->why : "no cgroup is writable");
	return err_hint(
		err,
		"'%s' hands no '%s' on: root must enable it in cgroup.subtree_control of every "
		"group above, and it must hold no processes itself",
		place->base ? place->base : "", names);
}

int cgroup_missing_hint(const struct cgroup_place *place, uint32_t missing, struct err *err)
{
	uint32_t not_in_kernel = missing & ~machine_controllers(place);
	char names[64];

	if (place->layout == CGROUP_LAYOUT_V1)
		return err_hint(err, "this machine has no cgroup v2; boot with "
				     "'systemd.unified_cgroup_hierarchy=1' (without systemd: "
				     "'cgroup_no_v1=all') on the kernel command line");
	if (place->layout == CGROUP_LAYOUT_HYBRID)
		return err_hint(err,
				"'%s' is bound to cgroup v1 on this machine; boot with "
				"'systemd.unified_cgroup_hierarchy=1' (without systemd: "
				"'cgroup_no_v1=all') on the kernel command line",
				cgroup_controller_names(missing, names));
	if (not_in_kernel)
		return err_hint(
			err,
			"this kernel offers no '%s' controller: it was built without, or "
			"'cgroup_disable=' is on its command line",
			cgroup_controller_names(not_in_kernel, names));
	if (place->has_systemd)
		return hint_systemd(place, err);
	return hint_plain(place, cgroup_controller_names(missing, names), err);
}
