#include "cgroup/self.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A machine with thousands of mounts (containers, snaps, autofs) has some megabytes. */
#define MOUNTINFO_MAX (16U << 20)

struct mount_line {
	char *root;
	char *point;
	char *type;
};

/* "\040" and its like stand for blanks in mountinfo. In place. */
static char *unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)(((from[1] - '0') << 6) | ((from[2] - '0') << 3) |
				     (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return text;
}

/* "31 23 0:26 ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPER": cuts @line up in place. */
static bool parse_mount_line(char *line, struct mount_line *out)
{
	char *rest = line;
	char *fields[6] = {NULL};
	const char *word;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		fields[i] = strsep(&rest, " ");
		if (!fields[i] || !*fields[i])
			return false;
	}

	do
		word = strsep(&rest, " ");
	while (word && !str_eq(word, "-"));
	out->type = word ? strsep(&rest, " ") : NULL;
	if (!out->type)
		return false;

	out->root = unescape(fields[3]);
	out->point = unescape(fields[4]);
	return out->root[0] == '/' && out->point[0] == '/';
}

/*
 * The folder below @point for the group @path when the mount shows the hierarchy from @root on.
 * A root with ".." is an ancestor of our cgroup namespace: the names between are not ours to
 * know.
 */
static char *dir_below(const char *point, const char *root, const char *path)
{
	if (strstr(root, "/..") || strstr(path, "/.."))
		return NULL;
	if (!path_is_below(path, root))
		return NULL;

	path += str_eq(root, "/") ? 0 : strlen(root);
	path += strspn(path, "/");
	return *path ? path_join(point, path) : xstrdup(point);
}

/* How well a mount serves us: one that hides our own group, or is hidden itself, is a last
 * resort. */
static int rate(const struct mount_line *line, const char *own)
{
	AUTO_FREE char *dir = own ? dir_below(line->point, line->root, own) : NULL;
	AUTO_FREE char *procs = dir ? path_join(dir, "cgroup.procs") : NULL;
	int points = 1;

	if (procs && access(procs, F_OK) == 0)
		points += 4;
	if (str_eq(line->root, "/"))
		points += 2;
	if (str_eq(line->point, "/sys/fs/cgroup"))
		points += 1;
	return points;
}

void cgroup_view_find(const char *mountinfo, const char *own, struct cgroup_view *out_view)
{
	AUTO_FREE char *copy = xstrdup(mountinfo);
	struct cgroup_view view = {.layout = CGROUP_LAYOUT_V1};
	bool has_v1 = false;
	char *rest = copy;
	char *text;
	int best = 0;

	while ((text = strsep(&rest, "\n")) != NULL) {
		struct mount_line line = {0};
		int points;

		if (!parse_mount_line(text, &line))
			continue;
		has_v1 = has_v1 || str_eq(line.type, "cgroup");
		if (!str_eq(line.type, "cgroup2"))
			continue;

		points = rate(&line, own);
		if (points <= best)
			continue;
		best = points;
		cgroup_view_done(&view);
		view.mount = xstrdup(line.point);
		view.root = xstrdup(line.root);
	}

	/* Version 1 hierarchies beside or below a v2 mount in the usual place do not take
	 * controllers that we see. */
	if (view.mount && (!has_v1 || str_eq(view.mount, "/sys/fs/cgroup")))
		view.layout = CGROUP_LAYOUT_UNIFIED;
	else if (view.mount)
		view.layout = CGROUP_LAYOUT_HYBRID;
	*out_view = view;
}

void cgroup_view_done(struct cgroup_view *view)
{
	free(view->mount);
	free(view->root);
	view->mount = NULL;
	view->root = NULL;
}

char *cgroup_path_parse(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (str_starts(text, "0::/")) {
			char *path = xstrndup(text + 3, len - 3);

			/* A group that was removed under its last zombie. */
			if (str_ends(path, " (deleted)"))
				path[strlen(path) - strlen(" (deleted)")] = '\0';
			return path;
		}
		text += len;
		text += *text == '\n';
	}
	return NULL;
}

char *cgroup_view_dir(const struct cgroup_view *view, const char *path)
{
	return view->mount ? dir_below(view->mount, view->root, path) : NULL;
}

int cgroup_pid_dir(pid_t pid, char **out_dir, struct err *err)
{
	AUTO_FREE char *file =
		pid ? xasprintf("/proc/%d/cgroup", (int)pid) : xstrdup("/proc/self/cgroup");
	AUTO_VIEW struct cgroup_view view = {0};
	AUTO_FREE char *groups = NULL;
	AUTO_FREE char *mounts = NULL;
	AUTO_FREE char *path = NULL;
	char *dir;

	if (fd_read_file(AT_FDCWD, file, MOUNTINFO_MAX, &groups, err) < 0 ||
	    fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mounts, err) < 0)
		return err_wrap(err, "find a cgroup");

	path = cgroup_path_parse(groups);
	cgroup_view_find(mounts, path, &view);
	dir = path ? cgroup_view_dir(&view, path) : NULL;
	if (!dir)
		return err_code(err, ENOENT, "find the cgroup '%s' below a cgroup2 mount",
				path ? path : "");

	*out_dir = dir;
	return 0;
}

bool cgroup_has_systemd(const char *fs_root)
{
	AUTO_FREE char *path = xasprintf("%s/run/systemd/system", fs_root);

	return access(path, F_OK) == 0;
}
