#include "fetch/registries.h"

#include "fetch/registries_parts.h"
#include "util/cleanup.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define ETC "/etc/containers"
#define MAIN_FILE "registries.conf"
#define FILE_MAX (256U * 1024)
#define FILES_MAX 256

/* Return: whether there is such a file (it may be one that cannot be read). */
static bool exists(const char *path)
{
	return access(path, F_OK) == 0 || errno != ENOENT;
}

/* @name in an XDG folder: $VARIABLE, or @fallback below the home; NULL when there is neither.
 */
static char *xdg_path(const struct strv *env, const char *variable, const char *home,
		      const char *fallback, const char *name)
{
	const char *dir = env_get(env, variable);

	if (dir && *dir == '/')
		return path_join(dir, name);
	if (!home || *home != '/')
		return NULL;
	return xasprintf("%s/%s/%s", home, fallback, name);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The *.conf of a drop-in folder in their order. */
static int add_drop_ins(const char *dir, struct strv *files, struct err *err)
{
	AUTO_CLOSEDIR DIR *stream = opendir(dir);
	AUTO_STRV struct strv found = {0};
	const struct dirent *entry;

	if (!stream)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, "read '%s'", dir);

	while ((entry = readdir(stream)) != NULL) {
		if (!str_ends(entry->d_name, ".conf") || entry->d_type == DT_DIR)
			continue;
		if (found.count == FILES_MAX)
			return err_set(err, "more than %d files in '%s'", FILES_MAX, dir);
		strv_addf(&found, "%s/%s", dir, entry->d_name);
	}
	if (found.count)
		qsort(found.items, found.count, sizeof(*found.items), compare);
	strv_add_all(files, &found);
	return 0;
}

/* The main file; @out_system: whether the drop-ins of the system count, too. */
static void add_main(const char *etc, const struct strv *env, const char *user_file,
		     struct strv *files, bool *out_system)
{
	const char *chosen = env_get(env, "CONTAINERS_REGISTRIES_CONF");
	AUTO_FREE char *system_file = path_join(etc, MAIN_FILE);

	*out_system = true;
	if (chosen && *chosen) {
		strv_add(files, chosen);
	} else if (user_file && exists(user_file)) {
		strv_add(files, user_file);
		*out_system = false;
	} else if (exists(system_file)) {
		strv_add(files, system_file);
	}
}

static int list_files(const char *etc, const struct strv *env, const char *home,
		      struct strv *files, struct err *err)
{
	AUTO_FREE char *user_file =
		xdg_path(env, "XDG_CONFIG_HOME", home, ".config", "containers/" MAIN_FILE);
	AUTO_FREE char *aliases =
		geteuid() == 0 ? xstrdup("/var/cache/containers/short-name-aliases.conf")
			       : xdg_path(env, "XDG_CACHE_HOME", home, ".cache",
					  "containers/short-name-aliases.conf");
	AUTO_FREE char *system_dir = path_join(etc, MAIN_FILE ".d");
	AUTO_FREE char *user_dir = user_file ? xasprintf("%s.d", user_file) : NULL;
	bool use_system;

	add_main(etc, env, user_file, files, &use_system);
	if (use_system && add_drop_ins(system_dir, files, err) < 0)
		return -1;
	if (user_dir && add_drop_ins(user_dir, files, err) < 0)
		return -1;
	if (aliases && exists(aliases))
		strv_add(files, aliases);
	return 0;
}

int registries_load_from(const char *etc, const struct strv *env, const char *home,
			 struct registries **out, struct err *err)
{
	AUTO_STRV struct strv files = {0};
	struct registries *registries = xmalloc(sizeof(*registries));

	if (list_files(etc, env, home, &files, err) < 0) {
		registries_free(registries);
		return -1;
	}
	for (size_t i = 0; i < files.count; i++) {
		AUTO_FREE char *text = NULL;

		if (fd_read_file(AT_FDCWD, files.items[i], FILE_MAX, &text, err) < 0 ||
		    registries_read(registries, files.items[i], text, err) < 0) {
			registries_free(registries);
			return -1;
		}
	}
	*out = registries;
	return 0;
}

int registries_load(const struct strv *env, const char *home, struct registries **out,
		    struct err *err)
{
	return registries_load_from(ETC, env, home, out, err);
}
