#include "cgroup/cgroup.h"

#include "cgroup/bus.h"
#include "cgroup/files.h"
#include "cgroup/self.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Where we are, before anything is decided. */
struct finder {
	struct cgroup_view view;
	char *own; /* folder of our own group; NULL: not shown by any mount */
};

static void finder_done(struct finder *f)
{
	cgroup_view_done(&f->view);
	free(f->own);
}

static char *read_text(const char *fs_root, const char *path, struct err *err)
{
	AUTO_FREE char *full = xasprintf("%s%s", fs_root, path);
	char *text = NULL;

	if (fd_read_file(AT_FDCWD, full, CGROUP_FILE_MAX * 2, &text, err) < 0)
		return NULL;
	return text;
}

static int finder_fill(const char *fs_root, struct finder *f, struct err *err)
{
	AUTO_FREE char *mounts = read_text(fs_root, "/proc/self/mountinfo", err);
	struct err no_cgroup = {0};
	AUTO_FREE char *groups = NULL;
	AUTO_FREE char *path = NULL;

	if (!mounts)
		return err_wrap(err, "look for cgroups");

	/* A kernel without cgroups has no such file: that is an answer. */
	groups = read_text(fs_root, "/proc/self/cgroup", &no_cgroup);
	path = groups ? cgroup_path_parse(groups) : NULL;
	cgroup_view_find(mounts, path, &f->view);
	f->own = path ? cgroup_view_dir(&f->view, path) : NULL;
	return 0;
}

/* The next folder up, or false at the mount point. In place. */
static bool step_up(char *dir, const char *mount)
{
	char *slash = strrchr(dir, '/');

	if (strlen(dir) <= strlen(mount) || !slash)
		return false;
	*slash = '\0';
	return strlen(dir) >= strlen(mount);
}

/* Only below a group of type "domain" can boxes have groups of their own; the root group has no
 * type. */
static bool is_domain(const char *dir)
{
	AUTO_FREE char *path = path_join(dir, "cgroup.type");
	AUTO_FREE char *type = cgroup_file_read(AT_FDCWD, path);

	return type ? str_eq(str_trim(type), "domain") : errno == ENOENT;
}

static bool is_ours(const char *dir)
{
	return cgroup_file_writable(dir, NULL) && cgroup_file_writable(dir, "cgroup.procs") &&
	       cgroup_file_writable(dir, "cgroup.subtree_control");
}

/* A group with processes cannot hand controllers to its children; the root of the hierarchy
 * can. */
static bool holds_processes(const char *dir)
{
	AUTO_FREE char *type = path_join(dir, "cgroup.type");
	AUTO_FREE char *path = path_join(dir, "cgroup.procs");
	AUTO_FREE char *procs = NULL;

	if (access(type, F_OK) != 0 && errno == ENOENT)
		return false;
	procs = cgroup_file_read(AT_FDCWD, path);
	return !procs || *procs != '\0';
}

/* The topmost of our own group and its ancestors that we may make groups in. */
static char *find_writable(const struct finder *f)
{
	AUTO_FREE char *dir = xstrdup(f->own);
	char *best = NULL;

	do {
		if (is_ours(dir) && is_domain(dir)) {
			free(best);
			best = xstrdup(dir);
		}
	} while (step_up(dir, f->view.mount));
	return best;
}

/* The folder of the user's manager that @own lies below, or NULL. */
static char *manager_above(const struct finder *f)
{
	AUTO_FREE char *name = xasprintf("user@%u.service", (unsigned)geteuid());
	AUTO_FREE char *dir = xstrdup(f->own);

	do {
		const char *slash = strrchr(dir, '/');

		if (slash && str_eq(slash + 1, name))
			return STEAL(dir);
	} while (step_up(dir, f->view.mount));
	return NULL;
}

/* systemd marks what it hands over for good; it writes that mark since version 251. */
static bool is_delegated(const char *dir)
{
	char value[8] = "";
	ssize_t len = getxattr(dir, "user.delegate", value, sizeof(value));

	return len == 1 && value[0] == '1';
}

