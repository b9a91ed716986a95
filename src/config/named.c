#include "config/parts.h"

#include "util/cleanup.h"
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES_MAX 1000

/* Folders of named profiles, the user's first. */
static void profile_dirs(const struct config_request *request, struct strv *out)
{
	if (request->config_dir)
		strv_take(out, path_join(request->config_dir, "profiles"));
	for (size_t i = 0; request->data_dirs && i < request->data_dirs->count; i++) {
		const char *dir = request->data_dirs->items[i];

		strv_take(out, str_ends(dir, "/profiles") ? xstrdup(dir)
							  : path_join(dir, "profiles"));
	}
}

static void list_names(const char *dir_path, struct strv *names)
{
	AUTO_CLOSEDIR DIR *dir = opendir(dir_path);
	const struct dirent *entry;

	while (dir && names->count < NAMES_MAX && (entry = readdir(dir)))
		if (str_ends(entry->d_name, ".yaml"))
			strv_take(names, xstrndup(entry->d_name,
						  strlen(entry->d_name) - strlen(".yaml")));
}

static int fail_missing(const struct strv *dirs, const char *name, struct err *err)
{
	AUTO_STRV struct strv names = {0};
	AUTO_BUF struct buf where = {0};
	const char *nearest;

	for (size_t i = 0; i < dirs->count; i++) {
		list_names(dirs->items[i], &names);
		buf_printf(&where, "%s%s", i ? ", " : "", dirs->items[i]);
	}
	(void)err_set(err, "there is no profile named '%.100s'", name);
	nearest = names.count ? str_nearest(name, (const char *const *)names.items) : NULL;
	if (nearest)
		return err_hint(err, "did you mean '%s'?", nearest);
	return err_hint(err,
			"looked for '%.100s.yaml' in %s; a path begins with './', '/' or '~/'",
			name, where.len ? where.data : "no folder");
}

static bool is_profile_name(const char *name)
{
	if (!*name || *name == '.' || *name == '-' || strlen(name) > 100)
		return false;
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || strchr("._-", *c)))
			return false;
	return true;
}

int find_named(const struct config_request *request, const char *name, char **out_path,
	       struct err *err)
{
	AUTO_STRV struct strv dirs = {0};
	AUTO_FREE char *file = NULL;

	if (!is_profile_name(name)) {
		(void)err_set(err,
			      "extends: '%.100s' is neither the name of a profile nor a path",
			      name);
		return err_hint(err, "a path begins with './', '/' or '~/'");
	}
	profile_dirs(request, &dirs);
	file = xasprintf("%s.yaml", name);
	for (size_t i = 0; i < dirs.count; i++) {
		AUTO_FREE char *path = path_join(dirs.items[i], file);
		struct stat st;

		if (stat(path, &st) == 0) {
			*out_path = STEAL(path);
			return 0;
		}
		if (errno != ENOENT && errno != ENOTDIR)
			return err_sys(err, "look for '%s'", path);
	}
	return fail_missing(&dirs, name, err);
}
