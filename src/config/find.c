#include "config/parts.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define UP_MAX 3 /* "../../../devbox.yaml" is as far as a relative path is easy to read */

static const char *const profile_names[] = {"devbox.yaml", ".devbox.yaml",
					    ".config/devbox.yaml"};
static const char *const local_names[] = {"devbox.local.yaml", ".devbox.local.yaml",
					  ".config/devbox.local.yaml"};

void found_done(struct found *found)
{
	free(found->profile);
	free(found->local);
	free(found->project_dir);
	*found = (struct found){0};
}

/* Return: 1 it is there (whatever it is), 0 it is not, -1 nobody knows. */
static int look(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return err_sys(err, "look for '%s'", path);
}

static int parent_of(char *dir)
{
	char *slash = strrchr(dir, '/');

	if (strcmp(dir, "/") == 0)
		return -1;
	slash[slash == dir ? 1 : 0] = '\0';
	return 0;
}

/* Return: 1 with *found filled, 0 nothing in this folder, -1. */
static int find_in(const char *dir, struct found *found, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(profile_names); i++) {
		char *path = path_join(dir, profile_names[i]);
		int there = look(path, err);

		if (there > 0 && found->profile) {
			(void)err_set(err, "there are two profiles, '%s' and '%s'",
				      found->profile, path);
			(void)err_hint(err, "keep one of them, or name one with -f");
			there = -1;
		}
		if (there > 0) {
			AUTO_FREE char *local = path_join(dir, local_names[i]);

			found->profile = path;
			found->project_dir = xstrdup(dir);
			there = look(local, err);
			if (there > 0)
				found->local = STEAL(local);
		} else {
			free(path);
		}
		if (there < 0)
			return -1;
	}
	return found->profile ? 1 : 0;
}

int find_profile(const char *start_dir, struct found *out_found, struct err *err)
{
	AUTO_FREE char *dir = path_normalize("/", start_dir);
	struct found found = {0};

	do {
		int there = find_in(dir, &found, err);

		if (there < 0) {
			found_done(&found);
			return -1;
		}
		if (there > 0)
			break;
	} while (parent_of(dir) == 0);

	if (!found.project_dir)
		found.project_dir = path_normalize("/", start_dir);
	*out_found = found;
	return 0;
}

char *find_project_dir(const char *path)
{
	char *dir = xstrdup(path);

	(void)parent_of(dir);
	if (str_ends(dir, "/.config"))
		(void)parent_of(dir);
	return dir;
}

/* A profile of the folder itself, or in its .config; anything else is better named in full. */
static bool is_profile_place(const char *path)
{
	if (str_starts(path, ".config/"))
		path += strlen(".config/");
	return !strchr(path, '/');
}

char *find_shown(const char *path, const char *start_dir, const char *home)
{
	AUTO_FREE char *dir = path_normalize("/", start_dir);
	AUTO_BUF struct buf shown = {0};

	for (int level = 0; level <= UP_MAX && strcmp(dir, "/") != 0; level++) {
		if (path_is_below(path, dir)) {
			const char *rest = path + strlen(dir) + 1;

			if (level > 0 && !is_profile_place(rest))
				break;
			buf_puts(&shown, rest);
			return buf_take(&shown);
		}
		buf_puts(&shown, "../");
		(void)parent_of(dir);
	}
	if (home && *home && path_is_below(path, home) && strcmp(path, home) != 0)
		return xasprintf("~%s", path + strlen(home));
	return xstrdup(path);
}
