#include "box/facts_parts.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
 * A git worktree's folder holds only a file `.git` that names a folder of the repository it
 * belongs to; without that one no git command works in the box. It comes along, but only when
 * that folder itself points back to this worktree (gitrepository-layout(5)): the file `.git`
 * can be written in the box, and must not choose what of the host comes next.
 */

static char *read_line(const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_FREE char *text = NULL;
	struct err ignored;

	if (fd_read_file(AT_FDCWD, path, PATH_MAX, &text, &ignored) < 0)
		return NULL;
	return xstrdup(str_trim(text));
}

/* The folder of this worktree inside the repository, free of links. */
static char *find_git_dir(const char *workspace)
{
	AUTO_FREE char *line = read_line(workspace, ".git");
	AUTO_FREE char *path = NULL;

	if (!line || !str_starts(line, "gitdir: "))
		return NULL;
	path = path_normalize(workspace, line + strlen("gitdir: "));
	return realpath(path, NULL);
}

static bool points_back(const char *git_dir, const char *workspace)
{
	AUTO_FREE char *line = read_line(git_dir, "gitdir");
	AUTO_FREE char *ours = path_join(workspace, ".git");
	struct stat a, b;

	return line && lstat(line, &a) == 0 && lstat(ours, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

char *facts_git_common(const char *workspace)
{
	AUTO_FREE char *git_dir = find_git_dir(workspace);
	AUTO_FREE char *line = git_dir ? read_line(git_dir, "commondir") : NULL;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *common = NULL;

	if (!line || !points_back(git_dir, workspace))
		return NULL;
	path = path_normalize(git_dir, line);
	common = realpath(path, NULL);
	/* Inside the workspace it is there anyway; and it must be the folder that holds the
	 * worktree's own. */
	if (!common || path_is_below(common, workspace) || !path_is_below(git_dir, common))
		return NULL;
	return STEAL(common);
}
