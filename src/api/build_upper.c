#include "api/build_parts.h"

#include "box/start.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/*
 * What a step wrote. Its files belong to ids of the boxes and its names are the step's, so all
 * of it is done as root of the boxes, and no path is followed out of the folder.
 */

#define BEFORE_MAX (1024 * 1024)
#define NAMES_MAX 65536

/* What overlayfs notes for a folder that it writes to, and only then. */
static const char *const upper_marks[] = {"user.overlay.origin", "user.overlay.impure",
					  "user.overlay.nlink", "user.overlay.uuid"};

int build_in_userns(struct build *build, int (*work)(void *arg, struct err *err), void *arg,
		    struct err *err)
{
	const struct host_map *map = &build->maps.uid_map;
	struct box_facts facts = {
		.uid_map = build->maps.uid_map,
		.gid_map = build->maps.gid_map,
		.is_single_id = map->count == 1 && map->lines[0].count == 1,
	};
	const struct box_start start = {
		.facts = &facts,
		.newuidmap = build->maps.newuidmap,
		.newgidmap = build->maps.newgidmap,
	};

	return box_run_in_userns(&start, work, arg, err);
}

struct walk {
	int fd;
	int before;
	struct build_left *left;
};

/* Changes the current folder: in a child only. */
static int walk_tree(struct walk *w,
		     int (*visit)(struct walk *w, const FTSENT *entry, struct err *err),
		     struct err *err)
{
	char dot[] = ".";
	char *const paths[] = {dot, NULL};
	FTSENT *entry;
	FTS *tree;
	int rc = 0;

	if (fchdir(w->fd) < 0)
		return err_sys(err, "enter the layer");
	tree = fts_open(paths, FTS_PHYSICAL, NULL);
	if (!tree)
		return err_sys(err, "walk the layer");
	while (rc == 0 && (errno = 0, entry = fts_read(tree))) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
		    entry->fts_info == FTS_NS)
			rc = err_code(err, entry->fts_errno, "read '%.200s' of the layer",
				      entry->fts_path);
		else if (entry->fts_info != FTS_DP)
			rc = visit(w, entry, err);
	}
	if (rc == 0 && errno)
		rc = err_sys(err, "walk the layer");
	(void)fts_close(tree);
	return rc;
}

/* --- before --- */

/* A line that ends in NUL: kind, mode, owner, path. */
static int note(struct walk *w, const FTSENT *entry, struct err *err)
{
	const struct stat *st = entry->fts_statp;
	AUTO_FREE char *line = NULL;

	if (entry->fts_level == 0)
		return 0;
	line = xasprintf("%o %u %u %s", st->st_mode, st->st_uid, st->st_gid, entry->fts_path);
	if (fd_write_all(w->before, line, strlen(line) + 1) < 0)
		return err_sys(err, "note what is in the layer");
	return 0;
}

static int look(void *arg, struct err *err)
{
	return walk_tree(arg, note, err);
}

int build_upper_look(struct build *build, const struct build_place *place, struct err *err)
{
	struct walk w = {.fd = place->upper_fd, .before = place->before};

	if (ftruncate(place->before, 0) < 0 || lseek(place->before, 0, SEEK_SET) < 0)
		return err_sys(err, "note what is in the layer");
	return build_in_userns(build, look, &w, err);
}

/* --- after --- */

/* An empty file or folder that is as it was when something was mounted on it. */
static void take_away(int root_fd, const char *line)
{
	AUTO_CLOSE int parent = -1;
	AUTO_FREE char *folder = NULL;
	unsigned int mode, uid, gid;
	const char *name;
	struct stat st;
	int at = 0;

	if (sscanf(line, "%o %u %u %n", &mode, &uid, &gid, &at) != 3 || at == 0)
		return;
	name = strrchr(line + at, '/');
	if (!name)
		return;
	folder = xstrndup(line + at, (size_t)(name++ - (line + at)));
	parent = path_open_in_root(root_fd, folder, O_PATH | O_DIRECTORY, 0);
	if (parent < 0 || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_mode != mode || st.st_uid != uid || st.st_gid != gid)
		return;
	if (S_ISDIR(mode))
		(void)unlinkat(parent, name, AT_REMOVEDIR);
	else if (S_ISREG(mode) && st.st_size == 0 && st.st_nlink == 1)
		(void)unlinkat(parent, name, 0);
}

/* Children before their folders. */
static int take_all_away(const struct walk *w, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	if (lseek(w->before, 0, SEEK_SET) < 0)
		return err_sys(err, "look what was in the layer");
	if (fd_read_all(w->before, BEFORE_MAX, &text, &len, err) < 0)
		return -1;
	while (len > 0) {
		size_t start = len - 1;

		while (start > 0 && text[start - 1])
			start--;
		take_away(w->fd, text + start);
		len = start;
	}
	return 0;
}

static bool is_mark(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(upper_marks); i++)
		if (strcmp(name, upper_marks[i]) == 0)
			return true;
	return false;
}

static void drop_marks(const FTSENT *entry)
{
	char names[NAMES_MAX];
	ssize_t n = llistxattr(entry->fts_accpath, names, sizeof(names));

	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1)
		if (is_mark(names + i))
			(void)lremovexattr(entry->fts_accpath, names + i);
}

static int count(struct walk *w, const FTSENT *entry, struct err *err)
{
	const struct stat *st = entry->fts_statp;

	(void)err;
	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))
		drop_marks(entry);
	if (entry->fts_level == 0)
		return 0;
	w->left->entries++;
	w->left->bytes += (uint64_t)st->st_blocks * 512 /
			  (st->st_nlink && S_ISREG(st->st_mode) ? st->st_nlink : 1);
	if (S_ISREG(st->st_mode))
		w->left->apparent += (uint64_t)st->st_size;
	return 0;
}

static int clean(void *arg, struct err *err)
{
	return take_all_away(arg, err) < 0 ? -1 : walk_tree(arg, count, err);
}

int build_upper_clean(struct build *build, const struct build_place *place,
		      struct build_left *out_left, struct err *err)
{
	struct walk w = {.fd = place->upper_fd, .before = place->before};
	int rc;

	/* Written by a child. */
	w.left = mmap(NULL, sizeof(*w.left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (w.left == MAP_FAILED)
		return err_sys(err, "make memory");
	rc = build_in_userns(build, clean, &w, err);
	if (rc == 0)
		*out_left = *w.left;
	(void)munmap(w.left, sizeof(*w.left));
	return rc;
}
