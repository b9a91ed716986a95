#include "api/ensure.h"

#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Whether a box wrote anything into its own layer. A start leaves there what it mounts on, and
 * the user's line in the account files; anything else is the box's. In doubt it is.
 */

#define ACCOUNT_MAX (1024 * 1024)

struct look {
	const struct plan *plan;
	const struct strv *lower;
};

/* The step that made the file @path; NULL: none did. */
static const struct step *step_of_file(const struct look *look, const char *path)
{
	for (size_t i = 0; i < look->plan->count; i++) {
		const struct step *step = &look->plan->steps[i];

		if (str_eq(step->target, path))
			return step;
	}
	return NULL;
}

/* A step made the folder @path, or something below it. */
static bool is_way(const struct look *look, const char *path)
{
	for (size_t i = 0; i < look->plan->count; i++) {
		const char *target = look->plan->steps[i].target;

		if (target && *target == '/' && path_is_below(target, path))
			return true;
	}
	return false;
}

/* What the file was in what the box stood on; "" when there was none. free() it. */
static char *text_below(const struct look *look, const char *path)
{
	for (size_t i = 0; i < look->lower->count; i++) {
		AUTO_CLOSE int root =
			open(look->lower->items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		AUTO_CLOSE int fd =
			root < 0 ? -1 : path_open_in_root(root, path, O_RDONLY | O_NONBLOCK, 0);
		struct stat st;
		struct err ignored;
		char *text;

		if (fd < 0)
			continue;
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		    fd_read_all(fd, ACCOUNT_MAX, &text, NULL, &ignored) < 0)
			return NULL;
		return text;
	}
	return xstrdup("");
}

static bool is_same_accounts(const struct look *look, int dir_fd, const char *name,
			     const struct step *step)
{
	AUTO_FREE char *before = text_below(look, step->target);
	AUTO_FREE char *text = NULL;
	struct err ignored;

	if (!before || fd_read_file(dir_fd, name, ACCOUNT_MAX, &text, &ignored) < 0)
		return false;
	return str_eq(text, before) ||
	       (str_starts(text, step->data) && str_eq(text + strlen(step->data), before));
}

static bool is_ours(const struct look *look, int dir_fd, const char *name, const char *path,
		    const struct stat *st)
{
	const struct step *step = step_of_file(look, path);

	if (!step || st->st_nlink != 1)
		return false;
	if (step->kind == STEP_ACCOUNT)
		return is_same_accounts(look, dir_fd, name, step);
	return st->st_size == 0;
}

/* Takes @fd. */
static bool is_untouched(const struct look *look, int fd, const char *path)
{
	AUTO_CLOSEDIR DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		(void)close(fd);
		return false;
	}
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		AUTO_FREE char *below = path_join(path, name);
		struct stat st;
		int sub;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return false;
		if (S_ISREG(st.st_mode) && is_ours(look, fd, name, below, &st))
			continue;
		if (!S_ISDIR(st.st_mode) || !is_way(look, below))
			return false;
		sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		/* It may have been closed to us. */
		if (sub < 0 || !is_untouched(look, sub, below))
			return false;
	}
	return errno == 0;
}

bool api_layer_is_untouched(int upper_fd, const struct plan *plan, const struct strv *lower)
{
	const struct look look = {.plan = plan, .lower = lower};
	int fd = openat(upper_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && is_untouched(&look, fd, "/");
}