/*
 * Below the user's manager only what systemd delegated is ours, although all of it belongs to
 * us: systemd would undo what we do elsewhere. The manager's own group is delegated to the
 * manager, and a scope of ours ("devbox-…") to the project that it was made for.
 */
static char *find_delegated(const struct finder *f)
{
	AUTO_FREE char *manager = manager_above(f);
	AUTO_FREE char *dir = xstrdup(f->own);
	char *best = NULL;

	if (!manager)
		return NULL;

	while (strlen(dir) > strlen(manager)) {
		if (is_delegated(dir) && is_ours(dir) && is_domain(dir) &&
		    !holds_processes(dir) && !str_starts(strrchr(dir, '/') + 1, "devbox-")) {
			free(best);
			best = xstrdup(dir);
		}
		if (!step_up(dir, f->view.mount))
			break;
	}
	return best;
}

/* A scope with Delegate=yes gets every controller that the user's manager was given. */
static uint32_t manager_controllers(const struct finder *f)
{
	AUTO_FREE char *manager = manager_above(f);
	unsigned uid = (unsigned)geteuid();

	if (!manager)
		manager = xasprintf("%s/user.slice/user-%u.slice/user@%u.service",
				    f->view.mount, uid, uid);
	if (access(manager, F_OK) == 0)
		return cgroup_controllers_read(manager);

	/* A manager that lies elsewhere, because it was started by hand: what the nearest place
	 * of ours has. */
	free(manager);
	manager = find_writable(f);
	return manager ? cgroup_controllers_read(manager) : 0;
}

static void place_subtree(struct cgroup_place *place, char *base)
{
	place->method = CGROUP_SUBTREE;
	place->base = base;
	if (holds_processes(base)) {
		place->why =
			xasprintf("'%s' is ours, but holds processes itself, so that it can "
				  "hand no controller to boxes",
				  base);
		return;
	}
	place->controllers = cgroup_controllers_read(base);
	place->why = xasprintf("'%s' is ours", base);
}

static void place_systemd(struct cgroup_place *place, const struct finder *f)
{
	bool is_system = false;
	AUTO_FREE char *socket = bus_find_socket(place->runtime_dir, &is_system);

	if (!socket) {
		place->why =
			xasprintf("the user's systemd cannot be reached: neither "
				  "'%s/systemd/private' nor a "
				  "session bus",
				  place->runtime_dir ? place->runtime_dir : "$XDG_RUNTIME_DIR");
		return;
	}
	place->method = CGROUP_SYSTEMD;
	place->controllers =
		is_system ? cgroup_controllers_read(f->view.mount) : manager_controllers(f);
	place->why = xasprintf("scopes of systemd by '%s'", socket);
}

int cgroup_place_find(const char *fs_root, const char *runtime_dir,
		      struct cgroup_place *out_place, struct err *err)
{
	__attribute__((cleanup(finder_done))) struct finder f = {0};
	struct cgroup_place place = {.method = CGROUP_NONE};
	char *base;

	if (finder_fill(fs_root, &f, err) < 0)
		return -1;

	place.layout = f.view.layout;
	place.mount = xstrdup(f.view.mount);
	place.runtime_dir = xstrdup(runtime_dir);
	place.has_systemd = cgroup_has_systemd(fs_root);
	if (!f.view.mount) {
		place.why = xstrdup("no cgroup v2 hierarchy is mounted");
	} else if (!f.own) {
		place.why = xasprintf("the mount on '%s' does not show our own cgroup",
				      f.view.mount);
	} else if (place.has_systemd) {
		base = find_delegated(&f);
		if (base)
			place_subtree(&place, base);
		else
			place_systemd(&place, &f);
	} else {
		base = find_writable(&f);
		if (base)
			place_subtree(&place, base);
		else
			place.why = xasprintf("neither '%s' nor a group above it is writable",
					      f.own);
	}
	*out_place = place;
	return 0;
}

void cgroup_place_done(struct cgroup_place *place)
{
	free(place->mount);
	free(place->base);
	free(place->runtime_dir);
	free(place->why);
	*place = (struct cgroup_place){0};
}
