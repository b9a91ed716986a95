#include "cgroup/cgroup.h"

#include "cgroup/files.h"
#include "cgroup/scope.h"
#include "cgroup/self.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/path.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a crashed supervisor left behind dies with it; this long we wait for it. */
#define LEFTOVER_TIMEOUT_MS 2000
#define NAME_LEN_MAX 128
#define BOX_DEPTH_MAX "16"
#define BOX_GROUPS_MAX "1024"

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	/* No '.': the names of interface files have one, and "." and ".." are no names. */
	return len > 0 && len <= NAME_LEN_MAX && name[0] != '-' &&
	       strspn(name,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		       len;
}

static int open_dir(int dir_fd, const char *path, struct err *err)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? err_sys(err, "open cgroup '%s'", path) : fd;
}

/* One by one: a controller that cannot be had must not cost us the others. A limit that needs
 * it fails by name. */
static void enable_controllers(int group_fd, uint32_t controllers)
{
	AUTO_FREE char *offered = cgroup_file_read(group_fd, "cgroup.controllers");

	controllers &= offered ? cgroup_controllers_parse(offered) : 0;
	for (uint32_t bit = 1; bit <= CGROUP_PIDS; bit <<= 1) {
		char word[16];

		if (!(controllers & bit))
			continue;
		(void)snprintf(word, sizeof(word), "+%s", cgroup_controller_name(bit));
		if (cgroup_file_write(group_fd, "cgroup.subtree_control", word) < 0)
			log_debug("enable cgroup controller '%s': %s", word + 1,
				  strerror(errno));
	}
}

/* The group a project had before, if any, must be empty: it goes, with the limits and counters
 * in it. */
static int make_fresh(int dir_fd, const char *path, struct err *err)
{
	AUTO_CLOSE int old = -1;

	if (mkdirat(dir_fd, path, 0755) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(err, "make cgroup '%s'", path);

	old = open_dir(dir_fd, path, err);
	if (old < 0)
		return -1;
	if (cgroup_is_populated(old) && cgroup_wait_empty(old, LEFTOVER_TIMEOUT_MS, err) < 0) {
		(void)err_code(err, EBUSY, "make cgroup '%s': processes run in it", path);
		return err_hint(err, "kill them: echo 1 >%s/cgroup.kill", path);
	}
	if (cgroup_remove_at(dir_fd, path, LEFTOVER_TIMEOUT_MS) < 0)
		return err_sys(err, "remove old cgroup '%s'", path);
	if (mkdirat(dir_fd, path, 0755) < 0)
		return err_sys(err, "make cgroup '%s'", path);
	return 0;
}

/*
 * No-internal-process rule: a group hands controllers to its children only while it holds no
 * process. So we leave it first, then enable.
 */
static int move_in(const char *group, uint32_t controllers, struct err *err)
{
	AUTO_CLOSE int group_fd = open_dir(AT_FDCWD, group, err);
	AUTO_CLOSE int self_fd = -1;

	if (group_fd < 0)
		return -1;
	if (mkdirat(group_fd, CGROUP_SUPERVISOR, 0755) < 0 && errno != EEXIST)
		return err_sys(err, "make cgroup '%s/" CGROUP_SUPERVISOR "'", group);

	self_fd = open_dir(group_fd, CGROUP_SUPERVISOR, err);
	if (self_fd < 0 || cgroup_attach(self_fd, getpid(), err) < 0)
		return err_wrap(err, "cgroup '%s'", group);

	enable_controllers(group_fd, controllers);
	return steal_fd(&group_fd);
}

static int open_below(const struct cgroup_place *place, const char *project, char **out_path,
		      struct err *err)
{
	AUTO_FREE char *group = xasprintf("%s/devbox-%s", place->base, project);
	AUTO_CLOSE int base_fd = open_dir(AT_FDCWD, place->base, err);
	int fd;

	if (base_fd < 0 || make_fresh(AT_FDCWD, group, err) < 0)
		return -1;

	/* From the top down; the base is free of processes unless it is the root, or offers
	 * nothing anyway. */
	enable_controllers(base_fd, place->controllers);
	fd = move_in(group, place->controllers, err);
	if (fd < 0) {
		(void)cgroup_remove_at(AT_FDCWD, group, 0);
		return -1;
	}
	*out_path = STEAL(group);
	return fd;
}

static int open_scope(const struct cgroup_place *place, const char *project, char **out_path,
		      struct err *err)
{
	AUTO_FREE char *unit =
		xasprintf("devbox-%s-%d" CGROUP_SCOPE_SUFFIX, project, (int)getpid());
	AUTO_FREE char *words = xasprintf("Development boxes of project %s", project);
	AUTO_FREE char *dir = NULL;
	int fd;

	if (cgroup_scope_enter(place->runtime_dir, unit, words, &dir, err) < 0)
		return -1;
	/* On failure the scope stays, with us in it, and goes when we end. */
	fd = move_in(dir, place->controllers, err);
	if (fd >= 0)
		*out_path = STEAL(dir);
	return fd;
}

int cgroup_project_open(const struct cgroup_place *place, const char *project, char **out_path,
			struct err *err)
{
	assert(place->method != CGROUP_NONE);

	if (!is_name(project))
		return err_code(err, EINVAL, "make a cgroup for project '%s'", project);
	if (place->method == CGROUP_SYSTEMD)
		return open_scope(place, project, out_path, err);
	return open_below(place, project, out_path, err);
}

#define MOUNTINFO_MAX (16U << 20)

/* Mounted with nsdelegate, as systemd does, the kernel keeps a cgroup namespace from the limits
 * of its own root. */
static bool is_ns_delegated(void)
{
	AUTO_FREE char *text = NULL;
	struct err ignored;
	char *line;
	char *save = NULL;

	if (fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, &ignored) < 0)
		return false;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strstr(line, " - cgroup2 ") && strstr(line, "nsdelegate"))
			return true;
	}
	return false;
}

/* Groups cost the kernel memory, and we must be able to remove them again. */
static int make_inner(int box_fd, struct err *err)
{
	(void)cgroup_file_write(box_fd, "cgroup.max.depth", BOX_DEPTH_MAX);
	(void)cgroup_file_write(box_fd, "cgroup.max.descendants", BOX_GROUPS_MAX);
	if (is_ns_delegated())
		return 0;
	if (mkdirat(box_fd, CGROUP_INNER, 0755) < 0)
		return err_sys(err, "make cgroup '" CGROUP_INNER "'");
	return 0;
}

int cgroup_box_create(int project_fd, const char *name, const struct cgroup_limits *limits,
		      struct err *err)
{
	AUTO_CLOSE int fd = -1;

	if (!is_name(name))
		return err_code(err, EINVAL, "make cgroup '%s'", name);
	if (strcmp(name, CGROUP_SUPERVISOR) == 0)
		return err_code(err, EEXIST, "make cgroup '%s': the supervisor's has that name",
				name);
	if (make_fresh(project_fd, name, err) < 0)
		return -1;

	fd = open_dir(project_fd, name, err);
	if (fd < 0 || cgroup_limits_apply(fd, limits, err) < 0 || make_inner(fd, err) < 0) {
		(void)cgroup_remove_at(project_fd, name, 0);
		return -1;
	}
	return steal_fd(&fd);
}

int cgroup_box_inner(int box_fd, struct err *err)
{
	struct stat st;
	int fd;

	if (fstatat(box_fd, CGROUP_INNER, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return open_dir(box_fd, CGROUP_INNER, err);
	fd = fcntl(box_fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? err_sys(err, "open the box's cgroup") : fd;
}
