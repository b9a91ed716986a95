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

/* "COMMON/worktrees/NAME" to COMMON. The file `commondir` says the same, but whoever can write
 * it could name any folder. */
static char *repository_of(const char *git_dir)
{
	static const char folder[] = "/worktrees";
	const char *name = strrchr(git_dir, '/');
	size_t len = (size_t)(name - git_dir);
	size_t folder_len = sizeof(folder) - 1;

	if (len <= folder_len || strncmp(name - folder_len, folder, folder_len) != 0)
		return NULL;
	return xstrndup(git_dir, len - folder_len);
}

/* Not just any folder that has one named "worktrees". */
static bool is_repository(const char *common)
{
	static const char *const names[] = {"HEAD", "objects/", "refs/"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", common, names[i]);

		if (access(path, F_OK) < 0)
			return false;
	}
	return true;
}

static bool points_back(const char *git_dir, const char *workspace)
{
	AUTO_FREE char *line = read_line(git_dir, "gitdir");
	AUTO_FREE char *theirs = line ? path_normalize(git_dir, line) : NULL;
	AUTO_FREE char *ours = path_join(workspace, ".git");
	struct stat a, b;

	return theirs && lstat(theirs, &a) == 0 && lstat(ours, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

char *facts_git_common(const char *workspace)
{
	AUTO_FREE char *inside = realpath(workspace, NULL);
	AUTO_FREE char *git_dir = inside ? find_git_dir(inside) : NULL;
	AUTO_FREE char *common = git_dir ? repository_of(git_dir) : NULL;

	/* What lies in the workspace was written in the box, perhaps; and it is there anyway.
	 */
	if (!common || path_is_below(git_dir, inside) || path_is_below(common, inside))
		return NULL;
	if (!is_repository(common) || !points_back(git_dir, inside))
		return NULL;
	return STEAL(common);
}
